"""One server process that outlives the command that started it, and is ended as that process and no other."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil  # type: ignore[import-untyped]

CACHE = Path(__file__).parents[2] / ".servers"
"""What is fetched, and the files of `make servers-up`; git ignores it."""
STOP_SECONDS = 30.0
POLL_SECONDS = 0.05
_DETACHED = 'exec </dev/null; "$@" >>server.log 2>&1 & echo $!'


class ServersError(Exception):
    """What keeps the servers from running, for people."""


@dataclass(frozen=True, slots=True)
class Server:
    """How a server is started and reached, and which process it is; `pid` is 0 before the first start."""

    name: str
    argv: tuple[str, ...]
    folder: str
    """Its working directory; `server.log` in it has what it says."""
    port: int
    user: str
    password: str
    stop_signal: int = signal.SIGTERM
    account: tuple[int, int] | None = None
    """User and group to run as, None for the current ones."""
    pid: int = 0
    started: float = 0.0
    """When the process began, by the kernel's clock: with the pid it names one process for ever."""

    def process(self) -> psutil.Process | None:
        """The process, if it still runs: not another one that has got its pid, and no zombie."""
        try:
            found = psutil.Process(self.pid) if self.pid else None
            if found is None or abs(found.create_time() - self.started) > 0.01:
                return None
            return None if found.status() == psutil.STATUS_ZOMBIE else found
        except psutil.NoSuchProcess:
            return None

    def start(self) -> Server:
        """Start it in a session of its own. It may not answer yet."""
        uid, gid = self.account or (None, None)
        shell = subprocess.run(
            ["/bin/sh", "-c", _DETACHED, "sh", *self.argv],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            umask=0o077,
        )
        pid = int(shell.stdout)
        try:
            return replace(self, pid=pid, started=psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            raise self.failure("ended at once") from None

    def await_answer(self, answers: Callable[[Server], bool], seconds: float) -> None:
        """Wait until it answers. Raises `ServersError` when it ends instead, or time is up."""
        deadline = time.monotonic() + seconds
        while not answers(self):
            if self.process() is None:
                raise self.failure("ended")
            if time.monotonic() > deadline:
                raise self.failure(f"does not answer after {seconds:.0f} s")
            time.sleep(POLL_SECONDS)

    def send(self, number: int) -> None:
        """Send a signal to the server and all its children."""
        for process in self._family():
            process.send_signal(number)

    def stop(self, number: int | None = None) -> None:
        """End it by a signal (default: its own for a clean end), by force after a while; returns when it is gone."""
        family = self._family()
        if not family:
            return
        family[0].send_signal(self.stop_signal if number is None else number)
        for process in psutil.wait_procs(family, STOP_SECONDS)[1]:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                process.kill()
        psutil.wait_procs(family, STOP_SECONDS)

    def failure(self, what: str) -> ServersError:
        """An error with the end of the server's log."""
        log = Path(self.folder, "server.log")
        text = log.read_text(encoding="utf-8", errors="replace")[-1500:] if log.is_file() else ""
        return ServersError(f"{self.name} {what}; its log ends:\n{text.strip() or '(empty)'}")

    def _family(self) -> list[psutil.Process]:
        parent = self.process()
        return [] if parent is None else [parent, *parent.children(recursive=True)]


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def new_password() -> str:
    """A password without characters that mean something to a shell or a URL."""
    return secrets.token_hex(16)


def private_file(path: Path, text: str) -> Path:
    """Write a file that only its owner reads; returns the path."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path
