"""Ingests files by the command line, into a home that knows the company, and reads the memory back."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apex_cli.config import load
from apex_cli.stores.factory import open_stores
from apex_cli.stores.views import EntityView, FactView
from quality.documents.world import Load

_APEX = Path(sys.executable).with_name("apex")

_READING = threading.Lock()
"""One memory at a time is read in this process: its graph engine is not loaded by two threads at once."""


class ApexFailedError(Exception):
    """A run of `apex` that did not end as it must; the message is what it wrote."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What readers see of the records of one input file. `failed` are the errors of those that were not taken."""

    entities: Sequence[EntityView]
    facts: Sequence[FactView]
    failed: Sequence[str] = ()


def know(home: Path, loads: Sequence[Load]) -> None:
    """Have a memory know the company."""
    lines = [json.dumps(each) for load in loads for each in (load.payload(), load.ping())]
    _apex(home, home.parent / "world", {"world.jsonl": "\n".join(lines).encode()})


def remember(known: Path, folder: Path, files: Mapping[str, bytes]) -> Mapping[str, Remembered]:
    """What a copy of a memory knows from these files, by file. Raises `ApexFailedError`."""
    home = folder / "home"
    # Some of its files belong to the user of the database server.
    subprocess.run(["/bin/cp", "-a", known, home], check=True)
    records: dict[str, list[str]] = defaultdict(list)
    failed: dict[str, list[str]] = defaultdict(list)
    for line in _apex(home, folder / "in", files):
        if line["type"] == "record":
            name = line["locator"].split(":")[0].split("/")[0]
            if line["status"] in ("committed", "updated", "unchanged"):
                records[name].append(line["record_id"])
            elif line["status"] != "skipped":
                failed[name].append(f"{line['locator']}: {line['error']}")
    with _READING:
        views = asyncio.run(_read(home, [record for ids in records.values() for record in ids]))
    return {
        name: Remembered(
            [entity for record in records[name] for entity in views[record][0]],
            [fact for record in records[name] for fact in views[record][1]],
            failed[name],
        )
        for name in files
    }


def _apex(home: Path, folder: Path, files: Mapping[str, bytes]) -> list[dict[str, str]]:
    """One run over a folder with these files; its lines."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "APEX_HOME": str(home)}
    done = subprocess.run(
        [_APEX, "ingest", str(folder), "--json"], env=environ, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 3):
        raise ApexFailedError(done.stdout + done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


async def _read(home: Path, ids: Sequence[str]) -> Mapping[str, tuple[Sequence[EntityView], Sequence[FactView]]]:
    settings = load({"home": home}, cwd=home, environ={})
    async with open_stores(settings) as stores:
        found = await stores.graph.read(ids)
    return {id: (view.entities, view.facts) for id, view in found.items()}
