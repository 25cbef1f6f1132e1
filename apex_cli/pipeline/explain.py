"""`apex ingest --explain`: what each record is taken for, and why. Reads and extracts in place, and writes nothing.

Why a source takes an object, and where it finds the id, is observed: the source is asked again with an object that
notes which of its fields are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from apex_cli.config import Settings
from apex_cli.errors import RecordError
from apex_cli.extract import fields
from apex_cli.extract.cuts import counted_quotes
from apex_cli.extract.field_names import snake_keys
from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.pipeline.context import IngestRequest, describe, describe_skipped
from apex_cli.pipeline.dry_run import extracted, read_in_place, rejected
from apex_cli.reading import exported
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.results import RecordResult, RecordStatus, RunSummary
from apex_cli.sources import registry

DEFAULT_LIMIT = 20
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record, and why it is what it is. `record` and `extraction` are None where there are none.

    `matched` are the fields by which the source recognised it, `id_from` those that its id was made of, none where the
    id is of the whole content or of a document. `dated_by` is "record", "envelope", "staging" or "export". `others` are
    sources that would take it, too, had they been tried before, or had they found an id. `empty_paths` are paths of a
    configured source that find nothing in it. `quoted_lines` counts lines of earlier mail that are no part of its text.
    """

    result: RecordResult
    record: Record | None = None
    extraction: Extraction | None = None
    matched: tuple[str, ...] = ()
    id_from: tuple[str, ...] = ()
    dated_by: str = ""
    others: tuple[str, ...] = field(default=())
    empty_paths: tuple[str, ...] = field(default=())
    quoted_lines: int = 0


def explain(settings: Settings, request: IngestRequest, summary: RunSummary) -> Iterator[Explanation]:
    """Each record of the inputs, up to the request's limit (default: 20); counts them in `summary`."""
    limit = request.limit or DEFAULT_LIMIT
    for found in read_in_place(settings, request, summary):
        if isinstance(found, Rejected):
            one = Explanation(rejected(found))
        elif isinstance(found, Skipped):
            one = Explanation(describe_skipped(found))
        elif found.exported is not None:
            result, item = extracted(found)
            extraction = item and item[1]
            one = Explanation(result, found, extraction, (exported.MARK,), ("record_id",), "export")
        else:
            one = _explained(found)
        summary.add(one.result)
        yield one
        if summary.records == limit:
            return


def _explained(record: Record) -> Explanation:
    with counted_quotes() as quoted:
        try:
            extraction, error = registry.extract(record), None
        except RecordError as failure:
            extraction, error = None, failure
    status = RecordStatus.PENDING if error is None else RecordStatus.FAILED
    source = registry.named(record.source)
    shape = snake_keys(record.payload)
    matched, id_from = _Watched(shape), _Watched(shape)
    if not source.reads_documents:
        source.matches(matched)
        source.identify(id_from)
    return Explanation(
        result=describe(record, extraction, status, error, error.stage if error else None),
        record=record,
        extraction=extraction,
        matched=matched.seen() if source.specificity else (),
        id_from=tuple(name for name in id_from.seen() if _is_part(shape[name], record.external_id)),
        dated_by=_dated_by(record, extraction) if extraction else "",
        others=_others(shape, record),
        empty_paths=tuple(source.empty_paths(shape)),
        quoted_lines=quoted.count,
    )


def _dated_by(record: Record, extraction: Extraction) -> str:
    if not extraction.dated:
        return "staging"
    return "envelope" if extraction.event_time == record.as_of else "record"


def _is_part(value: object, external_id: str) -> bool:
    """Whether the id contains a field's value. One that is not a scalar, such as an object around it, may."""
    text = fields.scalar(value)
    return text is None or text in external_id or "@" in external_id


def _others(shape: JsonObject, record: Record) -> tuple[str, ...]:
    found = []
    for source in registry.sources():
        if source.specificity and source.name != record.source and source.matches(shape):
            found.append(source.name if source.identify(shape)[1] else f"{source.name}, which finds no id in it")
    return tuple(found)


class _Watched(dict[str, Any]):
    """An object that notes which of its fields are looked at and hold something."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        super().__init__(payload)
        self._seen: dict[str, None] = {}

    def seen(self) -> tuple[str, ...]:
        """The names, in the order in which they were looked at; at most 20."""
        return tuple(self._seen)[:_MOST_NAMED]

    def _note(self, name: object) -> None:
        if isinstance(name, str) and super().get(name) not in (None, "", [], {}):
            self._seen[name] = None

    def get(self, name: object, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default) if isinstance(name, str) else default

    def __getitem__(self, name: str) -> Any:
        self._note(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._note(name)
        return super().__contains__(name)
