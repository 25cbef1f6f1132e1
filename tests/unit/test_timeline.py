"""The facts of a timeline are a pure function of its evidence."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apex_cli.timeline import Evidence, Interval, intervals

MINUTE = 60_000_000
START = 1_772_323_200_000_000


def at(minute: int) -> int:
    return START + MINUTE * minute


def said(record: str, thing: str, valid: int, invalid: int | None = None) -> Evidence:
    return Evidence(record, thing, at(valid), None if invalid is None else at(invalid))


def brief(found: list[Interval]) -> list[tuple[str, int, int | None]]:
    def minute(moment: int) -> int:
        return (moment - START) // MINUTE

    return [
        (one.object_id, minute(one.valid_at), None if one.invalid_at is None else minute(one.invalid_at))
        for one in found
    ]


pieces = st.builds(
    said,
    record=st.sampled_from(["r1", "r2", "r3", "r4", "r5"]),
    thing=st.sampled_from(["a", "b", "c"]),
    valid=st.integers(0, 8),
    invalid=st.none() | st.integers(0, 12),
)
evidence = st.lists(pieces, max_size=12, unique=True)


def test_nothing_said_is_nothing_held() -> None:
    assert intervals([]) == []


def test_a_new_value_closes_the_one_before() -> None:
    assert brief(intervals([said("r1", "a", 0), said("r2", "b", 5)])) == [("a", 0, 5), ("b", 5, None)]


def test_a_late_older_value_is_inserted_closed() -> None:
    assert brief(intervals([said("r1", "b", 5), said("r2", "a", 0)])) == [("a", 0, 5), ("b", 5, None)]


def test_the_same_value_again_is_more_evidence() -> None:
    (only,) = intervals([said("r1", "a", 0), said("r2", "a", 5)])
    assert (only.valid_at, only.invalid_at) == (at(0), None)
    assert [piece.record_id for piece in only.evidence] == ["r1", "r2"]


def test_a_value_that_returns_is_a_second_interval() -> None:
    found = intervals([said("r1", "a", 0), said("r2", "b", 2), said("r3", "a", 4)])
    assert brief(found) == [("a", 0, 2), ("b", 2, 4), ("a", 4, None)]


def test_a_declared_end_holds() -> None:
    assert brief(intervals([said("r1", "a", 0, 3)])) == [("a", 0, 3)]
    assert brief(intervals([said("r1", "a", 0, 3), said("r2", "b", 5)])) == [("a", 0, 3), ("b", 5, None)]


def test_a_declared_end_gives_way_to_the_next_value() -> None:
    assert brief(intervals([said("r1", "a", 0, 9), said("r2", "b", 5)])) == [("a", 0, 5), ("b", 5, None)]


def test_the_latest_word_on_the_end_wins() -> None:
    assert brief(intervals([said("r1", "a", 0, 9), said("r2", "a", 5)])) == [("a", 0, None)]
    assert brief(intervals([said("r1", "a", 0), said("r2", "a", 5, 7)])) == [("a", 0, 7)]


def test_a_word_after_the_end_opens_a_new_interval() -> None:
    assert brief(intervals([said("r1", "a", 0, 2), said("r2", "a", 5)])) == [("a", 0, 2), ("a", 5, None)]


def test_an_end_before_its_beginning_is_no_length() -> None:
    assert brief(intervals([said("r1", "a", 4, 2)])) == [("a", 4, 4)]


def test_what_ended_at_once_displaces_nothing() -> None:
    for ended, current in (("a", "b"), ("b", "a")):
        found = intervals([said("r1", current, 5), said("r1", ended, 5, 5), said("r2", ended, 5, 5)])
        assert brief(found) == [(ended, 5, 5), (current, 5, None)]


def test_contradiction_at_one_moment_is_decided_by_the_record_id() -> None:
    both = [said("r2", "a", 1), said("r1", "b", 1)]
    assert brief(intervals(both)) == [("b", 1, 1), ("a", 1, None)]
    assert intervals(both) == intervals(both[::-1])


@given(evidence, st.randoms())
def test_order_of_arrival_does_not_matter(given_evidence: list[Evidence], rng: random.Random) -> None:
    shuffled = list(given_evidence)
    rng.shuffle(shuffled)
    assert intervals(shuffled) == intervals(given_evidence)


@given(evidence)
def test_intervals_are_ordered_apart_and_only_the_last_is_open(given_evidence: list[Evidence]) -> None:
    found = intervals(given_evidence)
    for one, following in pairwise(found):
        assert one.invalid_at is not None
        assert one.valid_at <= one.invalid_at <= following.valid_at
    assert len({(one.object_id, one.valid_at) for one in found}) == len(found)


@given(evidence)
def test_every_piece_is_in_exactly_one_interval(given_evidence: list[Evidence]) -> None:
    held = [piece for one in intervals(given_evidence) for piece in one.evidence]
    assert len(held) == len(given_evidence)
    assert set(held) == set(given_evidence)


@given(evidence, st.integers(0, 8))
def test_a_cut_at_a_free_moment_changes_nothing(given_evidence: list[Evidence], minute: int) -> None:
    """What the store relies on when it reads only a part of a long timeline."""
    whole = intervals(given_evidence)
    cut = next((one.valid_at for one in whole if one.valid_at >= at(minute)), None)
    if cut is None or any(piece.valid_at == cut for one in whole if one.valid_at < cut for piece in one.evidence):
        return
    before = [piece for one in whole if one.valid_at < cut for piece in one.evidence]
    after = [piece for one in whole if one.valid_at >= cut for piece in one.evidence]
    sentinel = Evidence("", "", cut)
    assert intervals([*before, sentinel])[:-1] + intervals(after) == whole
