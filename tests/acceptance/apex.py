"""The installed `apex` in a process of its own, as a user, cron or a script runs it.

Of the caller's environment only the profile's servers reach it. Never a traceback or a raw control character.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Self

import psutil  # type: ignore[import-untyped]

from tests import profiles

APEX = Path(sys.executable).with_name("apex")
TIME_LIMIT = 120.0
"""Seconds that no run of these tests may take, cold start and loaded machine included."""

Line = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """How one run ended and what it wrote."""

    exit: int
    stdout: str
    stderr: str

    @cached_property
    def lines(self) -> list[Line]:
        """stdout as JSON Lines; every line must be one object."""
        parsed = [json.loads(line) for line in self.stdout.splitlines()]
        assert all(isinstance(line, dict) for line in parsed), self.stdout
        return parsed

    def of(self, kind: str) -> list[Line]:
        """The JSON lines of one `type`."""
        return [line for line in self.lines if line["type"] == kind]

    @property
    def summary(self) -> Line:
        """The last line, which must be the only summary."""
        assert [line["type"] for line in self.lines].count("summary") == 1, self.stdout
        assert self.lines[-1]["type"] == "summary", self.stdout
        return self.lines[-1]

    def expect(self, code: int) -> Self:
        """This result, if it has this exit code."""
        assert self.exit == code, f"exit {self.exit}, not {code}\n{self.stdout}\n{self.stderr}"
        return self


def run(
    home: Path,
    *args: str | Path,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = TIME_LIMIT,
    stdout: IO[bytes] | int = subprocess.PIPE,
    shell: str = "",
) -> Result:
    """Run `apex` with `home` as APEX_HOME, in `cwd` (default: the folder that holds the home), to its end.

    What goes to a `stdout` other than the pipe is not in the result. `shell` is the end of a line of a shell in which
    `"$@"` is the command: `ulimit -v 4000000; exec "$@"`.
    """
    process = spawn(home, *args, env=env, cwd=cwd, stdout=stdout, shell=shell)
    try:
        out, err = process.communicate(stdin or b"", timeout)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    return _checked(process.returncode, out or b"", err)


def spawn(
    home: Path,
    *args: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdout: IO[bytes] | int = subprocess.PIPE,
    shell: str = "",
) -> subprocess.Popen[bytes]:
    """Start `apex` and leave it running; all three streams are pipes, unless `stdout` is given. `shell`: see `run`."""
    place = cwd or home.parent
    return subprocess.Popen(
        [*(("sh", "-c", shell, "sh") if shell else ()), APEX, *map(str, args)],
        cwd=place,
        env={**environment(home, place), **(env or {})},
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def environment(home: Path, folder: Path) -> dict[str, str]:
    """The environment of a run in this folder: a home of its own, and the profile's servers."""
    own = {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", "APEX_HOME": str(home)}
    return {**own, **profiles.variables(home)}


def killed(home: Path, fault: str, *args: str | Path, env: Mapping[str, str] | None = None) -> None:
    """Run `apex` into a fault that kills it (`graph.commit.after:kill:2`), and wait until its engines are gone."""
    result = run(home, *args, env={**(env or {}), "APEX_FAULT": fault})
    assert result.exit == -signal.SIGKILL, f"{fault} was not reached: exit {result.exit}"
    wait_gone(home)


class Running:
    """A run under way whose JSON lines are read as they come."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._out: list[bytes] = []
        self._err: list[bytes] = []
        assert process.stdin is not None
        process.stdin.close()
        self._reader = threading.Thread(target=self._drain)
        self._reader.start()

    def line(self) -> Line | None:
        """The next JSON line on stdout, waited for; None when there are no more."""
        assert self.process.stdout is not None
        raw = self.process.stdout.readline()
        self._out.append(raw)
        return json.loads(raw) if raw.strip() else None

    def skip(self, count: int) -> None:
        """Wait until `count` more lines have come."""
        for _ in range(count):
            assert self.line() is not None, f"ended early: {self.end()}"

    def end(self, signal_number: int | None = None, timeout: float = TIME_LIMIT) -> Result:
        """Send a signal, if one is given, and wait for the end; lines that were read before are part of the result."""
        if signal_number is not None:
            self.process.send_signal(signal_number)
        assert self.process.stdout is not None
        # A process that hangs must not hang the test: the pipe ends when it is killed.
        killer = threading.Timer(timeout, self.process.kill)
        killer.start()
        try:
            self._out.append(self.process.stdout.read())
            code = self.process.wait()
            self._reader.join()
        finally:
            killer.cancel()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return _checked(code, b"".join(self._out), b"".join(self._err))

    def _drain(self) -> None:
        assert self.process.stderr is not None
        self._err.append(self.process.stderr.read())


@contextmanager
def running(home: Path, *args: str | Path, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A run to be watched while it goes on; killed at the end if it is still there."""
    started = Running(spawn(home, *args, env=env))
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.end(signal.SIGKILL)


@contextmanager
def new_home(folder: Path) -> Iterator[Path]:
    """A home that does not exist yet, in an empty folder of its own; its engines must be gone at the end."""
    place = Path(tempfile.mkdtemp(dir=folder))
    place.chmod(0o711)
    yield place / "home"
    wait_gone(place / "home")
    profiles.clean_up(place / "home")
    shutil.rmtree(place)


def engines(home: Path) -> list[psutil.Process]:
    """Processes that work inside the home: its servers. Zombies, which stay in a container, are none."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_gone(home: Path, timeout: float = 20.0) -> None:
    """Wait for the engines of a killed run to end, which the kernel requests."""
    psutil.wait_procs(engines(home), timeout)
    assert engines(home) == []


def verified(home: Path) -> int:
    """Have `apex verify` find nothing wrong and nothing in flight, and no engine left; returns how many records."""
    result = run(home, "verify", "--json").expect(0)
    assert (result.summary["ok"], result.summary["problems"], result.summary["in_flight"]) == (True, 0, 0)
    assert engines(home) == []
    return int(result.summary["records"])


def write_lines(path: Path, payloads: Sequence[Mapping[str, Any]]) -> Path:
    """Payloads as JSON Lines; returns the path."""
    path.write_text("".join(json.dumps(payload) + "\n" for payload in payloads), encoding="utf-8")
    return path


def _checked(code: int, out: bytes, err: bytes) -> Result:
    result = Result(code, out.decode("utf-8", "strict"), err.decode("utf-8", "strict"))
    assert "Traceback (most recent call last)" not in result.stderr, result.stderr
    for text in (result.stdout, result.stderr):
        raw = {character for character in text if character != "\n" and _dangerous(character)}
        assert not raw, f"raw on a stream: {sorted(map(hex, map(ord, raw)))}\n{text!r}"
    return result


def _dangerous(character: str) -> bool:
    """Control characters, and format characters such as bidirectional overrides; the joiners of emoji are harmless."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in "\u200c\u200d"
