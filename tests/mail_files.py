"""Mail files of a test's own, and what is read from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from apex_cli.formats.mail.letter import Letter
from apex_cli.formats.mail.message import letter_of
from apex_cli.formats.part import InnerFile
from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.reading.read import read_input

OBSERVED = datetime(2026, 6, 1, 12, tzinfo=UTC)
LIMITS = ReadLimits(1_000_000, 8_000_000, 100, parse_timeout=30.0)
SENT = "Wed, 04 Mar 2026 08:00:00 -0600"
HEAD = (
    "Message-ID: <1@bluestem.example>\nDate: Wed, 4 Mar 2026 08:00:00 -0600\nFrom: Ana Brito <ana@bluestem.example>\n"
    "To: hub@northyard.example\nSubject: Load LD-4410\nMIME-Version: 1.0\n"
)


def message(body: str = "Load LD-4410 is at the dock.\n", message_id: str = "1", **headers: str) -> EmailMessage:
    """A message of Ana's to the hub. `headers` in snake case replace its own; an empty one is left out."""
    made = EmailMessage()
    named = {
        "message_id": message_id and f"<{message_id}@bluestem.example>",
        "date": SENT,
        "from": "Ana Brito <ana@bluestem.example>",
        "to": "hub@northyard.example",
        "subject": "Load LD-4410",
        **headers,
    }
    for name, value in named.items():
        if value:
            made[name.replace("_", "-")] = value
    made.set_content(body)
    return made


def raw(head: str, body: str | bytes = "") -> bytes:
    """A message as it stands: the usual head, more lines of it, and a body."""
    return f"{HEAD}{head}\n".encode() + (body if isinstance(body, bytes) else body.encode())


def mailbox(messages: Sequence[bytes]) -> bytes:
    """A mailbox of these messages, as programs write them: a ">" before what would begin another."""
    parts = []
    for each in messages:
        lines = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in each.split(b"\n")]
        parts.append(
            b"From ana@bluestem.example Wed Mar  4 08:00:00 2026\n" + b"\n".join(lines).rstrip(b"\n") + b"\n\n"
        )
    return b"".join(parts)


def payload(data: bytes | EmailMessage) -> dict[str, Any]:
    """The object that a message becomes."""
    return letter(data).payload()


def letter(data: bytes | EmailMessage) -> Letter:
    return letter_of(data if isinstance(data, bytes) else data.as_bytes())


def files(data: bytes | EmailMessage) -> dict[str, bytes]:
    """The files that are attached, by their names."""
    return {part.name: part.data.read() for part in letter(data).parts() if isinstance(part, InnerFile)}


def read(path: Path, source: str = "auto", limits: ReadLimits = LIMITS) -> list[Record | Rejected | Skipped]:
    """What `ingest` reads from a file."""
    return list(
        read_input(
            path,
            name=path.name,
            origin=str(path),
            source=source,
            observed_at=OBSERVED,
            limits=limits,
            namespace="apex",
        )
    )


def records(path: Path) -> list[Record]:
    """The records of a file of which everything can be read."""
    found = read(path)
    assert all(isinstance(each, Record) for each in found), found
    return [each for each in found if isinstance(each, Record)]
