"""The way to the server: how it is reached, and whose fault an error is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from apex_cli.addresses import Secret
from apex_cli.errors import StoreError, StoreTerminal, StoreTransient
from apex_cli.stores.qdrant.points import STORE
from apex_cli.stores.tls import Tls

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient

Connector = Callable[[], "AsyncQdrantClient"]
"""Makes a client; it connects with its first call."""

_TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_GRPC_TRY_LATER = frozenset(
    {"ABORTED", "CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNAVAILABLE"}
)
_MESSAGE_LENGTH = 300


def connector(
    url: str, *, api_key: Secret | None = None, grpc_port: int | None = None, timeout: float, tls: Tls
) -> Connector:
    """Connects to `url` by REST (port 6333 unless it names one), or by gRPC on `grpc_port` of the same host.

    Every call ends within `timeout` seconds.
    """

    def connect() -> AsyncQdrantClient:
        from qdrant_client import AsyncQdrantClient

        secure: dict[str, Any] = {}
        if url.startswith("https:"):
            secure["verify"] = tls.context()
            if grpc_port is not None:
                secure["grpc_options"] = _grpc_certificates(tls)
        return AsyncQdrantClient(
            url=url,
            grpc_port=grpc_port or 6334,
            prefer_grpc=grpc_port is not None,
            # As a header, for `api_key=` writes a warning to the terminal where the server speaks plain HTTP.
            headers=None if api_key is None else {"api-key": api_key.reveal()},
            timeout=math.ceil(timeout),
            check_compatibility=False,
            **secure,
        )

    return connect


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's exceptions into ours."""
    from grpc import RpcError  # type: ignore[import-untyped]
    from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    try:
        yield
    except UnexpectedResponse as error:
        raise _answered(error.status_code or 0, error.content) from error
    except RpcError as error:
        code = error.code().name if hasattr(error, "code") else "UNKNOWN"
        raise _kind(code in _GRPC_TRY_LATER)(STORE, code) from error
    except ResponseHandlingException as error:
        raise StoreTransient(STORE, _words(error.source)) from error
    except (ResourceExhaustedResponse, OSError, JSONDecodeError) as error:
        raise StoreTransient(STORE, _words(error)) from error
    except (ValueError, TypeError, AssertionError) as error:
        raise StoreTerminal(STORE, _words(error)) from error


def _answered(status: int, content: bytes) -> StoreError:
    text = content.decode("utf-8", "replace")[:_MESSAGE_LENGTH]
    return _kind(status in _TRY_LATER)(STORE, f"HTTP {status}: {text}")


def _kind(passing: bool) -> type[StoreTransient | StoreTerminal]:
    return StoreTransient if passing else StoreTerminal


def _words(error: BaseException) -> str:
    return f"{error}"[:_MESSAGE_LENGTH] or type(error).__name__


def _grpc_certificates(tls: Tls) -> dict[str, bytes]:
    files = {
        "root_certificates": tls.ca_file,
        "private_key": tls.key_file or tls.cert_file,
        "certificate_chain": tls.cert_file,
    }
    return {name: path.read_bytes() for name, path in files.items() if path is not None}
