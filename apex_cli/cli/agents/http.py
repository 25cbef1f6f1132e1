"""The MCP server over streamable HTTP, for programs of this machine that know the token.

It listens on 127.0.0.1 only. A web page that the user visits can reach that address, too: by its own name with another
address behind it (DNS rebinding), or by a form. So each request needs the token, and the host and the origin that it
names must be this server's. Sessions are not kept: each request is answered by itself.
"""

from __future__ import annotations

import hmac
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

from apex_cli.cli.agents.server import CallCount, server
from apex_cli.cli.output import Output
from apex_cli.config import Settings
from apex_cli.errors import StartError
from apex_cli.pipeline.reading import MemoryReader
from apex_cli.readers.protocol import Reader

HOST = "127.0.0.1"
PATH = "/mcp"
_MOST_REQUEST_BYTES = 1024**2
_MOST_CONNECTIONS = 64

_Message = MutableMapping[str, Any]
_App = Callable[[_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]]


@dataclass(slots=True)
class Web:
    """The server; `stop` ends it, and answers first what it has begun."""

    settings: Settings
    output: Output
    _running: uvicorn.Server | None = None
    _stopped: bool = False

    def stop(self) -> None:
        """End soon."""
        self._stopped = True
        if self._running is not None:
            self._running.should_exit = True

    async def serve(self, port: int) -> None:
        """Answer until `stop`. `port` 0: a free one. Raises `StartError` where the port is taken."""
        secret = self.settings.mcp_token
        token = token_urlsafe(32) if secret is None else secret.reveal()
        async with MemoryReader(self.settings) as reader:
            with _listen(port) as listening:
                port = listening.getsockname()[1]
                self.output.note(f"serving MCP at http://{HOST}:{port}{PATH}")
                if secret is None:
                    self.output.note(f"token, for this run: {token}")
                config = uvicorn.Config(
                    _only_with(token, self._app(reader, port)),
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    limit_concurrency=_MOST_CONNECTIONS,
                    timeout_graceful_shutdown=2,
                    ws="none",
                )
                self._running = _Uvicorn(config)
                self._running.should_exit = self._stopped
                await self._running.serve(sockets=[listening])

    def _app(self, reader: Reader, port: int) -> Any:
        allowed = TransportSecuritySettings(
            allowed_hosts=[f"{HOST}:{port}", f"localhost:{port}"],
            allowed_origins=[f"http://{HOST}:{port}", f"http://localhost:{port}"],
        )
        return server(reader, self.output, CallCount()).streamable_http_app(
            streamable_http_path=PATH,
            json_response=True,
            stateless_http=True,
            transport_security=allowed,
            max_request_body_size=_MOST_REQUEST_BYTES,
        )


class _Uvicorn(uvicorn.Server):
    """Without handlers of its own for signals: `cli.loop` has them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        # From here on connections wait for the server, and are not refused.
        listening.listen()
    except OSError as error:
        listening.close()
        hint = "another program has the port: give another one, or 0 for any that is free"
        raise StartError(f"cannot listen on {HOST}:{port}: {error.strerror}", hint=hint) from error
    return listening


def _only_with(token: str, app: Any) -> _App:
    """The app for requests with this bearer token; others are answered with 401."""
    wanted = token.encode()

    async def guarded(
        scope: _Message, receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]
    ) -> None:
        if scope["type"] == "http" and not _has(scope, wanted):
            headers = [(b"www-authenticate", b"Bearer"), (b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": b"a token is needed: Authorization: Bearer TOKEN\n"})
            return
        await app(scope, receive, send)

    return guarded


def _has(scope: _Message, wanted: bytes) -> bool:
    given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
    if len(given) != 1:
        return False
    scheme, _, token = given[0].partition(b" ")
    return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), wanted)
