"""A configured source, checked: from its TOML table to `Mapping`s of paths.

Whatever is wrong is a `ConfigError` that names the file, the key, what is allowed there and the most similar spelling:

    apex.toml: source.mcleod.fact[2].predicate: 'HAULD_BY' is not known; did you mean HAULED_BY? Allowed: ABOUT, …
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apex_cli.extract.identity import slug
from apex_cli.model import EntityType, Predicate, RecordKind
from apex_cli.sources.configured import paths, vocabulary
from apex_cli.sources.configured.paths import Path
from apex_cli.sources.configured.tables import At, Condition, Table, without_lists

LONGEST_NAME = 40
_NAME = re.compile(rf"[a-z][a-z0-9_-]{{0,{LONGEST_NAME - 1}}}")
_SOURCE = (
    *("title", "match", "records", "inherit", "type", "id", "kind", "whole", "as_of", "zone", "skip", "ended"),
    *("entity", "fact", "mentions", "text"),
)
_ENTITY = ("as", "type", "keys", "name", "attributes", "when")
_FACT = (*("subject", "predicate", "object", "value", "words", "valid_at", "invalid_at", "zone", "attributes", "when"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is made `when` something holds, once for each item of `lists`."""

    attributes: Mapping[str, Path]
    when: Condition | None
    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRule(Rule):
    """One kind of thing in a record."""

    alias: str
    type: EntityType
    keys: Mapping[str, Path]
    name: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRule(Rule):
    """One kind of statement. Either `object` (an alias) or `value` is set; `words` translates codes of the value."""

    subject: str
    predicate: Predicate
    object: str | None
    value: Path | None
    words: Mapping[str, str]
    valid_at: tuple[Path, ...]
    invalid_at: tuple[Path, ...]
    zone: str | None


@dataclass(frozen=True, slots=True)
class SourceRules:
    """Everything that a table says of a source."""

    name: str
    title: str
    match: Condition
    records: Path | None
    inherit: Mapping[str, Path]
    data_type: str | Path
    id: tuple[Path, ...]
    kind: RecordKind
    whole: bool
    as_of: tuple[Path, ...]
    zone: str | None
    skip: Condition | None
    ended: Condition | None
    entities: tuple[EntityRule, ...]
    facts: tuple[FactRule, ...]
    mentions: tuple[Path, ...]
    text: tuple[str | Path, ...] = field(default=())

    def paths(self) -> Iterator[tuple[str, Path]]:
        """All paths that identify, date and describe a record, each with the key that it stands under."""
        yield from (("id", path) for path in self.id)
        yield from (("as_of", path) for path in self.as_of)
        yield from (("mentions", path) for path in self.mentions)
        yield from (("text", part) for part in self.text if isinstance(part, Path))
        for entity in self.entities:
            at = f"entity {entity.alias}"
            yield from ((f"{at}: keys.{name}", path) for name, path in entity.keys.items())
            yield from ((f"{at}: attributes.{name}", path) for name, path in entity.attributes.items())
            if entity.name is not None:
                yield f"{at}: name", entity.name
        for fact in self.facts:
            at = f"fact {fact.subject} {fact.predicate} {fact.object or ''}".rstrip()
            yield from ((f"{at}: attributes.{name}", path) for name, path in fact.attributes.items())
            yield from ((f"{at}: valid_at", path) for path in fact.valid_at)
            yield from ((f"{at}: invalid_at", path) for path in fact.invalid_at)
            if fact.value is not None:
                yield f"{at}: value", fact.value

    def used(self) -> frozenset[str]:
        """The dotted paths of all fields that entities and facts are made of."""
        return frozenset(path.dotted for _, path in self.paths())


def read(name: str, origin: str, table: Any, taken: Collection[str]) -> SourceRules:
    """The rules of the table of source `name` in the file `origin`. Raises `ConfigError`; `taken` are names in use."""
    at = At(origin, f"source.{name}")
    if not _NAME.fullmatch(name):
        at.fail(f"a name is lower-case letters, digits, - and _, at most {LONGEST_NAME}, not {name!r}")
    if name in taken:
        at.fail(f"there is a source {name!r} already", hint="choose another name")
    top = Table(at, table, _SOURCE)
    entities = tuple(_entity(each) for each in top.tables("entity", _ENTITY))
    if not entities:
        at.fail("at least one [[entity]] is needed", hint=f"[[source.{name}.entity]] names a thing of the record")
    aliases: dict[str, EntityRule] = {}
    for number, entity in enumerate(entities, start=1):
        if entity.alias in aliases:
            at.below(f"entity[{number}].as").fail(f"{entity.alias!r} is there twice")
        aliases[entity.alias] = entity
    match = top.condition("match")
    if match is None:
        at.below("match").fail("is missing", hint='name the fields that every record has: match = ["order_id"]')
    records = top.path("records")
    if records is not None and records.lists:
        at.below("records").fail("is the path of one list, without []")
    return SourceRules(
        name=name,
        title=top.text("title") or f"records of {name}",
        match=match,
        records=records,
        inherit=top.paths_by_name("inherit", plain=True),
        data_type=_data_type(top),
        id=without_lists(top.at.below("id"), top.paths("id", needed=True)),
        kind=top.choice("kind", RecordKind) or RecordKind.STATE,
        whole=top.flag("whole", default=True),
        as_of=without_lists(top.at.below("as_of"), top.paths("as_of")),
        zone=top.zone("zone"),
        skip=top.condition("skip"),
        ended=top.condition("ended"),
        entities=entities,
        facts=tuple(_fact(each, aliases) for each in top.tables("fact", _FACT)),
        mentions=top.paths("mentions"),
        text=top.template("text"),
    )


def _data_type(top: Table) -> str | Path:
    raw = top.table.get("type", "record")
    if isinstance(raw, Mapping):
        return Table(top.at.below("type"), raw, ("path",)).path("path", needed=True) or "record"
    if not isinstance(raw, str) or not (name := slug(raw)):
        top.at.below("type").fail(f'must be a word such as "shipment", or {{ path = "kind" }}, not {raw!r}')
    return name


def _entity(table: Table) -> EntityRule:
    kind = table.choice("type", EntityType, needed=True, but=EntityType.VALUE)
    assert kind is not None
    allowed = vocabulary.KEYS[kind]
    found = table.paths_by_name("keys", allowed)
    name = table.path("name")
    if not found and not (name and kind in vocabulary.NAMED):
        table.at.below("keys").fail(f"a {kind} needs a key: {', '.join(allowed)}")
    attributes = table.paths_by_name("attributes")
    when = table.condition("when")
    every = (*found.values(), *([name] if name else []), *attributes.values(), *_of(when))
    return EntityRule(
        alias=table.text("as") or kind.lower(),
        type=kind,
        keys=found,
        name=name,
        attributes=attributes,
        when=when,
        lists=_chain(table.at, every),
    )


def _fact(table: Table, aliases: Mapping[str, EntityRule]) -> FactRule:
    predicate = table.choice("predicate", Predicate, needed=True)
    assert predicate is not None
    subjects, objects = vocabulary.RELATIONS[predicate]
    subject = _alias(table, "subject", aliases, predicate, subjects)
    value, obj = table.path("value"), None
    if predicate in vocabulary.VALUES:
        if value is None:
            table.at.below("value").fail(f"is missing: {predicate} has a word as its object", hint='value = "status"')
    else:
        if value is not None:
            allowed = ", ".join(sorted(vocabulary.VALUES))
            table.at.below("value").fail(f"{predicate} has an entity as its object", hint=f"a value is for {allowed}")
        obj = _alias(table, "object", aliases, predicate, objects)
    attributes, when = table.paths_by_name("attributes"), table.condition("when")
    times = table.paths("valid_at"), table.paths("invalid_at")
    every = (*([value] if value else []), *times[0], *times[1], *attributes.values(), *_of(when))
    around = [aliases[each].lists for each in (subject, obj) if each is not None]
    return FactRule(
        subject=subject,
        predicate=predicate,
        object=obj,
        value=value,
        words=table.words("words"),
        valid_at=times[0],
        invalid_at=times[1],
        zone=table.zone("zone"),
        attributes=attributes,
        when=when,
        lists=_chain(table.at, every, around),
    )


def _alias(
    table: Table, key: str, aliases: Mapping[str, EntityRule], predicate: Predicate, types: Sequence[EntityType]
) -> str:
    value = table.text(key, needed=True)
    found = aliases.get(value or "")
    if found is None:
        table.at.below(key).unknown(value, sorted(aliases))
    if found.type not in types:
        table.at.below(key).fail(f"{value!r} is a {found.type}, and the {key} of {predicate} is a {' or '.join(types)}")
    return found.alias


def _of(condition: Condition | None) -> list[Path]:
    return [path for path, _ in condition.parts] if condition else []


def _chain(at: At, every: Sequence[Path], more: Sequence[tuple[str, ...]] = ()) -> tuple[str, ...]:
    try:
        return paths.longest([*(path.lists for path in every), *more])
    except ValueError as error:
        at.fail(f"{error}: one entity or fact ranges over one list, and over lists inside of it")
