"""Where a version stands among those of its record, and what all versions of a record state together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.model import Position, RecordKind
from apex_cli.stores.graph.model.codec import StoredClaim
from apex_cli.stores.graph.model.history import VersionClaims, effective
from apex_cli.versions import KnownVersion, Placement, place

EIGHT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def version(
    name: str, hour: float = 0, *, kind: RecordKind = RecordKind.STATE, whole: bool = True, dated: bool = True
) -> KnownVersion:
    return KnownVersion(name, f"content of {name}", EIGHT + timedelta(hours=hour), kind, whole, dated, chunks=1)


def placed(known: Sequence[KnownVersion], new: KnownVersion) -> Placement:
    found = place(known, new)
    assert found is not None
    return found


def test_the_first_version_is_current() -> None:
    assert placed([], version("a")) == Placement(Position.FIRST, None, True, "a", "a", (), ())


def test_a_later_state_succeeds_and_an_earlier_one_comes_late() -> None:
    succeeding = placed([version("a", 1)], version("b", 2))
    assert (succeeding.position, succeeding.current) == (Position.SUCCEEDS, "b")
    assert [old.saga_id for old in succeeding.superseded] == ["a"]
    late = placed([version("a", 1)], version("b", 0))
    assert (late.position, late.current, late.superseded) == (Position.LATE, "a", ())


def test_the_same_time_is_a_correction() -> None:
    found = placed([version("a", 1), version("b", 2)], version("c", 2))
    assert (found.position, found.replaces, found.current) == (Position.CORRECTS, "b", "c")
    late = placed([version("a", 1), version("b", 2)], version("c", 1))
    assert (late.position, late.replaces, late.current) == (Position.LATE, "a", "b")


def test_a_partial_state_is_shown_over_the_last_whole_one() -> None:
    found = placed([version("a", 1)], version("b", 2, whole=False))
    assert (found.current, found.base, found.superseded) == ("b", "a", ())
    between = placed([version("a", 1), version("b", 3, whole=False)], version("c", 2))
    assert (between.position, between.current, between.base) == (Position.LATE, "b", "c")
    assert [old.saga_id for old in between.superseded] == ["a"]


def test_where_no_version_is_whole_readers_see_the_one_that_states_most() -> None:
    rich = replace(version("a", 1, whole=False), claims=5)
    found = placed([rich], replace(version("b", 2, whole=False), claims=1))
    assert (found.current, found.base, found.superseded) == ("b", "a", ())
    found = placed([rich], replace(version("b", 2, whole=False), claims=5))
    assert (found.current, found.base) == ("b", "b")


def test_a_thin_row_of_the_same_time_is_no_correction() -> None:
    found = placed([version("a", 1)], version("b", 1, whole=False))
    assert (found.position, found.replaces, found.current) == (Position.LATE, None, "a")


def test_an_event_has_one_version_and_a_preview_replaces_nothing() -> None:
    full = version("full", kind=RecordKind.EVENT)
    preview = version("preview", 1, kind=RecordKind.EVENT, whole=False)
    found = placed([full], preview)
    assert (found.position, found.states, found.current) == (Position.LATE, False, "full")
    found = placed([preview], full)
    assert (found.position, found.replaces, found.current) == (Position.CORRECTS, "preview", "full")


@pytest.mark.parametrize("replaced", [False, True])
def test_known_content_with_a_time_is_known_in_any_version(replaced: bool) -> None:
    old = KnownVersion("a", "content of x", EIGHT, RecordKind.STATE, True, True, 1, replaced=replaced)
    assert place([old, version("b", 2)], version("x", 5)) is None


def test_known_content_without_a_time_is_a_new_version_unless_it_is_current() -> None:
    known = [version("a", 1, dated=False), version("b", 2, dated=False)]
    again = KnownVersion("c", "content of a", EIGHT + timedelta(hours=3), RecordKind.STATE, True, False, 1)
    assert placed(known, again).position is Position.SUCCEEDS
    assert place([*known, again], again) is None


def test_taken_again_it_replaces_itself() -> None:
    known = [version("a", 1), version("b", 2)]
    found = place(known, KnownVersion("c", "content of a", EIGHT, RecordKind.STATE, True, True, 1), again=True)
    assert found is not None
    assert (found.replaces, found.current) == ("a", "b")


hours = st.integers(0, 5)


@given(st.lists(st.tuples(hours, st.booleans()), min_size=1, max_size=6, unique=True), st.randoms())
def test_what_readers_see_does_not_depend_on_the_order_of_arrival(
    pairs: list[tuple[int, bool]], random: object
) -> None:
    arrivals = [version(f"{hour}{whole}", hour, whole=whole) for hour, whole in pairs]
    seen = set()
    for order in permutations(arrivals):
        known: list[KnownVersion] = []
        for one in order:
            found = placed(known, one)
            known.append(one)
        seen.add((found.current, found.base))
    assert len(seen) == 1


# What the versions state together. Times are small numbers; the subject is always "s".


def claim(predicate: str, value: str, start: int, end: int | None = None) -> StoredClaim:
    return StoredClaim("s", predicate, value, start, end)


def stated(*versions: tuple[int, bool, list[tuple[str, str]]]) -> set[tuple[str, str, int, int | None]]:
    """The effective claims of versions whose claims have no time of their own."""
    history = [
        VersionClaims(as_of, whole, [claim(predicate, value, as_of) for predicate, value in claims])
        for as_of, whole, claims in versions
    ]
    return {(one.predicate, one.object, one.valid_at, one.invalid_at) for one in effective(history)}


def test_a_claim_holds_from_its_first_version_until_a_whole_one_is_silent() -> None:
    assert stated(
        (8, True, [("FOR_CUSTOMER", "c1")]),
        (12, False, []),
        (14, True, [("FOR_CUSTOMER", "c1")]),
        (18, True, [("FOR_CUSTOMER", "c2")]),
    ) == {("FOR_CUSTOMER", "c1", 8, 18), ("FOR_CUSTOMER", "c2", 18, None)}


def test_another_customer_in_a_partial_version_ends_the_one_before() -> None:
    assert stated(
        (8, True, [("FOR_CUSTOMER", "c1"), ("HAS_REFERENCE", "po")]),
        (12, False, [("FOR_CUSTOMER", "c2"), ("HAS_REFERENCE", "bol")]),
    ) == {
        ("FOR_CUSTOMER", "c1", 8, 12),
        ("FOR_CUSTOMER", "c2", 12, None),
        ("HAS_REFERENCE", "po", 8, None),
        ("HAS_REFERENCE", "bol", 12, None),
    }


def test_a_claim_that_comes_back_holds_again() -> None:
    assert stated((8, True, [("FOR_CUSTOMER", "c1")]), (9, True, []), (10, True, [("FOR_CUSTOMER", "c1")])) == {
        ("FOR_CUSTOMER", "c1", 8, 9),
        ("FOR_CUSTOMER", "c1", 10, None),
    }


def test_mentions_never_end() -> None:
    assert stated((8, True, [("MENTIONS", "x")]), (9, True, [])) == {("MENTIONS", "x", 8, None)}


def test_a_state_of_one_value_is_stated_again_by_each_version() -> None:
    """Another record may state another value between them."""
    assert stated((8, True, [("HAS_STATUS", "booked")]), (10, True, [("HAS_STATUS", "booked")])) == {
        ("HAS_STATUS", "booked", 8, None),
        ("HAS_STATUS", "booked", 10, None),
    }


def test_a_tombstone_ends_everything() -> None:
    assert stated((8, True, [("HAS_STATUS", "booked"), ("FOR_CUSTOMER", "c")]), (9, True, [])) == {
        ("HAS_STATUS", "booked", 8, 9),
        ("FOR_CUSTOMER", "c", 8, 9),
    }


def test_a_claim_keeps_the_time_that_its_payload_gives() -> None:
    versions = [
        VersionClaims(20, True, [claim("HAS_STATUS", "en_route", 10)]),
        VersionClaims(30, True, [claim("HAS_STATUS", "en_route", 10), claim("HAS_STATUS", "delivered", 25)]),
    ]
    assert effective(versions) == [claim("HAS_STATUS", "en_route", 10), claim("HAS_STATUS", "delivered", 25)]


def test_a_moved_appointment_is_not_held_twice() -> None:
    versions = [
        VersionClaims(5, True, [claim("HAS_STOP", "stop", 10)]),
        VersionClaims(6, True, [claim("HAS_STOP", "stop", 12)]),
    ]
    assert effective(versions) == [claim("HAS_STOP", "stop", 12)]


def test_an_appointment_that_was_dropped_before_its_time_never_held() -> None:
    assert effective([VersionClaims(5, True, [claim("HAS_STOP", "stop", 10)]), VersionClaims(6, True, [])]) == []


def test_a_stated_end_closes_what_earlier_versions_left_open() -> None:
    versions = [
        VersionClaims(10, True, [claim("HAULED_BY", "c1", 10)]),
        VersionClaims(20, True, [claim("HAULED_BY", "c1", 8, 15)]),
    ]
    assert set(effective(versions)) == {claim("HAULED_BY", "c1", 10, 15), claim("HAULED_BY", "c1", 8, 15)}


@pytest.mark.parametrize("predicate", ["FOR_CUSTOMER", "HAULED_BY"])
def test_a_value_that_replaces_another_does_not_begin_before_it_was_replaced(predicate: str) -> None:
    """Both payloads say "since 5", which is when the shipment was made or tendered."""
    versions = [
        VersionClaims(10, True, [claim(predicate, "c1", 5)]),
        VersionClaims(20, True, [claim(predicate, "c2", 5)]),
        VersionClaims(30, True, [claim(predicate, "c2", 5)]),
    ]
    found = effective(versions)
    assert found[0] == claim(predicate, "c1", 5, 20)
    assert {one.object for one in found[1:]} == {"c2"}
    assert min(one.valid_at for one in found[1:]) == 20
    # A time after that of the version which stated the other value is better known.
    found = effective([versions[0], VersionClaims(20, True, [claim(predicate, "c2", 15)])])
    assert claim(predicate, "c2", 15) in found


def test_a_value_beside_another_keeps_its_beginning() -> None:
    first, both = [claim("FOR_CUSTOMER", "c1", 5)], [claim("FOR_CUSTOMER", "c1", 5), claim("FOR_CUSTOMER", "c2", 5)]
    assert effective([VersionClaims(10, True, first), VersionClaims(20, True, both)]) == both


def test_a_later_version_knows_better_what_held() -> None:
    versions = [
        VersionClaims(16, True, [claim("HAS_STATUS", "en_route", 16)]),
        VersionClaims(18, True, [claim("HAS_STATUS", "delivered", 14)]),
    ]
    assert effective(versions) == [claim("HAS_STATUS", "delivered", 14)]
