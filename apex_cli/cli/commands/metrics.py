"""`apex metrics`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apex_cli.cli.output import clean
from apex_cli.cli.verb import START, UNANSWERED, USAGE, CommandContext, verb

if TYPE_CHECKING:
    from prometheus_client import Metric


@verb(
    *("json", "quiet", "home", "staging_dir", "lock_timeout"),
    examples=(
        "apex metrics",
        "apex metrics --textfile /var/lib/prometheus/node-exporter/apex.prom -q",
        "apex metrics --json",
    ),
    exits={0: "written", **USAGE, **START, **UNANSWERED},
)
def metrics(
    context: CommandContext,
    textfile: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Write this *.prom file, at one instant, for a node exporter."),
    ] = None,
) -> None:
    """Write metrics in Prometheus' text format.

    Counters are totals over all runs, as PostgreSQL keeps them. Ingests write the file themselves at their end, by
    APEX_METRICS_TEXTFILE.
    """
    from apex_cli.metrics import as_text, check_textfile, collect, write_textfile

    settings = context.settings()
    path = textfile.expanduser().absolute() if textfile else None
    if path is not None:
        check_textfile(path)
    families = collect(settings, context.read(lambda reader: reader.statistics()))
    content = as_text(families)
    if path is not None:
        write_textfile(path, content)
    if context.output.json:
        _show(context, families)
    elif path is None:
        context.output.line(content.decode().rstrip("\n"))
    elif not context.output.quiet:
        context.output.line(f"{len(families)} metrics written to {clean(str(path))}.")


def _show(context: CommandContext, families: list[Metric]) -> None:
    for family in families:
        for sample in family.samples:
            line = {"type": "metric", "name": sample.name, "kind": family.type}
            context.output.object({**line, "labels": sample.labels, "value": sample.value})
