"""A message as every mail format reads it, and what becomes of it: the object of its fields, and its attachments.

The object holds nothing of the file that the message was in, so that it is the same from every file:

    {"message_id": "1@example.com", "sent_at": "2025-10-19T14:23:00-05:00", "subject": "Rate confirmation LD-1",
     "from": [{"name": "Ana Brito", "email": "ana@example.com"}], "to": […], "cc": […], "bcc": […], "reply_to": […],
     "in_reply_to": "0@example.com", "references": ["0@example.com"], "list": "…", "automatic": "auto-replied",
     "body": "…" or "body_html": "…",
     "attachments": [{"name": "rate-con.pdf", "type": "application/pdf", "size": 61077, "sha256": "…"}]}

An attachment that is a message has the id of it as `message_id`, one that holds appointments their ids as
`appointments`. Fields without a value are left out, but for the id, `from`, `to`, `references` and `attachments`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from apex_cli.extract import clean, timestamps
from apex_cli.extract.cuts import LEFT_OUT
from apex_cli.extract.identity import content_hash, file_digest
from apex_cli.formats.part import InnerFile, Object, Part

LONGEST_BODY = 1_000_000
"""Characters of a body that are kept."""
SMALLEST_PICTURE = 64 * 1024
"""Bytes of a picture inside of the text that is worth a record: smaller ones are logos and icons of signatures."""
_CONTENT_ID = "content-"
_LONGEST_NAME = 150
_TNEF = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))
_EXTENSIONS = {
    "application/pdf": ".pdf", "text/plain": ".txt", "text/html": ".html", "text/csv": ".csv", "text/calendar": ".ics",
    "application/json": ".json", "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/tiff": ".tif",
    "message/rfc822": ".eml", "application/vnd.ms-outlook": ".msg", "application/zip": ".zip", "text/markdown": ".md",
    "application/rtf": ".rtf", "application/msword": ".doc", "application/vnd.ms-excel": ".xls",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/edi-x12": ".x12", "application/xml": ".xml", "text/xml": ".xml",
}  # fmt: skip
_NOT_IN_NAMES = re.compile(r"[/\\:\x00-\x1f]+")


@dataclass(slots=True)
class Attached:
    """A file attached to a message. `content_id` is what the text calls a picture by that stands inside of it."""

    name: str
    type: str
    data: bytes
    content_id: str = ""
    message_id: str = ""
    """Of an attached message."""
    appointments: tuple[str, ...] = ()
    """The ids of the appointments in an attached calendar."""


@dataclass(slots=True)
class Letter:
    """A message. `fields` are those of its object but for the id, the body and the attachments.

    `letters` are messages attached to it that are no files of their own, each with its name.
    """

    message_id: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    body: str = ""
    body_html: str = ""
    attachments: list[Attached] = field(default_factory=list)
    letters: list[tuple[str, Letter]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Leave out what is no record, name the attachments apart, cut the body, and give it an id if it has none."""
        self.attachments = list(self._worth_keeping())
        names: set[str] = set()
        for attached in self.attachments:
            attached.name = _apart(_named(attached.name, attached.type), names)
        self.letters = [(_apart(_named(name, "message/rfc822"), names), letter) for name, letter in self.letters]
        for letter in self.inner():
            letter.settle()
        for name in ("body", "body_html"):
            body: str = getattr(self, name)
            if len(body) > LONGEST_BODY:
                self.left_out(f"the body after its first {LONGEST_BODY:,} characters")
                setattr(self, name, body[:LONGEST_BODY])
        if not self.message_id:
            self.message_id = _CONTENT_ID + content_hash(self.payload())[:32]

    def inner(self) -> Iterator[Letter]:
        """The messages of `letters`."""
        return (letter for _, letter in self.letters)

    def left_out(self, what: str) -> None:
        """Say that something of the message is not read."""
        self.notes.append(LEFT_OUT + what)

    def payload(self) -> dict[str, Any]:
        """The object of the message."""
        fields = {name: value for name, value in self.fields.items() if value}
        for name in ("from", "to", "references"):
            fields.setdefault(name, [])
        for name in ("body", "body_html"):
            if text := getattr(self, name).rstrip():
                fields[name] = text
        attachments = [_described(attached) for attached in self.attachments]
        attachments += [
            {"name": name, "type": "message/rfc822", "message_id": letter.message_id} for name, letter in self.letters
        ]
        return {"message_id": self.message_id, **fields, "attachments": attachments}

    def parts(self, place: str = "", folder: str = "") -> Iterator[Part]:
        """The message, then what is attached to it. `place` and `folder` keep it and its files apart from others.

        To be called after `settle`.
        """
        yield Object(self.payload(), place, notes=tuple(dict.fromkeys(self.notes)))
        as_of = timestamps.parse(self.fields.get("sent_at"))
        for attached in self.attachments:
            if not is_tnef(attached):
                yield InnerFile(folder + attached.name, io.BytesIO(attached.data), as_of)
        for name, letter in self.letters:
            yield from letter.parts(f"{place}, {name}" if place else name, f"{folder}{name}/")

    def _worth_keeping(self) -> Iterator[Attached]:
        pictures = 0
        for attached in self.attachments:
            if self._is_picture_of_the_text(attached):
                pictures += 1
                continue
            if is_tnef(attached):
                self.left_out(f"what is inside of {attached.name or 'winmail.dat'} (TNEF, a form of Outlook's)")
            yield attached
        if pictures:
            self.left_out(f"{pictures} small picture{'s' if pictures > 1 else ''} inside of the text")

    def _is_picture_of_the_text(self, attached: Attached) -> bool:
        small = attached.type.startswith("image/") and len(attached.data) < SMALLEST_PICTURE
        return small and bool(attached.content_id)


def is_tnef(attached: Attached) -> bool:
    """Whether a file is Outlook's own form of a message, which is not read."""
    return attached.type in _TNEF or attached.name.casefold() == "winmail.dat"


def content_id_of(text: str) -> str:
    """The id of a picture that a text refers to by `cid:`."""
    return text.strip().strip("<>").casefold()


def _described(attached: Attached) -> dict[str, Any]:
    described: dict[str, Any] = {"name": attached.name, "type": attached.type, "size": len(attached.data)}
    if attached.message_id:
        described["message_id"] = attached.message_id
    if attached.appointments:
        described["appointments"] = list(attached.appointments)
    return described | {"sha256": file_digest(attached.data)}


def _named(name: str, type: str) -> str:
    """A name without folders, with an extension where its type has one."""
    last = clean.line(_NOT_IN_NAMES.sub(" ", name.replace("\\", "/").rpartition("/")[2])).strip(". ")
    path = PurePosixPath(last or "attachment")
    extension = _EXTENSIONS.get(type, "")
    if type == "message/rfc822":
        return f"{(path.stem if path.suffix.lower() == '.eml' else path.name)[:_LONGEST_NAME]}.eml"
    suffix = path.suffix if 1 < len(path.suffix) <= 9 else ""
    return path.name[: len(path.name) - len(suffix)][:_LONGEST_NAME] + (suffix or extension)


def _apart(name: str, taken: set[str]) -> str:
    """The name, or the next one that is free: "photo (2).jpg" is another file than "photo.jpg"."""
    path = PurePosixPath(name)
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{path.stem} ({number}){path.suffix}"
    taken.add(free.casefold())
    return free
