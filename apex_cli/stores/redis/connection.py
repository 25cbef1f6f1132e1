"""How the Redis server is reached, whether it can be used, its facts, and which errors are worth a retry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from apex_cli.addresses import Secret
from apex_cli.errors import StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.stores.servers import Tls, clock_skew

if TYPE_CHECKING:
    from redis.asyncio import Redis

OLDEST = (6, 2)
_HINT = "check APEX_REDIS_URL and its password, and that the server runs; `apex doctor` checks every store"


def connect(url: str, *, timeout: float, password: Secret | None, tls: Tls) -> Redis:
    """A client; it connects with its first command. What the URL sets is kept. Raises `StoreUnavailable`."""
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    options: dict[str, Any] = {}
    if password is not None:
        options["password"] = password.reveal()
    if url.startswith("rediss:"):
        files = {"ssl_ca_certs": tls.ca_file, "ssl_certfile": tls.cert_file, "ssl_keyfile": tls.key_file}
        options |= {name: str(path) for name, path in files.items() if path is not None}
    try:
        return Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            **options,
        )
    except ValueError:
        raise _invalid_url() from None


async def check_connection(client: Redis) -> None:
    """Raise `StoreUnavailable` for a server that cannot be reached, or that `check_server` refuses."""
    from redis.exceptions import RedisError

    try:
        info = await client.info()
    except TypeError:
        # An option in the URL that the driver's connections do not have.
        raise _invalid_url() from None
    except (RedisError, OSError, ValueError) as error:
        raise StoreUnavailable(f"the cache cannot be reached: {error}", hint=_HINT) from error
    check_server(info)


def check_server(info: Mapping[str, Any]) -> None:
    """Raise `StoreUnavailable` for a server that is too old or a cluster, by its INFO."""
    if _version(info["redis_version"]) < OLDEST:
        raise StoreUnavailable(
            f"the cache is Redis {info['redis_version']}, and apex needs {OLDEST[0]}.{OLDEST[1]} or newer",
            hint="upgrade the server, or name another one in APEX_REDIS_URL",
        )
    if info.get("cluster_enabled"):
        raise StoreUnavailable(
            "the cache is a Redis cluster, which apex cannot use: its scripts touch several keys",
            hint="name a single server (or a primary with replicas) in APEX_REDIS_URL",
        )


async def facts(client: Redis, *, tls: bool) -> Mapping[str, Any]:
    """`engine`, `version`, `memory_bytes`, `memory_limit_bytes` (0: none), `maxmemory_policy`, `persistence`, `tls`
    and `clock_skew_seconds` (server ahead of us).
    """
    info = await client.info()

    async def now() -> float:
        seconds, microseconds = await client.time()
        return float(seconds) + float(microseconds) / 1e6

    valkey = info.get("valkey_version")
    return {
        "engine": "redis" if valkey is None else "valkey",
        "version": valkey or info["redis_version"],
        "memory_bytes": info["used_memory"],
        "memory_limit_bytes": info.get("maxmemory", 0),
        "maxmemory_policy": info.get("maxmemory_policy", "unknown"),
        "persistence": "append-only file" if info.get("aof_enabled") else "snapshots at most",
        "tls": "on" if tls else "off",
        "clock_skew_seconds": await clock_skew(now),
    }


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's exceptions into `StoreTransient` and `StoreTerminal`."""
    from redis import exceptions

    transient = (
        exceptions.ConnectionError,
        exceptions.TimeoutError,
        exceptions.ReadOnlyError,
        exceptions.OutOfMemoryError,
        exceptions.TryAgainError,
        OSError,
    )
    try:
        yield
    except transient as error:
        raise StoreTransient("cache", str(error) or type(error).__name__) from error
    except exceptions.RedisError as error:
        raise StoreTerminal("cache", str(error) or type(error).__name__) from error


def _invalid_url() -> StoreUnavailable:
    """The driver's message is left out, because it may repeat parts of the URL."""
    return StoreUnavailable(
        "the cache: APEX_REDIS_URL is not a valid Redis URL",
        hint="for example redis://localhost:6379/0; write special characters of a password as %XX",
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])
