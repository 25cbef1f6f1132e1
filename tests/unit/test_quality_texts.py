"""The texts of a freight desk: their gold is true, and the figures of the rules on them may not fall."""

from __future__ import annotations

from random import Random

import pytest

from quality.scoring import merged, micro
from quality.texts import written
from quality.texts.__main__ import WRITTEN, score
from quality.texts.generate import SETS, fill, generate, templates
from quality.texts.reading import Found, found


def test_gold_says_where_each_value_stands() -> None:
    for name in SETS:
        for text in generate(name, seed=3, rounds=1):
            for gold in text.gold:
                if gold.kind != "place":
                    assert text.text[gold.start : gold.end] == gold.value, text.name


def test_the_same_seed_gives_the_same_texts() -> None:
    assert list(generate("tuned", 5, 1)) == list(generate("tuned", 5, 1))
    assert list(generate("tuned", 5, 1)) != list(generate("tuned", 6, 1))


def test_there_are_enough_texts_and_all_are_named_once() -> None:
    names = [name for each in SETS for name, _ in templates(each)]
    assert len(names) >= 60
    assert len(set(names)) == len(names)


def test_what_counts_as_found() -> None:
    text = fill("one", "PO {order:5d} in {place}, EFS {check}", Random(1))
    order, place, check = text.gold
    right = [
        Found("order", order.value, order.value, order.start, order.end),
        Found("place", place.value, place.value, place.start, place.end),
        Found("check", f"****{check.value[-4:]}", f"****{check.value[-4:]}", check.start, check.end),
    ]
    assert micro(score(text, right)).right == 3
    assert micro(score(text, [Found("bol", order.value, order.value, order.start, order.end)])).right == 0
    assert micro(score(text, [Found("order", order.value, order.value, 0, 2)])).right == 0
    assert micro(score(text, [Found("check", check.value, check.value, check.start, check.end)])).right == 0


@pytest.mark.parametrize(("name", "precision", "recall"), [("tuned", 0.99, 0.98), ("held_out", 0.99, 0.95)])
def test_identifiers_and_places(name: str, precision: float, recall: float) -> None:
    faults: list[str] = []
    tallies = merged(score(text, found(text.text), faults) for text in generate(name, seed=7, rounds=3))
    numbers = micro({kind: tally for kind, tally in tallies.items() if kind != "place"})
    for total in (numbers, tallies["place"]):
        assert total.precision >= precision, faults
        assert total.recall >= recall, faults


@pytest.mark.parametrize("name", WRITTEN)
def test_texts_as_they_are_written(name: str) -> None:
    faults: list[str] = []
    sums = sum((written.figures(one, faults) for one in written.load(name)), written.Figures())
    assert sums.identifiers.precision >= 0.99, faults
    assert sums.identifiers.recall >= 0.95, faults
    assert sums.places.precision >= 0.99, faults
    assert sums.places.recall >= 0.98, faults
    assert sums.states.recall >= 0.95, faults


def test_a_mark_says_what_stands_there() -> None:
    texts = [one for name in WRITTEN for one in written.load(name)]
    assert len(texts) >= 120
    for one in texts:
        assert "{" not in one.text, one.name
        assert all(one.text[gold.start : gold.end].strip() for _, gold in one.marks), one.name
