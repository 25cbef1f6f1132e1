"""Which observations are of one thing: a pure function of their keys, whatever the order in which they arrive.

A *signature* is all by which one record identifies one entity: keys, names and hints. The things are groups of
signatures:

1. **Keys, the strongest kind first** (`keys.strength`). Groups that share a key become one, unless they have different
   values of a stronger exclusive kind (`keys.is_exclusive`): then this key identifies neither of them. Where only a
   chain of keys leads to such a conflict, none of the chain's keys of this kind joins anything.
2. **Names.** A group that has weak keys only (`keys.is_weak`: a name, a telephone number without a name, a unit number)
   joins the one other group that has any of them as key or name. Two such groups: it joins neither.
3. **Hints.** A group that is still alone, and that nothing else knows by its keys, joins the one group that has its
   hint as key or name. A hint is a weak key.
4. **What texts say.** A company that is known from its label in texts only (`keys.said_as`) joins the one other group
   of its type that is called so (`keys.said_of`). Then a phrase of a text (`keys.said`) joins the one group that is
   called so: of the first type among `_SAID_FIRST` that has any. "The one" is the only one, or else the only one with a
   strong key.

Example. Four records, in any order:

    a  carrier:mc:611200   name carrier:name@turvo:star line transport
    b  carrier:mc:948811   name carrier:name@turvo:star line transport
    c  carrier:name@turvo:star line transport
    d  carrier:mc:948811, carrier:dot:77

    step 1: a | b + d | c           b and d share mc 948811
    step 2: the name of c leads to two groups, so c is a thing of its own. Without b and d, c would be a.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations
from typing import NamedTuple

from apex_cli.extract import keys
from apex_cli.extract.keys import kind_strength
from apex_cli.model import Entity

_DIGEST_BYTES = 6
_SAID_FIRST = ("shipment", "vehicle", "driver", "carrier", "customer", "person", "order", "reference")
CALLED = '"'
"""Before a phrase: those that are called so, in `crowded` and in the graph's index."""


class Signature(NamedTuple):
    """All by which one record identifies one entity, each part sorted."""

    keys: tuple[str, ...]
    names: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """A short name of the signature: 12 hex digits."""
        return _digest(self)

    @property
    def is_plain(self) -> bool:
        """Whether it is one key and nothing else."""
        return len(self.keys) == 1 and not self.names and not self.hints

    @property
    def is_said(self) -> bool:
        """Whether it is a phrase of a text, which may name something or nothing."""
        return keys.is_said(self.keys[0])

    @property
    def said(self) -> Sequence[str]:
        """The phrases of texts that it was made of: see step 4 of `groups`."""
        if self.is_said:
            return self.keys
        return [phrase for key in self.keys if keys.is_said_as(key) and (phrase := keys.said_of(key))]

    @property
    def phrases(self) -> Iterator[str]:
        """The phrases by which texts name it."""
        for alias in (*self.keys, *self.names):
            if phrase := keys.said_of(alias):
                yield phrase


@lru_cache(maxsize=8192)
def _digest(signature: Signature) -> str:
    text = "\n\n".join(map("\n".join, signature))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()


def signature_of(entity: Entity) -> Signature:
    """The signature of an entity."""
    if len(entity.keys) == 1 and not entity.names and not entity.hints:
        return Signature(entity.keys)
    found = set(entity.keys)
    names = set(entity.names) - found
    return Signature(tuple(sorted(found)), tuple(sorted(names)), tuple(sorted(set(entity.hints) - found - names)))


def groups(signatures: Collection[Signature], crowded: AbstractSet[str] = frozenset()) -> list[list[Signature]]:
    """The things among these signatures.

    `crowded` are keys and names of so many things that they identify none; with `CALLED` before it, a phrase.
    """
    every = set(signatures)
    aliases = [alias for one in every for part in one for alias in part]
    said = {phrase for one in every for phrase in one.said}
    if len(set(aliases)) == len(aliases) and not said:
        return [[one] for one in sorted(every)]
    counts = Counter(aliases)
    # Most signatures share nothing with another one, so each of these is a thing of its own.
    linked = [
        one
        for one in every
        if any(counts[alias] > 1 for part in one for alias in part)
        or (said and not (said.isdisjoint(one.phrases) and said.isdisjoint(one.said)))
    ]
    alone = every.difference(linked)
    return sorted([*([one] for one in alone), *_joined(linked, crowded)])


def _joined(signatures: Collection[Signature], crowded: AbstractSet[str]) -> list[list[Signature]]:
    """The things among signatures that may share something."""
    if not signatures:
        return []
    forest = _Forest(signatures)
    by_strength: dict[int, list[list[int]]] = {}
    for key, positions in forest.by_key().items():
        if len(positions) > 1 and key not in crowded:
            by_strength.setdefault(keys.strength(key), []).append(positions)
    for strength, links in sorted(by_strength.items()):
        _join_by_keys(forest, strength, links)
    _join_by_names(forest, crowded)
    _join_by_hints(forest, crowded)
    _join_what_texts_say(forest, crowded)
    return forest.members()


class _Forest:
    """Groups of signatures, by union-find. `marks[root]` are the exclusive values of a group: kind → values."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        self.signatures = sorted(set(signatures))
        self._parent = list(range(len(self.signatures)))
        self.marks: dict[int, dict[str, frozenset[str]]] = {}
        for position, one in enumerate(self.signatures):
            marks: dict[str, frozenset[str]] = {}
            for key in one.keys:
                if keys.is_exclusive(key):
                    kind = keys.kind_of(key)
                    marks[kind] = marks.get(kind, frozenset()) | {key}
            self.marks[position] = marks

    def root(self, position: int) -> int:
        while self._parent[position] != position:
            self._parent[position] = self._parent[self._parent[position]]
            position = self._parent[position]
        return position

    def join(self, positions: Iterable[int]) -> None:
        """Make the groups of these positions one."""
        first, *others = sorted({self.root(position) for position in positions})
        for other in others:
            self._parent[other] = first
            for kind, values in self.marks.pop(other).items():
                self.marks[first][kind] = self.marks[first].get(kind, frozenset()) | values

    def members(self) -> list[list[Signature]]:
        found: dict[int, list[Signature]] = {}
        for position, one in enumerate(self.signatures):
            found.setdefault(self.root(position), []).append(one)
        return list(found.values())

    def strong(self) -> set[int]:
        """The groups that have a key that is not weak."""
        pairs = enumerate(self.signatures)
        return {self.root(position) for position, one in pairs if not all(map(keys.is_weak, one.keys))}

    def by_key(self) -> dict[str, list[int]]:
        """The positions of the signatures that have each key."""
        found: dict[str, list[int]] = {}
        for position, one in enumerate(self.signatures):
            for key in one.keys:
                found.setdefault(key, []).append(position)
        return found

    def holders(self) -> dict[str, set[int]]:
        """The groups that have each key or name."""
        found: dict[str, set[int]] = {}
        for position, one in enumerate(self.signatures):
            root = self.root(position)
            for alias in (*one.keys, *one.names):
                found.setdefault(alias, set()).add(root)
        return found

    def conflicting(self, roots: Collection[int], strength: int) -> bool:
        """Whether two of these groups have different values of an exclusive kind that is stronger than `strength`."""
        by_kind: dict[str, set[frozenset[str]]] = {}
        for root in roots:
            for kind, values in self.marks[root].items():
                by_kind.setdefault(kind, set()).add(values)
        return any(
            len(some) > 1 and kind_strength(kind) < strength and any(a.isdisjoint(b) for a, b in combinations(some, 2))
            for kind, some in by_kind.items()
        )


def _join_by_keys(forest: _Forest, strength: int, links: Iterable[Iterable[int]]) -> None:
    """Join what shares keys of one strength; `links` are the signatures that each of these keys has."""
    groups_of_key = ({forest.root(position) for position in link} for link in links)
    clear = [roots for roots in groups_of_key if len(roots) > 1 and not forest.conflicting(roots, strength)]
    for chain in _chains(clear):
        if not forest.conflicting(chain, strength):
            forest.join(chain)


def _chains(links: Iterable[set[int]]) -> list[set[int]]:
    """Sets that overlap, directly or through others, as one."""
    chains: list[set[int]] = []
    for link in links:
        overlapping = [chain for chain in chains if not chain.isdisjoint(link)]
        chains = [chain for chain in chains if chain.isdisjoint(link)]
        chains.append(link.union(*overlapping))
    return chains


def _weak(forest: _Forest) -> dict[int, list[Signature]]:
    """The groups that have weak keys only, with their signatures."""
    found: dict[int, list[Signature]] = {}
    for position, one in enumerate(forest.signatures):
        found.setdefault(forest.root(position), []).append(one)
    strong = forest.strong()
    return {root: some for root, some in found.items() if root not in strong}


def _join_by_names(forest: _Forest, crowded: AbstractSet[str]) -> None:
    """Again as long as anything is joined: what two groups had as a name leads to one when these have become one."""
    while True:
        holders = forest.holders()
        meant = {
            root: {holder for one in some for key in one.keys for holder in holders[key]} - {root}
            for root, some in _weak(forest).items()
            if not any(key in crowded for one in some for key in one.keys)
        }
        if not _join_to_only(forest, meant):
            return


def _join_by_hints(forest: _Forest, crowded: AbstractSet[str]) -> None:
    holders = forest.holders()
    hinting: dict[int, set[str]] = {}
    for root, some in _weak(forest).items():
        alone = all(holders[key] == {root} for one in some for key in one.keys)
        hints = {hint for one in some for hint in one.hints}
        if alone and hints and hints.isdisjoint(crowded):
            hinting[root] = hints
    meant = {
        root: {holder for hint in hints for holder in holders.get(hint, ())} - hinting.keys()
        for root, hints in hinting.items()
    }
    _join_to_only(forest, meant)


def _join_what_texts_say(forest: _Forest, crowded: AbstractSet[str]) -> None:
    if not any(one.said for one in forest.signatures):
        return
    strong = forest.strong()
    labelled = {
        root: some[0].keys[0]
        for root, some in _weak(forest).items()
        if all(keys.is_said_as(key) for one in some for key in one.keys)
    }
    called = _called(forest, crowded)
    meant: dict[int, set[int]] = {}
    for root, key in labelled.items():
        alike = called.get(keys.said_of(key) or "", {}).get(key.partition(":")[0], set())
        meant[root] = _one_of(alike - labelled.keys(), strong)
    _join_to_only(forest, meant)
    called, strong = _called(forest, crowded), forest.strong()
    meant = {}
    for position, one in enumerate(forest.signatures):
        if one.is_said and (by_type := called.get(one.keys[0])):
            meant[position] = _one_of(next(by_type[kind] for kind in _SAID_FIRST if kind in by_type), strong)
    _join_to_only(forest, meant)


def _one_of(roots: AbstractSet[int], strong: AbstractSet[int]) -> set[int]:
    """The only one of these groups, or the only one with a strong key; none where several may be meant."""
    clear = roots if len(roots) == 1 else roots & strong
    return set(clear) if len(clear) == 1 else set()


def _called(forest: _Forest, crowded: AbstractSet[str]) -> dict[str, dict[str, set[int]]]:
    """The groups that texts name by each phrase, by type."""
    called: dict[str, dict[str, set[int]]] = {}
    for position, one in enumerate(forest.signatures):
        for alias in (*one.keys, *one.names):
            phrase = keys.said_of(alias)
            if phrase is not None and f"{CALLED}{phrase}" not in crowded:
                called.setdefault(phrase, {}).setdefault(alias.partition(":")[0], set()).add(forest.root(position))
    return called


def _join_to_only(forest: _Forest, meant: Mapping[int, set[int]]) -> bool:
    """Join each group to the group that it means, where that is exactly one. Whether there was any."""
    pairs = [(root, *targets) for root, targets in meant.items() if len(targets) == 1]
    for pair in pairs:
        forest.join(pair)
    return bool(pairs)
