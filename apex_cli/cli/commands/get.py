"""`apex get`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apex_cli.cli.context import CommandContext
from apex_cli.cli.options import Ident
from apex_cli.cli.output import Output
from apex_cli.cli.text import clean, clip
from apex_cli.cli.verb import LOCKED, START, USAGE, verb
from apex_cli.extract.timestamps import rfc3339

if TYPE_CHECKING:
    from apex_cli.queries import RecordView


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex get turvo:SHIP-2025-10-19-002", "apex get 5f0c5a52-… --json"),
    exits={0: "found", **USAGE, **START, **LOCKED},
)
def get(call: CommandContext, ident: Ident) -> None:
    """Show what each of the four stores holds of one record."""
    from apex_cli import queries

    view = call.read(lambda stores: queries.get(stores, ident))
    if call.screen.json:
        call.screen.object(as_json(view))
    else:
        _show(call.screen, view)


def as_json(view: RecordView) -> dict[str, Any]:
    """The `record` line: one object for each store, null where a store holds nothing."""
    version = view.version
    graph = view.graph and {
        "entities": [{"id": each.id, "name": each.name, "type": each.type} for each in view.graph.entities],
        "facts": [
            {
                "subject": fact.subject,
                "predicate": fact.predicate,
                "object": fact.object,
                "valid_at": fact.valid_at,
                "invalid_at": fact.invalid_at,
            }
            for fact in view.graph.facts
        ],
    }
    postgres = {
        "saga_id": version.saga_id,
        "epoch": version.epoch,
        "revision": version.revision,
        "content_hash": version.content_hash,
        "event_time": version.event_time,
        "observed_at": version.observed_at,
        "first_seen": version.first_seen,
        "title": version.title,
        "text": version.text,
        "payload": version.payload,
        "chunks": version.chunks,
    }
    return {
        "type": "record",
        "record_id": version.record_id,
        "source": version.source,
        "data_type": version.data_type,
        "external_id": version.external_id,
        "revision": version.revision,
        "stores": {
            "graph": graph,
            "postgres": postgres,
            "vectors": [{"id": each.id, "visible": each.visible, "text": each.text} for each in view.points],
            "cache": view.cache,
        },
    }


def _show(screen: Output, view: RecordView) -> None:
    version = view.version
    screen.line(clean(f"{version.source} {version.data_type} {version.external_id}"))
    screen.line(f"record {version.record_id}, revision {version.revision}, of {rfc3339(version.event_time)}")
    screen.line()
    screen.line("graph: nothing" if view.graph is None else "graph:")
    if view.graph is not None:
        screen.table(("TYPE", "ENTITY"), ((each.type, each.name) for each in view.graph.entities))
        screen.line()
        screen.table(
            ("FROM", "UNTIL", "FACT"),
            (
                (rfc3339(fact.valid_at), until(fact.invalid_at), f"{fact.subject} {fact.predicate} {fact.object}")
                for fact in view.graph.facts
            ),
        )
    screen.line()
    screen.line(f"postgres: content hash {version.content_hash}, first seen {rfc3339(version.first_seen)}")
    screen.line("  " + clip(version.title or version.text, 110))
    screen.line(f"vectors: {len(view.points)} points, {sum(each.visible for each in view.points)} visible")
    for point in view.points:
        screen.line("  " + clip(point.text, 110))
    cached = "nothing" if view.cache is None else f"revision {view.cache.get('revision')} ({view.cache.get('saga_id')})"
    screen.line("cache: " + clean(cached))


def until(moment: Any) -> str:
    """The end of an interval for a table."""
    return "" if moment is None else rfc3339(moment)
