"""`python -m quality.meaning`: hit@1 and hit@5 of questions in other words, by each embedding model.

For each model a memory of its own takes the texts among generated pings, shipments and other JSON. Each question is
asked twice: of the vectors alone, and of `apex search`, which adds words and the graph. Other questions show what its
cut-off does. The exit code is 1 where a memory cannot be made, or where `e5` finds less than the model beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from apex_cli.errors import ApexError
from quality.meaning.reading import Asked, Ranks, hits, load, measure

MODELS = ("local", "e5")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; figures on stdout, progress on stderr."""
    parser = argparse.ArgumentParser(prog="python -m quality.meaning", description=__doc__)
    parser.add_argument("--others", type=int, default=300, metavar="N", help="other records in the memory, about (300)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the other records (1)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    options = parser.parse_args(arguments)
    asked, found = load(), []
    for model in MODELS:
        print(f"meaning: {len(asked)} questions by {model} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="apex-quality-") as folder:
            try:
                home = Path(folder) / "home"
                found.append(asyncio.run(measure(asked, model, home, others=options.others, seed=options.seed)))
            except (ApexError, ValueError) as error:
                print(f"error: {error}", file=sys.stderr)
                return 1
    print(json.dumps([asdict(one) for one in found]) if options.json else _report(asked, found, options.others))
    fast, slow = found
    return 0 if hits(slow.by_vectors, 1) >= hits(fast.by_vectors, 1) else 1


def _report(asked: Sequence[Asked], found: Sequence[Ranks], others: int) -> str:
    crossed = [place for place, one in enumerate(asked) if one.language != one.asked_in]
    lines = [
        f"{len(asked)} texts among {others} other records, a question each, {len(crossed)} in another language",
        "",
        f"{'':30}{'vectors alone':>20}{'apex search':>20}{'CPU s':>10}",
        f"{'':30}{'hit@1':>10}{'hit@5':>10}{'hit@1':>10}{'hit@5':>10}{'a text':>10}",
    ]
    for one in found:
        for label, places in ((one.model, range(len(asked))), ("  in another language", crossed)):
            ways = ([ranks[place] for place in places] for ranks in (one.by_vectors, one.by_search))
            counted = [f"{hits(ranks, at)}/{len(ranks)}" for ranks in ways for at in (1, 5)]
            seconds = f"{one.seconds:.4f}" if label == one.model else ""
            lines.append(f"{label:30}" + "".join(f"{each:>10}" for each in (*counted, seconds)))
    missed = [
        f"  {one.question} ({one.name}): {rank or 'not found'}"
        for one, rank in zip(asked, found[-1].by_vectors, strict=True)
        if rank is None or rank > 1
    ]
    lines += _cut_offs(found)
    return "\n".join([*lines, "", f"not first by the vectors of {found[-1].model}:", *missed])


def _cut_offs(found: Sequence[Ranks]) -> list[str]:
    """What the cut-off leaves and lets through, on the questions that are held out."""
    some = found[0].cut_off
    lines = [
        "",
        f"cut-off, {some.there} questions about what is there, {some.nothing} about nothing, "
        f"{some.of_freight} about freight that is not there (held out)",
        "",
        f"{'':30}{'answered':>10}{'right':>10}{'vectors':>10}{'nothing':>10}{'freight':>10}{'precision':>11}{'recall':>8}",
    ]
    for one in found:
        each = one.cut_off
        counts = (each.answered, each.right, each.near, len(each.finding), len(each.finding_of_freight))
        figures = "".join(f"{count:>10}" for count in counts)
        lines.append(f"{one.model:30}{figures}{each.precision:>11.2f}{each.recall:>8.2f}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
