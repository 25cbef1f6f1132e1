"""`apex get`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apex_cli.cli.options import Ident
from apex_cli.cli.output import Output, clean, clip, fields
from apex_cli.cli.verb import LOCKED, START, USAGE, CommandContext, verb
from apex_cli.extract.timestamps import rfc3339

if TYPE_CHECKING:
    from apex_cli.queries import RecordView

_FACT = ("subject", "predicate", "object", "valid_at", "invalid_at")
_VERSION = (
    *("saga_id", "epoch", "revision", "content_hash", "event_time", "observed_at", "first_seen"),
    *("title", "text", "payload", "chunks"),
)


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex get turvo:SHIP-2025-10-19-002", "apex get e4ec7824-7c41-5975-a85c-cfd215ae2ea1 --json"),
    exits={0: "found", **USAGE, **START, **LOCKED},
)
def get(context: CommandContext, ident: Ident) -> None:
    """Show what each of the four stores holds of one record."""
    from apex_cli import queries

    view = context.read(lambda stores: queries.get(stores, ident))
    if context.output.json:
        context.output.object(as_json(view))
    else:
        _show(context.output, view)


def as_json(view: RecordView) -> dict[str, Any]:
    """The `record` line: one object for each store, null where a store holds nothing."""
    version = view.version
    graph = view.graph and {
        "entities": [fields(each, "id", "name", "type") for each in view.graph.entities],
        "facts": [fields(fact, *_FACT) for fact in view.graph.facts],
    }
    return {
        "type": "record",
        **fields(version, "record_id", "source", "data_type", "external_id", "revision"),
        "stores": {
            "graph": graph,
            "postgres": fields(version, *_VERSION),
            "vectors": [fields(each, "id", "visible", "text") for each in view.points],
            "cache": view.cache,
        },
    }


def _show(output: Output, view: RecordView) -> None:
    version = view.version
    output.line(clean(f"{version.source} {version.data_type} {version.external_id}"))
    output.line(f"record {version.record_id}, revision {version.revision}, of {rfc3339(version.event_time)}")
    output.line()
    output.line("graph: nothing" if view.graph is None else "graph:")
    if view.graph is not None:
        output.table(("TYPE", "ENTITY"), ((each.type, each.name) for each in view.graph.entities))
        output.line()
        rows = (
            (rfc3339(fact.valid_at), until(fact.invalid_at), f"{fact.subject} {fact.predicate} {fact.object}")
            for fact in view.graph.facts
        )
        output.table(("FROM", "UNTIL", "FACT"), rows)
    output.line()
    output.line(f"postgres: content hash {version.content_hash}, first seen {rfc3339(version.first_seen)}")
    output.line("  " + clip(version.title or version.text, 110))
    output.line(f"vectors: {len(view.points)} points, {sum(each.visible for each in view.points)} visible")
    for point in view.points:
        output.line("  " + clip(point.text, 110))
    cached = "nothing" if view.cache is None else f"revision {view.cache.get('revision')} ({view.cache.get('saga_id')})"
    output.line("cache: " + clean(cached))


def until(moment: Any) -> str:
    """The end of an interval for a table."""
    return "" if moment is None else rfc3339(moment)
