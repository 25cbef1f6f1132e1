"""Mentions of known things on the labelled texts: the figures that may not fall, and labels that fit."""

from __future__ import annotations

from quality.mentions.__main__ import load, tally
from quality.mentions.known import known


def test_mentions_of_known_things_on_the_labelled_texts() -> None:
    total, errors = tally(load())
    assert total.precision >= 0.98, errors
    assert total.recall >= 0.95, errors


def test_only_known_things_are_labelled() -> None:
    names = {one.name for one in known()}
    assert {name for text in load() for name in text.mentions} <= names
