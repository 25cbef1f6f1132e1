"""`apex staging list | stats | clean | retry`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from apex_cli.cli.call import Call
from apex_cli.cli.ingesting import run_ingest
from apex_cli.cli.options import duration
from apex_cli.cli.redact import redact
from apex_cli.cli.text import clip
from apex_cli.cli.units import age, size
from apex_cli.cli.verb import LOCKED, OK, RECORDS, START, USAGE, verb
from apex_cli.errors import UsageError

if TYPE_CHECKING:
    from apex_cli.config import Settings
    from apex_cli.staging import Item, Staging, Tally

_PLACES = ("home", "staging_dir")


def group() -> typer.Typer:
    """The verb, which is nothing without one of its sub-verbs."""
    app = typer.Typer(rich_markup_mode=None, help="Look after the staging area: what waits, what failed and why.")
    for each in (list_, stats, clean, retry):
        each.add_to(app)
    return app


@verb(
    *("json", *_PLACES),
    examples=("apex staging list", "apex staging list --status failed --json"),
    exits={0: "listed", **USAGE, **START},
)
def list_(
    call: Call,
    status: Annotated[
        Literal["staged", "processing", "failed"] | None, typer.Option(help="Only items of this status.")
    ] = None,
) -> None:
    """List what lies in the staging area, oldest first, with the error of what failed."""
    items = sorted(_staging(call.settings()).items(), key=lambda item: item.staged_at)
    items = [item for item in items if status is None or item.status == status]
    if call.screen.json:
        for item in items:
            call.screen.object(as_json(item))
    elif items:
        call.screen.table(
            ("ITEM", "STATUS", "SIZE", "TRIES", "AGE", "ERROR"),
            (
                (
                    item.item_id,
                    item.status,
                    size(item.bytes),
                    str(item.attempts),
                    age(_age_seconds(item)),
                    clip(redact(item.failure.message), 160) if item.failure else "",
                )
                for item in items
            ),
        )
    else:
        call.screen.line("Nothing is staged.")


@verb(
    *("json", *_PLACES),
    examples=("apex staging stats", "apex staging stats --json"),
    exits={0: "counted", **USAGE, **START},
)
def stats(call: Call) -> None:
    """Count the staging area: items, sizes and ages."""
    found = _staging(call.settings()).stats()
    if call.screen.json:
        call.screen.object({"type": "stats", **asdict(found)})
        return
    rows: list[tuple[str, Tally]] = [("all", found.total)]
    rows += [(status.value, tally) for status, tally in found.by_status.items()]
    rows += [(f"from {source}", tally) for source, tally in sorted(found.by_source.items())]
    call.screen.table(("ITEMS", "NUMBER", "SIZE"), ((name, f"{each.count:,}", size(each.bytes)) for name, each in rows))
    call.screen.line()
    if found.oldest is not None:
        call.screen.line(f"oldest: {age((datetime.now(UTC) - found.oldest).total_seconds())}")
    free = "" if found.free is None else f", {size(found.free)} free on the disk"
    call.screen.line(f"limit: {size(found.limit)}{free}")


@verb(
    *("json", "quiet", *_PLACES),
    examples=("apex staging clean --dry-run", "apex staging clean --older-than 7d --yes"),
    exits={**OK, **USAGE, **START},
)
def clean(
    call: Call,
    older_than: Annotated[
        float | None, typer.Option(parser=duration, metavar="TIME", help="At least so old; default: APEX_RETENTION.")
    ] = None,
    status: Annotated[Literal["failed", "all"], typer.Option(help="Failed items, or also those that wait.")] = "failed",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove failed items past their retention. What another run works on is never touched."""
    from apex_cli.staging import Status

    settings = call.settings(retention=older_than)
    staging = _staging(settings)
    statuses = set(Status) if status == "all" else {Status.FAILED}
    if not (dry_run or yes):
        if not sys.stdin.isatty():
            raise UsageError("`apex staging clean` removes data and nobody can be asked", hint="add --yes or --dry-run")
        due = staging.clean(older_than=settings.retention, statuses=statuses, dry_run=True)
        if due and not _agreed(call, due):
            call.screen.note("Nothing was removed.")
            return
    removed = staging.clean(older_than=settings.retention, statuses=statuses, dry_run=dry_run)
    _tell_removed(call, removed, dry_run)


@verb(
    *("json", "quiet", *_PLACES, "lock_timeout"),
    examples=("apex staging retry", "apex staging retry inbox.json-0a1b2c3d4e5f6071"),
    exits={**OK, **USAGE, **RECORDS, **START, **LOCKED},
)
def retry(
    call: Call,
    items: Annotated[
        list[str] | None, typer.Argument(metavar="ITEM", help="Item ids of `staging list`; default: all failed.")
    ] = None,
) -> None:
    """Ingest again what failed, with all else that waits in the staging area."""
    from apex_cli.pipeline.request import IngestRequest
    from apex_cli.staging import Status

    settings = call.settings()
    if items:
        staging = _staging(settings)
        unknown = sorted(set(items) - {item.item_id for item in staging.items() if item.status is Status.FAILED})
        if unknown:
            hint = "`apex staging list --status failed` shows those that can be retried"
            raise UsageError(f"no failed item {', '.join(unknown)}", hint=hint, code="not_found")
        staging.retry(items)
    run_ingest(call, settings, IngestRequest(paths=(), retry_failed=not items))


def as_json(item: Item) -> dict[str, Any]:
    """The `item` line."""
    failure = item.failure
    return {
        "type": "item",
        "source": item.source,
        "item_id": item.item_id,
        "status": item.status,
        "bytes": item.bytes,
        "attempts": item.attempts,
        "age_seconds": round(_age_seconds(item), 1),
        "error": failure
        and {
            "code": failure.code,
            "message": redact(failure.message),
            "hint": redact(failure.hint) if failure.hint else None,
            "stage": failure.stage,
            "retriable": failure.retriable,
            "at": failure.at,
            "locator": failure.locator,
        },
        "name": item.name,
        "origin": item.origin,
        "record_id": item.record_id,
        "staged_at": item.staged_at,
    }


def _staging(settings: Settings) -> Staging:
    from apex_cli.staging import Staging

    return Staging(settings.staging_dir, max_bytes=settings.staging_max_bytes)


def _age_seconds(item: Item) -> float:
    return (datetime.now(UTC) - item.staged_at).total_seconds()


def _agreed(call: Call, due: Sequence[Item]) -> bool:
    call.screen.note(f"{len(due):,} items, {size(sum(item.bytes for item in due))}, would be removed. Go on? [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _tell_removed(call: Call, removed: Sequence[Item], dry_run: bool) -> None:
    total = sum(item.bytes for item in removed)
    if call.screen.json:
        for item in removed:
            call.screen.object(as_json(item))
        call.screen.object({"type": "summary", "removed": len(removed), "bytes": total, "dry_run": dry_run})
    elif not call.screen.quiet:
        for item in removed:
            call.screen.line(f"{'would remove' if dry_run else 'removed'} {clip(item.item_id, 120)}")
        call.screen.line(f"{len(removed):,} items, {size(total)}{', would be removed' if dry_run else ' removed'}.")
