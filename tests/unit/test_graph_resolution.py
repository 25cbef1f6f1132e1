"""The nodes of a batch's entities: after any batches the graph's nodes are the groups of all its signatures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from apex_cli.extract.signatures import Signature, groups
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model import resolution
from apex_cli.stores.graph.model.entity_state import EntityState
from apex_cli.stores.graph.model.operations import GraphTransaction, Query
from apex_cli.stores.graph.model.resolution import Resolver, SignatureChange, index_entries, is_unknown

_IDS = st.one_of(
    *(
        st.builds(f"vehicle:{kind}:{{}}".format, st.integers(0, 2))
        for kind in ("samsara", "vin", "unit@7001", "unit", "gateway")
    )
)
_UNITS = st.builds("vehicle:unit:{}".format, st.integers(0, 2))


_SAID = st.builds(
    "{}:{}".format,
    st.sampled_from(("carrier:said", "customer:said", "value:said", "carrier:name@turvo", "person:name@frontapp")),
    st.sampled_from(("lakeshorehaulage", "acmefoods")),
)
_NAMED = st.builds(
    lambda kind, number, name: Signature((f"{kind}:{number}",), (f"{kind.partition(':')[0]}:name:{name}",)),
    st.sampled_from(("carrier:mc", "carrier:dot", "customer:turvo", "driver:id@turvo", "person:email")),
    st.integers(0, 2),
    st.sampled_from(("lakeshorehaulage", "acmefoods")),
)


@st.composite
def _signature(draw: st.DrawFn) -> Signature:
    if draw(st.booleans()):
        return draw(st.one_of(st.builds(lambda key: Signature((key,)), _SAID), _NAMED))
    own = draw(st.sets(_IDS, min_size=1, max_size=3))
    bare = all(key.startswith("vehicle:unit:") for key in own)
    others = draw(st.sets(_UNITS, max_size=1)) - own
    return Signature(tuple(sorted(own)), () if bare else tuple(others), tuple(others) if bare else ())


_VERSIONS = st.lists(
    st.dictionaries(st.integers(0, 5), st.lists(_signature(), max_size=2), min_size=1, max_size=3), max_size=7
)
"""Batches: record → its signatures from then on. None: it is forgotten."""


class Memory:
    """A graph that holds nodes with their signatures and the index, and nothing else."""

    def __init__(self) -> None:
        self.records: dict[int, list[tuple[str, Signature]]] = {}
        self.batches = 0

    def nodes(self) -> dict[str, Counter[Signature]]:
        found: dict[str, Counter[Signature]] = {}
        for observations in self.records.values():
            for node, one in observations:
                found.setdefault(node, Counter())[one] += 1
        return found

    def look_up(self, what: Query, keys: Iterable[str]) -> list[dict[str, Any]]:
        nodes = self.nodes()
        if what is ops.ALIASES:
            index: dict[str, list[str]] = {}
            for node in sorted(nodes):
                for entry in index_entries(nodes[node]):
                    index.setdefault(entry, []).append(node)
            return [{"key": key, "entity": " ".join(index[key])} for key in keys if key in index]
        if what is ops.USED_ENTITY_IDS:
            return [{"uuid": key} for key in keys if key in nodes]
        assert what is ops.NODES
        states = {node: EntityState(1, dict(some)) for node, some in nodes.items()}
        return [
            {"uuid": key, "state": states[key].pack(), "name": "", "attributes": json.dumps({})}
            for key in keys
            if key in states
        ]

    def write(self, batch: dict[int, list[Signature]]) -> None:
        self.batches += 1
        going: dict[str, Counter[Signature]] = {}
        for record in batch:
            for node, one in self.records.get(record, ()):
                going.setdefault(node, Counter())[one] += 1
        coming = {one for some in batch.values() for one in some}
        resolver = Resolver(cast(GraphTransaction, self), "apex", {}, f"saga {self.batches}")
        identities = resolver.resolve(SignatureChange(coming, going))
        for record, observations in self.records.items():
            self.records[record] = [(identities.node_at(node, one.digest), one) for node, one in observations]
        for record, some in batch.items():
            self.records[record] = [(identities.nodes[one], one) for one in some]

    def things(self) -> set[frozenset[Signature]]:
        return {frozenset(some) for some in self.nodes().values()}


@settings(max_examples=400, deadline=None)
@given(_VERSIONS)
def test_after_any_batches_the_nodes_are_the_groups_of_all_signatures(
    batches: list[dict[int, list[Signature]]],
) -> None:
    memory = Memory()
    for batch in batches:
        memory.write(batch)
        every = [one for observations in memory.records.values() for _, one in observations]
        assert memory.things() == {frozenset(group) for group in groups(every)}
        for node, some in memory.nodes().items():
            assert is_unknown(node) == all(one.is_said for one in some)


def test_a_node_keeps_its_id_as_long_as_it_is_the_same_thing() -> None:
    memory = Memory()
    number, full = Signature(("shipment:id:SHIP-1",)), Signature(("shipment:id:SHIP-1", "shipment:turvo:5"))
    memory.write({1: [number]})
    (first,) = memory.nodes()
    memory.write({1: [full]})
    assert list(memory.nodes()) == [first]
    memory.write({2: [number]})
    memory.write({1: []})
    assert list(memory.nodes()) == [first]


def test_a_key_of_a_crowd_leads_nowhere_and_loads_nothing(monkeypatch: Any) -> None:
    monkeypatch.setattr(resolution, "CROWD", 3)
    memory = Memory()
    for number in range(6):
        memory.write({number: [Signature(("vehicle:unit:1", f"vehicle:vin:{number}"))]})
    for record in (10, 11):
        memory.write({record: [Signature(("vehicle:unit:1",))]})
    assert len(memory.nodes()) == 7
    assert memory.records[10] == memory.records[11]
