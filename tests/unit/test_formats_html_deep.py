"""Web pages that are nested without end: read in bounded time, with all their text."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import pytest

from apex_cli.formats.format import FileInfo
from apex_cli.formats.isolation import Isolation
from apex_cli.formats.office.html import FORMAT
from apex_cli.formats.office.nesting import MOST_LEVELS
from apex_cli.formats.part import Document
from apex_cli.input_rules import ReadLimits

LIMITS = ReadLimits(10_000_000, 64 * 1024**2, 100)
DEEP = 200_000
HEAD = "<!DOCTYPE html><html><body>"


@pytest.fixture(scope="module")
def isolation() -> Iterator[Isolation]:
    made = Isolation()
    yield made
    made.close()


def read(isolation: Isolation, page: str) -> Document:
    (found,) = isolation.parts(FORMAT, io.BytesIO(page.encode()), FileInfo("page.html", LIMITS))
    assert isinstance(found, Document)
    return found


def text(document: Document) -> str:
    return " ".join(" ".join(block.text for block in document.blocks).replace("|", " ").split())


@pytest.mark.parametrize("name", ["div", "span", "b", "blockquote", "x-load", "section", "center"])
def test_elements_inside_of_each_other(isolation: Isolation, name: str) -> None:
    began = time.monotonic()
    inside = f"<{name}>" * DEEP + "Load LD-1" + f"</{name}>" * DEEP
    found = read(isolation, f"{HEAD}<h1>Rate</h1>{inside}<p>Rate 900</p>")
    assert time.monotonic() - began < LIMITS.parse_timeout / 2
    assert text(found) == "Load LD-1 Rate 900"
    assert [block.heading_path for block in found.blocks][-1] == ("Rate",)
    assert any("nested deeper than 512 levels" in note for note in found.notes)


@pytest.mark.parametrize(
    "piece",
    [
        "<div>x ", "<ul><li>x ", "<table><tr><td>x ", "<dl><dd>x ", "<li><dd>x ", "<b><p>x ", "<a><div>x ",
        "<b><div>x </b>", "<span><div>x </span>", "<td><div>x ", "<div><table>x </div>", "<div><ul></div>x ",
        "<table><div>x ", "<ruby><rt>x ", "<h1><span>x ", "<form><div>x ", "<p><button>x ",
    ],
)  # fmt: skip
def test_whatever_is_left_open_no_word_is_lost(isolation: Isolation, piece: str) -> None:
    began = time.monotonic()
    assert text(read(isolation, HEAD + piece * 100_000)).split() == ["x"] * 100_000
    assert time.monotonic() - began < LIMITS.parse_timeout / 2


def test_formatting_that_is_opened_again_in_each_paragraph(isolation: Isolation) -> None:
    began = time.monotonic()
    page = "".join(f"<p><font color={number}>x " for number in range(5_000))
    assert text(read(isolation, HEAD + page)).split() == ["x"] * 5_000
    assert time.monotonic() - began < LIMITS.parse_timeout / 2


def test_blocks_that_are_too_deep_are_lines_of_their_own(isolation: Isolation) -> None:
    inner = "<div>one</div><p>two<ul><li>three<li>four</ul><table><tr><td>five<td>six</table>"
    found = read(isolation, HEAD + "<div>" * 600 + inner)
    assert text(found) == "one two three four five six"


@pytest.mark.parametrize(
    "page",
    [
        "<table>" + "<tr><td><font size=2>LD-1<td><font color=red><b>Gary, IN\n" * 2_000 + "</table>",
        "<table>" + "<tr><td><div><span>LD-1</td><td><div>Gary, IN</tr>" * 2_000 + "</table>",
        "<p><span>Load LD-1" * 2_000,
        "<ul>" + "<li><div>LD-1" * 2_000 + "</ul>",
        "<dl>" + "<dt>Load<dd><span>LD-1" * 2_000 + "</dl>",
        "<a href='?a>b'>LD-1<br><img src=x><hr>" * 2_000,
        "<!-- <div> -->LD-1 <script>'<div>'</script>" * 2_000,
        "<h2>Load</h2><div><p>LD-1</div>" * 2_000,
        "<div>" * 500 + "LD-1" + "</div>" * 500,
        "<svg>" + "<path d='M0'/>" * 2_000 + "</svg>LD-1",
    ],
)  # fmt: skip
def test_pages_that_close_nothing_but_are_not_deep_are_read_as_ever(isolation: Isolation, page: str) -> None:
    found = read(isolation, HEAD + page)
    assert not found.notes
    assert "LD-1" in text(found)


def test_a_page_of_the_deepest_that_is_kept_is_read_as_it_is(isolation: Isolation) -> None:
    table = "<table><tr><th>Load<th>To</tr><tr><td>LD-1<td>Gary</tr></table>"
    levels = MOST_LEVELS - 5
    found = read(isolation, HEAD + "<div>" * levels + table + "</div>" * levels)
    assert not found.notes
    assert found.blocks == read(isolation, HEAD + table).blocks


@pytest.mark.parametrize("hides", ['<p ">', "<p '>", '<p a=b=">', '<p ="x>', "<p a='>'\">"])
def test_quotes_that_are_none_hide_no_tags(isolation: Isolation, hides: str) -> None:
    """Where a parser sees the end of a tag, the levels behind it count."""
    began = time.monotonic()
    found = read(isolation, f"{HEAD}{hides}{'<div>' * DEEP}LD-1 \" '")
    assert time.monotonic() - began < LIMITS.parse_timeout / 2
    assert text(found).startswith("LD-1")
    assert found.notes


@pytest.mark.parametrize("piece", ["<", "<p '", '<p "', "<!--", "<script>", "<title>", "<a b=", "</", "<![CDATA["])
def test_tags_that_never_end(isolation: Isolation, piece: str) -> None:
    began = time.monotonic()
    assert text(read(isolation, f"{HEAD}<p>LD-1</p>{'<div>' * 600}{piece * DEEP}")).startswith("LD-1")
    assert time.monotonic() - began < LIMITS.parse_timeout / 2
