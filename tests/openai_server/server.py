"""The server: a port of 127.0.0.1, a thread for each connection."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from http.server import ThreadingHTTPServer
from typing import Any, Self

from tests.openai_server.batches import Batches, Files
from tests.openai_server.handler import Handler
from tests.openai_server.ledger import Ledger
from tests.openai_server.limits import Limits
from tests.openai_server.service import Service
from tests.openai_server.switches import Switches


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that closed their connection."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class OpenAIServer:
    """The fake OpenAI server, a context manager; it listens from construction on and answers from `__enter__` on.

    `url` is for `OPENAI_BASE_URL`, `api_key` the only accepted key. `switches` hold the faults to simulate, `ledger`
    the requests that came, `limits` the requests and tokens a minute; `latency` is in seconds.
    """

    def __init__(self, port: int = 0, *, api_key: str = "sk-fake-server", latency: float = 0.0) -> None:
        self.api_key = api_key
        self.service = Service()
        self.service.latency = latency
        self.files = Files()
        self.batches = Batches(self.service, self.files)
        self.connections: set[socket.socket] = set()
        self._http = _HttpServer(("127.0.0.1", port), type("BoundHandler", (Handler,), {"owner": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def root(self) -> str:
        """`http://127.0.0.1:PORT`, where `/control/…` is."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"{self.root}/v1"

    @property
    def switches(self) -> Switches:
        """The faults to simulate."""
        return self.service.switches

    @property
    def ledger(self) -> Ledger:
        """The requests that came."""
        return self.service.ledger

    @property
    def limits(self) -> Limits:
        """Requests and tokens a minute."""
        return self.service.limits

    @property
    def latency(self) -> float:
        """Seconds before every answer of the model."""
        return self.service.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self.service.latency = seconds

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop: no request is taken any more, waits end, open connections are closed."""
        self.service.closing.set()
        self._http.shutdown()
        self._thread.join()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._http.server_close()
