"""A document: its text in chunks of its own structure, and the identifiers in it."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath

from apex_cli.extract import clean, keys, mentions, times
from apex_cli.extract.builder import Builder
from apex_cli.model import Entity, EntityType, Extraction, Record
from apex_cli.sources.documents.chunks import chunk

_TITLE_LIMIT = 200
_HEAD = 4_000


def extract(record: Record) -> Extraction:
    """The document as a node named by its title, known by its content: two copies of one text are one document."""
    content = _content(record)
    written_as = "markdown" if record.payload.get("format") == "markdown" else "text"
    text = prose(record)
    file_name = PurePosixPath(str(record.payload.get("path") or record.external_id)).name
    title = _title(text) or clean.line(file_name) or "Untitled document"
    builder = Builder(times.event_time(record, None))
    digest = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()
    document = builder.add(
        Entity(EntityType.DOCUMENT, (keys.document_content(digest),), title, attributes={"format": written_as})
    )
    mentions.add(builder, document, text, record.source)
    chunks = tuple(piece.text for piece in chunk(text, written_as))
    return builder.build(title, text or title, chunks)


def prose(record: Record) -> str:
    """The document's text, made fit to store."""
    content = _content(record)
    return clean.prose(content, len(content))


def _content(record: Record) -> str:
    return str(record.payload.get("content") or "")


def _title(text: str) -> str:
    """The first line that has a letter or digit, without the marks of a heading."""
    lines = (clean.line(line.strip("#*=_-> \t"), _TITLE_LIMIT) for line in text[:_HEAD].splitlines())
    return next((line for line in lines if any(char.isalnum() for char in line)), "")
