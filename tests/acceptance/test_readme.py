"""The examples in every verb's help work as written, on the fixtures. README: see test_first_hour."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from apex_cli.cli.main import build
from tests import profiles
from tests.acceptance.apex import APEX, run, write_lines

ROOT = Path(__file__).parent.parent.parent
NEEDS_A_MODEL = re.compile(r"--extractor llm")
STAYS = re.compile(r"apex mcp")
"""What runs until it is ended, and says nothing by itself: `test_mcp` runs it."""
FINDS_NOTHING = {"Nothing found.", "No such facts.", "There are no dead letters.", "No runs yet."}
LAST = ("dlq retry", "staging retry", "dlq drop", "forget")
"""Verbs whose examples change what the others find."""


def shell(home: Path, command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a line of a document with `apex` first on the path, beside the fixtures."""
    environ = {
        "PATH": f"{APEX.parent}:{os.defpath}",
        "HOME": str(home.parent),
        "LANG": "C.UTF-8",
        "APEX_HOME": str(home),
        **profiles.variables(home),
    }
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=home.parent,
        env=environ,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def examples() -> dict[str, list[str]]:
    """By verb: the lines under "Examples:" in its help."""
    found: dict[str, list[str]] = {}
    waiting: list[tuple[str, object]] = [("", typer.main.get_command(build()))]
    while waiting:
        name, command = waiting.pop()
        if isinstance(command, TyperGroup):
            waiting += [(f"{name} {word}".strip(), each) for word, each in command.commands.items()]
        if epilog := getattr(command, "epilog", None):
            found[name] = [line.strip() for line in epilog.partition("\n\n")[0].splitlines()[2:]]
    return found


def prepare(home: Path) -> Mapping[str, str]:
    """Ingest the fixtures and a file that fails; returns what stands in examples for what differs on each machine."""
    shutil.copytree(ROOT / "fixtures", home.parent / "fixtures")
    drop = home.parent / "drop"
    drop.mkdir()
    broken = home.parent / "inbox.json"
    broken.write_text('{"broken": ')
    lines = [{"order_id": "K-1", "line": line, "commodity": "paper"} for line in (1, 2)]
    write_lines(home.parent / "lines.jsonl", lines)
    run(home, "ingest", home.parent / "fixtures", broken, "-q").expect(3)
    run_id = run(home, "runs", "--json").expect(0).lines[0]["run_id"]
    return {"3f2a": str(run_id), "/srv/drop": str(drop), "/var/lib/prometheus/node-exporter": str(home.parent)}


@pytest.mark.embedded
@pytest.mark.timeout(600)
def test_the_examples_of_every_verb_work_as_written(home: Path) -> None:
    replaced = prepare(home)
    found = examples()
    assert all(found.values())
    problems = []
    for verb in sorted(found, key=lambda verb: (verb in LAST and 1 + LAST.index(verb), verb)):
        for line in found[verb]:
            if NEEDS_A_MODEL.search(line) or STAYS.match(line):
                continue
            command = line
            for shown, here in replaced.items():
                command = command.replace(shown, here)
            if verb == "watch":
                # It ends by a signal only.
                command = f"timeout --preserve-status -s TERM 5 {command}"
            done = shell(home, command)
            # A retry of the broken file fails again: that is what it shows.
            expected = {0, 3} if verb.endswith("retry") else {143} if verb == "watch" else {0}
            found_nothing = done.stdout.strip() in FINDS_NOTHING or not (done.stdout or " -q" in line)
            if done.returncode not in expected or (found_nothing and verb != "watch"):
                problems.append((line, done.returncode, done.stdout, done.stderr))
    assert problems == []
