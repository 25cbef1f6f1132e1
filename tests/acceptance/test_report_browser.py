"""The pages of `apex report` and `apex show` in a real browser: nothing runs, nothing is asked of the network."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.acceptance.apex import new_home, run, write_lines
from tests.acceptance.hostile_pages import SHIPMENT, TRUCK, hostile_records
from tests.chromium import Browser, chromium

pytestmark = pytest.mark.any_engine
AT = ("--at", "2025-10-20T12:00:00Z")


@pytest.fixture(scope="module")
def pages(short_tmp: Path) -> Iterator[dict[str, Path]]:
    with new_home(short_tmp) as place:
        run(place, "ingest", write_lines(place.parent / "all.jsonl", hostile_records()), "-q").expect(0)
        asked = {
            "report": ("report",),
            "truck": ("show", TRUCK, "--html"),
            "shipment": ("show", SHIPMENT, "--html"),
        }
        for name, words in asked.items():
            run(place, *words, *AT, "-o", place.parent / f"{name}.html").expect(0)
        yield {name: place.parent / f"{name}.html" for name in asked}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as started:
        yield started


WANTED = {
    "report": ("Trucks not seen for 1d", TRUCK, SHIPMENT, "not known as delivered", "What came in", "Stages"),
    "truck": (TRUCK, "Timeline", "Map", "Neighbourhood", "located at", "North is up"),
    "shipment": (SHIPMENT, "in_transit", "<script>window.hacked=1", "{{7*7}}"),
}


@pytest.mark.parametrize("name", WANTED)
def test_a_page_is_read_in_light_and_dark_and_on_a_phone(
    pages: dict[str, Path], browser: Browser, tmp_path: Path, name: str
) -> None:
    url = pages[name].as_uri()
    page = browser.open(url)
    text = page.evaluate("document.documentElement.textContent")
    for wanted in WANTED[name]:
        assert wanted in text, wanted
    colours = {}
    for dark in (False, True):
        for width in (1000, 360):
            page.screen(width, dark=dark)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            picture = page.picture(tmp_path / f"{name}-{width}-{dark}.png", whole=False)
            assert struct.unpack(">II", picture[16:24]) == (width, 900)
        colours[dark] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colours == {False: "rgb(246, 247, 248)", True: "rgb(20, 24, 27)"}
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("document.images.length") == 0
    handlers = (
        "[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on/i.test(a.name))).length"
    )
    assert page.evaluate(handlers) == 0
    assert page.evaluate("[...document.links].every(a => a.getAttribute('href').startsWith('#'))")
    assert (page.messages, page.requests) == ([], [url])


@pytest.mark.parametrize("name", ["truck", "shipment"])
def test_every_mark_leads_to_its_record(pages: dict[str, Path], browser: Browser, name: str) -> None:
    page = browser.open(pages[name].as_uri())
    marks = page.evaluate("[...document.querySelectorAll('svg a')].map(a => a.getAttribute('href'))")
    assert len(marks) > 3
    assert page.evaluate(
        "[...document.querySelectorAll('svg a')].every(a => document.querySelector('article' + a.getAttribute('href')))"
    )
    assert page.evaluate("document.querySelectorAll('svg circle.moment, svg rect.span').length") <= len(marks)
    page.evaluate("document.querySelector('svg a').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    assert page.evaluate("location.hash") == marks[0]
    # The record says where it comes from, when, and what.
    record = page.evaluate(f"document.querySelector('article{marks[0]}').innerText")
    assert ":" in record.splitlines()[0]
    assert "UTC" in record


def test_what_is_drawn_has_words_for_those_who_do_not_see_it(pages: dict[str, Path], browser: Browser) -> None:
    for path in pages.values():
        page = browser.open(path.as_uri())
        assert page.evaluate(
            "[...document.querySelectorAll('svg')].every(s => s.querySelector('title') && s.querySelector('desc'))"
        )
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.evaluate("[...document.querySelectorAll('.scroll')].every(e => e.tabIndex === 0 && e.ariaLabel)")
