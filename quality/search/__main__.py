"""`python -m quality.search`: hit@1, hit@5 and MRR of fifty questions, by kind; those held out beside the others.

The exit code is 1 where the memory cannot be made.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from apex_cli.errors import ApexError
from quality.search.measuring import Place, SearchCase, figures, load, measure


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; figures on stdout, progress on stderr."""
    parser = argparse.ArgumentParser(prog="python -m quality.search", description=__doc__)
    parser.add_argument("--others", type=int, default=300, metavar="N", help="generated records in the memory (300)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the generated records (1)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    options = parser.parse_args(arguments)
    cases = load()
    print(f"search: {len(cases)} questions ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="apex-quality-") as folder:
        try:
            places = asyncio.run(measure(cases, Path(folder) / "home", others=options.others, seed=options.seed))
        except (ApexError, ValueError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    print(json.dumps([asdict(one) for one in places]) if options.json else _report(places, options.others))
    return 0


def _report(places: Sequence[Place], others: int) -> str:
    kinds = list(dict.fromkeys(place.case.kind for place in places))
    groups: list[tuple[str, Callable[[SearchCase], bool]]] = [
        *((kind, lambda case, kind=kind: case.kind == kind) for kind in kinds),
        ("all", lambda _: True),
        ("held out", lambda case: case.held_out),
        ("the others", lambda case: not case.held_out),
    ]
    lines = [
        f"{len(places)} questions in a memory of the fixtures among {others} other records",
        "",
        f"{'':14}{'questions':>10}{'hit@1':>8}{'hit@5':>8}{'MRR':>8}",
    ]
    for name, wanted in groups:
        found = figures(place for place in places if wanted(place.case))
        lines.append(f"{name:14}{found.questions:>10}{found.hit_at_1:>8}{found.hit_at_5:>8}{found.mrr:>8.2f}")
    lines += ["", "not first:"]
    for place in places:
        if place.rank != 1:
            held = " (held out)" if place.case.held_out else ""
            lines.append(f"  {place.case.text}{held}: {place.rank or 'not found'}; first is {place.first or 'nothing'}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
