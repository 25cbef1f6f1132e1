"""A transaction on a Neo4j server: operations by UNWIND over parameters, asked from the job's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from apex_cli.stores.graph.model.codec import micros, moment
from apex_cli.stores.graph.model.operations import Kind, Query, Write
from apex_cli.stores.graph.model.transaction import Row, expect
from apex_cli.stores.graph.neo4j.bridge import LoopBridge
from apex_cli.stores.graph.neo4j.reads import COLLECTED, READS
from apex_cli.stores.graph.neo4j.writes import WRITES

if TYPE_CHECKING:
    from neo4j import AsyncManagedTransaction, AsyncResult

_BATCH = 1000


class Neo4jTransaction:
    """`GraphTransaction` of one group (namespace) over a transaction that another task owns."""

    def __init__(self, line: LoopBridge, transaction: AsyncManagedTransaction, group: str) -> None:
        self._line = line
        self._transaction = transaction
        self._group = group

    def look_up(self, what: Query, keys: Iterable[str]) -> list[Row]:
        wanted = list(dict.fromkeys(keys))
        return self._rows(what, {"keys": wanted}) if wanted else []

    def ask(self, what: Query, text: str, limit: int | None = None) -> list[Row]:
        return self._rows(what, {"text": text, "limit": limit})

    def scan(self, what: Query) -> Iterator[list[Row]]:
        result = self._line.ask(lambda: self._run(READS[what], {}))
        while batch := self._line.ask(lambda: result.fetch(_BATCH)):
            yield [_row(what, record.values()) for record in batch]

    def insert(self, what: Write, rows: Sequence[Sequence[Any]]) -> None:
        self._write(what, rows)

    def change(self, what: Write, rows: Sequence[Sequence[Any]]) -> None:
        self._write(what, rows)

    def _write(self, what: Write, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            expect(self._value(WRITES[what], {"rows": _sent(what, rows)}), rows)

    def _rows(self, what: Query, parameters: Mapping[str, Any]) -> list[Row]:
        return [_row(what, values) for values in self._value(COLLECTED[what], parameters)]

    def _value(self, statement: str, parameters: Mapping[str, Any]) -> Any:
        """The one value of the one row that a statement answers with."""

        async def fetch() -> Any:
            result = await self._run(statement, parameters)
            return (await result.single(strict=True))[0]

        return self._line.ask(fetch)

    async def _run(self, statement: str, parameters: Mapping[str, Any]) -> AsyncResult:
        return await self._transaction.run(statement, {"group": self._group, **parameters})


def _row(what: Query, values: Iterable[Any]) -> Row:
    row: Row = dict(zip(what.answer, values, strict=True))
    for name in what.times:
        seconds, rest = row[name]
        row[name] = None if seconds is None else moment(seconds * 1_000_000 + rest // 1000)
    return row


class _Rows(list[Row]):
    """Rows on their way. The driver makes the text of all parameters for its log, whether anybody reads it or not."""

    def __repr__(self) -> str:
        return f"<{len(self)} rows>"


def _sent(what: Write, rows: Sequence[Sequence[Any]]) -> _Rows:
    """Rows as the statements take them: by name, with vectors as lists, and times in parts."""
    sent = _Rows(dict(zip(what.columns, row, strict=True)) for row in rows)
    for name, kind in what.columns.items():
        if kind in _PARTS:
            part = _PARTS[kind]
            for row in sent:
                if row[name] is not None:
                    row[name] = part(row[name])
    return sent


def _numbers(vector: Any) -> list[float]:
    numbers: list[float] = np.asarray(vector, dtype=np.float32).tolist()
    return numbers


def _since_epoch(time: datetime) -> tuple[int, int]:
    """Seconds and nanoseconds."""
    seconds, rest = divmod(micros(time), 1_000_000)
    return seconds, rest * 1000


_PARTS: Mapping[Kind, Callable[[Any], Any]] = {"vector": _numbers, "time": _since_epoch}
