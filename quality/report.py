"""The table of figures, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from quality.scoring import Tallies, Tally, macro, merged, micro


def table(title: str, readers: Mapping[str, Tallies]) -> str:
    """Precision, recall and F1 of each row, then micro and macro, for one reader beside the other.

    Each with how many were right and found; how many are expected is the same for all.
    """
    return "\n".join(_lines(title, readers))


def _lines(title: str, readers: Mapping[str, Tallies]) -> Iterator[str]:
    rows = merged(readers.values())
    yield " " * 18 + "".join(f"  {name:-^38}" for name in readers)
    heads = f"  {'precision':>9} {'recall':>7} {'F1':>6} {'right':>6} {'found':>6}"
    yield f"{title:<18}{heads * len(readers)} {'expected':>9}"
    for name in rows:
        yield _line(name, [tallies.get(name, Tally()) for tallies in readers.values()])
    yield _line("all (micro)", [micro(tallies) for tallies in readers.values()])
    means = (macro(tallies) for tallies in readers.values())
    yield f"{'mean (macro)':<18}" + "".join(f"  {p:>9.3f} {r:>7.3f} {f:>6.3f} {'':>13}" for p, r, f in means).rstrip()


def _line(name: str, tallies: list[Tally]) -> str:
    cells = (
        f"  {one.precision:>9.3f} {one.recall:>7.3f} {one.f1:>6.3f} {one.right:>6} {one.found:>6}" for one in tallies
    )
    return f"{name:<18}{''.join(cells)} {max(one.expected for one in tallies):>9}"
