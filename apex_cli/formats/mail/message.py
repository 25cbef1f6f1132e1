"""A message (RFC 5322) from its bytes: who, when, the text, and what is attached."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from apex_cli.errors import ReadError
from apex_cli.extract import clean, cuts, timestamps
from apex_cli.extract.message_text import visible_text
from apex_cli.formats.charsets import decoded
from apex_cli.formats.mail.headers import Headers, moment
from apex_cli.formats.mail.letter import Attached, Letter, content_id_of
from apex_cli.formats.mail.mime import MimePart, head_of, parse
from apex_cli.formats.mail.signs import is_mail

_MOST_LETTERS_DEEP = 8
_LONGEST_DELAY = 2 * 24 * 3600.0
"""Seconds that a message may be dated after a server received it: clocks go wrong by hours."""
_HTML_HOLDS_MORE = 4
_LONGEST_COMPARED = 100_000
_CID = re.compile(r"cid:([^\s\"'>)]{1,300})", re.IGNORECASE)
_FOR_PROGRAMS = frozenset(
    ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", "text/rfc822-headers",
     "message/delivery-status", "message/disposition-notification", "application/pgp-encrypted")
)  # fmt: skip
_ELSEWHERE = frozenset(("message/external-body", "message/partial"))
_SEALED = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
_AUTOMATIC = ("auto-submitted", "x-autoreply", "x-autorespond")


def letter_of(data: bytes, level: int = 0) -> Letter:
    """The message in these bytes, settled. Raises `ReadError` for what is none.

    `level` counts the messages around it: their attached ones are looked into for their ids only.
    """
    with cuts.collected() as notes:
        letter = _MessageReader(parse(data), level).letter()
    letter.notes[:0] = notes
    letter.settle()
    return letter


class _MessageReader:
    """Reads one message from the tree of its parts."""

    def __init__(self, root: MimePart, level: int) -> None:
        self._root = root
        self._level = level
        self._letter = Letter()
        self._html: list[str] = []

    def letter(self) -> Letter:
        headers, letter = self._root.headers, self._letter
        letter.message_id = next(iter(headers.ids("message-id")), "")
        letter.fields, letter.notes = envelope(headers)
        texts = self._texts(self._root, is_returned=False)
        self._set_body(texts)
        for part in self._root.walk():
            for what in part.left_out:
                letter.left_out(what)
        shown = {content_id_of(found) for html in self._html for found in _CID.findall(html)}
        for attached in letter.attachments:
            attached.content_id = attached.content_id if attached.content_id in shown else ""
        return letter

    def _texts(self, part: MimePart, *, is_returned: bool) -> list[tuple[str, bool]]:
        """The texts of a part that are the message's, each with whether it is HTML; all else is attached."""
        if part.kind == "multipart/encrypted":
            self._letter.left_out("its text, which is encrypted")
            return []
        if part.kind == "multipart/alternative" and part.parts:
            return self._best(part.parts, is_returned=is_returned)
        if part.parts:
            is_report = is_returned or part.kind == "multipart/report"
            return [text for each in part.parts for text in self._texts(each, is_returned=is_report)]
        if self._is_text(part):
            return [(self._characters(part), part.kind == "text/html")]
        if part.kind in _FOR_PROGRAMS or (is_returned and part.kind == "message/rfc822"):
            self._answers_returned(part)
        elif part.kind in _SEALED:
            is_signed = part.headers.parameter("content-type", "smime-type") == "signed-data"
            self._letter.left_out(
                f"its text, which is {'inside of a signature' if is_signed else 'encrypted'} (S/MIME)"
            )
        elif part.kind in _ELSEWHERE:
            self._letter.left_out(f"a part that is not in the message ({part.kind})")
        else:
            self._attach(part)
        return []

    def _best(self, parts: Sequence[MimePart], *, is_returned: bool) -> list[tuple[str, bool]]:
        """The plain one of several forms of one text, unless it is empty or says little of what the HTML says."""
        forms = [self._texts(part, is_returned=is_returned) for part in parts if not _is_other_form(part)]
        html = next((form for form in reversed(forms) if any(is_html and text.strip() for text, is_html in form)), [])
        for text, is_html in html:
            if is_html:
                self._html.append(text)
        plain = next((form for form in forms if any(text.strip() and not is_html for text, is_html in form)), [])
        if not plain or not html:
            return plain or html
        said = sum(len(text.strip()) for text, _ in plain)
        more = sum(len(visible_text(text[:_LONGEST_COMPARED])) for text, is_html in html if is_html)
        return html if said * _HTML_HOLDS_MORE < more else plain

    def _set_body(self, texts: Sequence[tuple[str, bool]]) -> None:
        self._html += [text for text, is_html in texts if is_html]
        kept = [(text, is_html) for text, is_html in texts if text.strip()]
        if kept and all(is_html for _, is_html in kept):
            self._letter.body_html = "\n".join(text for text, _ in kept)
        else:
            plain = (visible_text(text) if is_html else text.strip("\n") for text, is_html in kept)
            self._letter.body = "\n\n".join(plain)

    def _is_text(self, part: MimePart) -> bool:
        if part.kind not in ("text/plain", "text/html") and not part.headers.is_multipart():
            return False
        disposition = part.headers.text("content-disposition").lower()
        return not disposition.startswith("attachment") and not _file_name(part.headers)

    def _characters(self, part: MimePart) -> str:
        content, damage = part.content()
        if damage:
            self._letter.notes.append(f"{damage}: its text may not be whole")
        charset = part.headers.parameter("content-type", "charset")
        found = decoded(content, charset or "utf-8")
        if found.assumed and charset:
            self._letter.notes.append(f"its text is no {charset}: read as {found.assumed}")
        text = found.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        if part.headers.parameter("content-type", "format").lower() == "flowed":
            return _unwrapped(text, delete_space=part.headers.parameter("content-type", "delsp").lower() == "yes")
        return text

    def _attach(self, part: MimePart) -> None:
        content, damage = part.content()
        name = _file_name(part.headers) or _subject_of(part, content)
        attached = Attached(name, part.kind, content, content_id_of(part.headers.raw("content-id")))
        if damage:
            self._letter.notes.append(f"{damage}: {name or part.kind} may not be whole")
        if not content.strip():
            self._letter.left_out(f"{name or part.kind}, which is empty")
            return
        identify(attached, self._level)
        self._letter.attachments.append(attached)

    def _answers_returned(self, part: MimePart) -> None:
        """A report of a server names the message that it is about by returning it, or its headers."""
        if part.kind in ("message/rfc822", "text/rfc822-headers") and not self._letter.fields.get("in_reply_to"):
            self._letter.fields["in_reply_to"] = next(iter(Headers.read(part.content()[0]).ids("message-id")), "")


def envelope(headers: Headers) -> tuple[dict[str, Any], list[str]]:
    """The fields of a message that its headers give, but for its id, and notes on its time."""
    sent, notes = _sent_at(headers)
    automatic = next((text for name in _AUTOMATIC if (text := headers.text(name))), "")
    replied = headers.ids("in-reply-to")
    fields = {
        "sent_at": sent,
        "subject": headers.text("subject"),
        "from": headers.people("from") or headers.people("sender"),
        "to": headers.people("to"),
        "cc": headers.people("cc"),
        "bcc": headers.people("bcc"),
        "reply_to": headers.people("reply-to"),
        "in_reply_to": replied[0] if replied else "",
        "references": headers.ids("references"),
        "list": headers.text("list-id"),
        "automatic": "" if automatic.lower() == "no" else automatic,
        "is_draft": headers.text("x-unsent") == "1" or bool(headers.raw("x-mozilla-draft-info")),
    }
    return fields, notes


def _sent_at(headers: Headers) -> tuple[str, list[str]]:
    """When it was sent: its Date, else when the first server received it; a Date that is no time as it stands."""
    written = headers.text("date")
    sent = moment(written)
    received = next((found for hop in reversed(headers.hops()) if (found := moment(hop))), None)
    if sent and not (received and _is_long_after(sent, received)):
        return sent, []
    if received is None:
        return written, [f"its date {clean.line(written, 80)!r} cannot be read"] if written and not sent else []
    why = f"its date {written!r} cannot be right" if written else "it has no date"
    return received, [f"{why}: it counts from when it was received, {received}"]


def _is_long_after(sent: str, received: str) -> bool:
    first, last = timestamps.parse(received), timestamps.parse(sent)
    return first is not None and last is not None and (last - first).total_seconds() > _LONGEST_DELAY


def _is_other_form(part: MimePart) -> bool:
    """Whether a part is the text in a form that few programs read, such as AMP or enriched text."""
    is_text = part.kind.startswith("text/") and not part.parts and not _file_name(part.headers)
    return is_text and part.kind not in ("text/plain", "text/html", "text/calendar")


def _file_name(headers: Headers) -> str:
    return headers.parameter("content-disposition", "filename") or headers.parameter("content-type", "name")


def _subject_of(part: MimePart, content: bytes) -> str:
    """What an attached message without a name is called by."""
    if part.kind != "message/rfc822":
        return "invite" if part.kind == "text/calendar" else ""
    with suppress(ReadError):
        return head_of(content).text("subject") or "message"
    return "message"


def identify(attached: Attached, level: int) -> None:
    """Give a message or calendar that is attached the ids by which its own records are known."""
    name = attached.name.lower()
    if attached.type == "message/rfc822" or name.endswith(".eml") or is_mail(attached.data):
        attached.type = "message/rfc822"
        with suppress(ReadError):
            attached.message_id = _id_of(attached.data, level + 1)
    elif name.endswith(".msg"):
        from apex_cli.formats.mail import msg

        with suppress(Exception):  # what is damaged there is said by its own record
            attached.message_id = (
                msg.letter_of(attached.data, level + 1).message_id if level < _MOST_LETTERS_DEEP else ""
            )
    elif attached.type == "text/calendar" or name.endswith(".ics"):
        from apex_cli.formats.ics import appointment_ids

        attached.appointments = tuple(appointment_ids(attached.data))


def _id_of(data: bytes, level: int) -> str:
    """The id of an attached message: its own, else that of its content."""
    given = next(iter(head_of(data).ids("message-id")), "")
    return given or (letter_of(data, level).message_id if level <= _MOST_LETTERS_DEEP else "")


def _unwrapped(text: str, *, delete_space: bool) -> str:
    """The paragraphs of `format=flowed` (RFC 3676) in one line each; quotes and the mark of a signature stay."""
    return "\n".join(_flowed(text.split("\n"), delete_space))


def _flowed(lines: Sequence[str], delete_space: bool) -> Iterator[str]:
    held = ""
    for line in lines:
        own = line.removeprefix(" ")
        is_plain = not own.startswith(">") and own != "-- "
        if held and not is_plain:
            yield held
            held = ""
        if is_plain and own.endswith(" "):
            held += own[:-1] if delete_space else own
        else:
            yield held + own
            held = ""
    if held:
        yield held
