"""The headers of a message or of a part, decoded (RFC 5322, 2047, 2231, 6532). What is wrong in them never raises."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

from apex_cli.extract import clean, cuts, timestamps
from apex_cli.formats.charsets import decoded

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_LINES = re.compile(rb"\r?\n(?![ \t])")
_FOLD = re.compile(r"[\r\n]+[ \t]?")
_ID = re.compile(r"<([^<>]{1,998})>")
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")
_COMMENT = re.compile(r"\([^()]{0,200}\)")
# Newer versions of Python return nothing for a field with one wrong address, unless asked not to.
_LENIENT: dict[str, Any] = {"strict": False} if "strict" in inspect.signature(getaddresses).parameters else {}
_LONGEST = 64 * 1024
_LONGEST_DECODED = 4_000
_LONGEST_PARAMETERS = 8_000
_MOST_FIELDS = 5_000
_MOST_PEOPLE = 1_000
_MOST_IDS = 200
_MOST_HOPS = 100


class Headers:
    """The fields of one head by their names in lower case, each in its order."""

    def __init__(self, fields: Mapping[str, Sequence[str]], default: str) -> None:
        self._fields = fields
        self._default = default

    @classmethod
    def read(cls, head: bytes, default: str = "text/plain") -> Headers:
        """The headers in these bytes. `default` is the type of content where they name none."""
        fields: dict[str, list[str]] = {}
        lines = _LINES.split(head, _MOST_FIELDS)
        if len(lines) > _MOST_FIELDS:
            cuts.left_out(f"headers after the first {_MOST_FIELDS:,}")
        for line in lines[:_MOST_FIELDS]:
            found = _FIELD.fullmatch(_cut(line))
            if found is not None:
                value = decoded(found[2], "utf-8").text
                fields.setdefault(found[1].decode().lower(), []).append(_FOLD.sub(" ", value).strip())
        return cls(fields, default)

    def __bool__(self) -> bool:
        return bool(self._fields)

    def raw(self, name: str) -> str:
        """The first field of this name, as it was sent, in one line; "" without one."""
        return next(iter(self._fields.get(name, ())), "")

    def text(self, name: str) -> str:
        """The first field of this name for people: encoded words decoded, one clean line."""
        return clean.line(words(self.raw(name)), _LONGEST_DECODED)

    def people(self, name: str) -> list[dict[str, str]]:
        """The addresses of all fields of this name: `{"name", "email"}`, each where it is given."""
        found: dict[tuple[str, str], None] = {}
        for value in self._fields.get(name, ()):
            for shown, address in _addresses(value):
                found[clean.line(words(shown)), clean.line(address)] = None
        people = [_person(shown, address) for shown, address in found if shown or "@" in address]
        if len(people) > _MOST_PEOPLE:
            cuts.left_out(f"{len(people) - _MOST_PEOPLE:,} of the {len(people):,} people in {name}")
        return people[:_MOST_PEOPLE]

    def ids(self, name: str) -> list[str]:
        """The ids of messages in a field, without their brackets: of References, In-Reply-To, Message-ID."""
        found = [each for each in (bare_id(one) for one in _ID.findall(self.raw(name))) if each]
        if not found and (alone := bare_id(self.raw(name))) and "@" in alone:
            found = [alone]
        unique = list(dict.fromkeys(found))
        # The root of the thread is first, and the message that is answered last.
        return unique if len(unique) <= _MOST_IDS else [unique[0], *unique[-_MOST_IDS + 1 :]]

    def hops(self) -> list[str]:
        """When servers received the message, the first server last."""
        return [value.rpartition(";")[2].strip() for value in self._fields.get("received", ())[:_MOST_HOPS]]

    def content_type(self) -> str:
        """The type in lower case: "text/plain"."""
        found = self._message("content-type").get_content_type()
        return found if "content-type" in self._fields and _TYPE.fullmatch(found) else self._default

    def is_multipart(self) -> bool:
        return self.content_type().startswith("multipart/")

    def parameter(self, name: str, parameter: str) -> str:
        """A parameter of a field, decoded; "" without it."""
        try:
            found: Any = self._message(name).get_param(parameter, "", header=name)
        except (ValueError, LookupError):
            return ""
        if isinstance(found, tuple):
            charset, _, encoded = found
            return decoded(str(encoded).encode("latin-1", "replace"), str(charset or "utf-8")).text
        return words(str(found or ""))

    def _message(self, name: str) -> Message:
        message = Message()
        message[name] = self.raw(name)[:_LONGEST_PARAMETERS]
        return message


def _cut(line: bytes) -> bytes:
    """A field of at most 64 KiB, with no half of an address at its end."""
    if len(line) <= _LONGEST:
        return line
    cuts.left_out(f"a header after its first {_LONGEST:,} bytes")
    return line[:_LONGEST].rpartition(b",")[0] or line[:_LONGEST]


def bare_id(text: str) -> str:
    """The id of a message without brackets, and without the blanks that folding put into it."""
    return "".join(text.split()).strip("<>")


def words(text: str) -> str:
    """A text with its encoded words decoded: "=?utf-8?q?Load=E2=80=A6?="."""
    text = text[:_LONGEST_DECODED]
    if "=?" not in text:
        return text
    try:
        found = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    return "".join(each if isinstance(each, str) else decoded(each, charset or "utf-8").text for each, charset in found)


def moment(text: str) -> str | None:
    """The time in a Date field, in ISO 8601 with the offset that it was written in; None for none that can be read."""
    bare = _COMMENT.sub(" ", text[:400]).strip()
    found = timestamps.parse(bare)
    if found is None:
        return None
    try:
        local = parsedate_to_datetime(bare)
    except (ValueError, TypeError, IndexError, OverflowError):
        return timestamps.rfc3339(found)
    return local.isoformat() if local.tzinfo and local == found else timestamps.rfc3339(found)


def _addresses(value: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([value], **_LENIENT)
    except (RecursionError, ValueError, IndexError):
        return []


def _person(name: str, address: str) -> dict[str, str]:
    # Some programs write the address in the place of the name as well.
    shown = name.strip(" \"'")
    found = {"name": shown} if shown and shown.casefold() != address.casefold() else {}
    return found | ({"email": address} if "@" in address else {})
