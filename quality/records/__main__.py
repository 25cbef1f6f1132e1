"""`python -m quality.records`: does the memory hold what is true, in whatever order the files arrive?

Generates the files of an invented company with gold, ingests them in several random orders into memories of their own,
and compares each memory with the gold and with the first memory. The exit code is 1 where an F1 is below 1, an answer
about a moment is wrong, `apex verify` finds a problem, or two orders give two memories.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from quality.records.generate import Corpus, generate
from quality.records.orders import arrive
from quality.records.scoring import Score, first_difference, table

_SHOWN = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate, ingest, compare; figures on stdout, progress on stderr."""
    parser = argparse.ArgumentParser(prog="python -m quality.records", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the company and the orders (1)")
    parser.add_argument("--records", type=int, default=200, metavar="N", help="about so many payloads (200)")
    parser.add_argument("--orders", type=int, default=10, metavar="N", help="orders of arrival (10)")
    parser.add_argument("--questions", type=int, default=200, metavar="N", help="about random moments (200)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write the files and the dumps of the memories here")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="orders side by side (2)")
    options = parser.parse_args(arguments)
    corpus = generate(options.seed, options.records, options.questions)
    if options.keep is not None:
        for file in corpus.files:
            file.write(options.keep / "in")
    scores: list[Score] = []
    dumps: list[str] = []
    started = time.monotonic()
    # New processes: one that has run servers and engines is not forked.
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as processes:
        asked = (options.seed, options.records, options.questions)
        for number, result in enumerate(processes.map(partial(arrive, asked), range(options.orders)), 1):
            if isinstance(result, str):
                print(f"error: order {number}: {result}", file=sys.stderr)
                return 1
            score, text = result
            print(
                f"order {number} of {options.orders}: {len(score.differences)} differences", file=sys.stderr, flush=True
            )
            scores.append(score)
            dumps.append(text)
            if options.keep is not None:
                (options.keep / f"memory-{number}.jsonl").write_text(text, encoding="utf-8")
    print(_report(corpus, scores, dumps, time.monotonic() - started))
    return 0 if all(score.is_perfect for score in scores) and len(set(dumps)) == 1 else 1


def _report(corpus: Corpus, scores: Sequence[Score], dumps: Sequence[str], seconds: float) -> str:
    lines = [
        f"{corpus.payloads} payloads in {len(corpus.files)} files, {len(corpus.gold.things)} things, "
        f"{len(corpus.gold.facts())} facts, {len(scores)} orders of arrival, {seconds:.0f} s",
        "",
        table(scores),
        "",
        f"one memory from all orders: {'yes' if len(set(dumps)) == 1 else f'no, {len(set(dumps))} different ones'}",
    ]
    differences = list(dict.fromkeys(one for score in scores for one in score.differences))
    if differences:
        lines += ["", f"{len(differences)} differences from the gold:", *(f"  {one}" for one in differences[:_SHOWN])]
    if (pair := first_difference(dumps)) is not None:
        lines += ["", "the first line that differs between two orders:", *(f"  {one}" for one in pair)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
