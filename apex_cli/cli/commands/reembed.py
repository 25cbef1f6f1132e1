"""`apex reembed`."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from apex_cli.cli import loop
from apex_cli.cli.live import watch
from apex_cli.cli.observers import masked
from apex_cli.cli.verb import LOCKED, MANUAL_RECOVERY, OK, RECORDS, START, USAGE, CommandContext, verb
from apex_cli.results import RecordStatus, RunSummary

if TYPE_CHECKING:
    from apex_cli.pipeline.reembed import Reembedding

Model = Literal["local", "e5", "openai"]


@verb(
    *("json", "quiet", "home", "lock_timeout"),
    examples=("apex reembed --to e5 --dry-run", "apex reembed --to e5", "apex reembed --json"),
    exits={**OK, **USAGE, **RECORDS, **MANUAL_RECOVERY, **START, **LOCKED},
)
def reembed(
    context: CommandContext,
    to: Annotated[
        Model | None,
        typer.Option("--to", help="The model to move to; else APEX_TEXT_EMBEDDER, else the one that the memory has."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would be moved; write nothing.")] = False,
) -> None:
    """Move the messages and documents of a memory to another embedding model.

    Each record is committed once more with its new vectors, and search finds it all the while. A run that is killed or
    interrupted leaves the rest to the next one. The memory keeps the model for what comes later. Records such as pings
    and shipments keep the model they have. A Neo4j server with APEX_GRAPH_VECTORS=on gets the vectors of names and
    facts that it lacks.
    """
    from apex_cli import faults
    from apex_cli.pipeline.context import Stop
    from apex_cli.pipeline.reembed import Reembedding

    settings = context.settings(text_embedder=to)
    faults.arm(settings.fault)
    output = context.output
    summary = RunSummary(run_id=str(uuid.uuid4()), dry_run=dry_run)
    reporter, stop = watch(output, summary.run_id), Stop()
    work = Reembedding(settings, summary, reporter, stop)

    def on_signal(number: int) -> None:
        output.note(f"{signal.Signals(number).name}: stopping after the batch in flight; once more to stop at once")
        stop(number)

    with reporter.showing():
        loop.run(work.run(), stop=on_signal)
    if output.json:
        own = {
            "model": work.model,
            "dropped": work.dropped,
            "graph_vectors": work.filled,
            "reason": masked(summary.reason),
        }
        output.object({**summary.as_json(), **own})
    elif not output.quiet:
        for line in _lines(work):
            output.line(line)
        for line in reporter.failures.lines():
            output.line(line)
    if summary.reason is not None:
        output.problem(summary.reason.message, summary.reason.hint)
    raise typer.Exit(summary.exit_code)


def _lines(work: Reembedding) -> Iterator[str]:
    """The summary for a person."""
    summary = work.summary
    records = f"{summary.records:,} record{'' if summary.records == 1 else 's'}"
    if summary.dry_run:
        yield f"Dry run, nothing was written: {records} would be moved to {work.model}."
        return
    if not summary.records:
        yield f"Nothing to move: all text has vectors of {work.model}."
    else:
        failed = summary.counts[RecordStatus.FAILED]
        moved = f"{summary.records - failed:,} moved" + (f", {failed:,} failed" if failed else "")
        yield f"{records} to {work.model}: {moved} ({summary.seconds:.1f} s)."
    for name in work.dropped:
        yield f"Removed the empty collection of {name}."
    if work.filled:
        yield f"{work.filled:,} names and facts of the graph got the vector that they lacked."
    if summary.interrupted:
        yield "Interrupted; what was in flight is settled. `apex reembed` goes on with the rest."
