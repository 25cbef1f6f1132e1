"""`python -m bench`: measures this machine's speed and memory in one run and prints the figures.

It judges nothing: the exit code is 1 only if a run of `apex` itself failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from apex_cli import config
from bench.figures import Figure, RawSample, Samples, figures
from bench.ingest import Apex, IngestFailedError
from bench.processor import adopt_orphans
from tests.generate import write_jsonl

HELP_RUNS = 7
COLD_RUNS = 5
SHORT_SHARE = 10
"""The memory of a whole run is compared with that of one of a tenth of its records."""
LONG_TIMES = 2
"""How many times the records of a whole run the run has whose fifths are compared."""
EXPLAINED = (
    "",
    "raw: batched writes of the same data to the same engines without journal, fence or lock; each entity and",
    "fact once and in its final form, worked out beforehand. Rates are records a second; beside them the processor",
    "seconds (user and system) a thousand records, of all processes from their start, embedded servers included.",
    "The records of a batch, up to 1,000, arrive together, so the rate of a fifth of a run is taken from the line",
    "through the ends of its batches. The second fifth is the first one without the start of the stores.",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; figures on stdout, progress on stderr."""
    parser = argument_parser("python -m bench", __doc__, 10_000, "records to ingest (10000)", kind=_count)
    parser.add_argument("--keep", action="store_true", help="keep the homes, and say where they are")
    options = parser.parse_args(arguments)
    return run(options, lambda folder: figures(_measure(folder, options.records)), EXPLAINED)


def argument_parser(
    program: str, description: str | None, records: int, explained: str, *, kind: Callable[[str], int] = int
) -> argparse.ArgumentParser:
    """The options of all benchmarks: `--records` and `--json`."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--records", type=kind, default=records, metavar="N", help=explained)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    return parser


def run(
    options: argparse.Namespace,
    measure: Callable[[Path], Sequence[Figure]],
    explained: Sequence[str],
    *,
    show_load: bool = False,
) -> int:
    """Measure in a new folder and print the figures. Returns the exit code: 1 if a run of `apex` failed."""
    started, load = time.monotonic(), os.getloadavg()[0]
    # A short path, for unix sockets; open for passing, for a server's user that is not ours.
    folder = Path(tempfile.mkdtemp(prefix="apex-bench-"))
    folder.chmod(0o711)
    adopt_orphans()
    try:
        found = measure(folder)
    except IngestFailedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        if getattr(options, "keep", False):
            note(f"kept: {folder}")
        else:
            shutil.rmtree(folder)
    about = {
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "records": options.records,
        "seconds": round(time.monotonic() - started, 1),
    }
    loads = {"before": load, "after": os.getloadavg()[0]}
    if options.json:
        shown = {**about, "load": loads} if show_load else about
        values = {figure.name: figure.value for figure in found}
        values |= {f"{one.name}_processor": one.processor_seconds for one in found if one.processor_seconds is not None}
        print(json.dumps({"machine": shown, "figures": values}))
        return 0
    print("\n".join((*report(about, found), *explained)))
    if show_load:
        print(f"Load average: {loads['before']:.1f} before, {loads['after']:.1f} after.")
    return 0


def _count(text: str) -> int:
    number = int(text)
    if number < SHORT_SHARE:
        raise argparse.ArgumentTypeError(f"must be {SHORT_SHARE} or more")
    return number


def _measure(folder: Path, records: int) -> Samples:
    apex = Apex(folder)
    note("apex --help")
    help_seconds = [apex.help() for _ in range(HELP_RUNS)]
    note("single records")
    lines = write_jsonl(folder / "singles.jsonl", COLD_RUNS + 1).read_text(encoding="utf-8").splitlines()
    singles = []
    for number, line in enumerate(lines):
        file = folder / f"single-{number}.json"
        file.write_text(line, encoding="utf-8")
        singles.append(apex.ingest(folder / "single", file))
    first, *cold = singles
    few = records // SHORT_SHARE
    note(f"{few:,} records")
    small = apex.ingest(folder / "small", write_jsonl(folder / "small.jsonl", few))
    note(f"{records:,} records")
    file = write_jsonl(folder / "large.jsonl", records)
    large = apex.ingest(folder / "large", file)
    note("the same again")
    again = apex.ingest(folder / "large", file)
    note(f"{LONG_TIMES * records:,} records")
    long = apex.ingest(folder / "long", write_jsonl(folder / "long.jsonl", LONG_TIMES * records))
    preparing_seconds, raw, side_by_side = asyncio.run(_compare(folder, file))
    return Samples(help_seconds, first, cold, small, large, again, long, raw, side_by_side, preparing_seconds)


async def _compare(folder: Path, file: Path) -> tuple[float, RawSample, RawSample]:
    """Seconds of extraction and embedding alone, and the raw writes, one after the other and side by side."""
    # Imported now, for the drivers are heavy and the runs above are timed.
    from bench.dataset import lay_out, prepare
    from bench.writers import embedded, write_raw

    settings = config.load({"home": folder / "raw"}, cwd=folder, environ={})
    note("extraction and embedding")
    batches, preparing_seconds = await prepare(settings, file, statements=False)
    rows = lay_out(batches, settings.namespace)
    note("raw writes, one store after the other")
    async with embedded(folder / "raw") as stores:
        raw = await write_raw(stores, batches, rows, side_by_side=False)
    note("raw writes, side by side")
    async with embedded(folder / "beside") as stores:
        return preparing_seconds, raw, await write_raw(stores, batches, rows, side_by_side=True)


def report(about: dict[str, Any], found: Sequence[Figure]) -> Iterator[str]:
    """The table; `about`: the machine that the figures were measured on, and how many `records` and `seconds`."""
    yield (
        f"{about['cores']} cores, {about['system']}, {about['python']}; "
        f"{about['records']:,} generated records; measured in {about['seconds']:.0f} s"
    )
    yield ""
    width = max(len(figure.label) for figure in found)
    for figure in found:
        spent = "" if figure.processor_seconds is None else f"   {figure.processor_seconds:.2f} s a thousand"
        aim = f"   ({figure.aim})" if figure.aim else ""
        yield f"{figure.label:<{width}}  {_shown(figure):>14}{spent}{aim}"


def _shown(figure: Figure) -> str:
    value = figure.value
    if value is None:
        return "not measured"
    if isinstance(value, Sequence):
        return " ".join(f"{one:,.0f}" for one in value)
    return {
        "s": f"{value:.2f} s",
        "/s": f"{value:,.0f}/s",
        "bytes": f"{value / 1e6:,.0f} MB",
        "records": f"{value:,.0f}",
    }.get(figure.unit, f"{value:.2f}")


def note(text: str) -> None:
    """Say on stderr what is going on."""
    print(f"bench: {text} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
