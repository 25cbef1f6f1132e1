"""`apex entities`."""

from __future__ import annotations

from typing import Annotated

import typer

from apex_cli.cli.entity_lists import show_entities
from apex_cli.cli.options import Limit, entity_type, filled
from apex_cli.cli.verb import NOTHING_YET, START, UNANSWERED, USAGE, CommandContext, verb
from apex_cli.model import EntityType

TYPES = tuple(kind.value for kind in EntityType if kind is not EntityType.VALUE)


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex entities --type Shipment", "apex entities TRUCK-6", "apex entities --limit 5 --json"),
    exits={0: "listed, whatever was found", **USAGE, **START, **UNANSWERED},
)
def entities(
    context: CommandContext,
    beginning: Annotated[
        str | None, typer.Argument(metavar="BEGINNING", parser=filled, help="How the name begins, in any case.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--type",
            parser=entity_type,
            metavar="TYPE",
            autocompletion=lambda: list(TYPES),
            help=f"Entities of this type only: {', '.join(TYPES)}.",
        ),
    ] = None,
    limit: Limit = 20,
) -> None:
    """List the entities that the memory knows, by name.

    `apex facts NAME` shows what is known of one of them.
    """
    output = context.output
    found = context.look(lambda reader: reader.list_entities(kind=kind, beginning=beginning or "", limit=limit))
    if found is not None and (output.json or found.entities):
        show_entities(output, found.entities)
    elif not output.json:
        output.line(NOTHING_YET if found is None else "No such entities.")
    if found is not None and found.more:
        output.note(f"These are the first {limit:,}; --limit N shows more.")
