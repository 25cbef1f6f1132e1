"""The geometry of an entity's timeline: its facts on lanes over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apex_cli.cli.output import clip
from apex_cli.cli.pages.charts import TextAt
from apex_cli.model import Predicate
from apex_cli.reports import Portrait
from apex_cli.stores.views import FactView

WIDTH = 760
_LEFT, _RIGHT = 150, 14
_ROW, _BAR = 18, 13
_MOST_ROWS = 5
"""Rows of one lane; more marks at one time lie over each other in the last one."""
_LABEL_CHARACTER = 6.4
_SHORTEST_BAR = 5.0
_EMPTY_SHARE, _EMPTY_BESIDE_FEW = 0.95, 0.7
_FEW = 10
"""One mark of so many."""
_MOMENTS = frozenset((Predicate.MENTIONS, Predicate.ABOUT, Predicate.SENT_BY, Predicate.SENT_TO, Predicate.CC))
_FIRST = (Predicate.HAS_STATUS, Predicate.LOCATED_AT, Predicate.INSIDE_GEOFENCE, Predicate.HAS_ENGINE_STATE)


@dataclass(frozen=True, slots=True)
class Span:
    """A fact on a lane. `x` to `x + width`, in row `y`. `text` fits into it, or is
    empty. `kind` is `span`, `moment` for what happened at one time, or `uncertain` for what only free text says."""

    x: float
    y: float
    width: float
    text: str
    says: str
    record_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The facts of one predicate, in one direction."""

    name: str
    y: float
    height: float
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True)
class TimelineView:
    """Lanes from the first fact to the moment, or to the last appointment behind it. `now` is where the moment is,
    None where it is not on the picture. `outside` counts marks that are not on it, either."""

    height: float
    lanes: Sequence[Lane]
    starts: Sequence[TextAt]
    now: float | None
    description: str
    outside: int


def timeline(portrait: Portrait) -> TimelineView | None:
    """The facts on lanes; None without any."""
    facts = portrait.facts
    if not facts:
        return None
    begin, last, inside = _window(facts, portrait.at)
    span = max((last - begin).total_seconds(), 60.0)
    begin, span = begin - timedelta(seconds=span * 0.01), span * 1.03
    scale = (WIDTH - _LEFT - _RIGHT) / span

    def across(time: datetime) -> float:
        return _LEFT + (time - begin).total_seconds() * scale

    groups: dict[tuple[str, bool], list[FactView]] = {}
    for fact in inside:
        groups.setdefault((fact.predicate, fact.subject_id != portrait.entity.id), []).append(fact)
    lanes: list[Lane] = []
    y = 8.0
    for (predicate, incoming), some in sorted(groups.items(), key=lambda item: _lane_order(*item[0])):
        spans, rows = _rows(portrait, some, across, y)
        name = predicate.replace("_", " ").lower()
        height = rows * _ROW + 8
        lanes.append(Lane(f"{name} this" if incoming else name, y, height, spans))
        y += height
    starts = _ticks(begin, span, across)
    placed = [TextAt(one.x, y + 16, one.text) for one in starts]
    says = (
        f"{len(inside):,} facts of {portrait.entity.name}, one row for each relation, "
        f"from {begin:%Y-%m-%d %H:%M} UTC to {last:%Y-%m-%d %H:%M} UTC."
    )
    now = round(across(portrait.at), 1) if portrait.at <= last else None
    return TimelineView(y + 26, lanes, placed, now, says, len(facts) - len(inside))


def _window(facts: Sequence[FactView], at: datetime) -> tuple[datetime, datetime, Sequence[FactView]]:
    """The time to draw, and the marks in it. Where nothing happens for nearly all the time between the first mark
    and the last, or for most of it and few marks lie beyond, the side with more marks is drawn: a paper without a date
    counts from when it came, years later maybe.
    """
    inside = sorted(facts, key=lambda one: one.valid_at)
    while len(inside) > 2:
        times = [one.valid_at for one in inside]
        index = max(range(1, len(times)), key=lambda number: times[number] - times[number - 1])
        few = min(index, len(inside) - index) * _FEW <= len(inside)
        least = _EMPTY_BESIDE_FEW if few else _EMPTY_SHARE
        if times[index] - times[index - 1] < least * (times[-1] - times[0]):
            break
        inside = inside[:index] if index * 2 >= len(inside) else inside[index:]
    first, last = inside[0].valid_at, inside[-1].valid_at
    near = last + max((last - first) / 4, timedelta(hours=1))
    return first, max(last, at) if at <= near else near, inside


def _lane_order(predicate: str, incoming: bool) -> tuple[bool, int, str]:
    named = [one.value for one in _FIRST]
    late = predicate == Predicate.MENTIONS
    return late, named.index(predicate) if predicate in named else len(named) + incoming, predicate


def _rows(
    portrait: Portrait, facts: Sequence[FactView], across: Callable[[datetime], float], top: float
) -> tuple[list[Span], int]:
    """Each mark in the first row where it is free."""
    names = portrait.record_names
    free: list[float] = []
    spans: list[Span] = []
    edge = WIDTH - _RIGHT + 4.0
    for fact in sorted(facts, key=lambda one: one.valid_at):
        record = portrait.newest.get(fact.id, "")
        x = across(fact.valid_at)
        moment_only = fact.predicate in _MOMENTS
        end = x + _BAR if moment_only else min(edge, across(fact.invalid_at) if fact.invalid_at else edge)
        width = max(_SHORTEST_BAR, end - x)
        row = next((index for index, until in enumerate(free) if until <= x + 0.5), len(free))
        row = min(row, _MOST_ROWS - 1)
        free[row : row + 1] = [x + width]
        other = fact.object if fact.subject_id == portrait.entity.id else fact.subject
        room = int((width - 6) / _LABEL_CHARACTER)
        text = "" if moment_only or room < 4 else clip(other, room)
        kind = "moment" if moment_only else "uncertain" if not fact.certain else "span"
        y, says = top + 4 + row * _ROW, sentence(fact, names.get(record, ""))
        spans.append(Span(round(x, 1), y, round(width, 1), text, says, record, kind))
    return spans, min(max(1, len(free)), _MOST_ROWS)


def sentence(fact: FactView, record: str = "") -> str:
    """A fact in words, with its times and its record: what a mark says."""
    until = f" until {fact.invalid_at:%Y-%m-%d %H:%M} UTC" if fact.invalid_at else ""
    return f"{fact.sentence} From {fact.valid_at:%Y-%m-%d %H:%M} UTC{until}" + (f" [{record}]" if record else "")


def _ticks(begin: datetime, span: float, across: Callable[[datetime], float]) -> list[TextAt]:
    steps = (300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, *(days * 86400 for days in (1, 2, 7, 14, 28, 91, 182, 364)))
    step = next((one for one in steps if span / one <= 7), steps[-1])
    while span / step > 7:
        step *= 2
    first = begin.timestamp() // step * step + step
    form = "%H:%M" if step < 6 * 3600 else "%d %b %H:%M" if step < 86400 else "%d %b %Y"
    found = []
    count = int((begin.timestamp() + span - first) // step) + 1
    for number in range(max(0, count)):
        time = datetime.fromtimestamp(first + number * step, UTC)
        shown = time.strftime("%d %b %H:%M" if number == 0 and step < 86400 else form)
        x = round(across(time), 1)
        if x < WIDTH - _LABEL_CHARACTER * len(shown) / 2:
            found.append(TextAt(x, 0, shown))
    return found
