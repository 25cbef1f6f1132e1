"""The lines of an export (`apex export`): JSON Lines, each recognised by its first field.

    {"apex_export": 1, "type": "export", "apex": "0.2.0", "namespace": "apex", "exported_at": "…", …}
    {"apex_export": 1, "type": "version", <identity>, "content_hash", …, "extraction": {…}, "payload": {…}}
    {"apex_export": 1, "type": "forgotten", <identity>, "contents": ["<hash>", …]}
    {"apex_export": 1, "type": "end", "records": 3, "versions": 4, "forgotten": 1}

where <identity> is "namespace", "record_id", "source", "data_type", "external_id". Each line stands for itself, so one
that fails can be kept and tried again alone. A version is taken as it was: its identity, hash, times and extraction
count as the export has them, and its payload is not looked into.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

from apex_cli import __version__
from apex_cli.errors import ReadError
from apex_cli.extract.stated import extraction_of, stated_of
from apex_cli.input_rules import ReadLimits
from apex_cli.model import Exported, JsonObject, Record, RecordKind, named_uuid, record_id
from apex_cli.serialization import text, time
from apex_cli.sources.registry import lone_record_id

MARK = "apex_export"
FORMAT = 1
"""A higher one is another format, which this version does not read."""
_HEAD = re.compile(rb'\s*\{\s*"apex_export"\s*:')
_HEAD_BYTES = 4096
_LEVELS_AROUND = 4
_LARGER = 6
"""How much larger a line may be than its payload: the text and what was extracted stand beside it."""
_HASH = re.compile(r"[0-9a-f]{16,128}")
_LONGEST_NAME = 1_000
_NOT_ASCII = re.compile(r"[^\x00-\x7e]")


def is_export(value: JsonObject) -> bool:
    """Whether a JSON object is a line of an export."""
    return MARK in value


def limits_for(file: BinaryIO, limits: ReadLimits) -> ReadLimits:
    """The limits for a file: where it begins as an export, its lines may be larger and deeper than their payloads."""
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    if not _HEAD.match(head):
        return limits
    largest = _LARGER * max(limits.max_record_bytes, limits.max_document_bytes)
    return replace(limits, max_record_bytes=largest, max_depth=limits.max_depth + _LEVELS_AROUND)


class ExportReader:
    """Reads the lines of one input, one after the other."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._is_open = False

    def record(self, line: JsonObject, *, locator: str, size: int) -> Record | None:
        """The record of a line; None for the first and the last line of an export.

        Raises `NewerExport`, which ends the input, and `ReadError` (`bad_export`).
        """
        check_format(line)
        kind = line.get("type")
        if kind in ("export", "end"):
            self._is_open = kind == "export"
            return None
        try:
            if kind == "version":
                return self._version(line, locator, size)
            if kind == "forgotten":
                return self._record(line, locator, size, Exported(forgotten=tuple(map(_hash, line["contents"]))))
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            what = f"{type(error).__name__}: {str(error)[:200]}"
            raise ReadError(
                f"this line of an export is damaged ({what})", hint="export once more", code="bad_export"
            ) from error
        raise ReadError(f"an export has no lines of type {str(kind)[:40]!r}", code="bad_export")

    def check_end(self) -> None:
        """Call after the last line. Raises `ReadError` (`cut_export`) where the end of the export is missing."""
        if self._is_open:
            raise ReadError(
                "the export has no last line: it is cut off",
                hint="export once more; what is here was taken",
                code="cut_export",
            )

    def _version(self, line: JsonObject, locator: str, size: int) -> Record:
        payload = line["payload"]
        if not isinstance(payload, dict):
            raise TypeError("a payload that is no object")
        extraction = extraction_of(
            line["extraction"],
            event_time=time(line["event_time"]).astimezone(UTC),
            kind=RecordKind(line["kind"]),
            whole=_flag(line["whole"]),
            dated=_flag(line["dated"]),
            title=text(line["title"]),
            text=text(line["text"]),
        )
        places = tuple(map(_place, line.get("places") or ()))
        record = self._record(line, locator, size, Exported(extraction, _flag(line.get("again", False)), places))
        return replace(
            record,
            payload=payload,
            content_hash=_hash(line["content_hash"]),
            observed_at=time(line["observed_at"]).astimezone(UTC),
            # What the rules make of it once more, its text in chunks, is to be as of the same time.
            as_of=extraction.event_time if extraction.dated else None,
            ended=extraction.ended,
        )

    def _record(self, line: JsonObject, locator: str, size: int, exported: Exported) -> Record:
        source, data_type, external_id = (text(line[name]) for name in ("source", "data_type", "external_id"))
        if not source or max(map(len, (source, data_type, external_id))) > _LONGEST_NAME:
            raise ValueError("a name that is empty or too long")
        own = str(uuid.UUID(text(line["record_id"])))
        found = self._record_id(own, text(line["namespace"]), (source, data_type, external_id))
        return Record(
            source=source,
            data_type=data_type,
            external_id=external_id,
            payload={},
            content_hash="",
            observed_at=datetime.now(UTC),
            locator=locator,
            size=size,
            namespace=self._namespace,
            stored_id=None if found == record_id(source, data_type, external_id, self._namespace) else found,
            exported=exported,
        )

    def _record_id(self, own: str, namespace: str, identity: tuple[str, str, str]) -> str:
        """The id of a record in this memory: the same, or in another namespace the one that it would have got there."""
        if namespace == self._namespace:
            return own
        if own == record_id(*identity, namespace):
            return record_id(*identity, self._namespace)
        source, _, external_id = identity
        if own == lone_record_id(source, external_id, namespace):
            return lone_record_id(source, external_id, self._namespace) or own
        return named_uuid("exported", self._namespace, own)


class NewerExport(ReadError):
    """The export is of a format that this version does not read. Nothing of the input is taken."""


def check_format(line: JsonObject) -> None:
    """Raise `NewerExport` for a line of another format."""
    found = line[MARK]
    if found == FORMAT and not isinstance(found, bool):
        return
    made = line.get("apex")
    by = f", made by apex {made[:40]}" if isinstance(made, str) else ""
    raise NewerExport(
        f"this is an export of format {str(found)[:20]}{by}; this version ({__version__}) reads format {FORMAT}",
        hint="upgrade apex, then `apex staging retry`",
        code="export_format",
    )


def line_of(record: Record) -> str:
    """The line that an exported record came from, so that it can be kept and read again."""
    exported = record.exported
    assert exported is not None
    fields: dict[str, Any] = identity_fields(
        record.namespace, record.record_id, record.source, record.data_type, record.external_id
    )
    extraction = exported.extraction
    if extraction is None:
        return to_line("forgotten", {**fields, "contents": list(exported.forgotten)})
    fields |= {
        "content_hash": record.content_hash,
        "observed_at": record.observed_at.isoformat(),
        "event_time": extraction.event_time.isoformat(),
        "kind": extraction.kind.value,
        "whole": extraction.whole,
        "dated": extraction.dated,
        "again": exported.again,
        "title": extraction.title,
        "text": extraction.text,
        "places": list(exported.places),
    }
    stated, payload = (json.dumps(value, separators=(",", ":")) for value in (stated_of(extraction), record.payload))
    return to_line("version", fields, extraction=stated, payload=payload)


def identity_fields(namespace: str, own_id: str, source: str, data_type: str, external_id: str) -> dict[str, Any]:
    """The fields that a record's lines begin with."""
    return {
        "namespace": namespace,
        "record_id": own_id,
        "source": source,
        "data_type": data_type,
        "external_id": external_id,
    }


def to_line(kind: str, fields: Mapping[str, Any], **raw: str) -> str:
    """One line without its end, ASCII only. `raw` fields are JSON text, which is kept to the digit."""
    head = json.dumps({MARK: FORMAT, "type": kind, **fields}, separators=(",", ":"))
    tail = "".join(f',"{name}":{value}' for name, value in raw.items())
    return _NOT_ASCII.sub(_escaped, f"{head[:-1]}{tail}}}")


def _escaped(match: re.Match[str]) -> str:
    # All such characters stand in strings of JSON.
    return json.dumps(match[0])[1:-1] if match[0] != "\x7f" else "\\u007f"


def _place(value: Any) -> JsonObject:
    """A place of a document, checked."""
    text(value["place"]), text(value["shown"])
    _hash(value["content_hash"])
    for name in ("first_seen", "last_seen", "vacated_at"):
        if value[name] is not None or name != "vacated_at":
            time(value[name])
    return {name: value[name] for name in ("place", "shown", "content_hash", "first_seen", "last_seen", "vacated_at")}


def _hash(value: Any) -> str:
    if not _HASH.fullmatch(text(value)):
        raise ValueError("not a hash")
    return text(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"a boolean was expected, not {type(value).__name__}")
    return value
