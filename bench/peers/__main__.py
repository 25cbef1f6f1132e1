"""`python -m bench.peers`: cocoindex, LightRAG, cognee and dlt on the records that apex ingests, in turn with it.

Peers are installed into environments of their own first. Each run is a process of its own into a new folder. Then each
is killed in the middle and run once more. It judges nothing; a peer that cannot be installed or run is reported.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from apex_cli import __version__
from bench.__main__ import argument_parser, note
from bench.peers import prepared, runs
from bench.peers.adapters.shared import Held
from bench.peers.install import PeerUnavailableError, ensure
from bench.peers.outcome import Crash, compare, counts
from bench.peers.runs import ROOT, Subject
from bench.peers.table import Compared, tables
from bench.peers.versions import APEX_USED, PEERS
from bench.processor import adopt_orphans
from tests.generate import write_jsonl

_TRIES = 3
"""How often a kill that came after the end of a run is tried again, each time earlier."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; tables on stdout, progress on stderr."""
    parser = argument_parser("python -m bench.peers", __doc__, 1_000, "records of each run (1000)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each, in turn (3)")
    parser.add_argument("--kills", type=int, default=3, metavar="N", help="kills of each, spread over a run (3)")
    parser.add_argument("--only", nargs="+", metavar="PEER", help="only these peers (all)")
    parser.add_argument("--cache", type=Path, default=ROOT / ".bench-peers", metavar="DIR", help="their environments")
    options = parser.parse_args(arguments)
    adopt_orphans()
    load, started = os.getloadavg()[0], datetime.now(UTC)
    folder = Path(tempfile.mkdtemp(prefix="apex-peers-"))
    try:
        compared = _compare(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    about = {
        "date": f"{started:%Y-%m-%d %H:%M} UTC",
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "records": options.records,
        "rounds": options.rounds,
        "load": f"{load:.1f} before, {os.getloadavg()[0]:.1f} after",
    }
    if options.json:
        print(json.dumps({"about": about, "compared": [asdict(one) for one in compared]}))
    else:
        print(", ".join(f"{name} {value}" for name, value in about.items()), "", sep="\n")
        print("\n".join(tables(compared, options.records)))
    return 0


def _compare(options: argparse.Namespace, folder: Path) -> list[Compared]:
    file = write_jsonl(folder / "records.jsonl", options.records)
    given = folder / "prepared.jsonl"
    prepared.write(file, given)
    found = [Compared("apex", __version__, APEX_USED)]
    subjects: dict[str, tuple[Subject, Path]] = {"apex": (runs.apex(), file)}
    for peer in PEERS:
        if options.only and not {peer.name, peer.module} & {*options.only}:
            continue
        one = Compared(peer.name, peer.packages[0].partition("==")[2], peer.used, peer.lacks)
        found.append(one)
        note(f"installing {peer.name}")
        with _reported(one):
            subjects[peer.name] = runs.subject(peer, ensure(peer, options.cache)), given
    whole: dict[str, Held] = {}
    for _ in range(options.rounds):
        for one in _sound(found):
            with _reported(one):
                _measure(one, *subjects[one.name], folder / "whole", whole)
    for number in range(options.kills):
        for one in _sound(found):
            with _reported(one):
                share = (number + 1) / (options.kills + 1)
                _crash(one, *subjects[one.name], folder / "killed", whole[one.name], share)
    return found


def _sound(found: Sequence[Compared]) -> list[Compared]:
    """Those that did not fail before."""
    return [one for one in found if not one.error]


@contextmanager
def _reported(one: Compared) -> Iterator[None]:
    """Note what makes this one unavailable; the others go on."""
    try:
        yield
    except PeerUnavailableError as error:
        one.error = str(error)
        note(f"{one.name}: {error}")


def _measure(one: Compared, subject: Subject, file: Path, folder: Path, whole: dict[str, Held]) -> None:
    note(f"{one.name}, whole run {len(one.samples) + 1}")
    shutil.rmtree(folder, ignore_errors=True)
    one.samples.append(runs.measure(subject, file, folder))
    if one.name not in whole:
        one.disk_bytes = runs.disk_bytes(folder)
        whole[one.name] = runs.held(subject, folder)
        one.counts = counts(whole[one.name])


def _crash(one: Compared, subject: Subject, file: Path, folder: Path, whole: Held, share: float) -> None:
    """Kill a run in the middle, recover, run it again; after each step, look into its stores."""
    note(f"{one.name}, killed at {share:.0%} of its loading")
    after_seconds = share * one.samples[0].loading_seconds
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if runs.kill(subject, file, folder, after_seconds):
            break
        after_seconds /= 2
    else:
        raise PeerUnavailableError("it ended before it could be killed")
    killed = compare(runs.held(subject, folder), whole)
    recovered = None
    if subject.recover:
        runs.recover(subject, folder)
        recovered = compare(runs.held(subject, folder), whole)
    runs.measure(subject, file, folder)
    one.crashes.append(Crash(killed, recovered, compare(runs.held(subject, folder), whole)))


if __name__ == "__main__":
    sys.exit(main())
