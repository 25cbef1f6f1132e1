"""Mentions of known things on the labelled texts: the figures that may not fall, and labels that fit."""

from __future__ import annotations

from quality.mentions.__main__ import SECOND, load, tally
from quality.mentions.known import known, second


def test_mentions_of_known_things_on_the_labelled_texts() -> None:
    total, errors = tally(load(), known())
    assert total.precision >= 0.98, errors
    assert total.recall >= 0.95, errors


def test_mentions_of_short_forms_and_near_misses() -> None:
    total, errors = tally(load(SECOND), second())
    assert total.precision >= 0.98, errors
    assert total.recall >= 0.95, errors


def test_only_known_things_are_labelled() -> None:
    for texts, things in ((load(), known()), (load(SECOND), second())):
        names = {one.name for one in things}
        assert {name for text in texts for name in text.mentions} <= names
