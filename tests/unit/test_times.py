"""Times: every spelling that freight data has, zones beside dates, and what is no time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from apex_cli.errors import ExtractError
from apex_cli.extract import time_zones, timestamps
from apex_cli.extract.time_spellings import is_ambiguous
from apex_cli.extract.timestamps import own_time, parse, read

AT_TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
AT_FIVE_PM = datetime(2026, 3, 2, 17, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    """
    2026-03-02T10:00:00Z | 2026-03-02t10:00:00z | 2026-03-02 10:00:00Z | 2026-03-02 10:00 | 2026-03-02T10Z
    2026-03-02T10:00:00.000000000Z | 2026-03-02T10:00:00,000Z | 20260302T1000Z | 20260302T100000Z | 202603021000
    20260302100000 | 20260302100000000 | 20260302 1000 | 2026/03/02 10:00:00 | 2026.03.02 10:00 | 2026/3/2 10:00
    2026-W10-1T10:00:00Z | 2026W101T1000Z | 2026-061T10:00:00Z | 2026-03-02 10:00:00 UTC | 2026-03-02 10:00:00 GMT
    2026-03-02 10:00:00 +0000 | 2026-03-02T10:00:00+00 | 2026-03-02T10:00:00-00:00 | Mon, 02 Mar 2026 10:00:00 GMT
    Mon, 2 Mar 2026 10:00:00 +0000 | Mon, 02 Mar 2026 10:00:00 +0000 (UTC) | Monday, 02-Mar-26 10:00:00 GMT
    Mon Mar  2 10:00:00 2026 | Mon Mar 02 10:00:00 UTC 2026 | Mon Mar 02 2026 10:00:00 GMT+0000 (Greenwich Mean Time)
    3/2/2026 10:00 AM | 03/02/2026, 10:00:00 AM | 3/2/2026, 10:00:00 AM | 03/02/26 1000 | 03-02-2026 10:00 a.m.
    2026-03-02 10:00AM | March 2, 2026 10:00 AM | March 2, 2026 at 10:00 AM UTC | Mar 2, 2026, 10:00:00 AM
    2 March 2026 10:00 | 2nd March 2026 10:00 | 02-MAR-2026 10:00:00 | 02-MAR-26 10:00 AM | 02Mar2026 1000
    02/Mar/2026:10:00:00 +0000 | 2026-Mar-02 10:00 | 02.03.2026 10:00 | 2.3.2026, 10.00 Uhr | 2. März 2026 um 10:00 Uhr
    2 de marzo de 2026 10:00 | 2 mars 2026 10h00 | lundi 2 mars 2026 10:00 | 1772445600 | 1772445600.0 | 1772445600000
    1772445600000000 | 1772445600000000000 | /Date(1772445600000)/ | /Date(1772445600000-0700)/ | Date(1772445600000)
    2026-03-02T10:00:00Z[America/Phoenix] | 2026-03-02T10:00:00Z[UTC][u-ca=gregory] | 2026-03-02T10:00:00+00:00[!UTC]
    """.replace("\n", "|")
    .strip(" |")
    .split("|"),
)
def test_one_moment_in_every_spelling(text: str) -> None:
    assert parse(text.strip()) == AT_TEN, text


@pytest.mark.parametrize(
    "text",
    """
    2026-03-02T10:00:00-07:00 | 2026-03-02T10:00:00-07:00[America/Phoenix] | 2026-03-02T10:00:00[America/Phoenix]
    2026-03-02 10:00:00 -0700 | 20260302100000-0700 | 202603021000-0700 | 2026-03-02 10:00 MST | 2026-03-02 10:00 UTC-7
    3/2/2026 10:00 AM MST | 3/2/2026 10:00 AM MT | 3/2/2026 9:00 AM PT | 2026-03-02 11:00 CST
    Mon, 2 Mar 2026 10:00:00 -0700 | Mon, 2 Mar 2026 12:00:00 EST | Mon Mar 02 10:00:00 MST 2026 | 2.3.2026 18:00 MEZ
    Mon Mar 02 2026 10:00:00 GMT-0700 (Mountain Standard Time) | 2026-03-02 10:00 America/Phoenix
    2026-03-02T10:00:00\N{MINUS SIGN}07:00 | 2026-03-02 10:00 america/phoenix | 2 mars 2026 18:00 CET
    """.replace("\n", "|")
    .strip(" |")
    .split("|"),
)
def test_a_zone_in_the_text_counts(text: str) -> None:
    assert parse(text.strip()) == AT_FIVE_PM, text


@pytest.mark.parametrize(
    "value", ["2026-03-02", "20260302", 20260302, "3/2/2026", "Mar 2, 2026", "02.03.2026", "3/2/26"]
)
def test_a_day_counts_from_its_midnight(value: object) -> None:
    assert parse(value) == MIDNIGHT
    assert parse(value, "America/Chicago") == MIDNIGHT + timedelta(hours=6)


def test_month_and_day() -> None:
    april_third, march_fourth = datetime(2026, 4, 3, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)
    for text in ("03/04/2026", "03-04-2026", "3/4/26", "04.03.2026", "4.3.26", "4-Mar-2026"):
        assert parse(text) == march_fourth, text
    assert parse("4/3/2026") == april_third
    assert parse("13/04/2026") == datetime(2026, 4, 13, tzinfo=UTC)
    for text in ("26/03/04", "13/13/2026", "2/30/2026", "31.02.2026", "99-99-9999", "2026-13-01", "2026-02-30"):
        assert parse(text) is None, text
    assert is_ambiguous("Wed, 03/04/2026 10:00")
    for text in ("03/03/2026", "13/04/2026", "04.03.2026", "Mar 4, 2026", "2026-03-04", "soon"):
        assert not is_ambiguous(text), text


def test_what_is_assumed_of_an_ambiguous_date_is_collected() -> None:
    with timestamps.assumptions() as assumed:
        for text in ("03/04/2026", "2026-03-04", "13/04/2026", "04.03.2026", "03/04/2026"):
            parse(text)
    parse("05/06/2026")
    assert list(assumed) == ["03/04/2026 is read as month, day, year"]


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ({"date": "2026-03-05T08:00:00", "timeZone": "America/Chicago"}, "2026-03-05T14:00:00+00:00"),
        ({"date": "2026-03-05T08:00:00Z", "timeZone": "America/Chicago"}, "2026-03-05T08:00:00+00:00"),
        ({"date": "2026-03-05T08:00:00", "utcOffset": "-06:00"}, "2026-03-05T14:00:00+00:00"),
        ({"date": "2026-07-05T08:00:00", "timezone": "America/Chicago"}, "2026-07-05T13:00:00+00:00"),
        ({"date": "2026-07-05T08:00:00", "tz": "CST"}, "2026-07-05T14:00:00+00:00"),
        ({"date": "2026-07-05T08:00:00", "tz": "CT"}, "2026-07-05T13:00:00+00:00"),
        ({"date": "2026-03-05T08:00:00", "timeZone": {"id": "America/Chicago"}}, "2026-03-05T14:00:00+00:00"),
        ({"dateTime": "2026-03-05T08:00:00.0000000", "timeZone": "Central Standard Time"}, "2026-03-05T14:00:00+00:00"),
        ({"date": {"date": "2026-03-05T08:00:00"}, "TimeZone": "America/Chicago"}, "2026-03-05T14:00:00+00:00"),
        ({"start": {"date": "2026-03-05T08:00:00", "timeZone": "-06:00"}, "end": None}, "2026-03-05T14:00:00+00:00"),
        ({"date": "2026-03-05", "time": "08:00", "timeZone": "America/Chicago"}, "2026-03-05T14:00:00+00:00"),
        ({"date": "03/05/2026", "time": "8:00 AM - 12:00 PM", "tz": "America/Chicago"}, "2026-03-05T14:00:00+00:00"),
        ({"date": "2026-03-05 00:00:00", "time": "08:00:00"}, "2026-03-05T08:00:00+00:00"),
        (
            {"date": "2026-03-05T06:00:00Z", "hasTime": False, "timeZone": "America/Chicago"},
            "2026-03-05T06:00:00+00:00",
        ),
        (
            {"date": "2026-03-05T00:00:00Z", "hasTime": False, "timeZone": "America/Chicago"},
            "2026-03-05T06:00:00+00:00",
        ),
        ({"date": "2026-03-05T09:30:00", "hasTime": False, "timeZone": "America/Chicago"}, "2026-03-05T06:00:00+00:00"),
        ({"$date": "2026-03-05T14:00:00Z"}, "2026-03-05T14:00:00+00:00"),
        ({"$date": {"$numberLong": "1772719200000"}}, "2026-03-05T14:00:00+00:00"),
        ({"_seconds": 1772719200, "_nanoseconds": 0}, "2026-03-05T14:00:00+00:00"),
        ([2026, 3, 5, 14, 0], "2026-03-05T14:00:00+00:00"),
        ([2026, 3, 5, 14, 0, 1, 500_000_000], "2026-03-05T14:00:01.500000+00:00"),
    ],
)
def test_the_forms_of_programs(value: object, moment: str) -> None:
    assert parse(value) == datetime.fromisoformat(moment)


def test_an_unknown_zone_is_no_zone() -> None:
    assert parse("2026-03-05T08:00:00", "Mars/Olympus") is None
    assert parse("2026-03-05T08:00:00-06:00", "Mars/Olympus") == datetime(2026, 3, 5, 14, tzinfo=UTC)
    assert parse("2026-03-05 08:00 IST") is None
    for name in (
        "../../etc/passwd",
        "/etc/localtime",
        "localtime",
        "America",
        "\0",
        "x" * 10_000,
        "\ud800",
        "-17:00",
        "",
    ):
        assert time_zones.zone(name) is None, name
    assert parse("2026-03-02T10:00:00-05:00[!America/Phoenix]") is None
    assert parse("2026-03-02T10:00:00-05:00[America/Phoenix]") == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert parse("2026-03-02T10:00:00Z[!x-unknown=1]") is None


def test_where_the_clocks_change() -> None:
    chicago = "America/Chicago"
    assert parse("2026-03-08T02:30:00", chicago) == datetime(2026, 3, 8, 8, 30, tzinfo=UTC)
    assert parse("2026-11-01T01:30:00", chicago) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert parse("2026-11-01 01:30 CST") == datetime(2026, 11, 1, 7, 30, tzinfo=UTC)
    assert parse("2026-03-02T24:00:00Z") == datetime(2026, 3, 3, tzinfo=UTC)
    assert parse("2016-12-31T23:59:60Z") == datetime(2017, 1, 1, tzinfo=UTC)


UNREADABLE: list[Any] = [
    "tomorrow", "15 min", "08:00", "2026-03", "2026", "3026-03-02", "0000-03-02", "1899-05-05", "2026-03-02T25:00:00Z",
    "2026-03-02T10:61:00Z", "2026-03-02 08:00-17:00", "2026-03-02110:00", "10/19/2025 13:00 PM", "10/19/2025 0:15 AM",
    "Foo 2, 2026", "2026-03-02 soon", "Mon, 99 Mar 2026", "2026-061-99", "2026-366", "1" * 40, "12345",
    -5, 15, 5e9, 1e300, 10**400,
    float("nan"), float("inf"), True, 639_080_000_000_000_000, [2026, 3], [2026, 13, 1], ["2026-03-02"], [1] * 99,
    {"date": "soon"}, {"first": "2026-03-02"}, "2026-03-02T10:00:00Z" * 90, "2" * 200_000, "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("value", UNREADABLE)
def test_what_cannot_be_read_is_an_error_that_names_field_and_value(value: object) -> None:
    assert parse(value) is None
    with pytest.raises(ExtractError) as caught:
        read({"other": "2026-03-02", "sent_at": value}, "missing", "sent_at", "other")
    assert caught.value.code == "unreadable_time"
    assert caught.value.message.startswith("sent_at ")
    assert len(caught.value.message) < 300
    assert caught.value.hint


@pytest.mark.parametrize(
    "value",
    [None, "", " ", {}, [], False, "N/A", "n/a", "TBD", "null", "-", {"date": None, "timeZone": "America/Chicago"},
     {"flex": 0, "hasTime": False}, {"date": "TBD"}],
)  # fmt: skip
def test_no_time_is_passed_over(value: object) -> None:
    assert parse(value) is None
    assert read({"sent_at": value, "created_at": "2026-03-02"}, "sent_at", "created_at") == MIDNIGHT
    assert read({"sent_at": value}, "sent_at", "created_at") is None


DEFAULTS: list[Any] = [
    0, "0", 0.0, "0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "/Date(-62135596800000)/", "1970-01-01T00:00:00Z",
    "1969-12-31T18:00:00-06:00", "1970-01-01", "0000-00-00 00:00:00", "0000-00-00", "1900-01-01T00:00:00", "1/1/1900",
    "9999-12-31", "9999-12-31T23:59:59.9999999", 253402300799000, {"date": "0001-01-01T00:00:00"},
]  # fmt: skip


@pytest.mark.parametrize("value", DEFAULTS)
def test_the_default_of_a_program_is_no_time(value: object) -> None:
    assert parse(value) is None
    assert read({"ended_at": value}, "ended_at") is None
    assert read({"sent_at": value, "created_at": "2026-03-02"}, "sent_at", "created_at") == MIDNIGHT


def test_an_open_end() -> None:
    ends: list[Any] = [{"date": "9999-12-31"}, 253402300799, "9999-12-31", "9999-12-31T23:59:59Z", "12/31/9999"]
    for value in ends:
        assert timestamps.is_open_end(value), value
    for value in ("2026-03-02", "", 0, "3026-01-01", "soon"):
        assert not timestamps.is_open_end(value), value


def test_a_zone_beside_a_date_in_the_same_record() -> None:
    assert read({"sent_at": "2026-03-02 10:00", "time_zone": "America/Phoenix"}, "sent_at") == AT_FIVE_PM
    assert read({"sent_at": "2026-03-02 10:00"}, "sent_at", zone="America/Phoenix") == AT_FIVE_PM
    assert read({"pickup_date": "3/2/2026", "pickup_time": "10:00 AM"}, "pickup_time") == AT_TEN
    assert read({"pickup_date": "3/2/2026", "pickup_time": "10:00 AM"}, "pickup_date") == AT_TEN
    with pytest.raises(ExtractError, match="zone Nowhere"):
        read({"sent_at": "2026-03-02 10:00", "time_zone": "Nowhere"}, "sent_at")


def test_names_that_may_mean_something_else_count_only_with_a_time() -> None:
    assert own_time({"time": "15 min", "updated": True, "created": "by Ann", "date": "tomorrow"}) is None
    assert own_time({"time": 45, "updated": "2026-03-02"}) == MIDNIGHT
    assert own_time({"date": "3/2/2026", "time": "10:00"}) == AT_TEN
    for payload in (
        {"date": "2026-02-30"},
        {"timestamp": "soon"},
        {"updated_at": "x"},
        {"time": "3026-03-02T10:00:00Z"},
    ):
        with pytest.raises(ExtractError):
            own_time(payload)


MOMENTS = st.datetimes(datetime(1991, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC))
OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
PLACES = st.sampled_from(["America/Chicago", "America/Phoenix", "America/St_Johns", "Europe/Berlin", "UTC"]).map(
    ZoneInfo
)
SECOND, MILLISECOND, MICROSECOND, MINUTE = (
    timedelta(**unit) for unit in ({"seconds": 1}, {"milliseconds": 1}, {"microseconds": 1}, {"minutes": 1})
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# How each is printed, and the unit down to which it is exact.
AWARE: dict[str, tuple[Callable[[datetime], Any], timedelta]] = {
    "iso": (datetime.isoformat, MICROSECOND),
    "iso with a blank, lower case": (lambda at: at.isoformat(" ").lower(), MICROSECOND),
    "compact": (lambda at: at.strftime("%Y%m%dT%H%M%S%z"), SECOND),
    "digits": (lambda at: at.strftime("%Y%m%d%H%M%S%z"), SECOND),
    "slashes": (lambda at: at.strftime("%Y/%m/%d %H:%M:%S %z"), SECOND),
    "american": (lambda at: at.strftime("%m/%d/%Y %I:%M:%S %p %z"), SECOND),
    "dots": (lambda at: at.strftime("%d.%m.%Y %H:%M:%S %z"), SECOND),
    "mail": (format_datetime, SECOND),
    "java": (lambda at: at.strftime("%a %b %d %H:%M:%S GMT%z %Y"), SECOND),
    "javascript": (lambda at: at.strftime("%a %b %d %Y %H:%M:%S GMT%z (A Zone)"), SECOND),
    "long": (lambda at: at.strftime("%A, %B %d, %Y at %I:%M %p %z"), MINUTE),
    "oracle": (lambda at: at.strftime("%d-%b-%y %H:%M:%S %z").upper(), SECOND),
    "week": (lambda at: at.strftime("%G-W%V-%uT%H:%M:%S%z"), SECOND),
    "ordinal": (lambda at: at.strftime("%Y-%jT%H:%M:%S%z"), SECOND),
    "seconds": (lambda at: (at - EPOCH) // SECOND, SECOND),
    "milliseconds": (lambda at: (at - EPOCH) // MILLISECOND, MILLISECOND),
    "microseconds": (lambda at: str((at - EPOCH) // MICROSECOND), MICROSECOND),
    "nanoseconds": (lambda at: (at - EPOCH) // MICROSECOND * 1000, MICROSECOND),
    "microsoft": (lambda at: f"/Date({(at - EPOCH) // MILLISECOND}+0000)/", MILLISECOND),
}


@given(MOMENTS, OFFSETS, st.sampled_from(sorted(AWARE)))
def test_a_moment_in_any_spelling_reads_back(moment: datetime, offset: timezone, spelling: str) -> None:
    spelled, unit = AWARE[spelling]
    assume(spelling != "oracle" or moment.year < 2049)
    exact = moment - (moment - EPOCH) % unit
    assert parse(spelled(exact.astimezone(offset))) == exact


@given(MOMENTS, PLACES)
def test_a_moment_with_its_zone_beside_it_reads_back(moment: datetime, place: ZoneInfo) -> None:
    local = moment.replace(microsecond=0).astimezone(place)
    assume(not local.fold)  # of an hour that comes twice the first counts
    wall, exact = local.replace(tzinfo=None).isoformat(), local.astimezone(UTC)
    assert parse({"date": wall, "timeZone": place.key}) == exact
    assert parse(wall, place.key) == exact
    assert parse(f"{wall}[{place.key}]") == exact
    assert parse(f"{local.isoformat()}[{place.key}]") == exact
    assert parse(f"{wall.replace('T', ' ')} {place.key}") == exact


LIKELY = st.text("0123456789-/:.TZ+ ,apmMARCHmarch[]()W", max_size=40)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60) | LIKELY
KEYS = st.sampled_from(["date", "time", "timeZone", "hasTime", "start", "$date", "value", "tz", "seconds", "Date"])
JSON = st.recursive(
    SCALARS,
    lambda inside: st.lists(inside, max_size=8) | st.dictionaries(KEYS | st.text(max_size=5), inside),
    max_leaves=12,
)


@given(JSON, st.none() | st.text(max_size=20) | st.sampled_from(["America/Chicago", "CST", "-06:00"]))
def test_reading_never_raises_and_gives_utc_within_the_years(value: Any, zone: str | None) -> None:
    moment = parse(value, zone)
    assert moment is None or (moment.tzinfo is UTC and 1990 <= moment.year <= 2100)
    timestamps.is_open_end(value)
    timestamps.from_fields({"time": value, "timestamp": value})
    if moment is None:
        with suppress(ExtractError):
            assert read({"sent_at": value}, "sent_at", zone=zone) is None
    else:
        assert read({"sent_at": value}, "sent_at", zone=zone) == moment
