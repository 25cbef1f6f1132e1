"""`apex history`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apex_cli.cli.options import Ident, moment
from apex_cli.cli.output import Output, as_of, clean, clip, fields
from apex_cli.cli.verb import START, TIMES, UNANSWERED, USAGE, CommandContext, verb

if TYPE_CHECKING:
    from apex_cli.queries import RecordHistory, VersionView

_MOST_CHANGES = 40
_STORED = ("record_id", "saga_id", "revision", "event_time", "dated", "kind", "whole", "current", "content_hash")


@verb(
    *("json", *TIMES, "home", "lock_timeout"),
    examples=(
        "apex history turvo:SHIP-2025-10-19-002",
        "apex history turvo:SHIP-2025-10-19-002 --known-at 2099-01-01",
        "apex history e4ec7824-7c41-5975-a85c-cfd215ae2ea1 --json",
    ),
    exits={0: "found", **USAGE, **START, **UNANSWERED},
)
def history(
    context: CommandContext,
    ident: Ident,
    known_at: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help="As the memory knew it then, without what came later."),
    ] = None,
) -> None:
    """Show the versions of one record, what changed between them, and which is current.

    Versions stand in the order of their as-of time, which is not the order in which they came.
    """
    found = context.read(lambda reader: reader.history(ident, known_at=known_at))
    if context.output.json:
        for view in found.versions:
            context.output.object(as_json(view))
    else:
        _show(context.output, found)


def as_json(view: VersionView) -> dict[str, Any]:
    """The `version` line. `changes` are those since the version before it, the first 1,000."""
    version = view.version
    stored = {("as_of" if name == "event_time" else name): value for name, value in fields(version, *_STORED).items()}
    return {
        "type": "version",
        **stored,
        **fields(version, "replaced_by", "written_at", "run_id", "title"),
        "changes": [fields(change, "path", "before", "after") for change in view.changes[:1000]],
        "changes_left_out": max(0, len(view.changes) - 1000),
    }


def _show(output: Output, found: RecordHistory) -> None:
    first = found.versions[0].version
    output.line(clean(f"{first.source} {first.data_type} {first.external_id} (record {first.record_id})"))
    contents = {view.version.saga_id: view.version.content_hash for view in found.versions}
    for view in found.versions:
        version = view.version
        output.line()
        about = ["event" if version.kind == "event" else "whole" if version.whole else "partial"]
        about += ["current"] if version.current else []
        if version.replaced_by:
            same = contents.get(version.replaced_by) == version.content_hash
            about.append("written once more" if same else "replaced by a correction")
        output.line(f"as of {as_of(version, output.time)}: revision {version.revision}, {', '.join(about)}")
        output.line(
            f"  written {output.time(version.written_at)}" + (f" by run {version.run_id}" if version.run_id else "")
        )
        output.line("  " + clip(version.title or version.text, 110))
        for change in view.changes[:_MOST_CHANGES]:
            output.line("  " + _line(change.path, change.before, change.after))
        if len(view.changes) > _MOST_CHANGES:
            output.line(f"  and {len(view.changes) - _MOST_CHANGES:,} more changes (see --json)")


def _line(path: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"+ {clip(path, 60)}: {clip(after or '', 80)}"
    if after is None:
        return f"- {clip(path, 60)}: {clip(before, 80)}"
    return f"~ {clip(path, 60)}: {clip(before, 60)} -> {clip(after, 60)}"
