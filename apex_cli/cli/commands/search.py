"""`apex search`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from apex_cli.cli.options import Limit, RecordSource, check_source, filled
from apex_cli.cli.output import clean, clip, redact
from apex_cli.cli.verb import START, UNANSWERED, USAGE, CommandContext, verb


@verb(
    *("json", "home", "lock_timeout"),
    examples=('apex search "late because of snow"', 'apex search "reefer" --source turvo --limit 3 --json'),
    exits={0: "searched, whatever was found", **USAGE, **START, **UNANSWERED},
)
def search(
    context: CommandContext,
    text: Annotated[str, typer.Argument(metavar="TEXT", parser=filled, help="What to look for.")],
    limit: Limit = 10,
    source: RecordSource = None,
) -> None:
    """Find records by meaning, words and the graph, in one ranking.

    A part of the search that fails is left out, with a warning. The search fails when no part answers.
    """
    # With --json each part left out adds a last line: {"type": "warning", "part", "code", "message", "hint"}.
    context.settings()
    check_source(source)
    result = context.read(lambda reader: reader.search(text, limit=limit, source=source))
    hits = result.hits
    if context.output.json:
        for hit in hits:
            context.output.object({"type": "hit", **asdict(hit)})
    elif hits:
        placed = any(hit.place for hit in hits)
        rows = (
            (
                *(str(hit.rank), f"{hit.source}:{hit.external_id}", ", ".join(hit.matched_by)),
                *([clip(hit.place, 60)] if placed else []),
                clip(hit.text, 160),
            )
            for hit in hits
        )
        context.output.table(("", "RECORD", "FOUND BY", *(["PLACE"] if placed else []), "TEXT"), rows)
    else:
        context.output.line("Nothing found.")
    for failed in result.left_out:
        error = failed.error
        context.output.note(clean(redact(f"warning: {failed.part} part of search left out: {error.message}")))
        if context.output.json:
            fields = {"code": error.code, "message": redact(error.message), "hint": error.hint}
            context.output.object({"type": "warning", "part": failed.part, **fields})
