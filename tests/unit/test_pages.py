"""What pages and pictures are made of, without a memory: geometry, limits, and labels that are only labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apex_cli.answers import AnsweredFact, Contradiction
from apex_cli.cli.pages import diagrams, entity_page
from apex_cli.cli.pages.charts import stacked
from apex_cli.cli.pages.maps import places
from apex_cli.cli.pages.timelines import timeline
from apex_cli.inventory import Neighbour, Neighbourhood
from apex_cli.reports import Portrait
from apex_cli.stores.postgres.activity import Activity, Amount
from apex_cli.stores.postgres.inventory import ListedRecord
from apex_cli.stores.views import EntityView, FactView
from tests.acceptance.hostile_pages import HOSTILE

START = datetime(2025, 10, 19, tzinfo=UTC)
TRUCK = EntityView("truck", "TRUCK-1", "Vehicle")


def fact(number: int, hour: float, end: float | None = None, predicate: str = "LOCATED_AT", **fields: Any) -> FactView:
    fields.setdefault("object", f"place {number}")
    fields.setdefault("sentence", f"Sentence {number}.")
    return FactView(
        id=f"f{number}",
        subject="TRUCK-1",
        predicate=predicate,
        valid_at=START + timedelta(hours=hour),
        invalid_at=None if end is None else START + timedelta(hours=end),
        records=(f"r{number}",),
        subject_id="truck",
        object_id=f"o{number}",
        **fields,
    )


def at(lat: Any, lon: Any) -> Mapping[str, Any]:
    return {"latitude": lat, "longitude": lon}


def portrait(*facts: FactView, hours: float = 10, neighbours: tuple[Neighbour, ...] = (), **fields: Any) -> Portrait:
    records = [
        ListedRecord(one.records[0], "samsara", "location", one.id, "title", one.valid_at, True, one.valid_at, 1)
        for one in facts
    ]
    moment = START + timedelta(hours=hours)
    values: dict[str, Any] = {
        "entity": TRUCK, "at": moment, "facts": facts, "left_out": 0, "contradictions": [],
        "neighbourhood": Neighbourhood(TRUCK, neighbours, 0), "trails": [],
        "newest": {one.id: one.records[0] for one in facts}, "records": records,
    }  # fmt: skip
    return Portrait(**(values | fields))


def activity(amounts: list[Amount], days: int = 3) -> Activity:
    return Activity(START, START + timedelta(days=days), 86_400.0, amounts, [], [], [])


def test_bars_stand_on_each_other_and_stay_in_the_picture() -> None:
    amounts = [Amount(START + timedelta(days=day), "s", name, 10.0 * day) for day in range(3) for name in ("a", "b")]
    chart = stacked("Title", activity(amounts), amounts, lambda one: one.sublabel, unit="records", order=("b", "a"))
    assert chart.series == [("b", 30.0), ("a", 30.0)]
    # Nothing is drawn for the first day.
    assert len(chart.bars) == 4
    for lower, upper in zip(chart.bars[::2], chart.bars[1::2], strict=True):
        assert lower.x == upper.x
        assert upper.y + upper.height == pytest.approx(lower.y, abs=0.2)
    assert all(bar.x >= 0 and bar.x + bar.width <= 720 and 0 <= bar.y <= 220 for bar in chart.bars)
    assert chart.bars[0].says == "2025-10-20: 10 records b"
    assert "30 b, 30 a" in chart.description


def test_beyond_eight_series_the_smallest_are_one() -> None:
    amounts = [Amount(START, f"source{number}", "x", float(number)) for number in range(1, 21)]
    chart = stacked("Title", activity(amounts), amounts, lambda one: one.label, unit="records of")
    assert len(chart.series) == 8
    assert chart.series[-1] == ("others", float(sum(range(1, 14))))
    assert chart.total == sum(range(1, 21))
    empty = stacked("Title", activity([]), [], lambda one: one.label, unit="records of")
    assert (empty.total, empty.bars) == (0, [])
    assert "nothing" in empty.description


def test_marks_are_in_the_picture_one_lane_for_each_relation() -> None:
    facts = [fact(1, 0, 2), fact(2, 2), fact(3, 1, predicate="MENTIONS"), fact(4, 12, predicate="HAS_STOP")]
    view = timeline(portrait(*facts))
    assert view is not None
    assert [lane.name for lane in view.lanes] == ["located at", "has stop", "mentions"]
    spans = [span for lane in view.lanes for span in lane.spans]
    assert all(span.x >= 150 and span.x + span.width <= 752 for span in spans)
    assert [span.record_id for span in view.lanes[0].spans] == ["r1", "r2"]
    assert view.lanes[0].spans[0].says == (
        "Sentence 1. From 2025-10-19 00:00 UTC until 2025-10-19 02:00 UTC [samsara:f1]"
    )
    assert view.now is not None
    assert timeline(portrait()) is None


def test_a_mark_far_from_all_others_does_not_squeeze_them() -> None:
    facts = [fact(number, number, number + 1) for number in range(10)]
    view = timeline(portrait(*facts, fact(99, 24 * 400), hours=24 * 400))
    assert view is not None
    assert (view.outside, view.now) == (1, None)
    assert sum(len(lane.spans) for lane in view.lanes) == 10
    assert max(span.x for span in view.lanes[0].spans) > 500


def test_one_moment_is_drawn_too() -> None:
    view = timeline(portrait(fact(1, 0), hours=0))
    assert view is not None
    (span,) = view.lanes[0].spans
    assert 150 <= span.x < span.x + span.width <= 752


@pytest.mark.parametrize(
    "spots",
    [
        [(41.9, -87.6)],
        [(41.9, -87.6), (39.7, -86.2), (40.4, -86.9)],
        [(-89.99, 179.9), (89.99, -179.9)],
        [(0, 0), (0, 0)],
    ],
)
def test_positions_are_in_the_picture(spots: list[tuple[float, float]]) -> None:
    facts = [fact(number, number, attributes=at(*spot)) for number, spot in enumerate(spots)]
    view = places(portrait(*facts))
    assert view is not None
    assert len(view.spots) == len(spots)
    assert all(0 <= spot.x <= view.width and 0 <= spot.y <= view.height for spot in view.spots)
    assert [spot.is_last for spot in view.spots] == [False] * (len(spots) - 1) + [True]
    assert len(view.grid) < 40
    assert 10 < view.scale[0] < 500


def test_north_is_up_and_what_is_no_position_is_left_out() -> None:
    facts = [fact(1, 1, attributes=at(40, -86)), fact(2, 2, attributes=at(41, -87))]
    odd = [
        fact(3, 3, attributes=at("x", None)),
        fact(4, 4, attributes=at(91, 0)),
        fact(5, 5),
    ]
    view = places(portrait(*facts, *odd))
    assert view is not None
    south, north = view.spots
    assert north.y < south.y
    assert north.x < south.x
    assert places(portrait(fact(1, 1))) is None


def hostile() -> Portrait:
    neighbours = []
    facts = []
    for number, text in enumerate(HOSTILE):
        fields: dict[str, Any] = {
            "object": text,
            "sentence": text,
            "attributes": {"latitude": 40 + number, "longitude": -80},
        }
        one = fact(number, number, number + 2, **fields)
        facts.append(one)
        neighbours.append(Neighbour(EntityView(one.object_id, text, "Location", (), {text: text}), [one]))
    entity = EntityView("truck", HOSTILE[0], "Vehicle", tuple(HOSTILE), {text: text for text in HOSTILE})
    sides = AnsweredFact(facts[0], START, tuple(HOSTILE))
    against = [Contradiction(sides, sides, text, True) for text in HOSTILE]
    records = [
        ListedRecord(f"r{number}", text, text, text, text, START, True, START, 1) for number, text in enumerate(HOSTILE)
    ]
    return portrait(
        *facts, entity=entity, contradictions=against, records=records, neighbours=tuple(neighbours),
    )  # fmt: skip


def test_every_value_of_a_page_is_escaped() -> None:
    page = entity_page.page(hostile())
    tags = set(re.findall(r"<([a-zA-Z]+)", page))
    assert not tags & {"script", "img"}
    assert len(re.findall(r"<style>", page)) == 1
    assert not re.search(r"<[^>]* on\w+=", re.sub(r"=\"[^\"]*\"", "", page))
    assert "49" not in re.sub(r"[\d.-]*49[\d.]*", "", page)
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert page.isascii()
    assert len(page) < 200_000


@pytest.mark.parametrize("draw", [diagrams.mermaid, diagrams.dot])
def test_a_label_is_only_a_label(draw: Any) -> None:
    text = draw(hostile())
    lines = text.splitlines()
    # One line for each node and edge, whatever the labels say.
    assert len([line for line in lines if re.match(r" {4}n\d+ ?\[", line)]) == len(HOSTILE) + 1
    assert len([line for line in lines if re.match(r" {4}n\d+ --?>", line)]) == len(HOSTILE)
    quoted = r'"(?:[^"\\]|\\.)*"' if draw is diagrams.dot else r'"[^"]*"'
    outside = re.sub(quoted, "", text)
    assert not re.search(r"script|evil|click|URL|init|subgraph|hacked", outside)
