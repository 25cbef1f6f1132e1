"""Which files of a directory are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from apex_cli.reading.files import Found, walk
from apex_cli.reading.selection import Selection, checked

FILES = (
    "a.pdf", "b.PDF", "c.tmp", "north/a.pdf", "north/deep/d.csv", "archive/old.pdf", "archive/keep/k.pdf",
    "2024/q1/r.pdf",
)  # fmt: skip


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path


def taken(drop: Path, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> set[str]:
    found = walk([drop], selection=Selection(checked(include), checked(exclude)))
    return {each.name for each in found if isinstance(each, Found)}


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ((), (), set(FILES)),
        (("*.pdf",), (), {"a.pdf", "north/a.pdf", "archive/old.pdf", "archive/keep/k.pdf", "2024/q1/r.pdf"}),
        (("*.csv", "b.*"), (), {"b.PDF", "north/deep/d.csv"}),
        (("north/",), (), {"north/a.pdf", "north/deep/d.csv"}),
        (("2024/**/*.pdf",), (), {"2024/q1/r.pdf"}),
        ((), ("archive/", "*.tmp"), {"a.pdf", "b.PDF", "north/a.pdf", "north/deep/d.csv", "2024/q1/r.pdf"}),
        ((), ("north/*.pdf",), set(FILES) - {"north/a.pdf"}),
        ((), ("/a.pdf",), set(FILES) - {"a.pdf"}),
        (("*.pdf",), ("archive",), {"a.pdf", "north/a.pdf", "2024/q1/r.pdf"}),
        ((), ("*",), set()),
    ],
)
def test_include_and_exclude(
    drop: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: set[str]
) -> None:
    assert taken(drop, include, exclude) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_an_ignore_file_that_an_editor_of_windows_wrote(drop: Path, encoding: str) -> None:
    (drop / ".apexignore").write_text("*.tmp\narchive/\nnorth/\n2024/\n", encoding)
    assert taken(drop) == {"a.pdf", "b.PDF"}


def test_ignore_files_of_the_folder_and_below(drop: Path) -> None:
    (drop / ".apexignore").write_text("# old\narchive/\n*.tmp\n*.pdf\n!a.pdf\n")
    (drop / "2024" / ".apexignore").write_text("!q1/r.pdf\n")
    assert taken(drop) == {"a.pdf", "b.PDF", "north/a.pdf", "north/deep/d.csv", "2024/q1/r.pdf"}
    (drop / "north" / ".apexignore").write_text("deep/\n")
    assert taken(drop) == {"a.pdf", "b.PDF", "north/a.pdf", "2024/q1/r.pdf"}


def test_a_named_file_is_taken_whatever_the_patterns_say(drop: Path) -> None:
    (drop / ".apexignore").write_text("*\n")
    found = walk([drop / "a.pdf"], selection=Selection(exclude=("*.pdf",)))
    assert [each.name for each in found if isinstance(each, Found)] == ["a.pdf"]


@pytest.mark.parametrize("pattern", ["", "/", "  "])
def test_a_pattern_that_fits_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="fits nothing"):
        checked([pattern])
