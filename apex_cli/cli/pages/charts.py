"""The geometry of bar charts: plain numbers, which a template draws as SVG.

By hand, because what draws charts in Python either writes JavaScript (Altair, Plotly, Bokeh), or takes longer to import
than the page takes to make (Matplotlib), or escapes and labels less than a page for everybody needs (pygal).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apex_cli.stores.postgres.activity import Activity, Amount

WIDTH, HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 10, 26
_TICKS = 4
_MOST_LABELS = 8
_MOST_SERIES = 8
_REST = "others"


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle with what it says: its series (a number for its colour), and a sentence."""

    x: float
    y: float
    width: float
    height: float
    series: int
    says: str


@dataclass(frozen=True, slots=True)
class TextAt:
    """A text at a place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """Stacked bars over time. `series` are the names with their totals, in the order of the stacks.

    `starts` are the labels below, `levels` those of the lines across.
    """

    title: str
    description: str
    series: Sequence[tuple[str, float]]
    bars: Sequence[Bar]
    starts: Sequence[TextAt]
    levels: Sequence[TextAt]
    unit: str

    @property
    def total(self) -> float:
        return sum(value for _, value in self.series)

    def shown(self, value: float) -> str:
        """A total for people: seconds with a decimal, records without."""
        return f"{value:,.0f}" if self.unit.startswith("records") else f"{value:,.1f} s"


def stacked(
    title: str, activity: Activity, amounts: Iterable[Amount], by: Callable[[Amount], str], *, unit: str,
    order: Sequence[str] = (),
) -> BarChart:  # fmt: skip
    """Amounts by time and by what `by` says of them; beyond eight series the smallest are one."""
    totals: dict[str, float] = {}
    cells: dict[tuple[datetime, str], float] = {}
    for one in amounts:
        name = by(one)
        totals[name] = totals.get(name, 0.0) + one.value
        cells[one.time, name] = cells.get((one.time, name), 0.0) + one.value
    names = _series(totals, order)
    times = activity.times
    columns = [_column(cells, time, names) for time in times]
    top = _round_up(max((sum(column) for column in columns), default=0.0))
    slot = (WIDTH - _LEFT - _RIGHT) / max(1, len(times))
    bars: list[Bar] = []
    for index, (time, column) in enumerate(zip(times, columns, strict=True)):
        base = float(HEIGHT - _BOTTOM)
        for series, value in enumerate(column):
            height = value / top * (HEIGHT - _TOP - _BOTTOM)
            if height <= 0:
                continue
            base -= height
            says = f"{_day(time, activity.step_seconds)}: {_amount(value)} {unit} {names[series]}"
            width = max(1.0, min(slot * 0.8, 48.0))
            x = _LEFT + slot * index + (slot - width) / 2
            bars.append(Bar(round(x, 1), round(base, 1), round(width, 1), round(max(height, 0.8), 1), series, says))
    description = (
        f"{title}, in steps of {_step(activity.step_seconds)} from {times[0]:%Y-%m-%d %H:%M} UTC. In all: "
        + (", ".join(f"{_amount(number)} {name}" for name, number in _totals(totals, names)) or "nothing")
        + "."
    )
    return BarChart(
        title,
        description,
        _totals(totals, names),
        bars,
        _starts(times, slot, activity.step_seconds),
        _levels(top),
        unit,
    )


def _series(totals: Mapping[str, float], order: Sequence[str]) -> list[str]:
    known = [name for name in order if name in totals]
    others = sorted((name for name in totals if name not in order), key=lambda name: (-totals[name], name))
    names = known + others
    return names if len(names) <= _MOST_SERIES else [*names[: _MOST_SERIES - 1], _REST]


def _column(cells: Mapping[tuple[datetime, str], float], time: datetime, names: Sequence[str]) -> list[float]:
    column = [cells.get((time, name), 0.0) for name in names]
    if names and names[-1] == _REST:
        column[-1] = sum(value for (when, name), value in cells.items() if when == time and name not in names[:-1])
    return column


def _totals(totals: Mapping[str, float], names: Sequence[str]) -> list[tuple[str, float]]:
    rest = sum(value for name, value in totals.items() if name not in names)
    return [(name, totals.get(name, 0.0) + (rest if name == _REST else 0.0)) for name in names]


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 …"""
    if value <= 0:
        return 1.0
    size = 1.0
    while size * 10 <= value:
        size *= 10
    while size > value:
        size /= 10
    return next(size * factor for factor in (1, 2, 5, 10) if size * factor >= value)


def _levels(top: float) -> list[TextAt]:
    room = HEIGHT - _TOP - _BOTTOM
    values = [top * step / _TICKS for step in range(_TICKS + 1)]
    return [TextAt(_LEFT - 6, round(HEIGHT - _BOTTOM - room * value / top, 1), _compact(value)) for value in values]


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def _compact(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1_000:g}k" if value >= 10_000 else f"{value:g}"


def _starts(times: Sequence[datetime], slot: float, step: float) -> list[TextAt]:
    every = -(-len(times) // _MOST_LABELS)
    form = "%d %b %H:%M" if step < timedelta(days=1).total_seconds() else "%d %b"
    if step >= timedelta(days=100).total_seconds():
        form = "%b %Y"
    return [
        TextAt(round(_LEFT + slot * (index + 0.5), 1), HEIGHT - 8, times[index].strftime(form))
        for index in range(0, len(times), every)
    ]


def _day(time: datetime, step: float) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC" if step < timedelta(days=1).total_seconds() else f"{time:%Y-%m-%d}"


def _step(seconds: float) -> str:
    hours = round(seconds / 3600)
    if hours < 24:
        return "an hour" if hours == 1 else f"{hours} hours"
    return "a day" if hours == 24 else f"{hours // 24} days"
