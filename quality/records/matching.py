"""Which gold thing each entity of a memory is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from apex_cli.stores.views import EntityView
from quality.records.gold import Gold, Thing


def things_of(gold: Gold, entities: Mapping[str, EntityView]) -> dict[str, list[str]]:
    """For each entity's id the refs of the things that it is, by the marks among its aliases, else by its name.

    One is right; none is an entity too many; several are things that the memory holds for one.
    """
    by_type: dict[str, list[tuple[str, Thing]]] = defaultdict(list)
    for ref, thing in gold.things.items():
        by_type[thing.type].append((ref, thing))
    return {id: _of(entity, by_type[entity.type]) for id, entity in entities.items()}


def _of(entity: EntityView, things: Sequence[tuple[str, Thing]]) -> list[str]:
    aliases = [alias.casefold() for alias in entity.aliases]
    marked = [ref for ref, thing in things if _has_mark(thing, aliases)]
    return marked or [ref for ref, thing in things if entity.name in thing.names]


def _has_mark(thing: Thing, aliases: Sequence[str]) -> bool:
    """`vehicle:unit@48151:101` ends in the mark `48151:101`, and `document:record@json:fuel:fuel#1` in `fuel#1`."""
    return any(alias.endswith((f":{mark}", f"@{mark}")) for mark in thing.marks for alias in aliases)


def exact(found: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The ref of each entity that is one thing, and the only entity of it."""
    counts = Counter(ref for refs in found.values() for ref in refs)
    return {id: refs[0] for id, refs in found.items() if len(refs) == 1 and counts[refs[0]] == 1}


def name_of(gold: Gold, ref: str) -> str | None:
    """A name that no other thing has, for asking; None where there is none."""
    names = [name.casefold() for thing in gold.things.values() for name in thing.names]
    return next((name for name in sorted(gold.things[ref].names) if names.count(name.casefold()) == 1), None)
