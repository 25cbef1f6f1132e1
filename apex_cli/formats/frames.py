"""How `isolation` talks with a worker and with the launcher: frames over a socket, parts as JSON and bytes beside them.

A frame is two lengths (4 and 8 bytes, big-endian), a JSON array, and the bytes of a file inside the file. Nothing is
unpickled: what a parser made of a hostile file is data only.
"""

from __future__ import annotations

import io
import json
import struct
from datetime import datetime
from typing import Any

from apex_cli.errors import ReadError
from apex_cli.formats.part import Block, Document, Ignored, InnerFile, Object, OcrResult, Part, Unreadable

HEADER = struct.Struct(">IQ")
ALIVE = "alive"
FAILED = "failed"
END = "end"
START, STARTED = "start", "started"
ENDED = "ended"


def encode(kind: str, fields: Any = None, data: bytes = b"") -> bytes:
    """One frame."""
    text = json.dumps([kind, fields], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return b"".join((HEADER.pack(len(text), len(data)), text, data))


def decode(text: bytes) -> tuple[str, Any]:
    """The kind and the fields of a frame's JSON."""
    kind, fields = json.loads(text.decode("utf-8", "surrogatepass"))
    return str(kind), fields


def encode_part(part: Part, longest: int) -> bytes:
    """The frame of a part. A file inside of more than `longest` bytes becomes an `Unreadable`."""
    if isinstance(part, Document):
        blocks = [[block.text, block.heading_path, block.by_line, block.place] for block in part.blocks]
        ocr = part.ocr and [part.ocr.confidence, part.ocr.uncertain]
        return encode("document", [blocks, part.content, part.title, part.notes, ocr])
    if isinstance(part, Object):
        return encode("object", [part.payload, part.place, part.collection, part.notes])
    if isinstance(part, Ignored):
        return encode("ignored", [part.place, part.note, part.detail])
    if isinstance(part, Unreadable):
        return encode("unreadable", [part.place, error_fields(part.error), part.raw is not None], part.raw or b"")
    data = part.data.read(longest + 1)
    if len(data) > longest:
        error = ReadError(f"{part.name} is larger than {longest:,} bytes", code="too_large")
        return encode_part(Unreadable(part.name, error), longest)
    return encode("inner", [part.name, part.as_of and part.as_of.isoformat()], data)


def decode_part(kind: str, fields: Any, data: bytes) -> Part:
    """The part that a frame holds."""
    if kind == "document":
        blocks = tuple(Block(text, tuple(path), by_line, place) for text, path, by_line, place in fields[0])
        ocr = fields[4] and OcrResult(fields[4][0], tuple((word, sure) for word, sure in fields[4][1]))
        return Document(blocks, fields[1], fields[2], tuple(fields[3]), ocr)
    if kind == "object":
        return Object(fields[0], fields[1], fields[2], tuple(fields[3]))
    if kind == "ignored":
        return Ignored(*fields)
    if kind == "unreadable":
        return Unreadable(fields[0], error_of(fields[1]), data if fields[2] else None)
    return InnerFile(fields[0], io.BytesIO(data), fields[1] and datetime.fromisoformat(fields[1]))


def error_fields(error: ReadError) -> list[str | None]:
    """An error as data."""
    return [error.message, error.hint, error.code]


def error_of(fields: list[Any]) -> ReadError:
    """The error that `error_fields` described."""
    return ReadError(fields[0], hint=fields[1], code=fields[2])
