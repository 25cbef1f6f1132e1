"""`apex export`: pages of lines that `apex ingest` takes back. See `reading.exported` for the lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from apex_cli import __version__
from apex_cli.reading.exported import identity_fields, to_line

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

_RECORDS = 500
_BYTES = 4 * 1024**2
"""Of a page, as PostgreSQL keeps them: its lines are some four times as long."""


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Lines of some records. `after` is what to ask the next page with, None after the last one.

    `records` counts the records, those that were forgotten too, `versions` and `forgotten` the lines. `total` is how
    many records all pages have, in the first one only.
    """

    lines: Sequence[str]
    records: int
    versions: int
    forgotten: int
    after: str | None
    total: int | None


async def export_page(
    stores: Stores,
    *,
    after: str | None = None,
    source: str | None = None,
    data_type: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> ExportPage:
    """The next records in the order of their ids, each with all its versions as of one moment.

    The filters are those of `inventory.list_records`, by the current version. What was forgotten has no time, and is
    left out with `since` or `until`.
    """
    exported = stores.exported
    total = None
    if after is None:
        total = await exported.count(source=source, data_type=data_type, since=since, until=until)
    rows = await exported.page(
        after=after, source=source, data_type=data_type, since=since, until=until, limit=_RECORDS, size=_BYTES
    )
    namespace = stores.catalog.namespace
    lines: list[str] = []
    records = versions = forgotten = 0
    for _, found in groupby(rows, key=lambda row: row["record_id"]):
        each = list(found)
        own = list(_versions(namespace, each))
        gone = list(_forgotten(namespace, each[0]))
        lines += own + gone
        records, versions, forgotten = records + 1, versions + len(own), forgotten + len(gone)
    return ExportPage(lines, records, versions, forgotten, str(rows[-1]["record_id"]) if rows else None, total)


def first_line(namespace: str) -> str:
    """The first line of an export."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return to_line("export", {"apex": __version__, "namespace": namespace, "exported_at": now})


def last_line(records: int, versions: int, forgotten: int) -> str:
    """The last line of an export: without it, it is cut off."""
    return to_line("end", {"records": records, "versions": versions, "forgotten": forgotten})


def _versions(namespace: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["saga_id"] is None:
            continue
        names = ("content_hash", "kind", "whole", "dated", "again", "title", "text")
        times = {name: row[name].astimezone(UTC).isoformat() for name in ("observed_at", "event_time")}
        fields = {**_identity(namespace, row), **times, **{name: row[name] for name in names}}
        if row is rows[-1] and row["places"]:
            fields["places"] = row["places"]
        yield to_line("version", fields, extraction=row["extraction"], payload=row["payload"])


def _forgotten(namespace: str, row: Mapping[str, Any]) -> Iterator[str]:
    if row["forgotten"]:
        yield to_line("forgotten", {**_identity(namespace, row), "contents": row["forgotten"]})


def _identity(namespace: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return identity_fields(namespace, str(row["record_id"]), row["source"], row["data_type"], row["external_id"])
