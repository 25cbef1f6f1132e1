"""Certificates: the right authority opens a connection; a wrong one, another host's name or no certificate does not."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from apex_cli.embedded.postgres import EmbeddedPostgres
from apex_cli.embedded.valkey import EmbeddedValkey
from apex_cli.errors import StoreUnavailable
from apex_cli.stores.postgres.connection import Database
from apex_cli.stores.postgres.journal import PostgresJournal
from apex_cli.stores.protocol import Store
from apex_cli.stores.qdrant.connection import Connector
from apex_cli.stores.qdrant.server import QdrantServerStore
from apex_cli.stores.redis.cache import RedisCache
from apex_cli.stores.servers import Tls
from tests.qdrant_answers import Answers
from tests.recorder import recording
from tests.tls_front import postgres_asks_first, tls_front

Opener = Callable[[Tls], Store]


class Authority:
    """A certificate authority, with its certificates in files of `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.ca = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(self.ca_file)

    def server(self, name: str) -> ssl.SSLContext:
        """A server's context that shows a certificate for `name`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(name).configure_cert(context)
        return context

    def client(self) -> Tls:
        """Trust in this authority, and a client's certificate of it."""
        issued = self.ca.issue_cert("apex@example.org")
        chain, key = self.folder / "client.pem", self.folder / "client.key"
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        return Tls(self.ca_file, chain, key)


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "theirs")


Front = Callable[[ssl.SSLContext], Opener]


@pytest.fixture(params=["redis", "postgres", "qdrant"])
def front(request: pytest.FixtureRequest, tmp_path: Path, short_tmp: Path) -> Iterator[Front]:
    """Puts a context in front of an engine; what it gives opens a store through it, by the name 127.0.0.1."""
    with ExitStack() as stack:
        if request.param == "redis":
            valkey = EmbeddedValkey(tmp_path / "valkey")
            valkey.start()
            stack.callback(valkey.stop)

            def put(context: ssl.SSLContext) -> Opener:
                port = stack.enter_context(tls_front(valkey.socket_path, context))
                return lambda tls: RedisCache(f"rediss://127.0.0.1:{port}", namespace="test", tls=tls)

        elif request.param == "postgres":
            server: EmbeddedPostgres = request.getfixturevalue("postgres_server")
            folder = Path(server.dsn.partition("host='")[2].partition("'")[0])

            def put(context: ssl.SSLContext) -> Opener:
                port = stack.enter_context(tls_front(folder / ".s.PGSQL.5432", context, postgres_asks_first))
                url = f"postgresql://apex@127.0.0.1:{port}/postgres?gssencmode=disable"
                return lambda tls: PostgresJournal(Database(url, namespace="tls", timeout=30, tls=tls))

        else:

            def put(context: ssl.SSLContext) -> Opener:
                url = stack.enter_context(recording(Answers(), context)).url
                return lambda tls: QdrantServerStore(
                    Connector(url, timeout=30, tls=tls),
                    namespace="test",
                    model="model",
                    dimensions=256,
                )

        yield put


async def refused(store: Store) -> str:
    """The words with which opening fails."""
    with pytest.raises(StoreUnavailable) as caught:
        await store.open()
    await store.close()
    return caught.value.message


async def test_the_right_authority_opens_and_a_wrong_one_does_not(
    front: Front, ours: Authority, theirs: Authority
) -> None:
    store = front(ours.server("127.0.0.1"))
    right = store(Tls(ours.ca_file))
    await right.open()
    facts = await right.check()
    assert facts["engine"]
    assert facts["tls"] == "on"
    await right.close()
    assert "certificate verify failed" in await refused(store(Tls(theirs.ca_file)))


async def test_a_certificate_of_another_host_is_refused(front: Front, ours: Authority) -> None:
    store = front(ours.server("elsewhere.example.org"))
    assert "127.0.0.1" in await refused(store(Tls(ours.ca_file)))


async def test_a_server_may_ask_for_a_certificate(front: Front, ours: Authority) -> None:
    context = ours.server("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    ours.ca.configure_trust(context)
    store = front(context)
    known = store(ours.client())
    await known.open()
    await known.close()
    assert await refused(store(Tls(ours.ca_file)))
