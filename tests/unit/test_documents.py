"""Documents: chunks that follow the structure and lose nothing."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apex_cli.errors import ReadError
from apex_cli.formats import content as content_of
from apex_cli.formats.chunks import MAXIMUM, MOST_CHUNKS, Chunk, chunk
from apex_cli.formats.format import read_all
from apex_cli.input_rules import ReadLimits
from tests.linear import assert_linear


def test_too_large_is_not_read_whole() -> None:
    limits = ReadLimits(max_record_bytes=1, max_document_bytes=10, max_depth=1)
    file = io.BytesIO(b"x" * 1000)
    with pytest.raises(ReadError) as caught:
        read_all(file, limits)
    assert caught.value.code == "too_large"
    assert file.tell() == 11
    assert read_all(io.BytesIO(b"x" * 10), limits) == b"x" * 10


def pieces(content: str, format: str = "markdown") -> list[Chunk]:
    return chunk(content_of.blocks_of({"content": content, "format": format}))


def texts(content: str, format: str = "markdown") -> list[str]:
    return [piece.text for piece in pieces(content, format)]


class TestMarkdown:
    def test_headings_are_carried_by_what_is_below_them(self) -> None:
        content = "Intro.\n\n# Rates\n\nOne.\n\n## Terms ##\n\nTwo.\n\nOther\n=====\n\nThree, C#.\n\n## C#\n\nFour."
        assert texts(content) == [
            "Intro.",
            "Rates: One.",
            "Rates > Terms: Two.",
            "Other: Three, C#.",
            "Other > C#: Four.",
        ]
        assert pieces(content, "markdown")[2].heading_path == ("Rates", "Terms")

    def test_headings_with_nothing_below_them_stay(self) -> None:
        assert texts("# A\n\n# B\n\n## C\n\n---\n\n## D\n\ntext\n\n### E") == ["A", "B: C", "B > D: text\n\nE"]

    def test_a_table_and_a_fence_are_not_cut(self) -> None:
        table = "| a | b |\n|---|---|\n" + "| cell one | cell two |\n" * 60
        fence = "```json\n" + '{"a": 1}\n\n' * 150 + "```"
        assert 1200 < len(table) < 2000
        assert 1200 < len(fence) < 2000
        assert texts(f"before\n\n{table}\n{fence}\n\nafter") == ["before", table.strip(), fence, "after"]

    def test_a_table_that_is_too_large_is_cut_between_rows(self) -> None:
        rows = [f"| row {number} | value. Of it |" for number in range(200)]
        pieces = texts("| a | b |\n|---|---|\n" + "\n".join(rows))
        assert len(pieces) > 1
        assert [line for piece in pieces for line in piece.split("\n")][2:] == rows

    def test_long_lists_are_cut_between_items(self) -> None:
        items = [f"- item {number} " + "word " * 40 for number in range(20)]
        pieces = texts("\n".join(items))
        assert all(piece.startswith("- item") for piece in pieces)
        assert len(pieces) > 3

    def test_link_definitions_are_text(self) -> None:
        assert "https://example.com/terms" in "".join(texts("See [the terms][1].\n\n[1]: https://example.com/terms"))

    def test_nesting_beyond_all_reason(self) -> None:
        assert texts(">" * 10_000 + " deep")
        assert texts("- " * 5_000 + "deep")
        assert texts("[" * 20_000)

    def test_a_heading_of_ten_thousand_words(self) -> None:
        found = pieces("# " + "heading " * 10_000 + "\n\nbody", "markdown")
        assert all(len(piece.text) <= MAXIMUM for piece in found)
        assert " ".join(piece.text for piece in found).count("heading") >= 10_000
        assert found[-1].text.endswith("…: body")


class TestText:
    def test_paragraphs_are_packed_up_to_the_target(self) -> None:
        paragraph = "word " * 79 + "end."
        pieces = texts("\n\n".join([paragraph] * 6), "text")
        assert [piece.count("end.") for piece in pieces] == [2, 2, 2]

    def test_a_monster_paragraph_is_cut_between_sentences(self) -> None:
        pieces = texts("This is one sentence of a long text. " * 1_000, "text")
        assert all(piece.endswith(".") for piece in pieces)
        assert all(len(piece) <= MAXIMUM for piece in pieces)

    def test_a_word_without_end_is_cut_anywhere(self) -> None:
        pieces = texts("x" * MAXIMUM * MOST_CHUNKS, "text")
        assert len(pieces) == MOST_CHUNKS
        assert "".join(pieces) == "x" * MAXIMUM * MOST_CHUNKS
        assert_linear(lambda size: texts("x" * size, "text"), MAXIMUM * MOST_CHUNKS // 8)

    @pytest.mark.parametrize("content", ["x" * (MAXIMUM * MOST_CHUNKS + 1), ("y" * 1_900 + "\n\n") * (MOST_CHUNKS + 1)])
    def test_too_many_pieces(self, content: str) -> None:
        with pytest.raises(ReadError) as caught:
            pieces(content, "text")
        assert caught.value.code == "too_large"


MARKS = [
    "# ",
    "## ",
    "### ",
    "- ",
    "1. ",
    "> ",
    "```\n",
    "| a | b |\n|---|---|\n",
    "---\n",
    "===\n",
    "[x]: y\n",
    "<div>\n",
]
words = st.text("abcdefgh0123456789äß.!?", min_size=1, max_size=12)
lines = st.tuples(st.sampled_from(["", "", "    ", *MARKS]), st.lists(words, max_size=60)).map(
    lambda line: line[0] + " ".join(line[1])
)
documents = st.lists(st.tuples(lines, st.sampled_from(["\n", "\n\n"])).map("".join), max_size=30).map("".join)


@given(documents, st.sampled_from(["text", "markdown"]))
@example("# 0\n## \n", "markdown")
def test_no_word_is_lost_and_no_piece_is_too_long(content: str, format: str) -> None:
    pieces = texts(content, format)
    assert all(0 < len(piece) <= MAXIMUM for piece in pieces)
    whole = "\n".join(pieces)
    for word in content.split():
        assert not any(character.isalnum() for character in word) or word in whole
