"""The figures of `quality.search`, and that its questions are whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from quality.search.measuring import Figures, Place, SearchCase, figures, load


def place(rank: int | None) -> Place:
    return Place(SearchCase("name", "x", ("a:b",), False), rank, "")


def test_the_figures_of_some_places() -> None:
    assert figures([place(1), place(4), place(8), place(None)]) == Figures(4, 1, 2, (1 + 1 / 4 + 1 / 8) / 4)
    assert figures([]) == Figures(0, 0, 0, 0.0)


def test_there_are_ten_questions_of_each_kind_and_half_of_them_are_held_out() -> None:
    cases = load()
    kinds = ("identifier", "name", "misspelt", "time", "meaning")
    assert Counter(case.kind for case in cases) == dict.fromkeys(kinds, 10)
    assert Counter(case.kind for case in cases if case.held_out) == dict.fromkeys(kinds, 5)
    assert len({case.text for case in cases}) == len(cases)


def test_a_question_without_gold_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "q.toml"
    file.write_text('[[question]]\nkind = "name"\ntext = "x"\ngold = []\n')
    with pytest.raises(ValueError, match="without gold"):
        load(file)
