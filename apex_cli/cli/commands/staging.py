"""`apex staging list | stats | clean | retry`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from apex_cli.cli.options import duration
from apex_cli.cli.staged_items import (
    PATH_OPTIONS,
    agreed,
    of_status,
    open_staging,
    retry_failed,
    show_items,
    show_removed,
)
from apex_cli.cli.tables import Column
from apex_cli.cli.verb import LOCKED, OK, RECORDS, START, TIMES, USAGE, CommandContext, verb
from apex_cli.units import format_duration, format_size

if TYPE_CHECKING:
    from apex_cli.staging import ItemCount


@verb(
    *("json", *TIMES, *PATH_OPTIONS),
    examples=("apex staging list", "apex staging list --status failed --json"),
    exits={0: "listed", **USAGE, **START},
)
def list_(
    context: CommandContext,
    status: Annotated[
        Literal["staged", "processing", "failed"] | None, typer.Option(help="Only items of this status.")
    ] = None,
) -> None:
    """List what lies in the staging directory, oldest first, with the error of what failed."""
    from apex_cli.staging import ItemStatus

    items = of_status(open_staging(context.settings()), ItemStatus(status) if status else None)
    show_items(context, items, "Nothing is staged.")


@verb(
    *("json", *PATH_OPTIONS),
    examples=("apex staging stats", "apex staging stats --json"),
    exits={0: "counted", **USAGE, **START},
)
def stats(context: CommandContext) -> None:
    """Count the staging directory: items, sizes and ages."""
    found = open_staging(context.settings()).stats()
    if context.output.json:
        context.output.object({"type": "stats", **asdict(found), "oldest": found.oldest})
        return
    rows: list[tuple[str, ItemCount]] = [("all", found.total)]
    rows += [(status.value, tally) for status, tally in found.by_status.items()]
    rows += [(f"from {source}", tally) for source, tally in sorted(found.by_source.items())]
    context.output.table(
        (Column("ITEMS"), Column("NUMBER", right=True), Column("SIZE", right=True)),
        ((name, f"{each.count:,}", format_size(each.bytes)) for name, each in rows),
    )
    context.output.line()
    if found.oldest is not None:
        context.output.line(f"oldest: {format_duration((datetime.now(UTC) - found.oldest).total_seconds())}")
    free = "" if found.free is None else f", {format_size(found.free)} free on the disk"
    context.output.line(f"limit: {format_size(found.limit)}, {format_size(found.used)} used{free}")


@verb(
    *("json", "quiet", *PATH_OPTIONS),
    examples=("apex staging clean --dry-run", "apex staging clean --older-than 7d --yes"),
    exits={**OK, **USAGE, **START},
)
def clean(
    context: CommandContext,
    older_than: Annotated[
        float | None, typer.Option(parser=duration, metavar="TIME", help="At least so old; default: APEX_RETENTION.")
    ] = None,
    status: Annotated[Literal["failed", "all"], typer.Option(help="Failed items, or also those that wait.")] = "failed",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove failed items past their retention. Items in use by another run stay."""
    from apex_cli.staging import ItemStatus

    settings = context.settings(retention=older_than)
    staging = open_staging(settings)
    statuses = set(ItemStatus) if status == "all" else {ItemStatus.FAILED}
    if not (dry_run or yes):
        context.refuse_unasked("staging clean", "add --yes or --dry-run")
        due = staging.clean(older_than=settings.retention, statuses=statuses, dry_run=True)
        if due and not agreed(context, due):
            return
    removed = staging.clean(older_than=settings.retention, statuses=statuses, dry_run=dry_run)
    show_removed(context, removed, dry_run=dry_run)


@verb(
    *("json", "quiet", *PATH_OPTIONS, "lock_timeout"),
    examples=("apex staging retry", "apex staging retry inbox.json"),
    exits={**OK, **USAGE, **RECORDS, **START, **LOCKED},
)
def retry(
    context: CommandContext,
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="ITEM", help="Ids of failed items, or their beginnings; default: all failed."),
    ] = None,
) -> None:
    """Ingest again what failed, with all else that waits in the staging directory."""
    retry_failed(context, context.settings(), items or [])
