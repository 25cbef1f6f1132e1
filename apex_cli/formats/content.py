"""A document as the payload of a record holds it.

    {"path": "/drop/rate-con.pdf", "format": "pdf", "file": "<SHA-256 of the bytes>", "content": "…",
     "title": "…", "blocks": [[0, 120, "page 1", false, ["Terms"]], …]}

`content` is the whole text, headings too, and `blocks` say where its blocks are: beginning, end, place, by line,
headings. A format whose text holds its own structure (`TextFormat`) stores no blocks. `ocr` stands beside them where
text was read from images: `{"confidence": 0.93, "uncertain": {"LD-1OO1": 0.71}}`, the words of which OCR is not sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apex_cli.extract.identity import document_hash, file_digest
from apex_cli.formats import registry
from apex_cli.formats.format import Format, TextFormat
from apex_cli.formats.part import Block, Document
from apex_cli.model import JsonObject

_BETWEEN = "\n\n"


def payload_of(document: Document, *, format: Format, path: str, data: bytes) -> dict[str, Any]:
    """The payload of a document. `path` is where it came from, `data` the bytes of its file."""
    payload: dict[str, Any] = {"path": path, "format": format.name, "file": file_digest(data)}
    if document.title:
        payload["title"] = document.title
    if document.ocr is not None:
        payload["ocr"] = {"confidence": document.ocr.confidence, "uncertain": dict(document.ocr.uncertain)}
    if document.content is not None:
        return payload | {"content": document.content}
    spans: list[list[Any]] = []
    texts: list[str] = []
    position = 0
    above: tuple[str, ...] = ()
    for block in document.blocks:
        for heading in _new(block.heading_path, above):
            texts.append(heading)
            position += len(heading) + len(_BETWEEN)
        above = block.heading_path
        end = position + len(block.text)
        spans.append([position, end, block.place, block.by_line, list(above)])
        texts.append(block.text)
        position = end + len(_BETWEEN)
    return payload | {"content": _BETWEEN.join(texts), "blocks": spans}


def _new(path: tuple[str, ...], above: tuple[str, ...]) -> tuple[str, ...]:
    """The headings of a path that are not those above the block before."""
    same = next((place for place, pair in enumerate(zip(path, above, strict=False)) if pair[0] != pair[1]), None)
    return path[min(len(path), len(above)) if same is None else same :]


def blocks_of(payload: JsonObject) -> Iterator[Block]:
    """The blocks of a document, in order. A document of an unknown format without blocks is read as plain text."""
    content = str(payload.get("content") or "")
    spans = payload.get("blocks")
    if spans is None:
        format = registry.by_name(str(payload.get("format")))
        yield from (format if isinstance(format, TextFormat) else registry.DEFAULT).blocks(content)
        return
    for begin, end, place, by_line, headings in spans:
        yield Block(content[begin:end], tuple(headings), by_line, place)


def hash_of(payload: JsonObject) -> str:
    """The content hash of a document: the same text of the same kind of format is the same document.

    Text and Markdown are one kind, as are copies of them in another encoding. A PDF and a web page of one text are two
    documents: one may be the signed copy of the other.
    """
    text = str(payload.get("content") or "")
    return document_hash(text if payload.get("blocks") is None else f"{payload['format']}\0{text}")
