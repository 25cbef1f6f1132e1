"""Helpers for tests of graphs: entities with several keys, records about them, random histories, and comparison.

Graphs are compared without node ids, because which key made an id depends on the order of arrival.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from apex_cli.model import Claim, Entity, EntityType, Phrase, Plan, PlanKind, Predicate
from apex_cli.stores.graph.ladybug.store import LadybugGraph
from apex_cli.stores.protocol import PivotStore
from apex_cli.stores.views import EntityView, FactView, GraphView
from tests.graph_server import server_graph
from tests.plans import GROUP, NOON, make_plan

IMPLEMENTATIONS: dict[str, Callable[[Path, str], PivotStore]] = {
    "ladybug": lambda folder, namespace: LadybugGraph(folder, namespace=namespace),
    "neo4j": lambda _, namespace: server_graph(namespace),
}
"""Graphs by engine, of a folder and a namespace. Making one on a server skips where there is none."""
_NAMES = ("lakeshorehaulage", "acmefoods")
PREDICATES = (Predicate.LOCATED_AT, Predicate.INSIDE_GEOFENCE, Predicate.ABOUT)


@asynccontextmanager
async def opened(kind: str, folder: Path, namespace: str = GROUP) -> AsyncIterator[PivotStore]:
    """A graph in `folder` or on a server; it must keep its own rules until it is closed."""
    graph = IMPLEMENTATIONS[kind](folder, namespace)
    await graph.open()
    try:
        yield graph
        assert await graph.audit() == []
    finally:
        await graph.close()


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def entity(kind: EntityType, *keys: str, **fields: Any) -> Entity:
    """An entity; its name is the value of its first key, unless another one is given."""
    fields.setdefault("name", keys[0].split(":", 2)[-1])
    return Entity(type=kind, keys=keys, **fields)


def vehicle(*keys: str, **fields: Any) -> Entity:
    return entity(EntityType.VEHICLE, *keys, **fields)


def place(name: str, **fields: Any) -> Entity:
    return entity(EntityType.LOCATION, f"location:city:{name}", **fields)


def claim(
    subject: Entity, predicate: Predicate, target: Entity, start: int, end: int | None = None, **fields: Any
) -> Claim:
    """A claim from minute `start` to minute `end`."""
    fields.setdefault("sentence", f"{subject.name} {predicate} {target.name}")
    return Claim(
        subject.key,
        predicate,
        target.key,
        valid_at=minute(start),
        invalid_at=None if end is None else minute(end),
        **fields,
    )


def ping(record: str, truck: Entity, where: Entity, start: int, **fields: Any) -> Plan:
    """A record with the position of a vehicle."""
    fields.setdefault("event_time", minute(start))
    return make_plan(
        record, entities=[truck, where], claims=[claim(truck, Predicate.LOCATED_AT, where, start)], **fields
    )


def forget(record: str, epoch: int, **fields: Any) -> Plan:
    return make_plan(record, epoch=epoch, kind=PlanKind.FORGET, **fields)


def brief(facts: Sequence[FactView]) -> list[tuple[str, int, int | None]]:
    """Object, first and last minute of each fact."""

    def number(moment: datetime) -> int:
        return round((moment - NOON).total_seconds() / 60)

    return [
        (fact.object, number(fact.valid_at), None if fact.invalid_at is None else number(fact.invalid_at))
        for fact in facts
    ]


async def only(graph: PivotStore, text: str) -> EntityView:
    """The one entity that a text finds."""
    (found,) = await graph.find_entities(text)
    return found


async def history(graph: PivotStore, text: str) -> list[tuple[str, int, int | None]]:
    """The facts of the one entity that a text finds, in brief."""
    return brief(await graph.facts((await only(graph, text)).id))


@dataclass(frozen=True)
class Step:
    """One version of one record of a random history."""

    record: str
    epoch: int
    kind: PlanKind
    entities: tuple[Entity, ...] = ()
    claims: tuple[Claim, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    event_time: datetime = NOON

    def plan(self) -> Plan:
        return make_plan(
            self.record,
            epoch=self.epoch,
            kind=self.kind,
            entities=self.entities,
            claims=self.claims,
            phrases=self.phrases,
            event_time=self.event_time,
            saga_id=f"saga {self.record} {self.epoch}",
        )


def random_history(rng: random.Random, *, records: int = 12, tangled: bool = False) -> list[list[Step]]:
    """The versions of each record, in their order. The last version of some is a `FORGET`.

    Some versions have several keys for one entity, or name one thing twice, each time by other keys. With `tangled`
    the keys contradict each other, names lead to one thing or to several, and texts name carriers, drivers and people.
    """
    return [_versions(rng, f"r{number}", tangled) for number in range(records)]


def shuffled(rng: random.Random, histories: list[list[Step]]) -> list[list[Step]]:
    """All versions in batches: any order between records, each record's own order kept, one version a batch."""
    waiting = [list(versions) for versions in histories]
    batches: list[list[Step]] = []
    while any(waiting):
        ready = [versions for versions in waiting if versions]
        chosen = rng.sample(ready, rng.randint(1, min(len(ready), 5)))
        batches.append([versions.pop(0) for versions in chosen])
    return batches


def _versions(rng: random.Random, record: str, tangled: bool) -> list[Step]:
    count = rng.choice([1, 1, 2, 3])
    versions = [_step(rng, record, epoch, tangled) for epoch in range(1, count + 1)]
    if rng.random() < 0.3:
        versions.append(Step(record, count + 1, PlanKind.FORGET))
    return versions


def _step(rng: random.Random, record: str, epoch: int, tangled: bool) -> Step:
    joining = rng.random() < 0.3
    things = _tangled(rng) if tangled else _things(rng, EntityType.VEHICLE, joining)
    named = _named(rng) if tangled else []
    places = _things(rng, EntityType.LOCATION, joining)
    claims: dict[tuple[str, Predicate, datetime], Claim] = {}
    for _ in range(rng.randint(0, 4)):
        subject, target, predicate = rng.choice(things), rng.choice(places), rng.choice(PREDICATES)
        start = rng.randint(0, 9)
        end = rng.randint(start, 12) if rng.random() < 0.2 else None
        sentence = f"it {predicate}" if tangled else f"{_number(subject)} {predicate} {_number(target)}"
        one = claim(subject, predicate, target, start, end, sentence=sentence)
        claims[subject.key, predicate, one.valid_at] = one
    phrases = tuple(
        Phrase(places[0].key, f"value:said:{name}", name.title(), {"rule": "known name"})
        for name in _NAMES
        if tangled and rng.random() < 0.4
    )
    entities = (*things, *named, *places)
    at = minute(rng.randint(0, 20))
    return Step(record, epoch, PlanKind.WRITE, entities, tuple(claims.values()), phrases, at)


def _things(rng: random.Random, kind: EntityType, joining: bool) -> list[Entity]:
    """One or two things, each by one key or several; the second may be the first one again, by other keys."""
    first, second = rng.randrange(3), rng.randrange(3)
    own = _keys(rng, kind, first, joining)
    found = [_thing(rng, kind, first, own)]
    others = [key for key in _keys(rng, kind, second, joining) if key not in own]
    if others and rng.random() < 0.5:
        found.append(_thing(rng, kind, second, others))
    return found


def _tangled(rng: random.Random) -> list[Entity]:
    """One or two vehicles by any of a few ids, unit numbers and hints that share no key or name."""
    found: list[Entity] = []
    for _ in range(rng.randint(1, 2)):
        kinds = rng.sample(("samsara", "vin", "unit@f", "unit"), rng.choice((1, 1, 2, 2, 3)))
        own = [f"vehicle:{kind}:{rng.randrange(2)}" for kind in kinds]
        weak = f"vehicle:unit:{rng.randrange(2)}"
        names = (weak,) if weak not in own and kinds != ["unit"] and rng.random() < 0.5 else ()
        hints = (f"vehicle:unit:{rng.randrange(2)}",) if kinds == ["unit"] and rng.random() < 0.5 else ()
        taken = {key for one in found for key in one.keys}
        if not taken.intersection(own):
            found.append(Entity(EntityType.VEHICLE, tuple(own), "vehicle", names=names, hints=hints))
    return found


def _named(rng: random.Random) -> list[Entity]:
    """Perhaps something with a name: by an id and the name, or by the name as a source or a text gives it."""
    name, number = rng.choice(_NAMES), rng.randrange(2)
    spelled = f"carrier:name:{name}"
    return rng.choice(
        (
            [],
            [entity(EntityType.CARRIER, f"carrier:mc:{number}", names=(spelled,), name=name)],
            [entity(EntityType.CARRIER, f"carrier:name@turvo:{name}", hints=(spelled,), name=name)],
            [entity(EntityType.CARRIER, f"carrier:said:{name}", name=name, certain=False)],
            [entity(EntityType.PERSON, f"person:email:{number}", names=(f"person:name:{name}",), name=name)],
        )
    )


def _keys(rng: random.Random, kind: EntityType, number: int, joining: bool) -> list[str]:
    every = [f"{kind.lower()}:{form}:{number}" for form in ("a", "b", "c")]
    return rng.sample(every, rng.randint(2, 3) if joining else 1)


def _thing(rng: random.Random, kind: EntityType, number: int, chosen: list[str]) -> Entity:
    return Entity(
        type=kind,
        keys=tuple(chosen),
        name=f"{kind} {number} {rng.choice('xyz')}",
        attributes={name: rng.randint(0, 3) for name in rng.sample(["p", "q", "r"], rng.randint(0, 2))},
        certain=rng.random() < 0.7,
    )


def _number(one: Entity) -> str:
    return one.key.rsplit(":", 1)[-1]


async def snapshot(graph: PivotStore, histories: list[list[Step]]) -> dict[str, Any]:
    """Everything that readers see of the records of some histories, in terms that no order of arrival changes."""
    ids = {versions[0].plan().record_id: versions[0].record for versions in histories}
    views = await graph.read(list(ids))
    entities = {one.id: one for view in views.values() for one in view.entities}
    facts = {fact.id: fact for one in entities for fact in await graph.facts(one)}
    return {
        "records": {ids[record]: _view(view, entities, ids) for record, view in sorted(views.items())},
        "entities": sorted(_entity(one) for one in entities.values()),
        "facts": sorted(_fact(one, entities, ids) for one in facts.values()),
    }


def _view(view: GraphView, entities: dict[str, EntityView], ids: dict[str, str]) -> Any:
    return (
        view.saga_id,
        sorted(one.aliases for one in view.entities),
        sorted(_fact(one, entities, ids) for one in view.facts),
    )


def _entity(one: EntityView) -> Any:
    return one.type, one.aliases, one.name, repr(sorted(one.attributes.items()))


def _fact(one: FactView, entities: dict[str, EntityView], ids: dict[str, str]) -> Any:
    return (
        entities[one.subject_id].aliases,
        one.predicate,
        entities[one.object_id].aliases,
        one.sentence,
        str(one.valid_at),
        str(one.invalid_at),
        sorted(ids[record] for record in one.records),
    )
