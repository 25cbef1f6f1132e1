"""Shared by the verbs `staging` and `dlq`: how they show, find, retry and remove staged items."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from apex_cli.cli.ingesting import run_ingest
from apex_cli.cli.output import Output, clip, fields, redact
from apex_cli.cli.tables import Column
from apex_cli.cli.verb import CommandContext
from apex_cli.errors import UsageError
from apex_cli.units import format_duration, format_size

if TYPE_CHECKING:
    from apex_cli.config import Settings
    from apex_cli.staging import Item, ItemStatus, StagingDirectory

PATH_OPTIONS = ("home", "staging_dir")
_COLUMNS = (
    Column("ITEM"),
    Column("STATUS", 3),
    Column("SIZE", 4, right=True),
    Column("TRIES", 5, right=True),
    Column("AGE", 2, right=True),
    Column("STAGED", 6),
    Column("ERROR", 1, least=24),
)


def open_staging(settings: Settings) -> StagingDirectory:
    """The staging directory of these settings."""
    from apex_cli.staging import StagingDirectory

    return StagingDirectory(settings.staging_dir, max_bytes=settings.staging_max_bytes)


def of_status(staging: StagingDirectory, status: ItemStatus | None) -> list[Item]:
    """Items of one status, or all, in order of arrival."""
    return sorted(
        (item for item in staging.items() if status is None or item.status is status),
        key=lambda item: (item.staged_at, item.item_id),
    )


def failed(staging: StagingDirectory, wanted: Sequence[str]) -> list[Item]:
    """Failed items by id, or by the beginning of one that no other failed item has.

    Raises `UsageError`: `not_found`, `ambiguous`.
    """
    from apex_cli.staging import ItemStatus

    there = of_status(staging, ItemStatus.FAILED)
    return list({item.item_id: item for name in wanted for item in [_one(there, name)]}.values())


def _one(there: Sequence[Item], name: str) -> Item:
    matching = [item for item in there if item.item_id == name]
    matching = matching or [item for item in there if name and item.item_id.startswith(name)]
    if not matching:
        raise UsageError(f"no failed item {name}", hint="`apex dlq list` shows them all", code="not_found")
    if len(matching) > 1:
        raise UsageError(
            f"{len(matching)} failed items begin with {name}", hint="give more of the id", code="ambiguous"
        )
    return matching[0]


def show_items(context: CommandContext, items: Sequence[Item], nothing: str) -> None:
    """A line for each, or what to say where there is none."""
    if context.output.json:
        for item in items:
            context.output.object(as_json(item))
    elif items:
        context.output.table(_COLUMNS, (_row(context.output, item) for item in items))
    else:
        context.output.line(nothing)


def _row(output: Output, item: Item) -> tuple[str, ...]:
    error = redact(item.failure.message) if item.failure else ""
    age = format_duration(age_seconds(item))
    staged = output.time(item.staged_at)
    return item.item_id, item.status, format_size(item.bytes), str(item.attempts), age, staged, error


def as_json(item: Item) -> dict[str, Any]:
    """The `item` line."""
    failure = item.failure
    return {
        "type": "item",
        **fields(item, "source", "item_id", "status", "bytes", "attempts"),
        "age_seconds": round(age_seconds(item), 1),
        "error": failure
        and {
            "code": failure.code,
            "message": redact(failure.message),
            "hint": redact(failure.hint) if failure.hint else None,
            **fields(failure, "stage", "retriable", "at", "locator"),
        },
        **fields(item, "name", "origin", "record_id", "staged_at"),
    }


def age_seconds(item: Item) -> float:
    """How long ago its input arrived."""
    return (datetime.now(UTC) - item.staged_at).total_seconds()


def retry_failed(context: CommandContext, settings: Settings, wanted: Sequence[str]) -> None:
    """Ingest these failed items again (none named: all) with all other staged items. Ends with the exit code."""
    from apex_cli.pipeline.context import IngestRequest

    if wanted:
        staging = open_staging(settings)
        staging.retry([item.item_id for item in failed(staging, wanted)])
    run_ingest(context, settings, IngestRequest(paths=(), retry_failed=not wanted))


def agreed(context: CommandContext, due: Sequence[Item]) -> bool:
    """Ask the person at the terminal whether these may go."""
    return context.confirmed(f"{len(due):,} items, {format_size(sum(item.bytes for item in due))}, would be removed.")


def show_removed(context: CommandContext, removed: Collection[Item], *, dry_run: bool = False, **more: Any) -> None:
    """Report the items that are, or would be, removed. `more` are further fields of the summary line."""
    total = sum(item.bytes for item in removed)
    if context.output.json:
        for item in removed:
            context.output.object(as_json(item))
        context.output.object({"type": "summary", "removed": len(removed), "bytes": total, "dry_run": dry_run, **more})
    elif not context.output.quiet:
        for item in removed:
            context.output.line(f"{'would remove' if dry_run else 'removed'} {clip(item.item_id, 120)}")
        context.output.line(
            f"{len(removed):,} items, {format_size(total)}{', would be removed' if dry_run else ' removed'}."
        )
