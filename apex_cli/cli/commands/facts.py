"""`apex facts`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from apex_cli.cli import answering
from apex_cli.cli.entity_lists import several_shown
from apex_cli.cli.options import filled, moment, relation
from apex_cli.cli.verb import START, TIMES, UNANSWERED, CommandContext, verb


@verb(
    *("json", *TIMES, "home", "lock_timeout"),
    examples=(
        "apex facts TRUCK-6520",
        "apex facts SHIP-2025-10-19-002 --at 2025-10-19T15:00:00Z",
        "apex facts TRUCK-6520 --known-at 2099-01-01",
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
    known_at: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help="By what the memory knew then, without what came later."),
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
    output = context.output
    with several_shown(output):
        answer = context.read(
            lambda reader: reader.facts(
                entity, at=at, predicate=predicate, everything=everything or output.json, known_at=known_at
            )
        )
    if answer.differing:
        count = f"{answer.differing:,} record{'' if answer.differing == 1 else 's'}"
        output.warning(f"the graph and PostgreSQL hold different versions of {count}; `apex verify` shows them")
    if output.json:
        for line in answering.objects(answer):
            output.object(line)
    else:
        for text in answering.lines(answer, everything=everything, time=output.time):
            output.line(text)
