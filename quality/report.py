"""The table of figures, as text."""

from __future__ import annotations

from collections.abc import Iterator

from quality.scoring import Tallies, macro, micro


def table(title: str, tallies: Tallies) -> str:
    """Precision, recall and F1 of each row, then micro and macro; with how many were right, found and expected."""
    return "\n".join(_lines(title, tallies))


def _lines(title: str, tallies: Tallies) -> Iterator[str]:
    yield f"{title:<18} {'precision':>9} {'recall':>7} {'F1':>6} {'right':>6} {'found':>6} {'expected':>8}"
    for name, one in (*tallies.items(), ("all (micro)", micro(tallies))):
        figures = f"{one.precision:>9.3f} {one.recall:>7.3f} {one.f1:>6.3f}"
        yield f"{name:<18} {figures} {one.right:>6} {one.found:>6} {one.expected:>8}"
    precision, recall, f1 = macro(tallies)
    yield f"{'mean (macro)':<18} {precision:>9.3f} {recall:>7.3f} {f1:>6.3f}"
