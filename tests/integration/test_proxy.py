"""The proxy does what it says, against a server that echoes."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from tests.proxy import Proxy, proxied


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(1 << 16):
            self.request.sendall(data)


class _EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that is cut is what these tests are about."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with _EchoServer(("127.0.0.1", 0), _Echo) as echo:
        thread = threading.Thread(target=echo.serve_forever)
        thread.start()
        with proxied(f"tcp://user:word@127.0.0.1:{echo.server_address[1]}/0") as (between, url):
            assert url == f"tcp://user:word@127.0.0.1:{between.port}/0"
            yield between
        echo.shutdown()
        thread.join()


def connected(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), 5)


def echoes(client: socket.socket) -> bool:
    client.sendall(b"word")
    return client.recv(16) == b"word"


def test_it_passes_bytes_on(proxy: Proxy) -> None:
    with connected(proxy) as one, connected(proxy) as other:
        assert echoes(one)
        assert echoes(other)


def test_a_cut_connection_is_reset_and_a_new_one_works(proxy: Proxy) -> None:
    with connected(proxy) as client:
        assert echoes(client)
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(16)
    with connected(proxy) as again:
        assert echoes(again)


def test_refused_until_restored_on_the_same_port(proxy: Proxy) -> None:
    port = proxy.port
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connected(proxy)
    proxy.restore()
    assert proxy.port == port
    with connected(proxy) as client:
        assert echoes(client)


def test_deaf_connections_get_no_answer(proxy: Proxy) -> None:
    with connected(proxy) as open_before:
        assert echoes(open_before)
        proxy.deafen()
        with connected(proxy) as new:
            for client in (open_before, new):
                client.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    echoes(client)
        proxy.restore()
        with pytest.raises(ConnectionResetError):
            open_before.recv(16)


def test_slow_both_ways(proxy: Proxy) -> None:
    proxy.slow_down(0.1)
    with connected(proxy) as client:
        started = time.monotonic()
        assert echoes(client)
        assert time.monotonic() - started >= 0.2


def test_an_answer_is_lost_once(proxy: Proxy) -> None:
    lost = proxy.lose_answer(b"order")
    with connected(proxy) as client:
        assert echoes(client)
        client.sendall(b"an order")
        with pytest.raises(ConnectionResetError):
            client.recv(16)
    assert lost.wait(5)
    with connected(proxy) as again:
        again.sendall(b"an order")
        assert again.recv(16) == b"an order"


def test_a_request_is_held_back(proxy: Proxy) -> None:
    held = proxy.hold(b"first", b"commit")
    with connected(proxy) as client, connected(proxy) as other:
        for piece in (b"commit", b"fi", b"rst"):
            client.sendall(piece)
            assert client.recv(16) == piece
        assert not held.wait(0)
        client.sendall(b"commit")
        assert held.wait(5)
        assert echoes(other)
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(16)
        client.settimeout(5)
        held.let_go()
        assert client.recv(16) == b"commit"
