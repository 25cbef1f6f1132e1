"""All sources: which one a payload comes from, and what a record states by the rules of its source.

Rules need no model and no network, and give the same answer every time. File names say nothing: a payload is recognised
by its keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from apex_cli.config_files import SourceTable
from apex_cli.errors import ReadError, RecordError
from apex_cli.extract import clean, cuts, timestamps
from apex_cli.extract.field_names import snake_keys
from apex_cli.extract.identity import LONGEST_ID, bounded, content_hash, with_plain_id
from apex_cli.model import Extraction, JsonObject, Record, record_id
from apex_cli.sources import calendar, document, frontapp, json, mail, samsara, table, turvo, x12
from apex_cli.sources.nearest import nearest
from apex_cli.sources.source import Source

AUTO = "auto"
JSON = json.SOURCE.name
DOCUMENT = document.SOURCE.name
RULES_VERSION = "rules-6"
"""Changes whenever the same record may yield another extraction: part of the key under which results are kept."""

BUILT_IN: tuple[Source, ...] = (
    samsara.SOURCE,
    turvo.SOURCE,
    mail.SOURCE,  # its messages have all that Front's have, and more
    calendar.SOURCE,
    frontapp.SOURCE,
    x12.SOURCE,
    table.SOURCE,
    json.SOURCE,
    document.SOURCE,
)
_sources: list[Source] = []


def register(source: Source) -> None:
    """Add a source. Sources are tried from the most to the least specific, and equal ones in order of registration.

    Raises `ValueError` for a name that is taken.
    """
    if source.name == AUTO or any(source.name == known.name for known in _sources):
        raise ValueError(f"there is a source {source.name!r} already")
    _sources.append(source)
    _sources.sort(key=lambda known: (known.reads_documents, -known.specificity))


@contextmanager
def registered(source: Source) -> Iterator[None]:
    """A source that is known within a `with` block only."""
    register(source)
    try:
        yield
    finally:
        _sources.remove(source)


for _source in BUILT_IN:
    register(_source)


def configure(tables: Sequence[SourceTable]) -> None:
    """Make the sources that the configuration describes known, in place of those of an earlier call.

    They are tried before the built-in ones. Raises `ConfigError` for a table that is wrong.
    """
    _sources[:] = [source for source in _sources if not source.revision]
    if tables:
        from apex_cli.sources import configured

        for each in configured.load(tables, (AUTO, *names())):
            register(each)


def rules_version() -> str:
    """`RULES_VERSION`, and the revisions of the sources that the configuration describes."""
    return "+".join((RULES_VERSION, *(f"{source.name}={source.revision}" for source in _sources if source.revision)))


def fingerprint(source: str, payload: JsonObject, external_id: str = "", *, ended: bool = False) -> str:
    """The content hash of a record: that of its payload, and of its source's rules where these are configured.

    How the payload spells the record's id does not count: `{"id": 7}`, `{"id": "7"}` and `{"id": " 7 "}` are one. A
    tombstone (`ended`), which often repeats the last row, is other content than that row.
    """
    revision = next((known.revision for known in _sources if known.name == source), "")
    content: object = with_plain_id(payload, external_id)
    if ended:
        content = ["ended", content]
    return content_hash([revision, content] if revision else content)


def named(name: str) -> Source:
    """The source of this name; that of other JSON where there is none."""
    return next((source for source in _sources if source.name == name), json.SOURCE)


def sources() -> tuple[Source, ...]:
    """All sources in the order of recognition, those of documents last."""
    return tuple(_sources)


def names() -> tuple[str, ...]:
    """The names of all sources, in the order of recognition."""
    return tuple(source.name for source in _sources)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the sources know of an object. At most one field is set; none where no source knows its shape.

    `identity`: it is a record, and these are its source, data type and external id. `rows`: it holds these records.
    `nothing`: it holds nothing to ingest; the source that knows it, and why.
    """

    identity: tuple[str, str, str] | None = None
    rows: Sequence[JsonObject] | None = None
    nothing: tuple[str, str] | None = None


NOT_KNOWN = Recognised()


def recognise(payload: JsonObject) -> Recognised:
    """What the sources of their own shape know of an object that is not empty."""
    shape = snake_keys(payload)
    for are_configured in (True, False):
        choices = [source for source in _sources if bool(source.revision) is are_configured]
        found = _recognise(shape, choices) if choices else NOT_KNOWN
        if found is not NOT_KNOWN:
            return found
    return NOT_KNOWN


def _recognise(shape: JsonObject, choices: Sequence[Source]) -> Recognised:
    for known in choices:
        if known.specificity > 0 and known.matches(shape):
            data_type, identity = known.identify(shape)
            if identity is not None:
                opened = _opened(known, shape)
                return opened if opened is not None else Recognised(identity=(known.name, data_type, identity))
    # What is a record of one source is never a page or an answer of another.
    found = (_opened(known, shape) for known in choices)
    return next((opened for opened in found if opened is not None), NOT_KNOWN)


def _opened(source: Source, shape: JsonObject) -> Recognised | None:
    """What a source finds in an object that is not one record with something to ingest."""
    reason = source.skip_reason(shape)
    if reason is not None:
        return Recognised(nothing=(source.name, reason))
    rows = source.unpack(shape)
    if rows is None:
        return None
    return Recognised(rows=rows) if rows else Recognised(nothing=(source.name, "empty page"))


def classify(
    payload: JsonObject,
    source: str = AUTO,
    *,
    collection: str = "",
    is_row: bool = False,
    id_fields: Sequence[str] = (),
) -> tuple[str, str, str]:
    """Source, data type and external id of a payload that is not empty.

    `auto` takes the first source whose shape matches and that finds an id. A named source takes the payload as its own:
    raises `ReadError` when it has no id there (`missing_id`), and when there is no such source (`unknown_source`).

    The rest is for other JSON, and is described with `sources.json.identity.Origin`: the name of the list, table,
    stream or file that holds the payload, in any spelling; whether there are others beside it; where its id is. Raises
    `ReadError` (`missing_id`) where one of `id_fields` is missing.
    """
    choices = [known for known in _sources if source in (AUTO, known.name) and not known.reads_documents]
    if not choices:
        raise ReadError(
            f"there is no source {source!r}; there are {', '.join((AUTO, *names()))}",
            hint="was its table taken out of apex.toml or sources.d? With it back, `apex staging retry` takes it again",
            code="unknown_source",
        )
    shape = snake_keys(payload)
    fitting = [known for known in choices if known.matches(shape)]
    for known in fitting if source == AUTO else [*fitting, *choices]:
        if known.name == JSON:
            from apex_cli.extract.collection_names import named
            from apex_cli.sources.json.identity import Origin, identify

            return JSON, *identify(payload, shape, Origin(named(collection), is_row, id_fields))
        data_type, identity = known.identify(shape)
        if identity is not None:
            return known.name, data_type, identity
    raise ReadError(
        f"the payload has no id that {source} records have", hint="use --source auto or json", code="missing_id"
    )


def known_by_key(payload: JsonObject) -> tuple[str, str, str] | None:
    """Source, data type and external id of a tombstone that has the key of a record and nothing else; None for others.

    Example: `{"shipmentId": "SHIP-1", "status": null}`, a row that Debezium saw deleted.
    """
    given = {name: value for name, value in snake_keys(payload).items() if value is not None}
    found = ((known.name, known.by_key(given)) for known in _sources)
    return next(((name, *identity) for name, identity in found if identity is not None), None)


def in_collection(external_id: str, collection: str) -> str:
    """The external id of a record whose own id counts within its collection only, in any spelling of its name."""
    from apex_cli.extract.collection_names import named

    return bounded(f"{named(collection)}#{external_id}", LONGEST_ID) if named(collection) else external_id


def lone_record_id(source: str, external_id: str, namespace: str) -> str | None:
    """The record id of other JSON whose external id is unique by construction; None for all other records.

    Such a record is one and the same in every collection, whatever type the collection's name gives it.
    """
    if source != JSON:
        return None
    from apex_cli.extract.unique_ids import is_unique

    return record_id(JSON, "", external_id, namespace) if is_unique(external_id) else None


def looks_like(payload: JsonObject) -> str | None:
    """The source that an object of other JSON is most like; None where none is near."""
    return nearest(payload, [known for known in _sources if known.typical_fields])


def extract(record: Record) -> Extraction:
    """What the record states, by the rules of its source; a record of an unknown source is read as any JSON.

    Of a version out of an export it is what that says, with chunks by the rules.

    What is assumed about dates, and what a limit cuts, is among its notes. Raises `ExtractError` as the sources do.
    Pure and synchronous; never touches a store, a file or the clock.
    """
    if record.exported is not None and record.exported.extraction is not None:
        return _with_chunks(record.exported.extraction, record)
    return _by_rules(record)


def _with_chunks(stated: Extraction, record: Record) -> Extraction:
    """With chunks out of its text, or out of what else the rules cut, such as the blocks of a document."""
    try:
        found = _by_rules(record) if record.source in names() else None
    except RecordError:
        found = None
    # PostgreSQL keeps no order of fields, so the rules may find the same things in another order.
    if found is None or (found.chunks == _pieces(found) and not found.chunk_places):
        return replace(stated, chunks=_pieces(stated))
    return replace(stated, chunks=found.chunks, chunk_places=found.chunk_places)


def _pieces(extraction: Extraction) -> tuple[str, ...]:
    return clean.pieces(extraction.text) or (extraction.title,)


def _by_rules(record: Record) -> Extraction:
    with timestamps.assumptions() as assumed, cuts.collected() as left_out:
        extraction = named(record.source).extract(record)
    notes = (*extraction.notes, *_undated(record, extraction), *assumed, *left_out)
    return replace(extraction, notes=notes) if len(notes) > len(extraction.notes) else extraction


def _undated(record: Record, extraction: Extraction) -> tuple[str, ...]:
    """A note on a record without a time of its own: it is dated all the same."""
    if extraction.dated:
        return ()
    by = "when it was staged" if extraction.event_time == record.observed_at else "the date in its id"
    return (f"it has no time of its own, so it counts from {by}",)


def is_text(source: str, data_type: str) -> bool:
    """Whether records of this type are messages or documents, which the model for text embeds."""
    return data_type in named(source).text_types


def text_types() -> list[tuple[str, str]]:
    """All sources and data types for which `is_text` holds."""
    return [(source.name, data_type) for source in _sources for data_type in sorted(source.text_types)]


def prose(record: Record) -> str:
    """The free text of a record, which rules read for identifiers only; empty for structured records."""
    return named(record.source).prose(record)
