"""Which time a record has, and when it is an error: never now where a time is there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apex_cli.errors import ExtractError
from apex_cli.extract import timestamps
from apex_cli.extract.builder import Builder
from apex_cli.model import Extraction, Record, RecordKind
from apex_cli.sources.registry import classify, extract

CASES = Path(__file__).parent.parent / "cases" / "times"
STAGED = datetime(2026, 11, 29, 10, tzinfo=UTC)


def record(payload: dict[str, Any], external_id: str = "7", as_of: datetime | None = None) -> Record:
    return Record("json", "record", external_id, payload, "", STAGED, "test.json:1", as_of=as_of)


def extracted(payload: dict[str, Any]) -> Extraction:
    source, data_type, external_id = classify(payload)
    return extract(Record(source, data_type, external_id, payload, "", STAGED, "test.json:1"))


def code_of(payload: dict[str, Any]) -> str:
    with pytest.raises(ExtractError) as caught:
        extracted(payload)
    return caught.value.code


def test_every_reading_of_march_is_of_march() -> None:
    lines = (CASES / "positions.jsonl").read_text().splitlines()
    times = [extracted(json.loads(line)).event_time for line in lines]
    now = datetime(2026, 11, 20, 10, tzinfo=UTC)
    ten, five_pm = datetime(2026, 3, 2, 10, tzinfo=UTC), datetime(2026, 3, 2, 17, tzinfo=UTC)
    assert times == [now, five_pm, now, five_pm, now, ten, now, ten]


def test_a_stop_is_from_its_appointment_in_the_zone_beside_it() -> None:
    found = extracted(json.loads((CASES / "zone_beside_date.json").read_text()))
    stops = [claim.valid_at for claim in found.claims if claim.predicate == "HAS_STOP"]
    assert stops == [datetime(2026, 3, 5, 14, tzinfo=UTC)]


@pytest.mark.parametrize(
    "time",
    ["soon", "3026-03-02T10:00:00Z", "0000-03-02", "2026-13-01", 0, "0001-01-01T00:00:00Z", "9999-12-31", "1/1/1970"],
)
def test_other_json_whose_time_cannot_be_read_fails(time: object) -> None:
    assert code_of({"id": 7, "timestamp": time}) == "unreadable_time"
    assert code_of({"id": 7, "updatedAt": time, "note": {"date": "soon"}}) == "unreadable_time"
    assert code_of({"id": 7, "UPDATED-AT": time}) == "unreadable_time"


def test_a_better_time_excuses_a_default_and_not_an_unreadable_one() -> None:
    march = datetime(2026, 3, 2, tzinfo=UTC)
    assert extracted({"id": 7, "timestamp": 0, "created_at": "2026-03-02"}).event_time == march
    assert extracted({"id": 7, "timestamp": "2026-03-02", "created_at": "soon"}).event_time == march
    assert extracted({"id": 7, "timestamp": 0, "visit": {"date": "2026-03-02"}}).event_time == march
    for better in ({"created_at": "2026-03-02"}, {"visit": {"date": "2026-03-02"}}):
        assert code_of({"id": 7, "timestamp": "soon", **better}) == "unreadable_time"


@pytest.mark.parametrize(
    "payload",
    [
        {"time": "15 min", "updated": True, "created": "by Ann", "date": "tomorrow"},
        {"time": 0, "duration": 0},
        {"updated_at": None, "created_at": "", "timestamp": "N/A"},
        {"legs": [{"timestamp": "soon"}], "note": {"timestamp": "soon", "time": "3026-01-01"}},
        {"terms": {"date": "2051-01-01"}},
    ],
)
def test_what_is_not_meant_as_the_time_of_the_record_is_no_error(payload: dict[str, Any]) -> None:
    found = extracted({"id": 7, **payload})
    assert (found.event_time, found.dated) == (STAGED, False)


def test_other_json_has_the_time_of_an_object_inside_in_its_zone() -> None:
    inside = {"date": "2026-03-05T08:00:00", "timeZone": "America/Chicago"}
    found = datetime(2026, 3, 5, 14, tzinfo=UTC)
    assert extracted({"id": 7, "visit": inside}).event_time == found
    assert extracted({"id": 7, "time": inside}).event_time == found
    assert extracted({"id": 7, "date": "3/5/2026", "time": "8:00", "tz": "CST"}).event_time == found
    assert extracted({"id": 7, "created_at": "2026-03-05", "visit": inside}).event_time == datetime(
        2026, 3, 5, tzinfo=UTC
    )


@pytest.mark.parametrize("time", ["3026-03-02T10:00:00Z", "soon", 0, "1970-01-01", "9999-12-31", "2062-01-01", True])
def test_no_position_is_now_because_its_time_is_not_read(time: object) -> None:
    for name in ("timestamp", "eventTime"):
        assert code_of({"vehicle_id": "T-1", "latitude": 41.0, "longitude": -95.0, name: time}) == "unreadable_time", (
            name
        )


def test_an_ambiguous_date_is_noted() -> None:
    assert extracted({"id": 7, "date": "03/04/2026"}).notes == ("03/04/2026 is read as month, day, year",)
    assert extracted({"id": 7, "date": "2026-03-04"}).notes == ()


def test_nothing_happens_in_the_future() -> None:
    for days, kind in ((2, RecordKind.EVENT), (366, RecordKind.STATE)):
        latest = STAGED + timedelta(days=days)
        assert Builder.of(record({}), latest, kind=kind).event_time == latest
        with pytest.raises(ExtractError, match="lies in the future") as caught:
            Builder.of(record({}), latest + timedelta(seconds=1), kind=kind)
        assert caught.value.code == "unreadable_time"
        with pytest.raises(ExtractError, match="lies in the future"):
            Builder.of(record({}, as_of=latest + timedelta(seconds=1)), None, kind=kind)
    assert code_of({"id": 7, "timestamp": "2062-03-02"}) == "unreadable_time"


def test_the_order_of_times() -> None:
    of_envelope = datetime(2026, 5, 1, tzinfo=UTC)
    for kind in RecordKind:
        dated = record({"updated_at": 0}, "run-2026-04-01", of_envelope)
        assert timestamps.event_time(dated, STAGED, kind) == STAGED
        assert timestamps.event_time(dated, None, kind) == of_envelope
        in_id = record({"updated_at": 0}, "run-2026-04-01-2062-01-01")
        assert timestamps.event_time(in_id, None, kind) == datetime(2026, 4, 1, tzinfo=UTC)
        assert timestamps.event_time(record({}), None, kind) == STAGED
        with pytest.raises(ExtractError, match="updated_at"):
            timestamps.event_time(record({"updatedAt": "1970-01-01T00:00:00Z"}), None, kind)


@pytest.mark.parametrize("time", [0, "0001-01-01T00:00:00Z", "soon", "3026-03-02"])
def test_a_time_inside_an_event_that_is_no_moment_is_not_now(time: object) -> None:
    payload = {"id": "T-1", "gps": {"time": time, "latitude": 1.0}}
    with pytest.raises(ExtractError, match="time "):
        timestamps.event_time(record(payload), None, RecordKind.EVENT)
    assert timestamps.event_time(record(payload), None, RecordKind.STATE) == STAGED
    assert timestamps.event_time(record(payload), STAGED, RecordKind.EVENT) == STAGED


def test_a_document_takes_the_first_of_its_dates_that_can_be_its_own() -> None:
    def read(content: str) -> Extraction:
        payload = {"path": "/drop/a.md", "format": "markdown", "content": content}
        return extract(Record("document", "document", "/drop/a.md", payload, "", STAGED, "a.md"))

    found = read("Date: 2062-01-01\nDate: 31.02.2026\nDate: soon, or so\nDate: 03/04/2026\n")
    assert found.event_time == datetime(2026, 3, 4, tzinfo=UTC)
    assert found.dated
    assert [note.partition(":")[0] for note in found.notes] == [
        "the date 2062-01-01 lies in the future",
        "the date 31.02.2026 cannot be read",
        "03/04/2026 is read as month, day, year",
    ]
    assert not read("Date: 2062-01-01\n").dated
