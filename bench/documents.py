"""`python -m bench.documents`: what reading documents and tables costs beside the parser alone, and its memory.

PDFs of several kinds of pages are read in the worker process as `ingest` reads them, and by pypdfium2 alone, which
gives the bare text of their pages: no columns, tables, headings or fields. Both by the clock and by the processor
seconds of all processes; the start of the worker does not count. The memory is the peak of a whole dry run with all its
processes, for a file and one of a tenth. It judges nothing.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from apex_cli.formats import pdf
from apex_cli.formats.format import FileInfo
from apex_cli.formats.isolation import Isolation
from apex_cli.formats.part import Document
from apex_cli.input_rules import ReadLimits
from tests.process_tree import ProcessTree

if TYPE_CHECKING:
    from fpdf import FPDF

_MEGABYTE = 1024**2
_RUNS = 3
_LIMITS = ReadLimits(32 * _MEGABYTE, 64 * _MEGABYTE, 200)
_ROW = (
    '{number},Halcyon Paper Co,Lakeshore Haulage,"Chicago, IL","Gary, IN",45{number},2026-03-04 08:00,Covered,{notes}\n'
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.documents", description=__doc__)
    parser.add_argument("--pages", type=int, default=500, metavar="N", help="of the PDF (500)")
    parser.add_argument("--megabytes", type=int, default=300, metavar="N", help="of the table (300)")
    options = parser.parse_args(arguments)
    print(f"{'pages of PDF':16}{'pages a second':>24}{'processor s / 1,000 pages':>30}")
    print(f"{'':16}{'ours':>9}{'alone':>8}{'ratio':>7}{'ours':>15}{'alone':>8}{'ratio':>7}")
    for kind, draw in _KINDS.items():
        data = _pdf(draw, options.pages)
        ours, alone = _ours(data), _alone(data)
        rates = [options.pages / seconds for seconds in (ours[0], alone[0])]
        costs = [1000 * seconds / options.pages for seconds in (ours[1], alone[1])]
        print(
            f"{kind:16}{rates[0]:9,.0f}{rates[1]:8,.0f}{rates[0] / rates[1]:7.2f}"
            f"{costs[0]:15.2f}{costs[1]:8.2f}{costs[1] / costs[0]:7.2f}"
        )
    with tempfile.TemporaryDirectory(prefix="apex-bench-") as folder:
        for name, whole, write in (
            ("PDF of pages", options.pages, lambda path, pages: path.write_bytes(_pdf(_mixed, pages))),
            ("CSV of megabytes", options.megabytes, _table),
        ):
            peaks = []
            for size in (whole // 10, whole):
                path = Path(folder) / f"bench.{name[:3].lower()}"
                write(path, size)
                peaks.append(_peak(Path(folder), path) / _MEGABYTE)
            print(f"{name:23} {whole // 10} takes {peaks[0]:,.0f} MB, {whole} takes {peaks[1]:,.0f} MB")
    return 0


def _pdf(draw: Callable[[FPDF, int], None], pages: int) -> bytes:
    from fpdf import FPDF

    made = FPDF(format="letter")
    made.set_font("Helvetica", size=10)
    for number in range(pages):
        made.add_page()
        draw(made, number)
    return bytes(made.output())


def _prose(made: FPDF, number: int) -> None:
    for paragraph in range(6):
        made.multi_cell(0, 5, f"{_SENTENCE}This is about LD-{number}-{paragraph}. {_SENTENCE * 7}")
        made.ln(3)


def _short_lines(made: FPDF, number: int) -> None:
    for row in range(55):
        made.cell(0, 4.4, f"Stop {row} of LD-{number}: Chicago, IL", new_x="LMARGIN", new_y="NEXT")


def _form(made: FPDF, number: int) -> None:
    made.cell(0, 8, f"Rate confirmation LD-{number}", new_x="LMARGIN", new_y="NEXT")
    for row in 4 * [
        ("Load #:", f"LD-{number}", "Date:", "10/19/2025"),
        ("Carrier:", "Lakeshore Haulage", "MC:", "774120"),
        ("Commodity:", "frozen poultry", "Weight:", "41,200 lbs"),
    ]:
        _row(made, row)


def _without_rules(made: FPDF, number: int) -> None:
    _row(made, ("Load #", "Origin", "Destination", "Rate"))
    for row in range(39):
        _row(made, (f"LD-{number}-{row}", "Chicago, IL", "Indianapolis, IN", "$1,200.00"))


def _row(made: FPDF, cells: Sequence[str]) -> None:
    for cell in cells:
        made.cell(45, 6, cell)
    made.ln(6)


def _mixed(made: FPDF, number: int) -> None:
    """Prose, a label and a table with rules."""
    made.cell(0, 8, f"Rate confirmation LD-{10_000 + number}", new_x="LMARGIN", new_y="NEXT")
    made.multi_cell(0, 5, _SENTENCE * 18)
    with made.table() as table:
        for row in range(8):
            table.row(("Load #", "Origin", "Rate") if row == 0 else (f"LD-{number}-{row}", "Chicago, IL", "$1,200.00"))


_SENTENCE = "The carrier reports any delay of more than thirty minutes at once. "
_KINDS: dict[str, Callable[[FPDF, int], None]] = {
    "prose": _prose,
    "short lines": _short_lines,
    "forms": _form,
    "tables": _without_rules,
    "text and table": _mixed,
}


def _table(path: Path, megabytes: int) -> None:
    notes = "a note of the dispatcher " * 80
    with path.open("w", encoding="utf-8") as file:
        file.write("Load #,Customer,Carrier,Origin,Destination,PO #,Pick Date,Status,Notes\n")
        number = 1_000_000
        while file.tell() < megabytes * _MEGABYTE:
            for _ in range(100):
                number += 1
                file.write(_ROW.format(number=number, notes=notes))


def _ours(data: bytes) -> tuple[float, float]:
    """Seconds by the clock in the best run, and processor seconds of a run, in a worker that has started."""
    started = _processor_seconds(lambda: _in_worker(data, 1))[1]
    best, processor = _processor_seconds(lambda: _in_worker(data, 1 + _RUNS))
    return best, (processor - started) / _RUNS


def _in_worker(data: bytes, times: int) -> float:
    isolation = Isolation()
    best = float("inf")
    try:
        for _ in range(times):
            begin = time.monotonic()
            [document] = isolation.parts(pdf.FORMAT, io.BytesIO(data), FileInfo("bench.pdf", _LIMITS))
            best = min(best, time.monotonic() - begin)
            assert isinstance(document, Document)
    finally:
        isolation.close()
    return best


def _alone(data: bytes) -> tuple[float, float]:
    """The same for pypdfium2 in this process."""
    best, processor = _processor_seconds(lambda: min(_by_pypdfium(data) for _ in range(_RUNS)))
    return best, processor / _RUNS


def _by_pypdfium(data: bytes) -> float:
    import pypdfium2  # type: ignore[import-untyped]

    begin = time.monotonic()
    for page in pypdfium2.PdfDocument(data):
        page.get_textpage().get_text_bounded()
    return time.monotonic() - begin


def _processor_seconds(work: Callable[[], float]) -> tuple[float, float]:
    """What some work gives, and the processor seconds of this process and of those that ended."""
    begin = os.times()
    found = work()
    end = os.times()
    return found, sum(end[:4]) - sum(begin[:4])


def _peak(folder: Path, path: Path) -> int:
    """Bytes that a dry run over a file takes at most, with all its processes."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "APEX_HOME": str(folder / "home")}
    apex = Path(sys.executable).with_name("apex")
    with subprocess.Popen(
        [apex, "ingest", "--dry-run", "-q", path], env=environ, cwd=folder, stdout=subprocess.DEVNULL
    ) as process:
        tree = ProcessTree(process.pid)
        code = process.wait()
    tree.stop()
    if code:
        print(f"error: the dry run over {path.name} ended with {code}", file=sys.stderr)
    return tree.peak_bytes


if __name__ == "__main__":
    sys.exit(main())
