"""`apex show`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apex_cli.cli.entity_lists import several_shown
from apex_cli.cli.options import filled, moment
from apex_cli.cli.output import Output, clean, clip
from apex_cli.cli.verb import START, TIMES, UNANSWERED, CommandContext, verb
from apex_cli.errors import UsageError

if TYPE_CHECKING:
    from apex_cli.reports import Portrait

_IN_TEXT = 60
"""Facts that people see on a terminal; a page and --json have more."""


@verb(
    *("json", "quiet", *TIMES, "home", "lock_timeout"),
    examples=(
        "apex show TRUCK-6520",
        "apex show TRUCK-6520 --html -o truck.html",
        "apex show SHIP-2025-10-19-002 --mermaid",
        "apex show SHIP-2025-10-19-002 --dot --at 2025-10-19T15:00:00Z",
    ),
    exits={0: "found", 2: "usage; nothing, or several things, are known by that name", **START, **UNANSWERED},
)
def show(
    context: CommandContext,
    entity: Annotated[
        str,
        typer.Argument(metavar="ENTITY", parser=filled, help="Any of its names, ids or keys, or a part of its name."),
    ],
    html: Annotated[bool, typer.Option("--html", help="A page: timeline, map, neighbourhood, records.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="The neighbourhood as a Mermaid flowchart.")] = False,
    dot: Annotated[bool, typer.Option("--dot", help="The neighbourhood for Graphviz.")] = False,
    at: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="As of then (UTC unless it says).")
    ] = None,
    output_file: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write this file, at one instant.")
    ] = None,
) -> None:
    """Show one thing as a picture: its timeline, a map of its positions, and what it is joined with.

    Without a format, its timeline as text. A page needs no network and has no script; each mark leads to its record.
    """
    from apex_cli.cli.pages.delivery import check, deliver

    output = context.output
    wanted = [
        name for name, asked in (("html", html), ("mermaid", mermaid), ("dot", dot), ("json", output.json)) if asked
    ]
    if len(wanted) > 1:
        raise UsageError(f"--{wanted[0]} and --{wanted[1]} are two formats", hint="choose one of them")
    form = wanted[0] if wanted else "text"
    if output_file is not None and form in ("text", "json"):
        raise UsageError("-o goes with --html, --mermaid or --dot", hint="redirect stdout to keep anything else")
    path = check(output_file) if form == "html" or output_file is not None else None
    with several_shown(output):
        portrait = context.read(lambda reader: reader.portrait(entity, at=at))
    if form == "text":
        _text(output, portrait)
    elif form == "json":
        for line in _objects(portrait):
            output.object(line)
    else:
        deliver(context, _drawn(portrait, form), path)


def _drawn(portrait: Portrait, form: str) -> str:
    from apex_cli.cli.pages import diagrams, entity_page

    return {"html": entity_page.page, "mermaid": diagrams.mermaid, "dot": diagrams.dot}[form](portrait)


def _text(output: Output, portrait: Portrait) -> None:
    from apex_cli.cli.answering import sentence

    entity, names = portrait.entity, portrait.record_names
    output.line(f"{entity.type} {clip(entity.name, 120)}")
    marks = portrait.facts[-_IN_TEXT:]
    if not marks:
        output.line("No facts are known.")
    else:
        output.line()
        for one in marks:
            until = f" - {output.time(one.invalid_at)}" if one.invalid_at else ""
            record = names.get(portrait.newest.get(one.id, ""), "")
            said = f"{output.time(one.valid_at)}{until}: {clip(one.sentence, 200)}"
            output.line(f"{said} [{clip(record, 1_000)}]" if record else said)
    left_out = len(portrait.facts) - len(marks) + portrait.left_out
    if left_out:
        output.line(f"and {left_out:,} older (--html shows more, `apex facts --all` shows all)")
    for against in portrait.contradictions:
        output.line(f"contradiction: {clean(sentence(against, output.time))}")


def _objects(portrait: Portrait) -> Iterator[dict[str, Any]]:
    """The marks of the timeline, oldest first, then the neighbours, then the entity."""
    names = portrait.record_names
    for fact in portrait.facts:
        record = portrait.newest.get(fact.id, "")
        yield {
            **{"type": "mark", "subject": fact.subject, "predicate": fact.predicate, "object": fact.object},
            **{"valid_at": fact.valid_at, "invalid_at": fact.invalid_at, "sentence": fact.sentence},
            **{"record_id": record or None, "record": names.get(record)},
        }
    for other in portrait.neighbourhood.neighbours:
        yield {
            **{"type": "neighbour", "id": other.entity.id, "name": other.entity.name},
            **{"entity_type": other.entity.type, "predicates": sorted({fact.predicate for fact in other.facts})},
        }
    entity = portrait.entity
    yield {
        **{"type": "entity", "id": entity.id, "name": entity.name, "entity_type": entity.type},
        **{"left_out": portrait.left_out, "neighbours_left_out": portrait.neighbourhood.left_out},
    }
