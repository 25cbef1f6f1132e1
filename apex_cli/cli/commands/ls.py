"""`apex ls`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from apex_cli.cli.entity_lists import several_shown
from apex_cli.cli.options import Limit, RecordSource, check_source, filled, moment
from apex_cli.cli.output import Output, undated
from apex_cli.cli.tables import Column
from apex_cli.cli.verb import NOTHING_YET, START, TIMES, UNANSWERED, USAGE, CommandContext, verb
from apex_cli.errors import UsageError

if TYPE_CHECKING:
    from apex_cli.stores.postgres.inventory import ListedRecord

_COLUMNS = (
    Column("TIME", 1),
    Column("RECORD"),
    Column("TYPE", 3),
    Column("VERSIONS", 5, right=True),
    Column("DATED BY", 4),
    Column("TITLE", 2, least=16),
)


@verb(
    *("json", *TIMES, "home", "lock_timeout"),
    examples=(
        "apex ls",
        "apex ls --source turvo --type shipment --json",
        "apex ls --entity TRUCK-6520 --since 2025-10-19 --until 2025-10-20",
    ),
    exits={0: "listed, whatever was found", **USAGE, **START, **UNANSWERED},
)
def ls(
    context: CommandContext,
    source: RecordSource = None,
    data_type: Annotated[
        str | None,
        typer.Option("--type", parser=filled, metavar="TYPE", help="Records of this type only, e.g. message."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="Only what happened then or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="Only what happened before.")
    ] = None,
    entity: Annotated[
        str | None,
        typer.Option(parser=filled, metavar="ENTITY", help="Only what mentions this entity: a name, an id or a key."),
    ] = None,
    limit: Limit = 20,
) -> None:
    """List records, the newest first.

    By the time of their current version: that of the event, else when they arrived. `apex get RECORD` shows one.
    """
    output = context.output
    context.settings()
    check_source(source)
    with several_shown(output):
        found = context.look(
            lambda reader: reader.list_records(
                source=source, data_type=data_type, since=since, until=until, entity=entity, limit=limit
            )
        )
    if found is None and entity is not None:
        raise UsageError(f"nothing is known as {entity!r}", hint=NOTHING_YET, code="not_found")
    records = found.records if found is not None else ()
    if output.json:
        for record in records:
            output.object({"type": "record", **asdict(record)})
    elif records:
        output.table(_COLUMNS, (_row(output, record) for record in records))
    else:
        output.line(NOTHING_YET if found is None else "No such records.")
    if found is not None and found.total > len(records):
        output.note(f"These are {len(records):,} of {found.total:,} records; --limit N shows more.")


def _row(output: Output, record: ListedRecord) -> tuple[str, ...]:
    return (
        output.time(record.event_time),
        f"{record.source}:{record.external_id}",
        record.data_type,
        f"{record.versions:,}",
        "itself" if record.dated else undated(record),
        record.title,
    )
