"""Tables: what goes first where there is no room, and what is never broken."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from apex_cli.cli.tables import Column, Marked, clipped, lines

COLUMNS = (Column("ID"), Column("STATUS", 2), Column("SIZE", 3, right=True), Column("ERROR", 1, least=16))
ID = "stdin.jsonl_1-11876b569013af64"


def drawn(rows: Sequence[Sequence[str]], width: int | None, columns: Sequence[Column] = COLUMNS) -> list[str]:
    return list(lines(columns, [[Marked(cell) for cell in row] for row in rows], width))


def test_a_table_with_room_for_all_is_whole() -> None:
    assert drawn([(ID, "failed", "95 B", "no"), ("b", "staged", "1.0 KiB", "")], 80) == [
        "ID                              STATUS     SIZE  ERROR",
        "stdin.jsonl_1-11876b569013af64  failed     95 B  no",
        "b                               staged  1.0 KiB",
    ]


@pytest.mark.parametrize(
    ("width", "heading", "error"),
    [
        (80, "ID STATUS SIZE ERROR", "the position is not on the Earth,…"),
        (60, "ID STATUS ERROR", "the position is not…"),
        (50, "ID ERROR", "the position is n…"),
        (40, "ID", ""),
        (30, "ID", ""),
    ],
)
def test_columns_go_by_rank_and_texts_are_clipped_to_what_is_left(width: int, heading: str, error: str) -> None:
    shown = drawn([(ID, "failed", "95 B", "the position is not on the Earth, and no one has been there")], width)
    assert shown[0].split() == heading.split()
    assert shown[1].startswith(ID)
    assert shown[1].endswith(error)


def test_an_id_longer_than_the_screen_takes_its_line_and_nothing_from_the_others() -> None:
    shown = drawn([("x" * 300, "failed", "95 B", "no"), (ID, "failed", "95 B", "no")], 80)
    assert shown[1] == "x" * 79 + "…"
    assert shown[2] == f"{ID}  failed  95 B  no"


def test_elsewhere_than_on_a_terminal_nothing_is_cut() -> None:
    shown = drawn([("x" * 300, "failed", "95 B", "y" * 5_000)], None)
    assert shown[1].split() == ["x" * 300, "failed", "95", "B", "y" * 5_000]


def test_wide_characters_take_two_columns() -> None:
    shown = drawn([("卡车", "a", "1", "冰雪" * 40), ("truck", "b", "2", "")], 40)
    assert [cell_len(line) <= 40 for line in shown] == [True] * 3
    assert shown[1].index("a") + 2 == shown[2].index("b")
    assert clipped("卡车卡车", 5) == "卡车…"


def test_marked_words_stand_out_whole() -> None:
    columns = (Column("ID"), Column("TEXT", 1, least=30))
    shown = lines(columns, [[Marked("a"), Marked("late, not plated", ["late"])]], 80, lambda text: f"<{text}>")
    assert list(shown) == ["<ID>  <TEXT>", "a   <late>, not plated"]


CELL = st.text(st.characters(categories=("L", "N", "P")), max_size=60)


@given(st.lists(st.tuples(CELL, CELL, CELL, CELL), max_size=6), st.integers(1, 120))
def test_no_line_is_wider_than_the_terminal_and_ids_that_fit_are_whole(
    rows: list[tuple[str, str, str, str]], width: int
) -> None:
    shown = drawn(rows, width)
    assert len(shown) == len(rows) + 1
    assert max(map(cell_len, shown)) <= width
    for row, line in zip(rows, shown[1:], strict=True):
        if cell_len(row[0]) <= width:
            assert line.startswith(row[0].rstrip())
