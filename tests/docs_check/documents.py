"""Markdown documents as lines, pieces of code, links and anchors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_FENCE = re.compile(r"\s*(```|~~~)")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"#{1,6}\s+(.*)")
_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one line of a document."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number from 1, its text, and whether it stands in a fenced block."""

    number: int
    text: str
    fenced: bool

    @property
    def prose(self) -> str:
        """The text without its code spans."""
        return _SPAN.sub(" ", self.text)

    @property
    def code(self) -> list[str]:
        """The code spans; of a fenced line the whole line."""
        return [self.text] if self.fenced else _SPAN.findall(self.text)


@dataclass(frozen=True)
class Document:
    """A Markdown file. `path` is relative to the root of the repository."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[Line]:
        """All lines but those that open or close a fenced block."""
        found: list[Line] = []
        fenced = False
        for number, text in enumerate(self.text.splitlines(), 1):
            if _FENCE.match(text):
                fenced = not fenced
            else:
                found.append(Line(number, text, fenced))
        return found

    def problem(self, line: Line, text: str) -> Problem:
        return Problem(self.path, line.number, text)

    def links(self) -> Iterator[tuple[Line, str]]:
        """Target of each link outside code."""
        for line in self.lines:
            if not line.fenced:
                for target in _LINK.findall(line.prose):
                    yield line, target

    @cached_property
    def anchors(self) -> set[str]:
        """The anchors that GitHub makes of the headings: `## Exit codes` is `exit-codes`; a repeated one gets `-1`."""
        found: set[str] = set()
        for line in self.lines:
            heading = None if line.fenced else _HEADING.fullmatch(line.text.strip())
            if heading:
                anchor = _NOT_IN_ANCHOR.sub("", heading[1].strip().lower()).replace(" ", "-")
                repeated = sum(1 for known in found if re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", known))
                found.add(f"{anchor}-{repeated}" if repeated else anchor)
        return found

    def table(self, header: str) -> list[tuple[Line, list[str]]]:
        """The rows of each table whose first header cell is `header`, as cells."""
        rows: list[tuple[Line, list[str]]] = []
        inside = False
        for line in self.lines:
            cells = [cell.strip() for cell in line.text.strip().strip("|").split("|")]
            if line.fenced or not line.text.lstrip().startswith("|"):
                inside = False
            elif not inside:
                inside = cells[0] == header
            elif set(cells[0]) - set(":- "):
                rows.append((line, cells))
        return rows

    def sentences(self) -> Iterator[tuple[Line, str]]:
        """Sentences of the prose, with the line in which each begins. A list item, heading or table row ends one."""
        parts: list[str] = []
        first: Line | None = None
        for line in [*self.lines, Line(0, "", fenced=False)]:
            text = line.text.strip()
            if line.fenced or not text or text.startswith(("|", "#")) or re.match(r"([-*>]|\d+\.)\s", text):
                if first is not None:
                    yield first, " ".join(parts)
                parts, first = [], None
                text = "" if line.fenced or text.startswith(("|", "#")) else re.sub(r"^([-*>]|\d+\.)\s+", "", text)
            for part in re.split(r"(?<=[.!?:;])\s+", text):
                if part:
                    first = first or line
                    parts.append(part)
                    if part.endswith((".", "!", "?", ":", ";")):
                        yield first, " ".join(parts)
                        parts, first = [], None


def load_documents(root: Path) -> list[Document]:
    """All documents of the repository; of the changelog only its Unreleased part, for the rest names what was."""
    names = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
    paths = [root / name for name in names if (root / name).is_file()] + sorted((root / "docs").rglob("*.md"))
    found = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if path.name == "CHANGELOG.md":
            text = re.split(r"^## \[(?!Unreleased)", text, maxsplit=1, flags=re.MULTILINE)[0]
        found.append(Document(str(path.relative_to(root)), text))
    return found
