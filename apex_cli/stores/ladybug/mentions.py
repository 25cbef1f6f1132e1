"""What each record of a batch tells about each node, before and after, with the nodes of all its entities found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from apex_cli.model import Entity, Plan, PlanKind
from apex_cli.stores.ladybug.engine import Session
from apex_cli.stores.ladybug.fold import Telling, Told, unpack_told
from apex_cli.stores.ladybug.resolve import Resolver, first_id

Pair = tuple[str, str]
"""Record id and node id."""


@dataclass(slots=True)
class Mentions:
    """Tellings before and after, of all pairs that can change; `nodes` are those of each written record's entities.

    `whole` are the nodes of which `after` holds every mention there is.
    """

    before: dict[Pair, Told]
    after: dict[Pair, Told]
    nodes: dict[str, list[str]]
    whole: frozenset[str]
    kinds: dict[str, str] = field(default_factory=dict)


def resolve(session: Session, plans: Sequence[Plan]) -> tuple[Resolver, Mapping[str, list[tuple[str, Telling]]]]:
    """Find the node of every entity of the plans: for each record its (node, telling), in the order of its entities.

    A later plan of the batch may merge a node away: ask `Resolver.find` for what it is in the end.
    """
    entities = [entity for plan in plans for entity in _entities(plan)]
    resolver = Resolver(_known(session, entities), _taken(session, entities))
    found: dict[str, list[tuple[str, Telling]]] = {}
    for plan in plans:
        told = found.setdefault(plan.record_id, [])
        if plan.embedded is None:
            continue
        from apex_cli.stores.ladybug.codec import micros

        time = micros(plan.embedded.extraction.event_time)
        for position, entity in enumerate(_entities(plan)):
            place = resolver.place(entity, plan.saga_id)
            telling = Telling(position, time, entity.certain, entity.name, place.aliases, dict(entity.attributes))
            told.append((place.node, telling))
    return resolver, found
