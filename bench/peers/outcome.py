"""What a home holds, counted, and compared with what a whole run left. Nothing here touches a process or a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.peers.adapters.shared import Held

KINDS = ("records", "entities", "facts", "mentions")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many records there are, and keys of all kinds: `differing` are in some stores but not in all, `lost` in none
    though a whole run has them, `doubled` twice in one store or not in a whole run.
    """

    records: int
    differing: int
    lost: int
    doubled: int


@dataclass(frozen=True, slots=True)
class Crash:
    """What a home held after a kill, after a recovery without the input (None where there is none), after a rerun."""

    killed: Outcome
    recovered: Outcome | None
    rerun: Outcome


def counts(held: Held) -> dict[str, int | None]:
    """How many of each kind some store holds, None for a kind that a peer has not, and vectors of all collections."""
    found: dict[str, int | None] = {}
    for kind in KINDS:
        stores = held.get(kind, {})
        found[kind] = len(_union(stores)) if stores else None
    found["vectors"] = sum(len(keys) for keys in held.get("vectors", {}).values())
    return found


def compare(held: Held, whole: Held) -> Outcome:
    """A home beside that of a whole run of the same records."""
    differing = lost = doubled = 0
    for kind in KINDS:
        stores, wanted = held.get(kind, {}), _union(whole.get(kind, {}))
        keys = _union(stores)
        differing += len(keys) - len(_intersection(stores))
        lost += len(wanted - keys)
        doubled += len(keys - wanted) + len(set(_twice(stores)))
    return Outcome(len(_union(held.get("records", {}))), differing, lost, doubled)


def _union(stores: Mapping[str, list[str]]) -> set[str]:
    return {key for keys in stores.values() for key in keys}


def _intersection(stores: Mapping[str, list[str]]) -> set[str]:
    sets = [set(keys) for keys in stores.values()]
    return set.intersection(*sets) if sets else set()


def _twice(stores: Mapping[str, list[str]]) -> Iterator[tuple[str, Any]]:
    for store, keys in stores.items():
        yield from ((store, key) for key, times in Counter(keys).items() if times > 1)
