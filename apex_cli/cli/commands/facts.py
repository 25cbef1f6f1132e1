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
    entity: Annotated[str, typer.Argument(metavar="ENTITY", parser=filled, help="Any of its names, ids or aliases.")],
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
        found, held = context.read(lambda stores: queries.facts(stores, entity, at=at, predicate=predicate))
    except queries.AmbiguousEntity as several:
        _candidates(context.output, several.candidates)
        raise
    moment_asked = at or datetime.now(UTC)
    if context.output.json:
        for fact in held:
            context.output.object(as_json(fact, moment_asked))
    else:
        _show(context.output, found, held, moment_asked)


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


def _candidates(output: Output, candidates: Sequence[EntityView]) -> None:
    if output.json:
        for each in candidates:
            line = {"id": each.id, "name": each.name, "entity_type": each.type, "aliases": each.aliases}
            output.object({"type": "entity", **line})
        return
    rows = ((each.type, each.name, each.id, ", ".join(each.aliases)) for each in candidates)
    output.table(("TYPE", "NAME", "ID", "ALIASES"), rows)
