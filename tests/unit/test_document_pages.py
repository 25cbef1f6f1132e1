"""A document of pages as a record: places of its chunks, and what OCR was not sure of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apex_cli.formats import images, pdf
from apex_cli.formats.content import blocks_of, hash_of, payload_of
from apex_cli.formats.part import Block, Document, OcrResult
from apex_cli.model import EntityType, Extraction, Record
from apex_cli.sources.registry import extract

BLOCKS = (
    Block("Rate Confirmation LD-1001", (), place="page 1"),
    Block("PO: 4410-A | Seal: 998812", ("Rate Confirmation LD-1001",), by_line=True, place="page 1"),
    Block("Container MXTU7300553", ("Rate Confirmation LD-1001",), place="page 2"),
)


def extracted(payload: dict[str, Any]) -> Extraction:
    now = datetime(2025, 10, 19, tzinfo=UTC)
    record = Record("document", "document", "a" * 32, payload, hash_of(payload), now, "rate-con.pdf", 1)
    return extract(record)


def payload(ocr: OcrResult | None = None) -> dict[str, Any]:
    return payload_of(Document(BLOCKS, ocr=ocr), format=pdf.FORMAT, path="/drop/rate-con.pdf", data=b"x")


def test_blocks_come_out_of_the_payload_as_they_went_in() -> None:
    assert tuple(blocks_of(payload())) == BLOCKS


def test_each_chunk_knows_its_page() -> None:
    found = extracted(payload())
    assert dict(zip(found.chunks, found.chunk_places, strict=True)) == {
        "Rate Confirmation LD-1001": "rate-con.pdf, page 1",
        "Rate Confirmation LD-1001: PO: 4410-A | Seal: 998812": "rate-con.pdf, page 1",
        "Rate Confirmation LD-1001: Container MXTU7300553": "rate-con.pdf, page 2",
    }


def test_mentions_of_words_that_ocr_is_not_sure_of_say_so() -> None:
    found = extracted(payload(OcrResult(0.93, (("4410-A", 0.71), ("12", 0.4)))))
    (document,) = (entity for entity in found.entities if entity.type is EntityType.DOCUMENT)
    assert document.attributes["read_by"] == "OCR, confidence 0.93"
    names = {entity.key: entity.name for entity in found.entities}
    marks = {names[claim.object]: claim.attributes.get("read_by") for claim in found.claims}
    assert marks["4410-A"] == "OCR, confidence 0.71"
    assert [name for name, mark in marks.items() if mark] == ["4410-A"]


def test_a_document_with_a_text_of_its_own_has_no_marks() -> None:
    found = extracted(payload())
    assert not any("read_by" in entity.attributes for entity in found.entities)
    assert not any("read_by" in claim.attributes for claim in found.claims)


def test_a_scan_and_a_file_of_one_text_are_two_documents() -> None:
    scan = payload_of(Document(BLOCKS), format=images.FORMAT, path="scan.png", data=b"y")
    assert hash_of(scan) != hash_of(payload())
