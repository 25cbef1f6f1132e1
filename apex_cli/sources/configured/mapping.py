"""A record of a configured source, to an extraction: every entity and every fact of the rules, in every item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, cuts, entities, fields, keys, mentions, timestamps
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.extract.field_names import snake_keys, snake_tree
from apex_cli.extract.remaining import remaining_phrases
from apex_cli.model import Entity, EntityType, Extraction, JsonObject, Record
from apex_cli.sources.configured import paths, things
from apex_cli.sources.configured.paths import Path, Place
from apex_cli.sources.configured.schema import EntityRule, FactRule, SourceRules

if TYPE_CHECKING:
    from apex_cli.sources.configured import ConfiguredSource

_MOST_EACH = 2_000
"""Items that one entity or fact of the rules is made of, at most."""
_LONGEST_ATTRIBUTE = 500
_LONGEST_TEXT = 20_000
_Refs = dict[tuple[str, tuple[int, ...]], EntityRef]
"""The entities of a record by alias and position in each list."""


def rows(source: ConfiguredSource, payload: JsonObject) -> list[JsonObject] | None:
    """The rows of an envelope: see `ConfiguredSource.unpack`."""
    rules = source.rules
    found = rules.records.find(payload) if rules.records is not None else None
    if not isinstance(found, list):
        return None
    if not found:
        return []
    inherited = {name: path.find(payload) for name, path in rules.inherit.items()}
    objects: list[JsonObject] = [{**inherited, **row} for row in found if isinstance(row, Mapping)]
    known = any(rules.match.holds(snake_keys(row)) for row in objects)
    return objects if known and len(objects) == len(found) else None


def extract(record: Record, rules: SourceRules) -> Extraction:
    """What the record states by these rules.

    Raises `ExtractError`: `nothing_mapped` where no entity of the rules is in it, and `unreadable_time`.
    """
    payload = snake_tree(record.payload)
    own = _time(payload, rules.as_of, rules.zone, None)
    builder = Builder.of(record, own, kind=rules.kind, whole=rules.whole)
    refs: _Refs = {}
    for entity in rules.entities:
        _add(builder, refs, entity, record.source, payload)
    if not refs:
        wanted = ", ".join(rule.alias for rule in rules.entities)
        raise ExtractError(
            f"none of the entities of source {rules.name} is in it: {wanted}",
            hint="`apex ingest --explain` shows what each path finds",
            code="nothing_mapped",
        )
    first = builder.known(next(iter(refs.values())))
    title = f"{first.type} {first.name}"
    if record.ended or (rules.ended is not None and rules.ended.holds(payload)):
        return builder.build(title, f"{title} is no longer there as of {timestamps.to_minute(builder.event_time)}.")
    for fact in rules.facts:
        _claim(builder, refs, fact, payload, rules.zone)
    _mention(builder, next(iter(refs.values())), record, title, payload, rules)
    return _written(builder.build(title, title), title, payload, rules)


def _mention(
    builder: Builder, subject: EntityRef, record: Record, title: str, payload: Any, rules: SourceRules
) -> None:
    """What the free text mentions. Only messages and documents mention things: else the record itself is a document."""
    prose = [text for path in rules.mentions for value in path.all(payload) if (text := fields.scalar(value))]
    if not prose:
        return
    if builder.known(subject).type not in (EntityType.MESSAGE, EntityType.DOCUMENT):
        key = keys.document_record(record.source, record.data_type, record.external_id)
        subject = builder.add(Entity(EntityType.DOCUMENT, (key,), clean.line(f"record of {title}")))
    mentions.add(builder, subject, "\n".join(prose), record.source)


def _written(found: Extraction, title: str, payload: Any, rules: SourceRules) -> Extraction:
    """The extraction with its text: the template, else what it claims; then all fields that no rule reads."""
    stated = _filled(rules.text, payload) or " ".join(
        [f"{title} on {timestamps.to_minute(found.event_time)}.", *(claim.sentence for claim in found.claims)]
    )
    phrases, note = remaining_phrases(payload, rules.used())
    text = f"{stated} {'; '.join(phrases)}." if phrases else stated
    return replace(
        found,
        text=text,
        chunks=clean.pieces(text) or (title,),
        notes=(*found.notes, note) if note else found.notes,
    )


def _filled(template: Sequence[str | Path], payload: Any) -> str:
    parts = [
        part if isinstance(part, str) else ", ".join(filter(None, map(fields.label, part.all(payload))))
        for part in template
    ]
    return clean.prose("".join(parts), _LONGEST_TEXT).strip()


def _places(payload: Any, lists: tuple[str, ...]) -> Iterator[tuple[int, Place]]:
    """The places of these lists with their number, bounded; a note says so where there are more."""
    found = list(islice(paths.places(payload, lists), _MOST_EACH + 1))
    if len(found) > _MOST_EACH:
        cuts.left_out(f"items of {lists[-1]} after the first {_MOST_EACH:,}")
    for each in lists:
        if (there := len(_list(payload, each))) > paths.MOST_ITEMS:
            cuts.left_out(f"{there - paths.MOST_ITEMS:,} of the {there:,} items of {each}")
    yield from enumerate(found[:_MOST_EACH], start=1)


def _list(payload: Any, each: str) -> Sequence[Any]:
    found = paths.parse(each.removesuffix("[]")).find(payload)
    return found if isinstance(found, list) else ()


def _add(builder: Builder, refs: _Refs, rule: EntityRule, source: str, payload: Any) -> None:
    for number, place in _places(payload, rule.lists):
        if rule.when is not None and not rule.when.holds(payload, place):
            continue
        values = {
            name: value for name, path in rule.keys.items() if (value := path.find(payload, place)) not in (None, "")
        }
        name = fields.label(rule.name.find(payload, place)) if rule.name else None
        entity = things.make(rule.type, source, values, name, number) if values or name else None
        if entity is not None:
            attributes = {**entity.attributes, **_attributes(rule.attributes, payload, place)}
            refs[rule.alias, _position(rule.lists, place)] = builder.add(replace(entity, attributes=attributes))


def _claim(builder: Builder, refs: _Refs, rule: FactRule, payload: Any, zone: str | None) -> None:
    lists = {alias: each for (alias, position) in refs for each in [len(position)]}
    for _, place in _places(payload, rule.lists):
        if rule.when is not None and not rule.when.holds(payload, place):
            continue
        subject = refs.get((rule.subject, _position(rule.lists, place)[: lists.get(rule.subject, 0)]))
        evidence = _attributes(rule.attributes, payload, place)
        obj = None
        if rule.object is not None:
            obj = refs.get((rule.object, _position(rule.lists, place)[: lists.get(rule.object, 0)]))
        elif rule.value is not None and (spelling := fields.label(rule.value.find(payload, place))):
            word = keys.snake(rule.words.get(spelling, spelling))
            evidence = {"spelling": clean.line(spelling), **evidence}
            obj = builder.add(entities.value(rule.predicate, word)) if word and subject is not None else None
        if subject is None or obj is None:
            continue
        builder.claim(
            subject,
            rule.predicate,
            obj,
            valid_at=_time(payload, rule.valid_at, rule.zone or zone, place),
            invalid_at=_time(payload, rule.invalid_at, rule.zone or zone, place),
            attributes=evidence,
        )


def _position(lists: Sequence[str], place: Place) -> tuple[int, ...]:
    return tuple(place[each] for each in lists)


def _attributes(found: Mapping[str, Path], payload: Any, place: Place | None) -> dict[str, str]:
    shown: dict[str, str] = {}
    for name, path in found.items():
        if text := _shown(path.find(payload, place)):
            shown[name] = clean.line(text, _LONGEST_ATTRIBUTE)
            if len(text) > _LONGEST_ATTRIBUTE:
                cuts.left_out(f"{name} after its first {_LONGEST_ATTRIBUTE} characters")
    return shown


def _shown(value: object) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(filter(None, map(fields.label, value))) or None
    return fields.label(value)


def _time(payload: Any, found: Sequence[Path], zone: str | None, place: Place | None) -> datetime | None:
    """The moment of the first of these fields that holds one. Raises `ExtractError` for one that cannot be read."""
    for path in found:
        around, name = path.around(payload, place)
        moment = timestamps.read(around, name, zone=zone)
        if moment is not None:
            return moment
    return None
