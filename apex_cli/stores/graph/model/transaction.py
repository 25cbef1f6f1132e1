"""One transaction of a graph, as `model` uses it, and the engine that runs jobs in transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, Protocol, TypeVar

from apex_cli.errors import StoreTerminal
from apex_cli.stores.graph.model.operations import Query, Write

STORE = "graph"

T = TypeVar("T")
Row = dict[str, Any]


class GraphTransaction(Protocol):
    """Reads see what the transaction wrote. Without keys or rows, no statement runs.

    Synchronous: a job runs in a thread of its own, so that its Python does not block the event loop.
    """

    def look_up(self, what: Query, keys: Iterable[str]) -> list[Row]:
        """Rows of a look-up for those of the keys that are there; keys may repeat."""

    def ask(self, what: Query, text: str, limit: int | None = None) -> list[Row]:
        """Rows of a question about one entity."""

    def scan(self, what: Query) -> Iterator[list[Row]]:
        """Rows of one of `operations.SCANS`, some at a time."""

    def write(self, what: Write, rows: Sequence[Sequence[Any]]) -> None:
        """Write rows by their columns. Raises `StoreTerminal` if a row, or an end of its relation, is not there."""


class Access(Enum):
    """What a job needs of its transaction."""

    WRITE = "write"
    """Alone on its graph from the first read on; committed at the end."""

    EXACT = "exact"
    """Reads that must fit together: no other job's changes come between them."""

    PATIENT = "patient"
    """As `EXACT`, without a time limit; other jobs wait meanwhile."""

    PLAIN = "plain"
    """Reads without a time limit, which may see another job's commit half-way through."""


Job = Callable[[GraphTransaction], T]
"""Has no side effects outside the transaction: an engine may run it again from the start."""


class GraphEngine(Protocol):
    """Runs jobs, each in one transaction. Raises `StoreError`s only."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def run(self, job: Job[T], access: Access) -> T: ...


def expect(met: int, rows: Sequence[object]) -> None:
    """Raise `StoreTerminal` unless every row matched something: else the graph is not what the job read."""
    if met != len(rows):
        raise StoreTerminal(STORE, f"{met} of {len(rows)} rows were there to change", hint="run `apex verify`")
