"""Where stores are and what opens them: values that are safe to show, log and write as JSON as they are.

The whole URL and the secret come out by `reveal()` alone, and only drivers are given what it returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

MASK = "***"


class Secret:
    """A password or key. `str` and `repr` show a mask."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for a driver."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def _masked(whole: str) -> str:
    if "://" not in whole:
        return whole
    parts = urlsplit(whole)
    login, at, place = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    query = parts.query
    if "password" in query.lower():
        # password of libpq and redis-py, sslpassword of libpq, ssl_password of redis-py
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode([(key, MASK if "password" in key.lower() else value) for key, value in pairs], safe="*/:")
    netloc = f"{user}:{MASK}{at}{place}" if colon else parts.netloc
    return _joined(parts._replace(netloc=netloc, query=query))


def _joined(parts: SplitResult) -> str:
    """The URL of these parts. `urlunsplit` drops the slashes before an empty host."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{'?' if parts.query else ''}{parts.query}"


class StoreUrl(str):
    """`embedded`, or a server's URL: as a string, with every password in it masked."""

    _whole: str

    def __new__(cls, whole: str) -> StoreUrl:
        made = super().__new__(cls, _masked(whole))
        made._whole = whole
        return made

    @property
    def embedded(self) -> bool:
        """Whether the store is the embedded one."""
        return self._whole == "embedded"

    def reveal(self) -> str:
        """The URL with its password, for a driver."""
        return self._whole

    def apart(self) -> Login:
        """The URL without user and password, and these (percent-decoded; None where it names none)."""
        parts = urlsplit(self._whole)
        place = parts.netloc.rpartition("@")[2]
        return Login(
            _joined(parts._replace(netloc=place)),
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else Secret(unquote(parts.password)),
        )


EMBEDDED = StoreUrl("embedded")


class Login(NamedTuple):
    """A URL apart from the user and the password that were in it."""

    url: str
    user: str | None
    password: Secret | None


class Scheme(NamedTuple):
    """What a store's URL may start with, and an example for messages.

    `host`: whether it must name one; `login`: whether user and password may be in it.
    """

    allowed: frozenset[str]
    example: str
    host: bool = True
    login: bool = True


SCHEMES: Mapping[str, Scheme] = {
    "graph_url": Scheme(
        frozenset(f"{base}{suffix}" for base in ("bolt", "neo4j") for suffix in ("", "+s", "+ssc")),
        "bolt://localhost:7687",
    ),
    # libpq takes the host from its service file or the default socket too.
    "postgres_url": Scheme(frozenset({"postgresql", "postgres"}), "postgresql://apex@localhost:5432/apex", host=False),
    "qdrant_url": Scheme(frozenset({"http", "https"}), "http://localhost:6333", login=False),
    "redis_url": Scheme(frozenset({"redis", "rediss", "unix"}), "redis://localhost:6379/0"),
}
"""By setting: the URLs of each store."""


def parse_url(setting: str, text: str) -> StoreUrl:
    """The checked value of a URL setting. Raises `ValueError`, whose words never repeat the value.

    A password's `@`, `/`, `?` and `#` must be percent-encoded: left as they are, parts of it would count as host or
    path and be shown.
    """
    if text == EMBEDDED:
        return EMBEDDED
    rules = SCHEMES[setting]
    scheme, colon, rest = text.partition("://")
    if not colon or scheme not in rules.allowed:
        raise ValueError(f"must be `{EMBEDDED}` or start with one of {', '.join(sorted(rules.allowed))} and ://")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
    except ValueError:
        raise ValueError("is no URL") from None
    if "@" in parts.path + parts.query or parts.fragment or any(sign.isspace() for sign in text):
        raise ValueError("has an unescaped @, #, / or space (in a password these are written %40, %23, %2F, %20)")
    if not rules.login and "@" in parts.netloc:
        raise ValueError("takes no user or password (the key is a setting of its own)")
    if rules.host and scheme != "unix":
        _check_host(parts.hostname, parts.netloc)
    return StoreUrl(text)


def _check_host(host: str | None, netloc: str) -> None:
    if not host:
        raise ValueError("names no host")
    port = netloc.rpartition("@")[2].removeprefix(f"[{host}]").rpartition(":")
    if port[1] and not (port[2].isdecimal() and 0 < int(port[2]) < 65_536):
        raise ValueError("has no port number after its last colon (special characters of a password are written %XX)")
