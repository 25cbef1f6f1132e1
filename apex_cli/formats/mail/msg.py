"""Outlook's messages (`.msg`: MS-OXMSG, properties in a compound file).

What came by the internet has its headers among the properties, and is the same message as its `.eml`. Of what did not,
such as a message saved from the folder of those sent, the properties themselves are read (MS-OXPROPS).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from apex_cli.extract import clean, timestamps
from apex_cli.formats.charsets import decoded
from apex_cli.formats.format import FileInfo, Format, read_all
from apex_cli.formats.mail.headers import Headers, bare_id
from apex_cli.formats.mail.letter import Attached, Letter, content_id_of
from apex_cli.formats.mail.message import envelope, identify
from apex_cli.formats.part import Part

if TYPE_CHECKING:
    from oxmsg.properties import Properties
    from oxmsg.storage import Storage

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNS = tuple(
    sign.encode("utf-16-le") for sign in ("__substg1.0_", "__nameid_version1.0", "__properties_version1.0", "__recip_")
)
_SECTORS = (9, 12)
"""Powers of two that the size of a sector may be."""
_DIRECTORY_BYTES = 4_096
_OF_FILE, _OF_INNER, _OF_ATTACHMENT = 32, 24, 8
"""Bytes before the properties of a message, of one inside of another, and of an attachment or a person."""
_SUBJECT, _MESSAGE_ID, _IN_REPLY_TO, _REFERENCES = 0x0037, 0x1035, 0x1042, 0x1039
_BODY, _HTML, _RTF, _HEADERS, _FLAGS = 0x1000, 0x1013, 0x1009, 0x007D, 0x0E07
_TIMES = (0x0039, 0x0E06, 0x3007)
_SENDERS = ((0x0042, 0x5D02, 0x0065), (0x0C1A, 0x5D01, 0x0C1F))
"""Name, internet address and address of whoever the message is from, and of whoever sent it."""
_RECIPIENT = (0x3001, 0x39FE, 0x3003)
_ROLE, _ROLES = 0x0C15, {1: "to", 2: "cc", 3: "bcc"}
_DATA, _LONG_NAME, _NAME, _SHOWN_NAME, _TYPE, _CONTENT_ID = 0x3701, 0x3707, 0x3704, 0x3001, 0x370E, 0x3712
_INNER_MESSAGE = "__substg1.0_3701000D"
_UNSENT = 8
_MOST_LEVELS = 8


class _Msg(Format):
    name = "msg"
    extensions = (".msg",)
    extra = "documents"
    isolated = True

    def recognises(self, head: bytes, file: BinaryIO) -> bool:
        """A compound file whose directory begins with the names of a message's properties."""
        shift = int.from_bytes(head[30:32], "little")
        if not head.startswith(_MAGIC) or shift not in _SECTORS:
            return False
        file.seek((int.from_bytes(head[48:52], "little") + 1) << shift)
        directory = file.read(_DIRECTORY_BYTES)
        return any(sign in directory for sign in _SIGNS)

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        """The message, those inside of it, and the files that are attached."""
        yield from letter_of(read_all(file, info.limits)).parts()


FORMAT: Format = _Msg()


def letter_of(data: bytes, level: int = 0) -> Letter:
    """The message in these bytes, settled. Raises what the library raises for a file that is damaged.

    `level` counts the messages around it.
    """
    from olefile import OleFileIO  # type: ignore[import-untyped]  # it has no annotations
    from oxmsg.storage import Storage

    with OleFileIO(io.BytesIO(data)) as ole:
        letter = _letter(Storage.from_ole(ole), _OF_FILE, level)
    letter.settle()
    return letter


def _letter(storage: Storage, offset: int, level: int) -> Letter:
    from oxmsg.properties import Properties

    properties = Properties(storage, properties_header_offset=offset)
    letter = Letter()
    headers = Headers.read(_text(properties, _HEADERS).strip().encode())
    letter.message_id = bare_id(_text(properties, _MESSAGE_ID)) or next(iter(headers.ids("message-id")), "")
    letter.fields, letter.notes = envelope(headers)
    letter.fields |= {name: value for name, value in _given(properties, storage) if not letter.fields.get(name)}
    letter.body = _text(properties, _BODY).replace("\r\n", "\n").strip("\n")
    if not letter.body.strip():
        letter.body_html = _html(properties)
        if not letter.body_html and properties.binary_prop_value(_RTF):
            letter.left_out("its text, which is there in Outlook's form of RTF only")
    for attachment in storage.iter_attachment_storages():
        _attach(letter, attachment, level)
    shown = letter.body_html.casefold()
    for attached in letter.attachments:
        attached.content_id = attached.content_id if f"cid:{attached.content_id}" in shown or not shown else ""
    return letter


def _given(properties: Properties, storage: Storage) -> Iterator[tuple[str, Any]]:
    """The fields of a message that its properties give."""
    people: dict[str, list[dict[str, str]]] = {}
    for recipient in storage.iter_recipient_storages():
        of_person = _properties(recipient)
        role = _ROLES.get(_number(of_person, _ROLE), "")
        if role and (person := _person(of_person, _RECIPIENT)):
            people.setdefault(role, []).append(person)
    sender = next((person for names in _SENDERS if (person := _person(properties, names))), None)
    moments = (properties.date_prop_value(name) for name in _TIMES)
    sent = next((moment for moment in moments if isinstance(moment, datetime)), None)
    yield "subject", clean.line(_text(properties, _SUBJECT), 4_000)
    yield "from", [sender] if sender else []
    yield from people.items()
    yield "in_reply_to", bare_id(_text(properties, _IN_REPLY_TO))
    yield "references", [bare_id(each) for each in _text(properties, _REFERENCES).split()]
    yield "sent_at", timestamps.rfc3339(sent) if sent else ""
    yield "is_draft", bool(_number(properties, _FLAGS) & _UNSENT)


def _attach(letter: Letter, storage: Storage, level: int) -> None:
    properties = _properties(storage)
    name = next((text for each in (_LONG_NAME, _NAME, _SHOWN_NAME) if (text := _text(properties, each))), "")
    inner = next((each for each in storage.storages if each.name == _INNER_MESSAGE), None)
    data = properties.binary_prop_value(_DATA) if inner is None else None
    if inner is not None and level < _MOST_LEVELS:
        letter.letters.append((name or "message", _letter(inner, _OF_INNER, level + 1)))
    elif not data:
        why = (
            f"messages nested deeper than {_MOST_LEVELS} levels"
            if inner
            else f"{name or 'an attachment'}, not in the file"
        )
        letter.left_out(why)
    else:
        kind = _text(properties, _TYPE).strip().lower() or "application/octet-stream"
        attached = Attached(name, kind, data, content_id_of(_text(properties, _CONTENT_ID)))
        identify(attached, level)
        letter.attachments.append(attached)


def _properties(storage: Storage) -> Properties:
    from oxmsg.properties import Properties

    return Properties(storage, properties_header_offset=_OF_ATTACHMENT)


def _text(properties: Properties, name: int) -> str:
    return (properties.str_prop_value(name) or "").replace("\0", "")


def _number(properties: Properties, name: int) -> int:
    found = properties.int_prop_value(name)
    return found if isinstance(found, int) else 0


def _html(properties: Properties) -> str:
    data = properties.binary_prop_value(_HTML)
    if data is None:
        return _text(properties, _HTML)
    return decoded(data, properties.body_encoding).text.replace("\0", "")


def _person(properties: Properties, names: tuple[int, int, int]) -> dict[str, str] | None:
    """A person by name and internet address. Addresses within one Exchange server (`/o=…`) lead to no one else."""
    name, *addresses = (clean.line(_text(properties, each)).strip("'\"") for each in names)
    address = next((each for each in addresses if "@" in each), "")
    found = {"name": name} if name and name.casefold() != address.casefold() else {}
    return found | ({"email": address} if address else {}) or None
