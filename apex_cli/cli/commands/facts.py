"""`apex facts`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apex_cli.cli.commands.get import until
from apex_cli.cli.options import filled, moment, relation
from apex_cli.cli.output import Output, clean, fields
from apex_cli.cli.verb import LOCKED, START, CommandContext, verb
from apex_cli.extract.timestamps import rfc3339

if TYPE_CHECKING:
    from apex_cli.stores.protocol import EntityView, FactView


@verb(
    *("json", "home", "lock_timeout"),
    examples=(
        "apex facts TRUCK-6520",
        "apex facts SHIP-2025-10-19-002 --at 2025-10-19T15:00:00Z",
        'apex facts "Dana Okafor" --predicate DRIVES --json',
    ),
    exits={0: "found", 2: "usage; nothing, or several things, are known by that name", **START, **LOCKED},
)
def facts(
    context: CommandContext,
    entity: Annotated[
        str,
        typer.Argument(metavar="ENTITY", parser=filled, help="Any of its names, ids or keys, or a part of its name."),
    ],
    at: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="Only what held then (UTC unless it says).")
    ] = None,
    predicate: Annotated[
        str | None, typer.Option(parser=relation, metavar="P", help="Only this relation, e.g. LOCATED_AT.")
    ] = None,
) -> None:
    """Show the facts about one thing and when they held."""
    from apex_cli import queries

    try:
        found = context.read(lambda stores: queries.facts(stores, entity, at=at, predicate=predicate))
    except queries.AmbiguousEntity as several:
        _list(context.output, "entity", several.candidates)
        raise
    moment_asked = at or datetime.now(UTC)
    if context.output.json:
        for fact in found.facts:
            context.output.object(as_json(fact, moment_asked))
        _list(context.output, "candidate", found.candidates)
    else:
        _show(context.output, found.entity, found.facts, moment_asked)
        if found.candidates:
            context.output.line()
            context.output.line("Maybe the same:")
            _list(context.output, "candidate", found.candidates)


def as_json(fact: FactView, at: datetime) -> dict[str, Any]:
    """The `fact` line; `current` says whether it holds at `at`."""
    return {
        "type": "fact",
        **fields(fact, "subject", "predicate", "object", "valid_at", "invalid_at"),
        "current": holds(fact, at),
        **fields(fact, "certain", "sentence"),
        "attributes": dict(fact.attributes),
        "records": fact.records,
    }


def holds(fact: FactView, at: datetime) -> bool:
    """Whether the fact's interval, closed at its beginning and open at its end, contains `at`."""
    return fact.valid_at <= at and (fact.invalid_at is None or at < fact.invalid_at)


def _row(fact: FactView, at: datetime) -> tuple[str, ...]:
    state = ", ".join(word for word, true in (("holds", holds(fact, at)), ("as stated", not fact.certain)) if true)
    stated = f"{fact.subject} {fact.predicate} {fact.object}"
    return rfc3339(fact.valid_at), until(fact.invalid_at), state, stated, str(len(fact.records))


def _show(output: Output, entity: EntityView, held: Sequence[FactView], at: datetime) -> None:
    output.line(clean(f"{entity.type} {entity.name}"))
    if entity.aliases:
        output.line(clean("also " + ", ".join(entity.aliases)))
    output.line()
    if not held:
        output.line("No such facts.")
        return
    output.table(("FROM", "UNTIL", "", "FACT", "RECORDS"), (_row(fact, at) for fact in held))


def _list(output: Output, kind: str, entities: Sequence[EntityView]) -> None:
    """Entities as a table, or as JSON lines of this type."""
    if output.json:
        for each in entities:
            line = {"id": each.id, "name": each.name, "entity_type": each.type, "aliases": each.aliases}
            output.object({"type": kind, **line})
        return
    rows = ((each.type, each.name, each.id, ", ".join(each.aliases)) for each in entities)
    output.table(("TYPE", "NAME", "ID", "ALIASES"), rows)
