"""The site of the documents (`make docs`) shows what GitHub shows, loads nothing from elsewhere, breaks no link."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from scripts.site_files import AT_THE_ROOT

ROOT = Path(__file__).parents[2]
BLOCKS = ("li", "tr", "h2", "h3", "pre")
"""What the site must have as often as GitHub: paragraphs and code spans differ in ways that no reader sees."""
LOADED = {
    "script": "src", "img": "src", "iframe": "src", "source": "src", "audio": "src", "video": "src", "embed": "src",
    "object": "data", "link": "href",
}  # fmt: skip
"""What a browser loads by itself, by the attribute that names it. A link (`a`) is followed only by the reader."""


class Tags(HTMLParser):
    """The tags of a page: how often each begins, inside of `article` alone, and what is loaded from elsewhere."""

    def __init__(self, text: str, *, article_only: bool = False) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.from_elsewhere: list[str] = []
        self._inside = not article_only
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = self._inside or tag == "article"
        self.counts[tag] += self._inside
        address = dict(attrs).get(LOADED.get(tag, "")) or ""
        if re.match(r"(?:[a-z]+:)?//", address):
            self.from_elsewhere.append(address)

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "article"


def build(root: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT, folder)
    assert built.returncode == 0, built.stderr
    return folder


def pages() -> dict[str, str]:
    """Each document that is a page: its path from the root, and its path in the site."""
    of_docs = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))]
    found = {}
    for name in [*of_docs, *(name for name in AT_THE_ROOT if name.endswith(".md"))]:
        folder, _, last = name.removeprefix("docs/").removesuffix(".md").rpartition("/")
        found[name] = f"{folder}/{'index' if last == 'README' else last}.html".lstrip("/")
    return found


def test_every_document_is_a_page_with_the_lists_tables_and_blocks_that_github_shows(site: Path) -> None:
    markdown = MarkdownIt("commonmark").enable("table")
    different = {}
    for name, page in pages().items():
        shown = Tags((site / page).read_text(encoding="utf-8"), article_only=True).counts
        meant = Tags(markdown.render((ROOT / name).read_text(encoding="utf-8"))).counts
        different[name] = {tag: (meant[tag], shown[tag]) for tag in BLOCKS if meant[tag] != shown[tag]}
    assert {name: tags for name, tags in different.items() if tags} == {}


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    loaded = {
        str(path.relative_to(site)): Tags(path.read_text(encoding="utf-8")).from_elsewhere
        for path in site.rglob("*.html")
    }
    assert len(loaded) > len(pages())
    assert {page: addresses for page, addresses in loaded.items() if addresses} == {}
    for path in site.rglob("*.css"):
        assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", path.read_text(encoding="utf-8")), path


def test_a_broken_link_a_missing_heading_and_a_page_in_no_menu_are_errors(tmp_path: Path) -> None:
    for name in (*AT_THE_ROOT, "mkdocs.yml", "scripts/site_files.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    (tmp_path / "docs" / "glossary.md").write_text(
        "# Glossary\n\n[page](no-page.md), [root](../NONE.md), [heading](../README.md#no-heading), [own](#none)\n"
    )
    (tmp_path / "docs" / "in-no-menu.md").write_text("# Page\n")
    built = build(tmp_path, tmp_path / "site")
    assert built.returncode == 1
    for problem in ("no-page.md", "../NONE.md", "#no-heading", "'#none'", "in-no-menu.md"):
        assert problem in built.stderr, problem
