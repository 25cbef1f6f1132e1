"""URL, TLS and credentials, as the driver takes them. No password ever stands in a URL or a message."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from apex_cli.addresses import SCHEMES
from apex_cli.errors import StoreUnavailable

PORT = 7687


def check_url(url: str) -> None:
    """Raise `StoreUnavailable` for a URL that is not one of a Neo4j server, or that carries credentials."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES["graph_url"].allowed:
        raise StoreUnavailable(f"graph: {parts.scheme}:// is no scheme of Neo4j", hint="as bolt:// or neo4j+s://")
    if "@" in parts.netloc:
        raise StoreUnavailable("graph: the URL carries a user or a password", hint="they are given on their own")


def where(url: str) -> str:
    """Host and port, for messages."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or PORT}"


def trusting(url: str, trusted_ca: Path | None) -> tuple[str, dict[str, Any]]:
    """The URL and the driver's settings by which it trusts a certificate authority of one's own.

    The driver takes these with the plain schemes only. Raises `StoreUnavailable` where the scheme asks for no check.
    """
    if trusted_ca is None:
        return url, {}
    import neo4j

    scheme, rest = url.split("://", 1)
    if not scheme.endswith("+s"):
        raise StoreUnavailable(
            f"graph: {scheme}:// checks no certificate, but an authority to trust is given",
            hint="use bolt+s:// or neo4j+s://, or leave the authority out",
        )
    if not trusted_ca.is_file():
        raise StoreUnavailable(f"graph: {trusted_ca} is not a file", hint="certificates in PEM form")
    settings = {"encrypted": True, "trusted_certificates": neo4j.TrustCustomCAs(str(trusted_ca))}
    return f"{scheme.removesuffix('+s')}://{rest}", settings
