"""`apex export`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apex_cli.cli.options import check_source, filled, moment, source
from apex_cli.cli.output import clean
from apex_cli.cli.verb import START, UNANSWERED, USAGE, CommandContext, verb
from apex_cli.errors import UsageError
from apex_cli.units import format_size

if TYPE_CHECKING:
    from apex_cli.config import Settings
    from apex_cli.exports import ExportPage

STDOUT = "-"


@verb(
    *("json", "quiet", "home", "lock_timeout"),
    examples=(
        "apex export -o backup.jsonl.gz",
        "apex export --source frontapp | head -n 3",
        "apex export --source turvo --type shipment --since 2025-10-19 -o shipments.jsonl",
    ),
    exits={0: "exported; the reader of a pipe may have left", **USAGE, **START, **UNANSWERED},
)
def export(
    context: CommandContext,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            parser=filled,
            metavar="FILE",
            help="Where to: a file (.gz is compressed), or - for stdout.",
        ),
    ] = STDOUT,
    from_source: Annotated[
        str | None, typer.Option("--source", parser=source, metavar="NAME", help="Only records of this source.")
    ] = None,
    data_type: Annotated[
        str | None, typer.Option("--type", parser=filled, metavar="TYPE", help="Only records of this data type.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="Only records as of this time or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="Only records as of before this time.")
    ] = None,
) -> None:
    """Write the memory as JSON Lines, which `apex ingest` takes back.

    Each version of each record is a line, with what was extracted from it; so is content that was forgotten, as
    hashes. `apex ingest` of the export gives the same memory, in any home or on servers, without asking a model.
    Works while an ingest runs: each record is written wholly as it was before a change or after it. A file is written
    whole or not at all.
    """
    settings = context.settings()
    check_source(from_source)
    wanted = {"source": from_source, "data_type": data_type, "since": since, "until": until}
    started = time.monotonic()
    if output == STDOUT:
        with _progress(context, is_shown=not sys.stdout.isatty()) as show:
            context.run(_write(settings, context.output.data, wanted, show), None)
        return
    path = Path(output)
    if path.is_dir():
        raise UsageError(f"{output} is a directory", hint="name a file in it: -o export.jsonl")
    if path.exists() and not path.is_file():
        # It would be replaced.
        raise UsageError(f"{output} is no regular file", hint="write to standard output: apex export > FILE")
    with _progress(context) as show, _file(path) as write:
        done = context.run(_write(settings, write, wanted, show), None)
    size = path.stat().st_size
    if context.output.json:
        fields = {"path": str(path), "records": done.records, "versions": done.versions, "forgotten": done.forgotten}
        seconds = round(time.monotonic() - started, 3)
        context.output.object({"type": "summary", **fields, "bytes": size, "seconds": seconds, "exit_code": 0})
    elif not context.output.quiet:
        gone = f", {done.forgotten:,} of them forgotten" if done.forgotten else ""
        what = f"{done.records:,} record{'' if done.records == 1 else 's'}{gone}"
        versions = f"{done.versions:,} version{'' if done.versions == 1 else 's'}"
        context.output.line(clean(f"{what}, {versions} to {path} ({format_size(size)})."))


@dataclass(slots=True)
class _Written:
    records: int = 0
    versions: int = 0
    forgotten: int = 0


async def _write(
    settings: Settings, write: Callable[[str], bool], wanted: dict[str, Any], show: Callable[[int, int], None]
) -> _Written:
    """Ask for page after page until the last one, or until no one reads them."""
    from apex_cli.exports import first_line, last_line
    from apex_cli.pipeline.reading import MemoryReader, has_memory

    done = _Written()
    if not await has_memory(settings):
        # None is made for this.
        write(f"{first_line(settings.namespace)}\n{last_line(0, 0, 0)}\n")
        return done
    async with MemoryReader(settings) as reader:
        page = await reader.export_page(**wanted)
        total = page.total or 0
        is_read = write(first_line(settings.namespace) + "\n")
        while is_read:
            if page.lines:
                is_read = write("\n".join(page.lines) + "\n")
            _add(done, page)
            show(done.records, total)
            if page.after is None:
                write(last_line(done.records, done.versions, done.forgotten) + "\n")
                break
            page = await reader.export_page(after=page.after, **wanted)
    return done


def _add(done: _Written, page: ExportPage) -> None:
    done.records += page.records
    done.versions += page.versions
    done.forgotten += page.forgotten


@contextmanager
def _file(path: Path) -> Iterator[Callable[[str], bool]]:
    """Writes to a file beside `path`, which takes its place when the block ends without an error."""
    from apex_cli.files import AtomicFile

    try:
        with AtomicFile(path, compressed=path.suffix == ".gz") as file:

            def write(lines: str) -> bool:
                file.write(lines.encode("ascii"))
                return True

            yield write
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}", hint="nothing is left of it; name another file"
        ) from error


def _unseen(done: int, total: int) -> None:
    """Where no progress is shown."""


@contextmanager
def _progress(context: CommandContext, *, is_shown: bool = True) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, unless the data itself goes there."""
    output = context.output
    if not is_shown or output.quiet or output.json or not sys.stderr.isatty():
        yield _unseen
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("exporting"), BarColumn(), MofNCompleteColumn(), TextColumn("records"), TimeRemainingColumn())
    # Rich would write the data to the terminal, too.
    console = output.console(sys.stderr)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=max(total, done))
