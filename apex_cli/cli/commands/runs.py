"""`apex runs` and `apex runs show`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apex_cli.cli.options import Limit, filled
from apex_cli.cli.output import Output, clean, clean_lines
from apex_cli.cli.tables import Column
from apex_cli.cli.verb import START, TIMES, UNANSWERED, USAGE, CommandContext, verb
from apex_cli.errors import UsageError
from apex_cli.results import RecordStatus

if TYPE_CHECKING:
    from apex_cli.stores.postgres.runs import Run

_SHARED = ("json", *TIMES, "home", "lock_timeout")
COLUMNS = (
    Column("RUN"),
    Column("VERB", 2),
    Column("STARTED", 1),
    Column("SECONDS", 5, right=True),
    Column("EXIT", 3),
    Column("RECORDS", 4, least=16),
)
"""Of a table of runs: see `row`."""
_SHORT_ID = 8


def group() -> typer.Typer:
    """The verb with its sub-verb."""
    app = typer.Typer(rich_markup_mode=None)
    app.callback(invoke_without_command=True, help=runs.help, short_help=runs.short_help, epilog=runs.epilog)(runs)
    show.add_to(app)
    return app


@verb(
    *_SHARED,
    examples=("apex runs", "apex runs --limit 5 --json", "apex runs show 3f2a"),
    exits={0: "listed", **USAGE, **START, **UNANSWERED},
)
def runs(context: CommandContext, limit: Limit = 20) -> None:
    """List past runs, newest first.

    A run without an end was killed, or is still going on.
    """
    found = context.look(lambda reader: reader.runs(limit=limit)) or ()
    if context.output.json:
        for run in found:
            context.output.object({"type": "run", **asdict(run)})
    elif found:
        context.output.table(COLUMNS, (row(context.output, run) for run in found))
    else:
        context.output.line("No runs yet.")


@verb(
    *_SHARED,
    examples=("apex runs show 3f2a", "apex runs show 3f2a --json"),
    exits={0: "found", **USAGE, **START, **UNANSWERED},
)
def show(
    context: CommandContext,
    run_id: Annotated[str, typer.Argument(metavar="ID", parser=filled, help="A run's id, or the beginning of one.")],
) -> None:
    """Show one run in full."""
    run = _one(context.read(lambda reader: reader.runs(limit=2, run_id=run_id.strip().lower())), run_id)
    if context.output.json:
        context.output.object({"type": "run", **asdict(run)})
        return
    for name, value in asdict(run).items():
        if isinstance(value, Mapping):
            context.output.line(f"{name}:")
            context.output.line(clean_lines(json.dumps(value, indent=2, ensure_ascii=False)))
        else:
            context.output.line(f"{name}: {_plain(context.output, value)}")


def counts(summary: Mapping[str, Any]) -> str:
    """The numbers of a run's summary that are not zero."""
    return ", ".join(f"{number:,} {name}" for name, number in outcomes(summary).items())


def outcomes(summary: Mapping[str, Any]) -> dict[str, int]:
    """Records by what became of them, without those of which there are none."""
    return {status.value: summary[status.value] for status in RecordStatus if summary.get(status.value)}


def _one(found: Sequence[Run], run_id: str) -> Run:
    if not found:
        raise UsageError(f"no run {run_id!r}", hint="`apex runs` lists them", code="not_found")
    if len(found) > 1:
        raise UsageError(f"several runs begin with {run_id!r}", hint="give more of the id", code="ambiguous")
    return found[0]


def row(output: Output, run: Run, *, running: bool = False) -> tuple[str, ...]:
    """A run in a table. `running`: it has no end, because it still goes on."""
    seconds = "" if run.finished_at is None else f"{(run.finished_at - run.started_at).total_seconds():.1f}"
    end = str(run.exit_code) if run.exit_code is not None else "running" if running else "no end"
    name = output.shorter(run.run_id[:_SHORT_ID], run.run_id)
    return name, run.verb, output.time(run.started_at), seconds, end, counts(run.summary or {})


def _plain(output: Output, value: Any) -> str:
    if value is None:
        return "-"
    return clean(str(value)) if isinstance(value, str | int) else output.time(value)
