"""Which node each entity of a batch is, and which stored observations change their node.

`signatures.groups` says which signatures are one thing. Here this is done for the part of the graph that a batch can
change, and each group gets a node:

1. A signature that the graph has already, or that is one key of one node, is of that node. Most entities end here.
2. For signatures that come or go, everything that they share keys, names or hints with is loaded, and what that shares
   with others, until nothing more is found. `groups` divides these signatures again.
3. A group keeps the stored node that most of its observations are of. Of two groups with the same node, the one with
   more observations keeps it. A group without a node gets a new one.

A signature whose node changes moves: `Identities.moved` leads from its old node to its new one. Two nodes that turn out
to be one are joined like this, and two that were joined by a record that goes are two again.

A phrase of a text that nothing is called by is no thing. It has a node of its own all the same, whose id begins with
`UNKNOWN`: no reader sees it, and no fact leads to it. So the thing finds the texts that name it, if it comes later.

The index of aliases holds, for each key and name, the nodes that have it; with `~` before a hint, those that have the
hint; with `"` before a phrase, those that texts call so; with `=` before a signature's digest, the node of the
signature, unless it is one key only. A key of more than `CROWD` nodes identifies none of them, and nothing is loaded
through it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from apex_cli.extract import keys
from apex_cli.extract.signatures import CALLED, Signature, groups
from apex_cli.model import named_uuid
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.entity_state import EntityState, unpack_state
from apex_cli.stores.graph.model.operations import GraphTransaction

CROWD = 64
_HINT = "~"
_DIGEST = "="
UNKNOWN = "?"

Place = tuple[str, str]
"""A node, and the digest of a signature there."""


def index_entries(signatures: Iterable[Signature]) -> dict[str, None]:
    """The entries of the index of aliases for a node with these signatures, each once."""
    entries: dict[str, None] = {}
    for one in signatures:
        entries |= dict.fromkeys(one.keys)
        entries |= {f"{CALLED}{phrase}": None for phrase in one.phrases}
        if not one.is_plain:
            entries |= dict.fromkeys(one.names)
            entries |= {f"{_HINT}{hint}": None for hint in one.hints}
            entries[digest_entry(one)] = None
    return entries


def digest_entry(signature: Signature) -> str:
    """The entry of a signature that is more than one key."""
    return f"{_DIGEST}{signature.digest}"


def is_shown(entry: str) -> bool:
    """Whether an entry of the index is a key or name, which readers see."""
    return not entry.startswith((_HINT, _DIGEST, CALLED)) and not keys.is_said(entry)


def is_unknown(node: str) -> bool:
    """Whether the node is a phrase that nothing is called by."""
    return node.startswith(UNKNOWN)


def nodes_of(stored: str) -> list[str]:
    """The nodes of an entry, as the column `entity` holds them."""
    return stored.split(" ")


@dataclass(frozen=True, slots=True)
class SignatureChange:
    """The signatures that come with a batch, and how often each one goes, by the node that it is of."""

    coming: AbstractSet[Signature]
    going: Mapping[str, Mapping[Signature, int]]


@dataclass(slots=True)
class Identities:
    """The node of each signature of the batch. `moved` leads from places to where stored observations go.

    `phrases` are the digests of the phrases that move: only they go to a thing of another type.
    """

    nodes: dict[Signature, str] = field(default_factory=dict)
    moved: dict[Place, str] = field(default_factory=dict)
    phrases: set[str] = field(default_factory=set)

    def node_at(self, node: str, digest: str | None) -> str:
        """Where the observations are now that were of this node, by a signature with this digest."""
        return self.moved.get((node, digest or ""), node)


class Resolver:
    """Resolves the signatures of one batch.

    `old_ids` maps keys and names to nodes of an older graph, whose ids entities keep. `attempt` makes the id of a node
    new where the id of its key is taken by another thing.
    """

    def __init__(self, graph: GraphTransaction, namespace: str, old_ids: Mapping[str, str], attempt: str) -> None:
        self._graph = graph
        self._namespace = namespace
        self._old_ids = old_ids
        self._attempt = attempt
        self._index: dict[str, Sequence[str]] = {}
        self._states: dict[str, EntityState] = {}

    @property
    def index(self) -> Mapping[str, Sequence[str]]:
        """The entries of the index that were read, with their nodes; none for those that are not there."""
        return self._index

    def resolve(self, change: SignatureChange) -> Identities:
        """The nodes of all signatures that come, and the moves that follow from what comes and goes."""
        self._look_up(index_entries(change.coming))
        ambiguous = [one.keys[0] for one in change.coming if one.is_plain and len(self._index[one.keys[0]]) > 1]
        self._load([*change.going, *(node for key in ambiguous for node in self._index[key])])
        known = {one: node for one in change.coming if (node := self._quickly(one)) is not None}
        first = [one for one in change.coming if one not in known]
        last = [
            one
            for node, going in change.going.items()
            for one, count in going.items()
            if one not in change.coming and self._states[node].signatures[one] == count
        ]
        identities = Identities(known)
        if first or last:
            self._divide(identities, first, last)
        return identities

    def _quickly(self, one: Signature) -> str | None:
        """The node of a signature that the graph has, or that is a key of one node; None where that is not known."""
        found = self._index[one.keys[0] if one.is_plain else f"{_DIGEST}{one.digest}"]
        if len(found) > 1:
            return next((node for node in found if one in self._states[node].signatures), None)
        return found[0] if found else None

    def _divide(self, identities: Identities, first: Sequence[Signature], last: Sequence[Signature]) -> None:
        crowded, nodes = self._close([*first, *last])
        gone = set(last)
        where = {one: node for node in nodes for one in self._states[node].signatures if one not in gone}
        coming = {*first, *(one for one, node in identities.nodes.items() if node in nodes)}
        for group, node in self._named(groups({*where, *coming}, crowded), where, nodes):
            for one in group:
                if where.get(one, node) != node:
                    identities.moved[where[one], one.digest] = node
                    if one.is_said:
                        identities.phrases.add(one.digest)
                if one in coming:
                    identities.nodes[one] = node

    def _close(self, changed: Iterable[Signature]) -> tuple[AbstractSet[str], AbstractSet[str]]:
        """Load every node that shares a key, name or hint with what changed, directly or through others.

        Returns the keys and names that have too many nodes, and the nodes.
        """
        crowded: set[str] = set()
        closed: set[str] = set()
        entries, seen = _links(changed), set[str]()
        while entries:
            seen |= entries
            self._look_up(entries)
            fresh: set[str] = set()
            for entry in entries:
                found = self._index[entry]
                if len(found) > CROWD:
                    # With `CALLED`, as `groups` wants it.
                    crowded.add(entry.removeprefix(_HINT))
                else:
                    fresh.update(found)
            fresh -= closed
            closed |= fresh
            self._load(fresh)
            entries = set().union(*(_links(self._states[node].signatures) for node in fresh)) - seen
        return crowded, closed

    def _named(
        self, divided: Sequence[Sequence[Signature]], where: Mapping[Signature, str], closed: AbstractSet[str]
    ) -> list[tuple[Sequence[Signature], str]]:
        """Each group with its node, out of the nodes `closed` as far as they last."""
        claims: list[tuple[int, str, int]] = []
        for position, group in enumerate(divided):
            by_node: Counter[str] = Counter()
            said = _is_said(group)
            for one in group:
                # A phrase goes to the thing, and never the thing to where the phrase was.
                if one in where and one.is_said is said:
                    by_node[where[one]] += self._states[where[one]].signatures[one]
            claims += [(-weight, node, position) for node, weight in by_node.items() if is_unknown(node) is said]
        nodes: dict[int, str] = {}
        taken: set[str] = set()
        for _, node, position in sorted(claims):
            if position not in nodes and node not in taken:
                nodes[position] = node
                taken.add(node)
        fresh = {position: group for position, group in enumerate(divided) if position not in nodes}
        nodes |= self._new(fresh, taken, closed - taken)
        return [(group, nodes[position]) for position, group in enumerate(divided)]

    def _new(
        self, divided: Mapping[int, Sequence[Signature]], taken: AbstractSet[str], left: AbstractSet[str]
    ) -> dict[int, str]:
        """The nodes of groups that no stored observation is of.

        A group takes over a node that had its key and is `left` without observations. Else its node has the id that
        an older graph gave its key, or that its preferred key gives, where this id is free.
        """
        nodes: dict[int, str] = {}
        wanted: dict[int, list[str]] = {}
        preferred: dict[int, str] = {}
        for position, group in divided.items():
            if _is_said(group):
                nodes[position] = f"{UNKNOWN}{first_id(group[0].keys[0], self._namespace)}"
                continue
            own = {key for one in group for key in one.keys if not keys.is_said(key)}
            ordered = sorted(own, key=lambda key: (keys.rank(key), key))
            free = [node for key in ordered for node in self._index.get(key, ()) if node in left]
            names = sorted({name for one in group for name in one.names})
            old = [self._old_ids[alias] for alias in (*ordered, *names) if alias in self._old_ids]
            wanted[position] = [*free, *old, first_id(ordered[0], self._namespace)]
            preferred[position] = ordered[0]
        ids = (id for some in wanted.values() for id in some if id not in left)
        used = {*taken, *(row["uuid"] for row in self._graph.look_up(ops.USED_ENTITY_IDS, ids))}
        for position, some in wanted.items():
            found = next((id for id in some if id not in used), None)
            # A taken id: its key was of another thing once, or is of another thing as well.
            nodes[position] = found or named_uuid(
                "entity", self._namespace, preferred[position], self._attempt, str(position)
            )
            used.add(nodes[position])
        return nodes

    def _look_up(self, entries: Iterable[str]) -> None:
        missing = [entry for entry in entries if entry not in self._index]
        self._index |= dict.fromkeys(missing, ())
        self._index |= {row["key"]: nodes_of(row["entity"]) for row in self._graph.look_up(ops.ALIASES, missing)}

    def _load(self, nodes: Iterable[str]) -> None:
        missing = [node for node in nodes if node not in self._states]
        for row in self._graph.look_up(ops.NODES, missing):
            self._states[row["uuid"]] = unpack_state(row["state"], row["name"], row["attributes"])


def _is_said(group: Sequence[Signature]) -> bool:
    """Whether a group is a phrase and nothing else."""
    return all(one.is_said for one in group)


def first_id(key: str, namespace: str) -> str:
    """The id of the first node with this preferred key."""
    return named_uuid("entity", namespace, key)


def _links(signatures: Iterable[Signature]) -> set[str]:
    """The entries of the index by which these signatures may meet others. Only weak keys are hints.

    Phrases lead to what is called so, and things to the phrases by which texts name them.
    """
    links: set[str] = set()
    for one in signatures:
        for alias in (*one.keys, *one.names, *one.hints):
            links.add(alias)
            if keys.is_weak(alias):
                links.add(f"{_HINT}{alias}")
        for phrase in one.keys if one.is_said else one.phrases:
            links |= {phrase, f"{CALLED}{phrase}"}
    return links
