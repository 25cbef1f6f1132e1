"""Every example of docs/scripting.md is run, and its output has the fields that the page shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.apex import APEX

pytestmark = pytest.mark.any_engine

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "scripting.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OPEN = frozenset(
    [
        "payload",
        "attributes",
        "labels",
        "facts",
        "entities",
        "outcomes",
        "arguments",
        "summary",
        "by_source",
        "failed_in",
        "stage_seconds",
        "store_seconds",
        "store_calls",
        "store_retries",
        "breaker_trips",
    ]
)
"""Fields whose own fields depend on the data."""


def examples() -> list[tuple[str, list[dict[str, Any]]]]:
    """Each command of the page with the lines that it shows."""
    found: list[tuple[str, list[dict[str, Any]]]] = []
    for block in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(json.loads(line))
    return found


def shape(value: Any, name: str = "") -> Any:
    """The names of all fields, in objects and in the first element of a list of objects."""
    if isinstance(value, dict):
        return "…" if name in _OPEN and "type" not in value else {key: shape(value[key], key) for key in sorted(value)}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [shape(value[0])]
    return "…"


def test_every_example_of_the_scripting_page_writes_the_fields_it_shows(tmp_path: Path) -> None:
    environment = {**os.environ, "APEX_HOME": str(tmp_path / "home"), "PATH": f"{APEX.parent}:{os.environ['PATH']}"}

    def run(command: str) -> list[dict[str, Any]]:
        done = subprocess.run(
            command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode in (0, 2, 3), (command, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    run("apex ingest fixtures --json")
    for command, shown in examples():
        written = run(command)
        assert shown, command
        for line in shown:
            same = [shape(other) for other in written if other["type"] == line["type"]]
            assert shape(line) in same, (command, shape(line), same[:1])
