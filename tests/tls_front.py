"""TLS in front of a server on a unix socket: what the engines of the wheels were built without."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
"""What libpq sends first: PostgreSQL's protocol, "SSL Session Encryption"."""


def postgres_asks_first(client: socket.socket) -> None:
    """PostgreSQL's way to TLS: it is asked for in the clear and answered with one letter."""
    assert client.recv(len(_SSL_REQUEST), socket.MSG_WAITALL) == _SSL_REQUEST
    client.sendall(b"S")


def at_once(_: socket.socket) -> None:
    """TLS from the first byte, as Redis has it."""


@contextmanager
def tls_front(
    backend: Path, context: ssl.SSLContext, greet: Callable[[socket.socket], None] = at_once
) -> Iterator[int]:
    """A port of 127.0.0.1 where clients connect by TLS; `backend` gets the plain bytes."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threads.append(threading.Thread(target=_serve_one, args=(client, backend, context, greet)))
                threads[-1].start()

    accepting = threading.Thread(target=serve)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join()


def _serve_one(
    plain: socket.socket, backend: Path, context: ssl.SSLContext, greet: Callable[[socket.socket], None]
) -> None:
    with suppress(OSError), plain:
        greet(plain)
        with context.wrap_socket(plain, server_side=True) as client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(backend))
            back = threading.Thread(target=_pump, args=(server, client))
            back.start()
            _pump(client, server)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
