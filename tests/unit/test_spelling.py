"""Which word may be a misspelling of which."""

from __future__ import annotations

import pytest

from apex_cli.stores.postgres.spelling import distance, is_meant


@pytest.mark.parametrize(
    ("one", "other", "mistakes"),
    [
        ("", "", 0),
        ("a", "", 1),
        ("haulage", "hualage", 1),
        ("ca", "abc", 3),
        ("fjallberg", "fjällberg", 0),
        ("ab", "ba", 1),
    ],
)
def test_the_distance_counts_letters_that_are_missing_wrong_or_swapped(one: str, other: str, mistakes: int) -> None:
    assert distance(one, other) == distance(other, one) == mistakes


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("graet", "great"),
        ("recieve", "receive"),
        ("lakshor", "lakeshor"),
        ("fjalberg", "fjällberg"),
        ("carrrier", "carrier"),
        ("transprt", "transport"),
    ],
)
def test_a_misspelt_word_is_meant(word: str, other: str) -> None:
    assert is_meant(word, other)


@pytest.mark.parametrize(
    ("word", "other"),
    [("bread", "break"), ("shut", "shot"), ("diesel", "detail"), ("tractor", "traction"), ("rate", "rat")],
)
def test_another_word_is_not(word: str, other: str) -> None:
    assert not is_meant(word, other)
