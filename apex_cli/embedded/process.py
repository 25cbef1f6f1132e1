"""One embedded server: its process, which never outlives its run, its user, and the path of its socket.

The starter locks `server.lock` beside the data, and the server with all its children inherits the lock. So the kernel
knows, without pid files, whether a server of an earlier run is still running; that one is stopped before a new one
starts. On Linux the kernel also sends a server its stop signal when the thread that started it ends, for example when
the parent was killed. So start a server from a thread that lives as long as the server.

PostgreSQL refuses to run as root, and `initdb` needs a user with an account. So anyone but root runs it as themselves,
and root runs it as an account that exists already; none is created. No directory becomes more open for this. The server
starts inside its data directory and names it `/proc/self/cwd`, a link that the kernel follows without checking the
rights of the parent directories.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from apex_cli.errors import StoreUnavailable
from apex_cli.files import open_lock_file, private_directory, try_lock

POLL_SECONDS = 0.005
CANDIDATES = ("apex", "postgres", "nobody")
START_SECONDS = 60.0
STOP_SECONDS = 20.0
LOG_BYTES = 4 * 1024**2
LONGEST_SOCKET_PATH = 100
"""The kernel's limit on the path of a unix socket (`sun_path`) is 108 bytes on Linux, 104 on macOS."""
_LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Account:
    """A user other than root, by number."""

    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """Whether this user may pass through every directory above `path`."""
        return all(self._passes(parent) for parent in path.resolve().parents)

    def _passes(self, directory: Path) -> bool:
        status = directory.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def server_account(data: Path) -> Account | None:
    """The account to run as, None for the current user. The owner of an existing data directory decides.

    Raises `StoreUnavailable` for root on a system without any of `CANDIDATES`.
    """
    if os.geteuid() != 0:
        return None
    if data.is_dir() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StoreUnavailable(
        f"PostgreSQL does not run as root, and there is no user {', '.join(CANDIDATES)} to run it",
        hint="create one (useradd --system apex), or run apex as a normal user",
    )


class SocketDirectory:
    """A name for `directory` under which a socket called `socket_name` can be reached.

    That is the directory itself. Where its path is too long for a socket, it is a link in a private temporary
    directory, which `close` removes. Only clients need this: the servers bind their sockets by relative names.
    """

    def __init__(self, directory: Path, socket_name: str) -> None:
        self.path = directory
        self._temporary: Path | None = None
        if len(os.fsencode(directory / socket_name)) > LONGEST_SOCKET_PATH:
            self._temporary = Path(tempfile.mkdtemp(prefix="apex-"))
            self.path = self._temporary / "s"
            self.path.symlink_to(directory.absolute(), target_is_directory=True)

    def close(self) -> None:
        """Remove the link, if there is one. Idempotent."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None


class EmbeddedServer(ABC):
    """One server in `folder`: `data/` (its working directory), `server.lock`, `server.log`.

    `start` and `stop` block: call both from one long-lived thread.
    """

    name: str
    socket_name: str
    """The file name of its socket in `data/`."""
    stop_signal: signal.Signals

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self._log_start = 0
        self.account: Account | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets: SocketDirectory | None = None

    @property
    def socket_folder(self) -> Path:
        """The directory of the socket, with a short path. Raises `StoreUnavailable` unless the server runs."""
        if self._sockets is None:
            raise StoreUnavailable(f"the embedded {self.name} is not running")
        return self._sockets.path

    @abstractmethod
    def program(self) -> Path:
        """The server's program. Raises `StoreUnavailable` where it is not installed."""

    @abstractmethod
    def prepare(self, program: Path, lock: int) -> list[str]:
        """Make the data directory if there is none. Returns the arguments of the program."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the server that was started takes connections."""

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises `StoreUnavailable` with the end of its log, or for files that this user may not use. A server left by a
        killed run is ended first.
        """
        program = self.program()
        try:
            lock = self._claim()
            try:
                arguments = self.prepare(program, lock)
                self._sockets = SocketDirectory(self.data, self.socket_name)
                self._launch([str(program), *arguments], lock)
            finally:
                os.close(lock)
        except StoreUnavailable:
            self.stop()
            raise
        except OSError as error:
            self.stop()
            raise StoreUnavailable(
                f"the embedded {self.name} cannot use {error.filename or self.folder}: {error.strerror or error}",
                hint="is the home another user's? Run apex as that user, or set APEX_HOME to a directory of your own",
            ) from error

    def stop(self) -> None:
        """End the server and wait for it; by force when it takes longer than `STOP_SECONDS`. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(self.stop_signal)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._sockets is not None:
            self._sockets.close()
            self._sockets = None

    def _claim(self) -> int:
        """An open, locked descriptor of `server.lock`, after stopping a server of an earlier run.

        Raises `StoreUnavailable` when that server does not end. The caller closes the descriptor.
        """
        private_directory(self.folder)
        lock = open_lock_file(self.folder / "server.lock")
        for number in (self.stop_signal, signal.SIGKILL):
            if try_lock(lock):
                return lock
            text = os.pread(lock, 20, 0)
            pid = int(text) if text.isdigit() else 0
            if runs_in(pid, self.data):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline:
                if try_lock(lock):
                    return lock
                time.sleep(POLL_SECONDS)
        os.close(lock)
        raise StoreUnavailable(
            f"a {self.name} server of an earlier run (pid {pid}) still uses {self.data} and does not end",
            hint=f"end it, then try again; its log is {self.log}",
        )

    def _launch(self, argv: Sequence[str], lock: int) -> None:
        grown = self.log.is_file() and self.log.stat().st_size > LOG_BYTES
        with self.log.open("wb" if grown else "ab") as log:
            self._log_start = log.tell()
            self._process = launch(argv, lock, self.data, log, death_signal=self.stop_signal, account=self.account)
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            code = self._process.poll()
            if code is not None or time.monotonic() > deadline:
                why = "did not answer in time" if code is None else f"ended at once (code {code})"
                self.stop()
                raise StoreUnavailable(f"{self.name} {why}: {self.log_tail()}", hint=f"its whole log is {self.log}")
            time.sleep(POLL_SECONDS)

    def log_tail(self) -> str:
        """The last lines that the server wrote into its log since it began, on one line, for a message."""
        lines = self.log.read_bytes()[self._log_start :][-1500:].decode("utf-8", "replace").splitlines()
        return " | ".join(line.strip() for line in lines[-5:] if line.strip()) or "it wrote nothing into its log"


def launch(
    argv: Sequence[str],
    lock: int,
    directory: Path,
    log: IO[bytes],
    *,
    death_signal: signal.Signals,
    account: Account | None,
) -> subprocess.Popen[bytes]:
    """Run a program in `directory` by way of `launch.py`, in a session of its own (no Ctrl-C from the terminal).

    Its environment is empty but for locale and time zone: no secret of ours reaches it.
    """
    order = {
        "argv": list(argv),
        "parent": os.getpid(),
        "death_signal": int(death_signal),
        "lock": lock,
        "account": None if account is None else [account.uid, account.gid],
        "keep_reach": account is not None and not account.reaches(Path(argv[0])),
    }
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(order)],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=(lock,),
        start_new_session=True,
    )


def runs_in(pid: int, directory: Path) -> bool:
    """Whether a live process has this working directory; a pid alone may belong to another program by now."""
    if pid <= 1:
        return False
    if Path("/proc/self/cwd").exists():
        try:
            return Path(f"/proc/{pid}/cwd").samefile(directory)
        except OSError:
            return False
    listing = subprocess.run(
        ["/usr/sbin/lsof", "-a", "-p", str(pid), "-d", "cwd", "-Fn"], capture_output=True, text=True, check=False
    )
    return f"n{directory.resolve()}" in listing.stdout.splitlines()
