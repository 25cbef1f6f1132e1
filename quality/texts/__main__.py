"""`python -m quality.texts`: precision and recall of the rules for identifiers and places, by kind.

Fills the templates of both sets with seeded values and reads each text as a message or document is read, then the texts
of `written` as they stand. The exit code is 1 where the held-out set or a written one is below `--precision` or
`--recall`.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from time import perf_counter

from quality.scoring import Tallies, Tally, merged, micro
from quality.texts import written
from quality.texts.generate import SETS, Filled, generate
from quality.texts.reading import Found, found

_PLACE = "place"
WRITTEN = ("papers", "more", "other", "second", "third")
"""The texts of `written`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill, read, score; figures on stdout."""
    parser = argparse.ArgumentParser(prog="python -m quality.texts", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the values (1)")
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="texts of each template (10)")
    parser.add_argument("--precision", type=float, default=0.99, help="of identifiers, held out (0.99)")
    parser.add_argument("--recall", type=float, default=0.95, help="of identifiers, held out (0.95)")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print up to N faults of each set (0)")
    options = parser.parse_args(arguments)
    good = True
    for name in SETS:
        texts = list(generate(name, options.seed, options.rounds))
        started = perf_counter()
        read = [(text, list(found(text.text))) for text in texts]
        seconds = perf_counter() - started
        faults: list[str] = []
        tallies = merged(score(text, matches, faults) for text, matches in read)
        numbers = {kind: tally for kind, tally in tallies.items() if kind != _PLACE}
        characters = sum(len(text.text) for text in texts)
        print(f"{name}: {len(texts)} texts, {characters:,} characters, {characters / seconds / 1e6:.2f} MB/s\n")
        print(_table({**tallies, "all but places": micro(numbers)}), end="\n\n")
        for fault in list(dict.fromkeys(faults))[: options.show]:
            print("  " + fault)
        total = micro(numbers)
        good = good and (name == "tuned" or (total.precision >= options.precision and total.recall >= options.recall))
    for name in WRITTEN:
        faults = []
        texts_of = list(written.load(name))
        sums = sum((written.figures(one, faults) for one in texts_of), written.Figures())
        print(f"written/{name}: {len(texts_of)} texts: " + _line(sums), end="\n\n")
        for fault in faults[: options.show]:
            print("  " + fault)
        good = good and sums.identifiers.precision >= options.precision and sums.identifiers.recall >= options.recall
    return 0 if good else 1


def _line(sums: written.Figures) -> str:
    return (
        f"identifiers {sums.identifiers.precision:.4f} {sums.identifiers.recall:.4f},"
        f" places {sums.places.precision:.4f} {sums.places.recall:.4f},"
        f" companies {sums.companies.right} of {sums.companies.expected},"
        f" statements {sums.states.right} of {sums.states.expected}"
    )


def score(text: Filled, matches: Iterable[Found], faults: list[str] | None = None) -> Tallies:
    """Tallies by kind. A match is right where kind, value and place in the text are those of a gold identifier."""
    left = list(text.gold)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for gold in left:
        counts[gold.kind]["expected"] += 1
    for match in matches:
        counts[match.kind]["found"] += 1
        right = next((gold for gold in left if match.means(gold)), None)
        if right is not None:
            left.remove(right)
            counts[match.kind]["right"] += 1
        elif faults is not None:
            faults.append(f"wrong   {match.kind:<12} {match.value!r} by {match.rule!r} in {text.name}")
    if faults is not None:
        for gold in left:
            line = text.text[max(0, gold.start - 40) : gold.end + 15].replace("\n", "⏎")
            faults.append(f"missing {gold.kind:<12} {gold.value!r} in {text.name}: …{line}…")
    return {kind: Tally(one["right"], one["found"], one["expected"]) for kind, one in counts.items()}


def _table(tallies: Tallies) -> str:
    lines = [f"{'kind':<16}{'precision':>10}{'recall':>8}{'right':>7}{'found':>7}{'expected':>9}"]
    for kind, one in tallies.items():
        lines.append(f"{kind:<16}{one.precision:>10.4f}{one.recall:>8.4f}{one.right:>7}{one.found:>7}{one.expected:>9}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
