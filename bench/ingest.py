"""Runs the installed `apex` in subprocesses and measures it from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.figures import IngestSample
from bench.processor import children_seconds, difference

LIMIT_SECONDS = 180.0
_SAMPLE_SECONDS = 0.02


class IngestFailedError(Exception):
    """A run of `apex` ended otherwise than it should; the message says how."""


class Apex:
    """The `apex` beside this interpreter, run in `folder` with `settings` and with none of whoever runs this."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self._program = Path(sys.executable).with_name("apex")
        self._folder = folder
        own = {name: value for name, value in os.environ.items() if not name.startswith(("APEX_", "OPENAI_"))}
        self._environment = {**own, **settings}

    def help(self) -> float:
        """Wall seconds of `apex --help`. Raises `IngestFailedError`."""
        started = time.monotonic()
        try:
            subprocess.run(
                [self._program, "--help"], check=True, capture_output=True, cwd=self._folder, env=self._environment
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise IngestFailedError(f"apex --help: {error}") from error
        return time.monotonic() - started

    def ingest(self, home: Path, file: Path, *, limit: float = LIMIT_SECONDS) -> IngestSample:
        """`apex ingest FILE --json` into `home`, ended after `limit` seconds: the benchmark must not hang.

        Raises `IngestFailedError` unless every record was taken.
        """
        argv = [str(self._program), "ingest", str(file), "--json"]
        environment = {**self._environment, "APEX_HOME": str(home)}
        arrivals: list[float] = []
        summary: dict[str, Any] = {}
        with tempfile.TemporaryFile() as errors:
            started, spent_before = time.monotonic(), children_seconds()
            with subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, cwd=self._folder, env=environment
            ) as process:
                with ended_after(process, limit), _Memory(process.pid) as memory:
                    for line in process.stdout or ():
                        event = json.loads(line)
                        if event["type"] == "record":
                            arrivals.append(time.monotonic() - started)
                        else:
                            summary = event
                    code = process.wait()
                wall = time.monotonic() - started
            processor_seconds = difference(spent_before, children_seconds())
            if code != 0 or not summary:
                errors.seek(0)
                tail = errors.read()[-2_000:].decode(errors="replace")
                raise IngestFailedError(f"{' '.join(argv)}: exit {code} after {wall:.1f} s\n{tail}")
        spent = {store: sum(steps.values()) for store, steps in summary["store_seconds"].items()}
        return IngestSample(
            summary["records"], wall, summary["seconds"], arrivals, memory.peak_bytes, spent, processor_seconds
        )

    def verify(self, home: Path) -> int:
        """How many records `apex verify` compared. Raises `IngestFailedError` unless it found them consistent."""
        ran = self._run(home, "verify", "--json")
        if ran.returncode != 0:
            output = (ran.stdout + ran.stderr).decode(errors="replace")
            raise IngestFailedError(f"apex verify: exit {ran.returncode}\n{output[-2_000:]}")
        return int(json.loads(ran.stdout.splitlines()[-1])["records"])

    def ingest_killed(self, home: Path, file: Path) -> None:
        """An ingest that a fault among the settings kills. Raises `IngestFailedError` unless it does."""
        ran = self._run(home, "ingest", str(file), "-q")
        if ran.returncode != -signal.SIGKILL:
            raise IngestFailedError(f"apex ingest {file}: exit {ran.returncode}, and not killed")

    def _run(self, home: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        environment = {**self._environment, "APEX_HOME": str(home)}
        return subprocess.run(
            [self._program, *arguments], check=False, capture_output=True, cwd=self._folder, env=environment
        )


class _Memory:
    """Watches the peak resident memory (VmHWM, proc_pid_status(5)) of one process.

    Not `wait4`'s figure: that counts the servers which the process started, and whatever it was before `exec`.
    """

    def __init__(self, pid: int) -> None:
        self._status = Path("/proc") / str(pid) / "status"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak_bytes: int | None = None

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            try:
                peak = high_water(self._status.read_text())
            except OSError:
                # Ended, or a system without /proc.
                continue
            self.peak_bytes = max(self.peak_bytes or 0, peak) or None


def high_water(status: str) -> int:
    """Bytes of `VmHWM` in the text of `/proc/PID/status`; 0 for a process that has given its memory back."""
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    return 0


@contextmanager
def ended_after(process: subprocess.Popen[Any], seconds: float) -> Iterator[None]:
    """Ask a process to end if it runs longer than that: the benchmark must not hang."""
    timer = threading.Timer(seconds, process.terminate)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
