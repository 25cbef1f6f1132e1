"""Runs of apex and of its peers: each in processes of its own, loading one file into one new folder.

A run's first line on stdout says that loading has begun: a peer's adapter prints it when it has read its records, apex
when the first record is committed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]

from bench.ingest import ended_after
from bench.peers.adapters.shared import Held
from bench.peers.install import PeerUnavailableError, last_line
from bench.peers.versions import Peer
from bench.processor import children_seconds, difference

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 900.0
_SETTLE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is run. `load` and `count` are the starts of commands, which take a file and a folder, and a folder.

    `recover` takes a folder and finishes what a killed run left, without its input; empty where nothing can.
    """

    name: str
    load: tuple[str, ...]
    count: tuple[str, ...]
    recover: tuple[str, ...] = ()
    home: str = ""
    """The variable that names the folder, where no argument does."""
    variables: Mapping[str, str] = field(default_factory=dict)


def apex() -> Subject:
    """The `apex` beside this interpreter."""
    program = str(Path(sys.executable).with_name("apex"))
    count = _adapter(sys.executable, "apex", "count")
    return Subject("apex", (program, "ingest", "--json"), count, (program, "recover"), "APEX_HOME")


def subject(peer: Peer, python: Path) -> Subject:
    """A peer, run by the interpreter of its environment."""
    load, count, recover = (_adapter(str(python), peer.module, verb) for verb in ("load", "count", "recover"))
    return Subject(peer.name, load, count, recover if peer.recovers else (), "", peer.variables)


def _adapter(python: str, module: str, verb: str) -> tuple[str, ...]:
    return python, "-m", f"bench.peers.adapters.{module}", verb


@dataclass(frozen=True, slots=True)
class Sample:
    """One whole run: wall and processor seconds of all its processes, and seconds from its first line to its last."""

    seconds: float
    processor_seconds: float | None
    loading_seconds: float


def measure(one: Subject, file: Path, folder: Path) -> Sample:
    """A run from start to end. Raises `PeerUnavailableError` if it fails."""
    before, started = children_seconds(), time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        with _start(one, file, folder, errors) as process, ended_after(process, LIMIT_SECONDS):
            assert process.stdout is not None
            arrivals = [time.monotonic() for _ in process.stdout]
            code = process.wait()
        seconds = time.monotonic() - started
        _settle()
        if code != 0 or not arrivals:
            errors.seek(0)
            raise PeerUnavailableError(f"exit {code} after {seconds:.0f} s: {last_line(errors.read())}")
    return Sample(seconds, difference(before, children_seconds()), arrivals[-1] - arrivals[0])


def kill(one: Subject, file: Path, folder: Path, after_seconds: float) -> bool:
    """Start a run and end its process by SIGKILL that long after its first line. False if it had ended by itself."""
    with (
        tempfile.TemporaryFile("w+") as errors,
        _start(one, file, folder, errors) as process,
        ended_after(process, LIMIT_SECONDS),
    ):
        assert process.stdout is not None
        process.stdout.readline()
        # Its pipe must not fill up meanwhile, or it would wait and not load.
        reader = threading.Thread(target=process.stdout.read, daemon=True)
        reader.start()
        time.sleep(after_seconds)
        process.kill()
        code = process.wait()
        reader.join()
    _settle()
    return code == -signal.SIGKILL


def held(one: Subject, folder: Path) -> Held:
    """What its stores hold. Raises `PeerUnavailableError` if they cannot be read."""
    output = _run(one, [*one.count, str(folder)], folder)
    try:
        found: Held = json.loads(output)
    except ValueError as error:
        raise PeerUnavailableError(f"what it counted is no JSON: {last_line(output)}") from error
    return found


def recover(one: Subject, folder: Path) -> None:
    """Finish what a killed run left. Raises `PeerUnavailableError` if it fails."""
    _run(one, [*one.recover, *([] if one.home else [str(folder)])], folder)


def _run(one: Subject, command: list[str], folder: Path) -> str:
    environment = _environment(one, folder)
    try:
        ran = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
            timeout=LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise PeerUnavailableError(f"{' '.join(command[1:4])}: not done after {LIMIT_SECONDS:.0f} s") from error
    _settle()
    if ran.returncode != 0:
        raise PeerUnavailableError(f"{' '.join(command[1:4])}: exit {ran.returncode}: {last_line(ran.stderr)}")
    return ran.stdout


def disk_bytes(folder: Path) -> int:
    """Bytes that the files below a folder take on the disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _start(one: Subject, file: Path, folder: Path, errors: IO[str]) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True, mode=0o700)
    place = () if one.home else (str(folder),)
    return subprocess.Popen(
        [*one.load, str(file), *place],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=folder,
        env=_environment(one, folder),
    )


def _environment(one: Subject, folder: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("APEX_", "OPENAI_", "LLM_"))}
    own |= {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", **one.variables}
    # What a library keeps for its user is kept in the folder, and counted.
    return own | ({one.home: str(folder)} if one.home else {"HOME": str(folder)})


def _settle() -> None:
    """Wait for what a process left running, which may still hold a lock; not for ever."""
    ends = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < ends and any(map(_runs, psutil.Process().children(recursive=True))):
        time.sleep(0.05)


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
