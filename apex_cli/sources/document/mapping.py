"""A document: its text in chunks of its own structure, and the identifiers in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath

from apex_cli.extract import clean, document_dates, document_kinds, entities, keys, mentions, papers, timestamps
from apex_cli.extract.builder import Builder
from apex_cli.extract.identity import text_digest
from apex_cli.extract.time_values import looks_like_a_time
from apex_cli.formats import content, registry
from apex_cli.formats.chunks import chunk
from apex_cli.formats.part import Block
from apex_cli.model import Entity, EntityType, Extraction, Predicate, Record, RecordKind
from apex_cli.sources.document.ocr_marks import marked

_TITLE_LIMIT = 200
_HEAD = 4_000
_MOST_NOTES = 3
# YAML between two lines of dashes at the head of the file, as static site generators read it.
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>.{0,4000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*(?P<title>[^\n]{1,300})$", re.MULTILINE | re.IGNORECASE)


def extract(record: Record) -> Extraction:
    """The document as a node named by its title, known by its content: two copies of one text are one document.

    Messages that it is attached to know it by the bytes of its file. Its time is the date that its head gives on a line
    of its own (`Date: 2025-10-19`), in front matter or below. A paper of a known kind has it as `kind`, gets a title
    that says which one it is, and is about the one shipment that its head names; see `papers`.
    """
    text = prose(record)
    front = None if "blocks" in record.payload else _FRONT_MATTER.match(text)
    body = text[front.end() :].strip() if front else text
    file_name = PurePosixPath(str(record.payload.get("path") or record.external_id)).name
    given = str(record.payload.get("title") or "")
    own_title = (front and _front_title(front["fields"])) or clean.line(given, _TITLE_LIMIT)
    title = own_title or _title(body) or clean.line(file_name) or "Untitled document"
    own, notes = _date(record, text)
    matches = mentions.find(text)
    head = document_kinds.heading(body)
    if head is not None and not (front and own_title) and not _is_specific(title, own_title, head):
        title = papers.title(head, matches, own)
    builder = Builder.of(record, own, kind=RecordKind.STATE)
    for note in notes:
        builder.note(note)
    format = str(record.payload.get("format") or registry.DEFAULT.name)
    attributes = {"format": format, **({"kind": head.kind} if head else {})}
    called = (keys.document_called(file_name),)
    document = builder.add(Entity(EntityType.DOCUMENT, _keys(record), title, called, attributes=attributes))
    mentions.add(builder, document, text, record.source, matches)
    about = papers.shipment(matches) if head else None
    if about and (shipment := entities.shipment(shipment_id=about, certain=False)):
        builder.claim(document, Predicate.ABOUT, builder.add(shipment))
    fields = list(registry.DEFAULT.blocks(front["fields"])) if front else []
    pieces = chunk([*fields, *_blocks(record, body)])
    places = tuple(", ".join(filter(None, (clean.line(file_name), piece.place))) for piece in pieces)
    extraction = builder.build(title, text or title, tuple(piece.text for piece in pieces), places)
    return marked(extraction, record.payload)


def _keys(record: Record) -> tuple[str, ...]:
    content_key = keys.document_content(text_digest(_content(record), 32))
    file = record.payload.get("file")
    return (content_key, keys.document_file(file)) if isinstance(file, str) else (content_key,)


def _blocks(record: Record, body: str) -> Iterator[Block]:
    """The blocks of a document without its front matter, made fit to store."""
    if "blocks" not in record.payload:
        yield from content.blocks_of({"format": record.payload.get("format"), "content": body})
        return
    for block in content.blocks_of(record.payload):
        if text := clean.prose(block.text, len(block.text)):
            yield replace(block, text=text)


def _front_title(fields: str) -> str:
    found = _FRONT_TITLE.search(fields)
    return clean.line(found["title"].strip(" \t\"'"), _TITLE_LIMIT) if found else ""


def prose(record: Record) -> str:
    """The document's text, made fit to store."""
    content = _content(record)
    return clean.prose(content, len(content))


def _content(record: Record) -> str:
    return str(record.payload.get("content") or "")


def _is_specific(title: str, own_title: str, head: document_kinds.Heading) -> bool:
    """Whether a title stays: that of the file or the heading, if it says which paper it is. A letterhead does not."""
    return bool(own_title or title == clean.line(head.line)) and document_kinds.is_specific(title, head)


def _title(text: str) -> str:
    """The first line that has a letter or digit, without the marks of a heading."""
    lines = (clean.line(line.strip("#*=_-> \t"), _TITLE_LIMIT) for line in text[:_HEAD].splitlines())
    return next((line for line in lines if any(char.isalnum() for char in line)), "")


def _date(record: Record, text: str) -> tuple[datetime | None, list[str]]:
    """The first date at the head that can be the document's, and notes on those before it that cannot."""
    notes: list[str] = []
    for written in document_dates.find(text):
        ambiguous = document_dates.is_ambiguous(written, text)
        moment = None if ambiguous else timestamps.parse(written)
        if moment is not None and timestamps.is_plausible(record, moment):
            return moment, notes
        if len(notes) < _MOST_NOTES and (moment is not None or looks_like_a_time(written)):
            why = "lies in the future" if moment else "is ambiguous" if ambiguous else "cannot be read"
            notes.append(f"the date {clean.line(written)} {why}: it is not taken for that of the document")
    return None, notes
