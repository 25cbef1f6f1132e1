"""`apex search`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from apex_cli.cli.options import Limit, RecordSource, check_source, filled, moment
from apex_cli.cli.output import clean, clip, redact
from apex_cli.cli.tables import Column, Marked
from apex_cli.cli.verb import START, TIMES, UNANSWERED, USAGE, CommandContext, verb
from apex_cli.search.passages import around

if TYPE_CHECKING:
    from apex_cli.search.find import SearchHit

_WIDTH = 160


@verb(
    *("json", *TIMES, "home", "lock_timeout"),
    examples=(
        'apex search "late because of snow"',
        "apex search TRUCK-6520 --after 2025-10-19",
        'apex search "acme manufacturing" --source turvo --limit 3 --json',
    ),
    exits={0: "searched, whatever was found", **USAGE, **START, **UNANSWERED},
)
def search(
    context: CommandContext,
    text: Annotated[str, typer.Argument(metavar="TEXT", parser=filled, help="What to look for.")],
    limit: Limit = 10,
    source: RecordSource = None,
    data_type: Annotated[
        str | None,
        typer.Option("--type", parser=filled, metavar="TYPE", help="Records of this type only, e.g. message."),
    ] = None,
    after: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="Only what happened then or later.")
    ] = None,
    before: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="Only what happened before.")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help="The records as they were then (UTC unless it says)."),
    ] = None,
    current: Annotated[bool, typer.Option("--current", help="Leave out records whose facts have all ended.")] = False,
) -> None:
    """Find records by meaning, words and the things that are named, in one ranking.

    The records of a thing that TEXT names by an id or a name stand first. "where is", "last", "status of" and the like
    ask for the newest. A word that no record has is searched for as the nearest one that is there. What nothing
    supports is left out.
    A part of the search that fails is left out, with a warning. The search fails when no part answers.
    """
    # With --json each word that was respelt adds a line: {"type": "respelt", "word", "instead"}, and each part left out
    # a last line: {"type": "warning", "part", "code", "message", "hint"}.
    from apex_cli.stores.views import RecordFilter

    context.settings()
    check_source(source)
    where = RecordFilter(source, data_type, after=after, before=before, at=at, ended=not current)
    result = context.read(lambda reader: reader.search(text, limit=limit, where=where))
    hits = result.hits
    if context.output.json:
        for hit in hits:
            context.output.object({"type": "hit", **asdict(hit)})
    elif hits:
        placed = any(hit.place for hit in hits)
        rows: list[Sequence[str | Marked]] = [
            (
                *(str(hit.rank), f"{hit.source}:{hit.external_id}", context.output.time(hit.event_time)),
                ", ".join(hit.matched_by),
                *([hit.place] if placed else []),
                _passage(hit),
            )
            for hit in hits
        ]
        columns = (
            Column("", 4, right=True),
            Column("RECORD"),
            Column("TIME", 2),
            Column("FOUND BY", 5),
            *([Column("PLACE", 3, least=16)] if placed else []),
            Column("TEXT", 1, least=30),
        )
        context.output.table(columns, rows)
    else:
        context.output.line("Nothing found.")
    for word, instead in result.respelt.items():
        context.output.note(clean(f'no record has "{word}": searched for "{instead}"'))
        if context.output.json:
            context.output.object({"type": "respelt", "word": word, "instead": instead})
    for failed in result.left_out:
        error = failed.error
        context.output.note(clean(redact(f"warning: {failed.part} part of search left out: {error.message}")))
        if context.output.json:
            fields = {"code": error.code, "message": redact(error.message), "hint": error.hint}
            context.output.object({"type": "warning", "part": failed.part, **fields})


def _passage(hit: SearchHit) -> Marked:
    """The part of the text that has the words of the question, with these words marked."""
    shown = around(hit.text, hit.matched, _WIDTH)
    begin = hit.text.find(shown)
    before, after = "…" if begin > 0 else "", "…" if begin + len(shown) < len(hit.text) else ""
    return Marked(f"{before}{clip(shown, _WIDTH)}{after}", hit.matched)
