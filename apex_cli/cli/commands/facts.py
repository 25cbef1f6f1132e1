"""`apex facts`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from apex_cli.cli import answering
from apex_cli.cli.options import filled, moment, relation
from apex_cli.cli.verb import START, UNANSWERED, CommandContext, verb


@verb(
    *("json", "home", "lock_timeout"),
    examples=(
        "apex facts TRUCK-6520",
        "apex facts SHIP-2025-10-19-002 --at 2025-10-19T15:00:00Z",
        'apex facts "Dana Okafor" --predicate DRIVES --json',
    ),
    exits={0: "found", 2: "usage; nothing, or several things, are known by that name", **START, **UNANSWERED},
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
    everything: Annotated[
        bool, typer.Option("--all", help="Cut nothing: all mentions, all history, all attributes.")
    ] = False,
) -> None:
    """Show what is known of one thing, since when, and who says so.

    First what holds, when it was last seen, and what contradicts it; then what held before; mentions last.
    """
    from apex_cli import queries

    output = context.output
    try:
        answer = context.read(
            lambda reader: reader.facts(entity, at=at, predicate=predicate, everything=everything or output.json)
        )
    except queries.AmbiguousEntity as several:
        answering.show_candidates(output, several.candidates)
        raise
    if answer.differing:
        count = f"{answer.differing:,} record{'' if answer.differing == 1 else 's'}"
        output.warning(f"the graph and PostgreSQL hold different versions of {count}; `apex verify` shows them")
    if output.json:
        for line in answering.objects(answer):
            output.object(line)
    else:
        for text in answering.lines(answer, everything=everything):
            output.line(text)
