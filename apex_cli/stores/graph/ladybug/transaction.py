"""A transaction of the embedded graph: operations by joining Arrow tables and by single statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from apex_cli.stores.graph.ladybug.engine import Session
from apex_cli.stores.graph.ladybug.statements import READS, WRITES
from apex_cli.stores.graph.model.operations import Query, Write
from apex_cli.stores.graph.model.transaction import Row, expect

_BATCH = 5000


class LadybugTransaction:
    """`GraphTransaction` over a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def look_up(self, what: Query, keys: Iterable[str]) -> list[Row]:
        rows = [(key,) for key in dict.fromkeys(keys)]
        return _in_utc(what, self._session.join(READS[what], {"k": "text"}, rows))

    def ask(self, what: Query, text: str, limit: int | None = None) -> list[Row]:
        values: dict[str, Any] = {"text": text} if limit is None else {"text": text, "limit": limit}
        return _in_utc(what, self._session.rows(READS[what], values))

    def scan(self, what: Query) -> Iterator[list[Row]]:
        for batch in self._session.batches(READS[what], _BATCH):
            yield _in_utc(what, batch)

    def insert(self, what: Write, rows: Sequence[Sequence[Any]]) -> None:
        self.change(what, rows)

    def change(self, what: Write, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            (answer,) = self._session.join(WRITES[what], what.columns, rows)
            expect(answer["met"], rows)


def aware(value: datetime) -> datetime:
    """A time as the engine gives it: in UTC, without saying so."""
    return value.replace(tzinfo=UTC)


def _in_utc(what: Query, rows: list[Row]) -> list[Row]:
    for name in what.times:
        for row in rows:
            if row[name] is not None:
                row[name] = aware(row[name])
    return rows
