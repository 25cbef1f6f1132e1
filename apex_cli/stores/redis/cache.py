"""The cache of current versions and the locks that save duplicate work, on Redis or a compatible server.

Keys, all under `apex:<namespace>:`
    prep:<saga id>      what a saga will publish, as JSON; expires after `PREPARED_SECONDS`
    rec:<record id>     hash: `epoch`, `saga`, and `value` (JSON) while the record is cached
    lock:<name>         its owner, with a time to live

A `rec` without `value` is a tombstone: the record was forgotten, or its value was lost between commit and publish (the
server was flushed, then recovery published the saga). Readers then ask PostgreSQL, and publishing an older epoch is
still refused. Tombstones expire after `TOMBSTONE_SECONDS`, when no saga of that age can be running. A flushed server
costs time only: everything here has a copy in PostgreSQL.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from apex_cli.addresses import Secret
from apex_cli.errors import StoreTerminal, StoreTransient
from apex_cli.model import Plan, PlanKind
from apex_cli.stores.redis.connection import check_connection, connect, facts, translated
from apex_cli.stores.servers import NO_TLS_FILES, Tls
from apex_cli.stores.views import StoredSummary

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")

PREPARED_SECONDS = 7 * 86_400
TOMBSTONE_SECONDS = 86_400
TIMEOUT_SECONDS = 10.0
_SCAN_COUNT = 1_000
_POLL_SECONDS = 0.02
_CALLED = 250
"""Records of one call of a script: some milliseconds of the server's time."""


# The atomic steps, in Lua. Each script is sent once and then called by its hash.
_Call = tuple[Sequence[str], Sequence[str | int]]
"""The keys and the arguments of one call."""

_PREPARE = """
for index, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[index + 1], 'EX', ARGV[1])
end
return 0
"""
"""KEYS prep, of any number of sagas. ARGV seconds, then the value of each."""

_PUBLISH = """
for first = 1, #KEYS, 2 do
  local rec, prep, at = KEYS[first], KEYS[first + 1], 2 * first
  local epoch, saga, kind, value = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local cached = redis.call('HMGET', rec, 'epoch', 'saga', 'value')
  local newest = tonumber(cached[1] or -1)
  local prepared = redis.call('GET', prep)
  redis.call('DEL', prep)
  if newest < epoch or (newest == epoch and cached[2] == saga and not cached[3]) then
    if value == '' and prepared then
      value = prepared
    end
    redis.call('DEL', rec)
    redis.call('HSET', rec, 'epoch', ARGV[at], 'saga', saga)
    if kind == 'write' and value ~= '' then
      redis.call('HSET', rec, 'value', value)
    else
      redis.call('EXPIRE', rec, ARGV[1])
    end
  end
end
return 0
"""
"""KEYS rec, prep, of any number of records. ARGV seconds of a tombstone, then for each epoch, saga, kind, value or ''.

A second call changes nothing.
"""

_LOCK = """
local owned = {}
for index, key in ipairs(KEYS) do
  local owner = redis.call('GET', key)
  if not owner or owner == ARGV[1] then
    redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
    owned[#owned + 1] = index
  end
end
return owned
"""

_UNLOCK = """
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    redis.call('DEL', key)
  end
end
return 0
"""


class RedisCache:
    """`CacheStore` on one server (no cluster) at `url` (`redis://…`, `rediss://…`, `unix://…`) or `unix_socket`.

    `unix_socket` may be a function that starts the server: then the first call connects, not `open`, and a reader that
    never asks the cache needs neither the server nor its driver. The first call may raise what `open` does.

    Every call ends within `timeout` seconds. The database that the URL names is shared with others: all keys have the
    prefix, and nothing else is looked at.
    """

    name = "cache"

    def __init__(
        self,
        url: str = "",
        *,
        unix_socket: Path | Callable[[], Awaitable[Path]] | None = None,
        namespace: str,
        timeout: float = TIMEOUT_SECONDS,
        password: Secret | None = None,
        tls: Tls = NO_TLS_FILES,
    ) -> None:
        self._url = _socket_url(unix_socket) if isinstance(unix_socket, Path) else url
        self._start = None if isinstance(unix_socket, Path) else unix_socket
        self._starting = asyncio.Lock()
        self._is_embedded = unix_socket is not None
        self._prefix = f"apex:{namespace}:"
        self._timeout = timeout
        self._password = password
        self._tls = tls
        self._connected: Redis | None = None

    async def open(self) -> None:
        """Connect, and check that the server can be used. Raises `StoreUnavailable`."""
        if self._start is None:
            await self._connect()

    async def _connect(self) -> None:
        self._connected = connect(self._url, timeout=self._timeout, password=self._password, tls=self._tls)
        await check_connection(self._connected)

    async def close(self) -> None:
        """Disconnect. Idempotent."""
        self._start = None
        client, self._connected = self._connected, None
        if client is not None:
            with suppress(StoreTransient, StoreTerminal), translated():
                await client.aclose()

    async def check(self) -> Mapping[str, Any]:
        """See `facts`."""
        async with self._server() as client:
            return await facts(client, tls=self._url.startswith("rediss:"))

    async def prepare(self, plans: Sequence[Plan]) -> None:
        values = [(self._key("prep", plan.saga_id), value) for plan in plans if (value := _value(plan))]
        calls: list[_Call] = [
            ([key for key, _ in part], [PREPARED_SECONDS, *(value for _, value in part)]) for part in _parts(values)
        ]
        async with self._server() as client:
            await _run(client, _PREPARE, calls)

    async def publish(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`. Compares epochs and sets in one script; see the module for lost values."""
        calls: list[_Call] = []
        for part in _parts(plans):
            keys = [key for plan in part for key in (self._key("rec", plan.record_id), self._key("prep", plan.saga_id))]
            rows = [value for plan in part for value in (plan.epoch, plan.saga_id, plan.kind.value, _value(plan))]
            calls.append((keys, [TOMBSTONE_SECONDS, *rows]))
        async with self._server() as client:
            await _run(client, _PUBLISH, calls)

    async def discard(self, plans: Sequence[Plan]) -> None:
        await self._unlink(plan.saga_id for plan in plans)

    @property
    def needs_flush(self) -> bool:
        """Whether the server is the embedded one. That of others is not reconfigured."""
        return self._is_embedded

    async def flush(self) -> None:
        """See `PreparedStore`. The embedded server syncs each second; it syncs at once where it is asked to do so
        before each answer. `WAITAOF` would wait for the second, and only for what its own connection wrote.
        """
        if not self.needs_flush:
            return
        async with self._server() as client:
            await client.config_set("appendfsync", "always")
            await client.config_set("appendfsync", "everysec")

    async def list_unpublished(self) -> frozenset[str]:
        return frozenset([self._id("prep", key) async for keys in self._keys("prep") for key in keys])

    async def sweep(self, saga_ids: frozenset[str]) -> int:
        return await self._unlink(saga_ids)

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """See `CacheStore`. Values that are no JSON objects count as absent."""
        async with self._server() as client, client.pipeline(transaction=False) as pipe:
            for record_id in record_ids:
                pipe.hget(self._key("rec", record_id), "value")
            values = await pipe.execute()
        found = {}
        for record_id, text in zip(record_ids, values, strict=True):
            with suppress(TypeError, ValueError):
                value = json.loads(text)
                if isinstance(value, dict):
                    found[record_id] = value
        return found

    async def scan(self) -> AsyncIterator[Sequence[StoredSummary]]:
        """See `PreparedStore`. A record may come twice while the server resizes its table (SCAN's guarantee)."""
        async for keys in self._keys("rec"):
            async with self._server() as client, client.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.hmget(key, ["saga", "value"])
                rows = await pipe.execute()
            yield [
                StoredSummary(self._id("rec", key), saga, parts=1, visible=True)
                for key, (saga, value) in zip(keys, rows, strict=True)
                if saga is not None and value is not None
            ]

    async def purge(self) -> None:
        """See `Purgeable`: the append-only file is written again from what is in memory. Raises `StoreError`."""
        async with self._server() as client:
            await client.bgrewriteaof()
            while True:
                state = await client.info("persistence")
                if not state["aof_rewrite_in_progress"] and not state.get("aof_rewrite_scheduled"):
                    break
                await asyncio.sleep(_POLL_SECONDS)
            if state["aof_enabled"] and state["aof_last_bgrewrite_status"] != "ok":
                raise StoreTerminal(self.name, "the server could not rewrite its append-only file")

    async def lock(self, names: Sequence[str], owner: str, ttl_seconds: float) -> frozenset[str]:
        if not names:
            return frozenset()
        keys = tuple(self._key("lock", name) for name in names)
        async with self._server() as client:
            (owned,) = await _run(client, _LOCK, [(keys, (owner, max(1, int(ttl_seconds * 1000))))])
        return frozenset(names[int(index) - 1] for index in owned)

    async def owners(self, names: Sequence[str]) -> Mapping[str, str]:
        if not names:
            return {}
        async with self._server() as client:
            owners = await client.mget([self._key("lock", name) for name in names])
        return {name: str(owner) for name, owner in zip(names, owners, strict=True) if owner is not None}

    async def unlock(self, names: Sequence[str], owner: str) -> None:
        if names:
            keys = tuple(self._key("lock", name) for name in names)
            async with self._server() as client:
                await _run(client, _UNLOCK, [(keys, (owner,))])

    async def _unlink(self, saga_ids: Iterable[str]) -> int:
        keys = [self._key("prep", saga_id) for saga_id in saga_ids]
        if not keys:
            return 0
        async with self._server() as client:
            return int(await client.unlink(*keys))

    @asynccontextmanager
    async def _server(self) -> AsyncIterator[Redis]:
        """The client, for one call: errors of the driver leave as `StoreTransient` or `StoreTerminal`."""
        async with self._starting:
            if self._start is not None:
                self._url = _socket_url(await self._start())
                await self._connect()
                self._start = None
        client = self._client
        with translated():
            yield client

    @property
    def _client(self) -> Redis:
        if self._connected is None:
            raise StoreTransient(self.name, "is not open")
        return self._connected

    async def _keys(self, kind: str) -> AsyncIterator[list[str]]:
        cursor = 0
        while True:
            async with self._server() as client:
                cursor, keys = await client.scan(cursor, match=self._key(kind, "*"), count=_SCAN_COUNT)
            if keys:
                yield list(dict.fromkeys(map(str, keys)))
            if int(cursor) == 0:
                return

    def _key(self, kind: str, identifier: str) -> str:
        return f"{self._prefix}{kind}:{identifier}"

    def _id(self, kind: str, key: str) -> str:
        return key[len(self._key(kind, "")) :]


def _socket_url(path: Path) -> str:
    return f"unix://{quote(str(path))}"


def _parts(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    """What one call takes, for the server does nothing else meanwhile."""
    return (whole[start : start + _CALLED] for start in range(0, len(whole), _CALLED))


def _value(plan: Plan) -> str:
    """The cached value of a plan that still has its record, else an empty string."""
    if plan.record is None or plan.kind is PlanKind.FORGET:
        return ""
    return json.dumps(
        {
            "saga_id": plan.saga_id,
            "epoch": plan.epoch,
            "revision": plan.revision,
            "content_hash": plan.record.content_hash,
            "source": plan.record.source,
            "data_type": plan.record.data_type,
            "external_id": plan.record.external_id,
            "title": plan.embedded.extraction.title if plan.embedded is not None else "",
        }
    )


async def _run(client: Redis, script: str, calls: Sequence[_Call]) -> list[Any]:
    """The answers of a script, in one pipelined round trip; it is loaded where the server does not have it."""
    from redis.exceptions import NoScriptError

    try:
        return await _pipelined(client, script, calls)
    except NoScriptError:
        await client.script_load(script)
        return await _pipelined(client, script, calls)


async def _pipelined(client: Redis, script: str, calls: Sequence[_Call]) -> list[Any]:
    digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
    async with client.pipeline(transaction=False) as pipe:
        for keys, arguments in calls:
            pipe.evalsha(digest, len(keys), *keys, *arguments)
        return list(await pipe.execute())
