"""`apex dlq list | show | retry | drop`: dead letters, which are the failed items of the staging directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apex_cli.cli.options import filled
from apex_cli.cli.output import clean, clean_lines, redact
from apex_cli.cli.staged_items import (
    PATH_OPTIONS,
    age_seconds,
    agreed,
    as_json,
    failed,
    of_status,
    open_staging,
    retry_failed,
    show_items,
    show_removed,
)
from apex_cli.cli.verb import LOCKED, OK, RECORDS, START, TIMES, USAGE, CommandContext, verb
from apex_cli.errors import UsageError
from apex_cli.exit_codes import ExitCode
from apex_cli.units import format_duration, format_size

if TYPE_CHECKING:
    from apex_cli.staging import Item

EXCERPT_BYTES = 2000
_ITEM = "inbox.json"

Items = Annotated[list[str] | None, typer.Argument(metavar="ITEM", help="Ids of `dlq list`, or their beginnings.")]
All = Annotated[bool, typer.Option("--all", help="All dead letters.")]


@verb(
    *("json", *TIMES, *PATH_OPTIONS),
    examples=("apex dlq list", "apex dlq list --json"),
    exits={0: "listed", **USAGE, **START},
)
def list_(context: CommandContext) -> None:
    """List dead letters, oldest first, with their errors."""
    from apex_cli.staging import ItemStatus

    show_items(context, of_status(open_staging(context.settings()), ItemStatus.FAILED), "There are no dead letters.")


@verb(
    *("json", *PATH_OPTIONS),
    examples=(f"apex dlq show {_ITEM}", f"apex dlq show {_ITEM} --json"),
    exits={0: "found", **USAGE, **START},
)
def show(
    context: CommandContext,
    item: Annotated[
        str, typer.Argument(metavar="ITEM", parser=filled, help="An id of `dlq list`, or the beginning of one.")
    ],
) -> None:
    """Show one dead letter: its error, what to do about it, and how its payload begins."""
    staging = open_staging(context.settings())
    (found,) = failed(staging, [item])
    head = staging.excerpt(found, EXCERPT_BYTES)
    excerpt = redact(head.decode("utf-8", "backslashreplace"))
    truncated = found.bytes > len(head)
    if context.output.json:
        context.output.object({**as_json(found), "payload": {"excerpt": excerpt, "truncated": truncated}})
        return
    for name, value in _fields(found):
        context.output.line(f"{name + ':':<10} {clean(redact(value))}")
    context.output.line()
    context.output.line(
        f"payload, {f'the first {format_size(len(head))} of ' if truncated else ''}{format_size(found.bytes)}:"
    )
    context.output.line(clean_lines(excerpt))


@verb(
    *("json", "quiet", *PATH_OPTIONS, "lock_timeout"),
    examples=("apex dlq retry --all", f"apex dlq retry {_ITEM}"),
    exits={**OK, **USAGE, **RECORDS, **START, **LOCKED},
)
def retry(context: CommandContext, items: Items = None, every: All = False) -> None:
    """Ingest dead letters again, with all else that waits in the staging directory."""
    _either(items, every, "dlq retry")
    retry_failed(context, context.settings(), items or [])


@verb(
    *("json", "quiet", *PATH_OPTIONS),
    examples=(f"apex dlq drop {_ITEM} --yes", "apex dlq drop --all --yes"),
    exits={**OK, **USAGE, ExitCode.RECORDS_FAILED: "some items are in use and stay", **START},
)
def drop(
    context: CommandContext,
    items: Items = None,
    every: All = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove dead letters, whatever their age. Items in use by another run stay."""
    from apex_cli.staging import ItemStatus

    _either(items, every, "dlq drop")
    staging = open_staging(context.settings())
    due = of_status(staging, ItemStatus.FAILED) if every else failed(staging, items or [])
    if due and not yes:
        context.refuse_unasked("dlq drop", "add --yes")
        if not agreed(context, due):
            return
    removed = staging.drop([item.item_id for item in due])
    gone = {item.item_id for item in removed}
    left = [item.item_id for item in due if item.item_id not in gone]
    show_removed(context, removed, left=len(left))
    if left:
        context.output.problem(f"in use and left: {', '.join(left)}", "try again when the other run has ended")
        raise typer.Exit(ExitCode.RECORDS_FAILED)


def _either(items: list[str] | None, every: bool, name: str) -> None:
    if bool(items) == every:
        raise UsageError(f"`apex {name}` takes either items or --all", hint="`apex dlq list` shows the items")


def _fields(item: Item) -> list[tuple[str, str]]:
    fields = [
        ("item", item.item_id),
        ("source", item.source),
        ("name", item.name),
        ("origin", item.origin),
        ("record", item.record_id or "-"),
        ("attempts", str(item.attempts)),
        ("age", format_duration(age_seconds(item))),
    ]
    failure = item.failure
    if failure is not None:
        fields += [
            ("stage", failure.stage),
            ("error", f"{failure.code}: {failure.message}"),
            ("hint", failure.hint or "-"),
            ("retried", "by the next ingest" if failure.retriable else "only when asked"),
        ]
    return fields
