"""The set of questions by meaning: whole, invented, and asked in other words than the texts use."""

from __future__ import annotations

import re

from quality.meaning.cut_off import CutOff, load_held_out
from quality.meaning.reading import hits, load

ASKED = load()
HELD_OUT = load_held_out()


def words(text: str) -> set[str]:
    """Words of five letters and more: shorter ones are seldom what a sentence is about."""
    return set(re.findall(r"[^\W\d_]{5,}", text.lower()))


def test_there_are_enough_texts_of_both_kinds_and_in_three_languages() -> None:
    assert len({one.name for one in ASKED}) == len(ASKED) >= 30
    assert min(sum(one.kind == kind for one in ASKED) for kind in ("mail", "document")) >= 10
    assert {one.language for one in ASKED} == {"en", "es", "fr"}
    assert sum(one.language != one.asked_in for one in ASKED) >= 5


def test_the_questions_are_in_other_words() -> None:
    shared = {one.name: words(one.question) & words(f"{one.subject} {one.body}") for one in ASKED}
    assert sum(1 for common in shared.values() if common) <= len(ASKED) // 4, shared


def test_hits_count_ranks_up_to_a_limit() -> None:
    assert [hits((1, 5, 6, None), at) for at in (1, 5, 50)] == [1, 2, 3]


def test_held_out_questions_are_others_in_other_words_about_texts_that_are_there() -> None:
    by_name = {one.name: one for one in ASKED}
    about_nothing = [*HELD_OUT.nothing, *HELD_OUT.nothing_of_freight]
    assert len(HELD_OUT.there) >= 20
    assert len(about_nothing) >= 20
    asked = [question for question, _ in HELD_OUT.there] + about_nothing
    assert len({*asked, *(one.question for one in ASKED)}) == len(asked) + len(ASKED)
    shared = [name for question, name in HELD_OUT.there if words(question) & words(by_name[name].body)]
    assert len(shared) <= len(HELD_OUT.there) // 4, shared


def test_precision_and_recall_are_of_what_finds_something() -> None:
    found = CutOff(10, 8, 5, 6, 5, ["a"], 5, ["b"])
    assert (found.precision, found.recall) == (0.8, 0.8)
    assert CutOff(10, 0, 0, 6, 5, [], 5, []).precision == 1.0
