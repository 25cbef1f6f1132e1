"""`apex get`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apex_cli.cli.answering import phrases
from apex_cli.cli.options import Ident
from apex_cli.cli.output import Output, as_of, clean, clean_lines, clip, fields
from apex_cli.cli.tables import Column
from apex_cli.cli.verb import START, TIMES, UNANSWERED, USAGE, CommandContext, verb
from apex_cli.payloads import leaves

if TYPE_CHECKING:
    from apex_cli.queries import RecordView

_FACT = ("subject", "predicate", "object", "valid_at", "invalid_at")
_VERSION = (
    *("saga_id", "epoch", "revision", "content_hash", "event_time", "observed_at", "first_seen"),
    *("title", "text", "payload", "chunks", "kind", "whole", "dated"),
)
_MOST_FIELDS = 60
_MOST_ATTRIBUTES = 12


@verb(
    *("json", *TIMES, "home", "lock_timeout"),
    examples=("apex get turvo:SHIP-2025-10-19-002", "apex get e4ec7824-7c41-5975-a85c-cfd215ae2ea1 --json"),
    exits={0: "found", **USAGE, **START, **UNANSWERED},
)
def get(context: CommandContext, ident: Ident) -> None:
    """Show one record: its fields, and what each of the four stores holds of it."""
    view = context.read(lambda reader: reader.get(ident))
    if view.differing:
        stores = ", ".join(view.differing)
        context.output.warning(f"another version than in PostgreSQL: {stores}; `apex verify` compares all records")
    if context.output.json:
        context.output.object(as_json(view))
    else:
        _show(context.output, view)


def as_json(view: RecordView) -> dict[str, Any]:
    """The `record` line: one object for each store, null where a store holds nothing."""
    version = view.version
    graph = view.graph and {
        "entities": [fields(each, "id", "name", "type", "attributes") for each in view.graph.entities],
        "facts": [fields(fact, *_FACT) for fact in view.graph.facts],
    }
    places = [fields(place, "shown", "first_seen", "last_seen", "vacated_at") for place in view.places]
    return {
        "type": "record",
        **fields(version, "record_id", "source", "data_type", "external_id", "revision"),
        **({"places": places} if places else {}),
        "stores": {
            "graph": graph,
            "postgres": fields(version, *_VERSION),
            "vectors": [fields(each, "id", "visible", "text", "place") for each in view.points],
            "cache": view.cache,
        },
    }


def _show(output: Output, view: RecordView) -> None:
    version = view.version
    output.line(clean(f"{version.source} {version.data_type} {version.external_id}"))
    output.line(f"record {version.record_id}, revision {version.revision}, of {as_of(version, output.time)}")
    for place in view.places:
        state = f"last seen {output.time(place.last_seen)}" if place.vacated_at is None else "no longer there"
        output.line(clean(f"at {place.shown}, {state}"))
    output.line()
    _payload(output, version.payload)
    output.line("graph: nothing" if view.graph is None else "graph:")
    if view.graph is not None:
        things = (
            (each.type, each.name, ", ".join(phrases(each.attributes, _MOST_ATTRIBUTES)))
            for each in view.graph.entities
        )
        output.table((Column("TYPE", 1), Column("ENTITY"), Column("ATTRIBUTES", 2, least=16)), things)
        output.line()
        rows = (
            (output.time(fact.valid_at), output.time(fact.invalid_at), f"{fact.subject} {fact.predicate} {fact.object}")
            for fact in view.graph.facts
        )
        output.table((Column("FROM", 1), Column("UNTIL", 2), Column("FACT")), rows)
    output.line()
    output.line(f"postgres: content hash {version.content_hash}, first seen {output.time(version.first_seen)}")
    output.line("  " + clip(version.title or version.text, 110))
    output.line(f"vectors: {len(view.points)} points, {sum(each.visible for each in view.points)} visible")
    for point in view.points:
        output.line("  " + clip(f"{point.place}: {point.text}" if point.place else point.text, 110))
    cached = "nothing" if view.cache is None else f"revision {view.cache.get('revision')} ({view.cache.get('saga_id')})"
    output.line("cache: " + clean(cached))


def _payload(output: Output, payload: Mapping[str, Any]) -> None:
    """The record itself, a line for each field; the text of a document as it stands."""
    # Where the blocks of a document begin and end in its text says nothing to a reader.
    every = list(leaves({name: value for name, value in payload.items() if name != "blocks"}))
    for path, value in every[:_MOST_FIELDS]:
        if isinstance(value, str) and "\n" in value:
            output.line(f"  {clip(path, 60)}:")
            shown = value[:4_000]
            for line in clean_lines(shown).splitlines():
                output.line(f"    {line}")
            if len(shown) < len(value):
                output.line(f"    and {len(value) - len(shown):,} more characters (see --json)")
        else:
            output.line(f"  {clip(path, 60)}: {clip(value if isinstance(value, str) else json.dumps(value), 200)}")
    if len(every) > _MOST_FIELDS:
        output.line(f"  and {len(every) - _MOST_FIELDS:,} more fields (see --json)")
    output.line()
