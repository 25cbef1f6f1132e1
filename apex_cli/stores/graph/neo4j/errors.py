"""Where the driver's errors become ours."""

from __future__ import annotations

from neo4j.exceptions import AuthError, ConfigurationError, DriverError, Neo4jError, ServiceUnavailable

from apex_cli.errors import StoreError, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.stores.graph.model.transaction import STORE

_DATA_ERRORS = (
    "Neo.ClientError.Statement.",
    "Neo.ClientError.Schema.",
    "Neo.ClientError.Request.",
    "Neo.DatabaseError.Statement.",
)
"""What a statement or its data did wrong: the last is the answer to a value that is too long for an index.

Everything else that a server says is about the server, and may pass.
"""

DRIVER_ERRORS = (DriverError, Neo4jError)
PACKING_ERRORS = (ValueError, OverflowError, TypeError)
"""What the driver raises for values that it cannot send, such as half a surrogate pair."""


def translate(error: Exception) -> StoreError:
    """Ours for an error of a transaction."""
    if isinstance(error, Neo4jError):
        code = error.code or ""
        terminal = code.startswith(_DATA_ERRORS) and not error.is_retryable()
        return (StoreTerminal if terminal else StoreTransient)(STORE, first_line(error))
    if isinstance(error, DriverError):
        return StoreTransient(STORE, first_line(error))
    return StoreTerminal(STORE, first_line(error))


def unavailable(error: Exception, where: str) -> StoreUnavailable:
    """Ours for an error while opening. `where` is the address without credentials."""
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
    """The first line of what an error says; the server's own message without its code."""
    text = (error.message or "") if isinstance(error, Neo4jError) else str(error)
    return (text.strip().splitlines() or [type(error).__name__])[0]


def _cause(error: BaseException) -> str:
    """The innermost reason: certificates and refused connections stand at the end of the chain."""
    while error.__cause__ is not None:
        error = error.__cause__
    return first_line(error)
