"""`python -m quality.documents`: is what stands in papers, tables and EDI found, in whatever format they come?

Invents a company whose memory knows its shipments, and papers about them; ingests the same papers as text, PDF, DOCX,
HTML and mail, load boards as CSV and workbooks, and EDI; and compares what was read with what was written. The exit
code is 1 where a figure is below its threshold.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from quality.documents import scoring
from quality.documents.forms import papers
from quality.documents.memory import ApexFailedError, know, remember
from quality.documents.scoring import FormatScore
from quality.documents.tables import TABLES
from quality.documents.world import loads
from quality.documents.writers import WRITERS

IDENTIFIERS, MENTIONS = (0.99, 0.95), (0.98, 0.95)
"""The least precision and recall of each format."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Invent, ingest, compare; figures on stdout, progress on stderr."""
    parser = argparse.ArgumentParser(prog="python -m quality.documents", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the company and its papers (1)")
    parser.add_argument("--papers", type=int, default=42, metavar="N", help="so many papers (42)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write the files here")
    parser.add_argument("--shown", type=int, default=40, metavar="N", help="differences that are shown (40)")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        scores, tables = _scores(options.seed, options.papers, options.keep)
    except ApexFailedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    different = scoring.same_everywhere(scores)
    print("\n".join(_report(scores, tables, different, options.shown)))
    print(f"\n{time.monotonic() - started:.0f} s")
    return 0 if all(map(_is_good, scores)) and all(not list(score.differences) for score in tables) else 1


def _scores(seed: int, count: int, keep: Path | None) -> tuple[list[FormatScore], list[FormatScore]]:
    world = loads(random.Random(f"{seed} world"))
    made = papers(random.Random(f"{seed} papers"), world, count)
    stated = {name: make(random.Random(f"{seed} {name}"), world) for name, make in TABLES.items()}
    files = {
        name: {paper.name + extension: write(paper) for paper in made} for name, (extension, write) in WRITERS.items()
    } | {name: each.files for name, each in stated.items()}
    if keep is not None:
        for name, of_format in files.items():
            (keep / name).mkdir(parents=True, exist_ok=True)
            for file, data in of_format.items():
                (keep / name / file).write_bytes(data)
    with tempfile.TemporaryDirectory(prefix="apex-quality-") as folder:
        known = Path(folder) / "known"
        know(known, world)

        def read(name: str) -> FormatScore:
            place = Path(folder) / name
            place.mkdir()
            found = remember(known, place, files[name])
            print(f"{name}: read", file=sys.stderr, flush=True)
            if name in stated:
                return scoring.of_statements(name, stated[name], found)
            return scoring.of_papers(name, made, found, WRITERS[name][0])

        with ThreadPoolExecutor(2) as threads:
            scores = list(threads.map(read, files))
    return scores[: len(WRITERS)], scores[len(WRITERS) :]


def _is_good(score: FormatScore) -> bool:
    return not score.failed and all(
        tally.precision >= precision and tally.recall >= recall
        for tally, (precision, recall) in ((score.identifiers, IDENTIFIERS), (score.mentions, MENTIONS))
    )


def _report(
    scores: Sequence[FormatScore], tables: Sequence[FormatScore], different: Sequence[str], shown: int
) -> Iterator[str]:
    yield "            identifiers      known things     places"
    yield "format      prec.  recall    prec.  recall    prec.  recall"
    for score in scores:
        tallies = (score.identifiers, score.mentions, score.places)
        figures = "    ".join(f"{tally.precision:.3f}  {tally.recall:.3f}" for tally in tallies)
        yield f"{score.name:10}  {figures}"
    yield ""
    for score in tables:
        total = score.records.right + len(score.records.missing)
        yield f"{score.name:10}  {score.records.right} of {total} records right"
    papers_read = len(scores[0].seen)
    odd = len({line.split(":")[0] for line in different})
    yield f"the same from every format: {papers_read - odd} of {papers_read} papers"
    lines = [line for score in (*scores, *tables) for line in score.differences]
    lines += different
    yield from (f"  {line}" for line in lines[:shown])
    if len(lines) > shown:
        yield f"  and {len(lines) - shown} more"


if __name__ == "__main__":
    sys.exit(main())
