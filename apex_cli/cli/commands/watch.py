"""`apex watch`."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from apex_cli.cli import loop
from apex_cli.cli.commands.ingest import check_sync, id_fields_of
from apex_cli.cli.input_options import Collection, Consume, Exclude, IdField, Include, MaxForget, Sync
from apex_cli.cli.options import Extractor, Source, check_source, duration
from apex_cli.cli.output import Output, clean, redact
from apex_cli.cli.verb import START, USAGE, CommandContext, verb
from apex_cli.errors import ApexError, OutputError, RecordError, StoreError, UsageError
from apex_cli.exit_codes import of_signal
from apex_cli.results import RecordResult, RecordStatus

if TYPE_CHECKING:
    from apex_cli.config import Settings
    from apex_cli.pipeline.context import IngestRequest, Observer, Stop
    from apex_cli.pipeline.watching import RunEnd

_MIN_AGE = 5.0


@verb(
    *("json", "quiet", "home", "staging_dir"),
    examples=(
        "apex watch /srv/drop --consume",
        "apex watch /srv/drop --min-age 30s --include '*.pdf'",
        "apex watch fixtures/ --sync --poll 1m",
    ),
    exits={0: "never by itself: a signal ends it", **USAGE, **START},
)
def watch(
    context: CommandContext,
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Directories and files.")],
    source: Source = "auto",
    extractor: Annotated[Extractor, typer.Option(help="As of `apex ingest`.")] = "auto",
    collection: Collection = None,
    id_field: IdField = None,
    include: Include = None,
    exclude: Exclude = None,
    sync: Sync = False,
    max_forget: MaxForget = None,
    consume: Consume = False,
    min_age: Annotated[
        float | None,
        typer.Option(parser=duration, metavar="TIME", help="Take a file so long after its last change (5s)."),
    ] = None,
    poll: Annotated[
        float | None,
        typer.Option(
            parser=duration,
            metavar="TIME",
            help="Look so often, instead of asking the system what changes: for network file systems.",
        ),
    ] = None,
) -> None:
    """Ingest what is there, then each change, until it is stopped.

    Takes what `apex ingest` takes, in the same way: a file is taken once it was not changed for --min-age. Each run
    shows its result; between runs the home is free for others. A run of another process is waited for, and so are
    stores that are down. Records that fail are kept and tried again as an ingest would. SIGINT and SIGTERM end it after
    what is in flight is settled, with 130 and 143; after `kill -9` the next one goes on.
    """
    from apex_cli import faults
    from apex_cli.input_rules import Naming
    from apex_cli.pipeline.context import DEFAULT_MAX_FORGET, STDIN, IngestRequest, Stop
    from apex_cli.pipeline.watching import Watcher
    from apex_cli.reading.objects import is_url
    from apex_cli.reading.selection import Selection

    if "" in paths:
        raise UsageError("a path is empty", hint="name a file or a directory; . is the working directory")
    if STDIN in paths or any(map(is_url, paths)):
        raise UsageError("only directories and files can be watched", hint="`apex ingest` takes stdin and URLs")
    if poll is not None and poll < 0.1:
        raise UsageError("--poll is at least 0.1s")
    check_sync(paths, sync=sync, consume=consume, explain=False, max_forget=max_forget)
    settings = context.settings()
    check_source(source)
    faults.arm(settings.fault)
    request = IngestRequest(
        paths=tuple(paths),
        source=source,
        extractor=extractor,
        consume=consume,
        min_age=_MIN_AGE if min_age is None else min_age,
        sync=sync,
        max_forget=max_forget or DEFAULT_MAX_FORGET,
        naming=Naming(collection, id_fields_of(collection, id_field), None),
        selection=Selection(tuple(include or ()), tuple(exclude or ())),
    )
    stop = Stop()

    def on_signal(number: int) -> None:
        context.output.note(
            f"{signal.Signals(number).name}: stopping after the batch in flight; once more to stop at once"
        )
        stop(number)

    async def once(settings: Settings, request: IngestRequest) -> RunEnd:
        return await _ingest_once(context, settings, request, stop)

    loop.run(Watcher(settings, request, once, _Shown(context.output), stop, poll=poll).run(), stop=on_signal)
    raise typer.Exit(of_signal(stop.signal))


@dataclass(slots=True)
class _Shown:
    """What watching itself says: on stderr for a person, as lines for a script."""

    output: Output

    def watching(self, paths: Sequence[str]) -> None:
        if self.output.json:
            self.output.object({"type": "watching", "paths": list(paths)})
        elif not self.output.quiet:
            self.output.note(clean(f"Watching {', '.join(paths)}"))

    def waiting(self, error: ApexError, seconds: float) -> None:
        if self.output.json:
            fields = {"code": error.code, "message": redact(error.message), "hint": error.hint and redact(error.hint)}
            self.output.object({"type": "waiting", **fields, "seconds": round(seconds, 1)})
            return
        later = f"; the next try is in {seconds:.0f} s" if seconds >= 1 else ""
        self.output.note(clean(redact(f"waiting: {error.message}{later}")))
        if error.hint:
            self.output.note(clean(redact(f"hint: {error.hint}")))


@dataclass(slots=True)
class _Outcomes:
    """Passes on what a run says of its records, and notes what may succeed later."""

    shown: Observer
    retry: bool = False
    busy: bool = False

    def phase(self, text: str) -> None:
        self.shown.phase(text)

    def outcome(self, outcome: RecordResult) -> None:
        error = outcome.error
        self.busy = self.busy or (error is not None and error.code == "in_use")
        if outcome.status in (RecordStatus.FAILED, RecordStatus.PENDING):
            self.retry = self.retry or isinstance(error, StoreError) or outcome.status is RecordStatus.PENDING
            self.retry = self.retry or (isinstance(error, RecordError) and error.retriable)
        self.shown.outcome(outcome)


async def _ingest_once(context: CommandContext, settings: Settings, request: IngestRequest, stop: Stop) -> RunEnd:
    """One run, shown as `apex ingest` shows it; one without a record is not."""
    from apex_cli.cli.ingesting import report
    from apex_cli.cli.live import watch as observer_for
    from apex_cli.pipeline.ingest import ingest
    from apex_cli.pipeline.inputs import extent
    from apex_cli.pipeline.progress import Progress
    from apex_cli.pipeline.watching import RunEnd

    progress = Progress()
    reporter = observer_for(context.output, request.run_id, progress, lambda: extent(settings, request))
    outcomes = _Outcomes(reporter)
    with reporter.showing():
        summary = await ingest(settings, request, outcomes, stop, progress)
    if summary.records or summary.recovered or summary.notes or summary.reason or summary.needs_manual_recovery:
        report(context, summary, reporter, summary.exit_code)
        with suppress(OutputError):
            # Who reads along waits for it. What was lost is reported at the end.
            context.output.flush()
    return RunEnd(summary, outcomes.retry, outcomes.busy)
