"""`apex ingest --explain`: how an explanation is shown, to people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from apex_cli.cli.observers import masked
from apex_cli.cli.output import clean, clip, redact
from apex_cli.cli.verb import CommandContext
from apex_cli.extract.timestamps import rfc3339
from apex_cli.model import NOTHING, Claim, Entity, Extraction, Record
from apex_cli.results import RunSummary

if TYPE_CHECKING:
    from apex_cli.config import Settings
    from apex_cli.pipeline.context import IngestRequest
    from apex_cli.pipeline.explain import Explanation

_SHOWN = 100
"""Entities and facts of one record that people see."""
_EMPTY = 12
_IN_JSON = 5_000
_TEXT = 400
_OF_STAGING = {
    "record": "the record's own time",
    "envelope": "of its envelope",
    "staging": "when it was read: undated",
    "export": "as the export says",
}


def run_explain(context: CommandContext, settings: Settings, request: IngestRequest) -> NoReturn:
    """Explain the first records of the inputs; end with the exit code that an ingest of them would have."""
    from apex_cli.pipeline.explain import DEFAULT_LIMIT, explain

    output, summary = context.output, RunSummary(run_id=request.run_id, dry_run=True)
    limit = request.limit or DEFAULT_LIMIT
    for found in explain(settings, request, summary):
        if output.json:
            output.object(_as_json(found))
        else:
            for line in _lines(found):
                output.line(line)
            output.line()
    if output.json:
        output.object(summary.as_json())
    elif not summary.records:
        output.line("Nothing to explain: there are no records.")
    elif summary.records == limit:
        output.line(f"These are the first {limit:,} records; --limit N shows more. Nothing was written.")
    else:
        output.line(f"These are all {summary.records:,} records. Nothing was written.")
    raise typer.Exit(summary.exit_code)


def _as_json(found: Explanation) -> dict[str, Any]:
    result, record, extraction = found.result, found.record, found.extraction
    line: dict[str, Any] = {
        "type": "explanation",
        "locator": result.locator,
        "source": result.source,
        "data_type": result.data_type,
        "external_id": result.external_id,
        "record_id": result.record_id,
        "status": result.status,
        "error": masked(result.error),
        "note": result.note,
        "matched": found.matched,
        "id_from": found.id_from,
        "other_sources": found.others,
        "empty_paths": found.empty_paths,
        "quoted_lines": found.quoted_lines,
        "ended": record.ended if record else False,
    }
    if extraction is None:
        return line
    names = {entity.key: entity.name for entity in extraction.entities}
    return {
        **line,
        "kind": extraction.kind,
        "whole": extraction.whole,
        "as_of": rfc3339(extraction.event_time),
        "dated_by": found.dated_by,
        "title": extraction.title,
        "text": extraction.text,
        "entity_count": len(extraction.entities),
        "fact_count": len(extraction.claims),
        "entities": [_entity_json(each) for each in extraction.entities[:_IN_JSON]],
        "facts": [_fact_json(each, names) for each in extraction.claims[:_IN_JSON]],
        "phrases": [
            {"subject": names[each.subject], "text": each.text, "key": each.key, "attributes": dict(each.attributes)}
            for each in extraction.phrases[:_IN_JSON]
        ],
    }


def _entity_json(entity: Entity) -> dict[str, Any]:
    return {
        "type": entity.type,
        "name": entity.name,
        "keys": entity.keys,
        "names": entity.names,
        "hints": entity.hints,
        "attributes": dict(entity.attributes),
        "certain": entity.certain,
    }


def _fact_json(claim: Claim, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "subject": names[claim.subject],
        "predicate": claim.predicate,
        "object": names.get(claim.object),
        "valid_at": rfc3339(claim.valid_at),
        "invalid_at": rfc3339(claim.invalid_at) if claim.invalid_at else None,
        "attributes": dict(claim.attributes),
        "certain": claim.certain,
    }


def _lines(found: Explanation) -> Iterator[str]:
    """The explanation for people, cleaned."""
    result, record = found.result, found.record
    yield clean(result.locator)
    if record is None:
        what = f"skipped, known to {result.source}" if result.error is None else "not read"
        yield _line("record", what)
    else:
        yield from _identity(found, record)
    if found.extraction is not None:
        yield from _content(found, found.extraction)
    if found.record is not None and not found.record.ended:
        for path in found.empty_paths[:_EMPTY]:
            yield _line("not there", path)
        if len(found.empty_paths) > _EMPTY:
            yield _line("", f"and {len(found.empty_paths) - _EMPTY:,} more, with --json")
    if found.quoted_lines:
        yield _line("quoted", f"{found.quoted_lines:,} lines of earlier mail are no part of its text")
    if result.error is not None:
        hint = f" ({result.error.hint})" if result.error.hint else ""
        yield _line("fails", redact(f"{result.error.message}{hint}"))
    for note in (result.note or "").split("; "):
        if note:
            yield _line("note", note)


def _identity(found: Explanation, record: Record) -> Iterator[str]:
    why = f"by {', '.join(found.matched)}" if found.matched else "no other source knows its shape"
    if record.source == "document":
        why = "by its file type"
    yield _line("source", f"{record.source}, {why}")
    for other in found.others:
        yield _line("", f"also fits {other}")
    named = record.id_fields or found.id_from
    whence = f"from {', '.join(named)}" if named else "of its content"
    if record.collection:
        whence += f", in the collection {record.collection}"
    yield _line("id", f"{record.external_id}, {whence}")
    yield _line("type", f"{record.data_type}, record {record.record_id}")


def _content(found: Explanation, extraction: Extraction) -> Iterator[str]:
    whole = "whole" if extraction.whole else "partial: what it leaves out stays as it is"
    ended = ", ended: what was said before ends here" if found.record and found.record.ended else ""
    yield _line("kind", f"{extraction.kind}, {whole}{ended}")
    yield _line("as of", f"{rfc3339(extraction.event_time)}, {_OF_STAGING[found.dated_by]}")
    names = {entity.key: entity.name for entity in extraction.entities} | {NOTHING: "nothing"}
    heading = "entities"
    for entity in extraction.entities[:_SHOWN]:
        sure = "" if entity.certain else ", only mentioned"
        yield _line(
            heading, f"{entity.type} {entity.name}: {', '.join(entity.keys)}{_described(entity.attributes)}{sure}"
        )
        heading = ""
    yield from _more(len(extraction.entities))
    heading = "facts"
    for claim in extraction.claims[:_SHOWN]:
        until = f" until {rfc3339(claim.invalid_at)}" if claim.invalid_at else ""
        stated = f"{names[claim.subject]} {claim.predicate} {names[claim.object]}"
        how, more = _found(claim.attributes)
        yield _line(heading, f"{stated} since {rfc3339(claim.valid_at)}{until}{_described(more)}{how}")
        heading = ""
    yield from _more(len(extraction.claims))
    heading = "may name"
    for phrase in extraction.phrases[:_SHOWN]:
        yield _line(heading, f"{phrase.text}{_found(phrase.attributes)[0]}, if the memory knows one thing of this name")
        heading = ""
    yield from _more(len(extraction.phrases))
    yield _line("text", clip(extraction.text, _TEXT))


def _found(attributes: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """How a mention was found, ": rule `order by label`, characters 120–126", and its other attributes."""
    if "rule" not in attributes:
        return "", attributes
    start, end = attributes["span"]
    more = {name: value for name, value in attributes.items() if name not in ("rule", "span")}
    return f": rule `{attributes['rule']}`, characters {start}–{end}", more


def _described(attributes: Mapping[str, Any]) -> str:
    return f" ({', '.join(f'{name} {value}' for name, value in attributes.items())})" if attributes else ""


def _more(count: int) -> Iterator[str]:
    if count > _SHOWN:
        yield _line("", f"and {count - _SHOWN:,} more, with --json")


def _line(heading: str, text: str) -> str:
    return f"  {heading:<10}{clip(text, 1_000)}"
