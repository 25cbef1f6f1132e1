"""A newcomer's first hour: README, the site's pages First hour and How to ask, word by word, in copies of a clone."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.apex import APEX, new_home
from tests.acceptance.documented_commands import Command, commands, differs, shell_at_terminal

# The demo, with which each page begins, has embedded stores on any machine.
pytestmark = pytest.mark.embedded

ROOT = Path(__file__).resolve().parents[2]
NOT_RUN = frozenset({"it changes the crontab", "it installs software", "it runs until it is ended", "it takes minutes"})
"""Why a command of a page may be left out."""
FINDS_NOTHING = {"Nothing found.", "No such facts.", "No such records.", "No runs yet."}

Clone = Callable[[], Path]


def clone(folder: Path) -> Path:
    """What a clone has, in a folder of its own: the files that are or would be committed. apex is installed already."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    copy = folder / "apex"
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name, follow_symlinks=False)
    # `make` installs where pyproject.toml is younger than what it installed last.
    os.utime(copy / "pyproject.toml", (0, 0))
    (copy / ".venv").symlink_to(APEX.parent.parent)
    return copy


@pytest.fixture
def folder(short_tmp: Path) -> Iterator[Path]:
    """An empty folder, the user's own. No engine of the homes in it may be left when the test is over."""
    with new_home(short_tmp) as place:
        yield place.parent


def left_out(page: Path) -> list[Command]:
    return [command for command in commands(page) if command.not_run]


def run_page(page: Path, folder: Path) -> int:
    """Run the commands of a page and compare what they print; returns how many were run."""
    environ = {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8"}
    todo = [command for command in commands(page) if not command.not_run]
    with shell_at_terminal(clone(folder), environ) as shell:
        for position, command in enumerate(todo):
            done = shell.run(command.text)
            follows = todo[position + 1].text if position + 1 < len(todo) else ""
            assert done.code == 0 or follows == "echo $?", f"{command.text}\n{done.printed}"
            if command.shown is None:
                assert done.printed.strip() not in FINDS_NOTHING, command.text
            else:
                assert not (difference := differs(command.shown, done.printed)), f"{command.text}\n{difference}"
    return len(todo)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("page", "at_least"), [("README.md", 25), ("docs/first-hour.md", 30), ("docs/asking.md", 20)])
def test_a_page_prints_what_it_shows(page: str, at_least: int, folder: Path) -> None:
    assert run_page(ROOT / page, folder) >= at_least


@pytest.mark.parametrize("page", ["README.md", "docs/first-hour.md", "docs/asking.md"])
def test_what_a_page_does_not_run_has_a_reason(page: str) -> None:
    assert {command.text: command.not_run for command in left_out(ROOT / page) if command.not_run not in NOT_RUN} == {}
