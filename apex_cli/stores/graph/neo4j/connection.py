"""The edge to the driver: URL and TLS settings, the server's version, and the driver's errors as ours.

No password stands in a URL or in a message.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from neo4j import TrustCustomCAs
from neo4j.exceptions import AuthError, ConfigurationError, DriverError, Neo4jError, ServiceUnavailable

from apex_cli.addresses import SCHEMES
from apex_cli.errors import StoreError, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.stores.graph.model.operations import STORE

_DATA_ERRORS = (
    "Neo.ClientError.Statement.",
    "Neo.ClientError.Schema.",
    "Neo.ClientError.Request.",
    "Neo.DatabaseError.Statement.",
)
"""Errors of a statement or its data; the last is the error for a value that is too long for an index.

All other errors are about the server and may pass.
"""

DRIVER_ERRORS = (DriverError, Neo4jError)
PACKING_ERRORS = (ValueError, OverflowError, TypeError)
"""The driver raises these for values that it cannot send, such as half a surrogate pair."""
_PORT = 7687


def check_url(url: str) -> None:
    """Raise `StoreUnavailable` for a URL of another scheme than Neo4j's, or with credentials in it."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES["graph_url"].allowed:
        raise StoreUnavailable(f"graph: {parts.scheme}:// is no scheme of Neo4j", hint="as bolt:// or neo4j+s://")
    if "@" in parts.netloc:
        raise StoreUnavailable("graph: the URL contains a user or a password", hint="they are given on their own")


def host_and_port(url: str) -> str:
    """The address for messages."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or _PORT}"


def tls_settings(url: str, trusted_ca: Path | None) -> tuple[str, dict[str, Any]]:
    """The URL and the settings that make the driver trust a certificate authority of the user.

    The driver takes these settings with the plain schemes only, so `+s` is removed. Raises `StoreUnavailable` for a
    scheme that checks no certificate.
    """
    if trusted_ca is None:
        return url, {}
    scheme, rest = url.split("://", 1)
    if not scheme.endswith("+s"):
        raise StoreUnavailable(
            f"graph: {scheme}:// checks no certificate, but an authority to trust is given",
            hint="use bolt+s:// or neo4j+s://, or leave the authority out",
        )
    if not trusted_ca.is_file():
        raise StoreUnavailable(f"graph: {trusted_ca} is not a file", hint="certificates in PEM form")
    settings = {"encrypted": True, "trusted_certificates": TrustCustomCAs(str(trusted_ca))}
    return f"{scheme.removesuffix('+s')}://{rest}", settings


def too_old(version: str) -> bool:
    """Whether a release such as `5.26.1`, `2025.06.0` or `5.27-aura` lacks what the statements need (5.26 has it)."""
    major, minor = re.findall(r"\d+", version)[:2]
    return (int(major), int(minor)) < (5, 26)


def translate(error: Exception) -> StoreError:
    """Our error for an error of a transaction: terminal where the same data would fail again."""
    if isinstance(error, Neo4jError):
        code = error.code or ""
        terminal = code.startswith(_DATA_ERRORS) and not error.is_retryable()
        return (StoreTerminal if terminal else StoreTransient)(STORE, first_line(error))
    if isinstance(error, DriverError):
        return StoreTransient(STORE, first_line(error))
    return StoreTerminal(STORE, first_line(error))


def unavailable(error: Exception, where: str) -> StoreUnavailable:
    """Our error for an error while opening. `where` is the address without credentials."""
    if isinstance(error, AuthError):
        return StoreUnavailable(
            f"graph: {where} refuses the user or the password", hint="check APEX_GRAPH_USER and APEX_GRAPH_PASSWORD"
        )
    if isinstance(error, ServiceUnavailable | OSError):
        return StoreUnavailable(
            f"graph: {where} cannot be reached: {_cause(error)}",
            hint="is APEX_GRAPH_URL right, and its scheme (bolt:// without TLS, bolt+s:// with it)?",
        )
    if isinstance(error, ConfigurationError):
        return StoreUnavailable(f"graph: {first_line(error)}", hint="check APEX_GRAPH_URL")
    return StoreUnavailable(f"graph: {where}: {first_line(error)}", hint="`apex doctor` checks every store on its own")


def first_line(error: BaseException) -> str:
    """The first line of an error's message; the server's own message without its code."""
    text = (error.message or "") if isinstance(error, Neo4jError) else str(error)
    return (text.strip().splitlines() or [type(error).__name__])[0]


def _cause(error: BaseException) -> str:
    """The innermost error: those of certificates and refused connections are at the end of the chain."""
    while error.__cause__ is not None:
        error = error.__cause__
    return first_line(error)
