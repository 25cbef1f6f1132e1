"""How the Qdrant server is reached, by REST or gRPC, and which of the client's errors are worth a retry."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from apex_cli.addresses import Secret
from apex_cli.errors import StoreError, StoreTerminal, StoreTransient
from apex_cli.stores.qdrant.points import STORE
from apex_cli.stores.servers import NO_TLS_FILES, Tls

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient

_CONFLICT = 409
_RETRIABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_RETRIABLE_GRPC = frozenset(
    {"ABORTED", "CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNAVAILABLE"}
)
_MESSAGE_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Connector:
    """Connects to `url` by REST (port 6333 unless the URL names one), or by gRPC on `grpc_port` of the same host.

    Every call ends within `timeout` seconds.
    """

    url: str
    timeout: float
    tls: Tls = NO_TLS_FILES
    api_key: Secret | None = None
    grpc_port: int | None = None

    @property
    def encrypted(self) -> bool:
        return self.url.startswith("https:")

    def __call__(self) -> AsyncQdrantClient:
        """A client. It connects with its first call."""
        from qdrant_client import AsyncQdrantClient

        secure: dict[str, Any] = {}
        if self.encrypted:
            secure["verify"] = self.tls.context()
            if self.grpc_port is not None:
                secure["grpc_options"] = _grpc_certificates(self.tls)
        return AsyncQdrantClient(
            url=self.url,
            grpc_port=self.grpc_port or 6334,
            prefer_grpc=self.grpc_port is not None,
            # As a header, because `api_key=` prints a warning where the server uses plain HTTP.
            headers=None if self.api_key is None else {"api-key": self.api_key.reveal()},
            timeout=math.ceil(self.timeout),
            check_compatibility=False,
            **secure,
        )

    def hint(self) -> str:
        """Which settings to check when the server cannot be reached or refuses a call."""
        settings = ["APEX_QDRANT_URL", "APEX_QDRANT_API_KEY"]
        if self.grpc_port is not None:
            settings.append("APEX_QDRANT_GRPC_PORT")
        if self.encrypted:
            settings.append("APEX_TLS_CA_FILE")
        return f"check {', '.join(settings[:-1])} and {settings[-1]}, and that the server runs"


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's exceptions into `StoreTransient` and `StoreTerminal`."""
    from grpc import RpcError  # type: ignore[import-untyped]
    from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    try:
        yield
    except UnexpectedResponse as error:
        status, text = error.status_code or 0, error.content.decode("utf-8", "replace")
        raise _store_error(status in _RETRIABLE, f"HTTP {status}: {text}") from error
    except RpcError as error:
        code = grpc_code(error)
        raise _store_error(code in _RETRIABLE_GRPC, f"gRPC {code}: {_grpc_details(error)}") from error
    except ResponseHandlingException as error:
        raise _store_error(True, _text(error.source)) from error
    except (ResourceExhaustedResponse, OSError, JSONDecodeError) as error:
        raise _store_error(True, _text(error)) from error
    except (ValueError, TypeError, AssertionError) as error:
        raise _store_error(False, _text(error)) from error


def is_conflict(error: Exception) -> bool:
    """Whether the client's exception means that what was to be created is there already."""
    return getattr(error, "status_code", None) == _CONFLICT or grpc_code(error) == "ALREADY_EXISTS"


def grpc_code(error: Exception) -> str:
    """The name of a gRPC error's status code, `UNKNOWN` where the error has none."""
    code = getattr(error, "code", None)
    return str(code().name) if callable(code) else "UNKNOWN"


def _grpc_details(error: Exception) -> str:
    details = getattr(error, "details", None)
    return str(details() or "") if callable(details) else _text(error)


def _store_error(retriable: bool, message: str) -> StoreError:
    kind = StoreTransient if retriable else StoreTerminal
    return kind(STORE, message[:_MESSAGE_LENGTH])


def _text(error: BaseException) -> str:
    return f"{error}" or type(error).__name__


def _grpc_certificates(tls: Tls) -> dict[str, bytes]:
    files = {
        "root_certificates": tls.ca_file,
        "private_key": tls.key_file or tls.cert_file,
        "certificate_chain": tls.cert_file,
    }
    return {name: path.read_bytes() for name, path in files.items() if path is not None}
