"""`python -m bench.documents`: what reading documents and tables costs beside the parser alone, and its memory.

A PDF of prose and tables is read in the worker process as `ingest` reads it, and by pypdfium2 alone, which gives the
text of its pages. The memory is the peak of a whole dry run with all its processes, for a file and one of a tenth.
It judges nothing.
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

from apex_cli.formats import pdf
from apex_cli.formats.format import FileInfo
from apex_cli.formats.isolation import Isolation
from apex_cli.formats.part import Document
from apex_cli.input_rules import ReadLimits
from tests.process_tree import ProcessTree

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
    data = _paper(options.pages)
    ours, alone = _rate(options.pages, lambda: _ours(data)), _rate(options.pages, lambda: _alone(data))
    print(f"pages of PDF a second   ours {ours:,.0f}   the parser alone {alone:,.0f}   ratio {ours / alone:.2f}")
    with tempfile.TemporaryDirectory(prefix="apex-bench-") as folder:
        for name, whole, write in (
            ("PDF of pages", options.pages, lambda path, pages: path.write_bytes(_paper(pages))),
            ("CSV of megabytes", options.megabytes, _table),
        ):
            peaks = []
            for size in (whole // 10, whole):
                path = Path(folder) / f"bench.{name[:3].lower()}"
                write(path, size)
                peaks.append(_peak(Path(folder), path) / _MEGABYTE)
            print(f"{name:23} {whole // 10} takes {peaks[0]:,.0f} MB, {whole} takes {peaks[1]:,.0f} MB")
    return 0


def _paper(pages: int) -> bytes:
    """Prose, labels and a ruled table on each page."""
    from fpdf import FPDF

    made = FPDF(format="letter")
    made.set_font("Helvetica", size=10)
    for number in range(pages):
        made.add_page()
        made.cell(0, 8, f"Rate confirmation LD-{10_000 + number}", new_x="LMARGIN", new_y="NEXT")
        made.multi_cell(0, 5, "The carrier reports any delay of more than thirty minutes at once. " * 18)
        with made.table() as table:
            for row in range(8):
                table.row(
                    ("Load #", "Origin", "Rate") if row == 0 else (f"LD-{number}-{row}", "Chicago, IL", "$1,200.00")
                )
    return bytes(made.output())


def _table(path: Path, megabytes: int) -> None:
    notes = "a note of the dispatcher " * 80
    with path.open("w", encoding="utf-8") as file:
        file.write("Load #,Customer,Carrier,Origin,Destination,PO #,Pick Date,Status,Notes\n")
        number = 1_000_000
        while file.tell() < megabytes * _MEGABYTE:
            for _ in range(100):
                number += 1
                file.write(_ROW.format(number=number, notes=notes))


def _rate(pages: int, work: Callable[[], None]) -> float:
    """Pages a second, in the best run."""
    best = float("inf")
    for _ in range(_RUNS):
        begin = time.monotonic()
        work()
        best = min(best, time.monotonic() - begin)
    return pages / best


def _ours(data: bytes) -> None:
    isolation = Isolation()
    try:
        [document] = isolation.parts(pdf.FORMAT, io.BytesIO(data), FileInfo("bench.pdf", _LIMITS))
        assert isinstance(document, Document)
    finally:
        isolation.close()


def _alone(data: bytes) -> None:
    import pypdfium2  # type: ignore[import-untyped]

    for page in pypdfium2.PdfDocument(data):
        page.get_textpage().get_text_bounded()


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
