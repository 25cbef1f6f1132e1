"""What a terminal may be shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.cli.output import clean, clean_lines, clip


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\x9b31mred", "\\x9b31mred"),
        ("a\r\nb\tc\0", "a\\r\\nb\\tc\\x00"),
        ("invoice\u202efdp.exe", "invoice\\u202efdp.exe"),
        ("\u2066a\u2069\u200e\ufeff", "\\u2066a\\u2069\\u200e\\ufeff"),
        ("line\u2028line", "line\\u2028line"),
        ("file\udcff", "file\\udcff"),
        ("\x7f", "\\x7f"),
    ],
)
def test_what_acts_on_a_terminal_is_shown_as_an_escape(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


@pytest.mark.parametrize(
    "honest", ["Zoë Müller", "卡车 6520", "👩\u200d🚒", "می\u200cخواهم", "a\u00a0b", "[bold]x[/bold]", ""]
)
def test_honest_text_passes_unchanged(honest: str) -> None:
    assert clean(honest) == honest


@given(st.text())
def test_nothing_that_moves_a_cursor_or_reorders_text_passes(text: str) -> None:
    kept = {unicodedata.category(character) for character in clean(text)}
    assert not kept & {"Cc", "Cs", "Zl", "Zp"}
    assert clean(text).isprintable() or any(unicodedata.category(each) in {"Zs", "Cf"} for each in clean(text))
    clean(text).encode("utf-8")


def test_lines_are_kept_where_there_may_be_several() -> None:
    assert clean_lines("a\n\tb\x1b[m\r\nc") == "a\n    b\\x1b[m\nc"


@given(st.text(), st.integers(min_value=2, max_value=50))
def test_a_clipped_text_is_never_too_wide(text: str, width: int) -> None:
    assert len(clip(text, width)) <= width


def test_a_clipped_text_says_that_it_is_cut() -> None:
    assert clip("one two  three", 9) == "one two …"
    assert clip("short", 9) == "short"
    assert clip("x" * 10_000_000, 5) == "xxxx…"
