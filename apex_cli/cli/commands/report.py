"""`apex report`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apex_cli.cli.options import duration, moment
from apex_cli.cli.output import fields
from apex_cli.cli.staged_items import open_staging
from apex_cli.cli.verb import START, UNANSWERED, USAGE, CommandContext, verb

if TYPE_CHECKING:
    from apex_cli.cli.pages.report_page import Failures
    from apex_cli.reports import MemoryReport


@verb(
    *("json", "quiet", "home", "staging_dir", "lock_timeout"),
    examples=(
        "apex report -o report.html",
        "apex report -o report.html --at 2025-10-20T12:00:00Z --since 2025-10-01",
        "apex report --json --unseen 12h -o report.html",
    ),
    exits={0: "written, whatever it shows", **USAGE, **START, **UNANSWERED},
)
def report(
    context: CommandContext,
    output_file: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write this file, at one instant.")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help="The gaps as of then (UTC unless it says); default: now."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="The runs from then on; default: 30 days.")
    ] = None,
    unseen: Annotated[
        float | None,
        typer.Option(parser=duration, metavar="TIME", help="Name trucks not seen for so long; default: 24h."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=1000, metavar="N", help="At most so many of each kind of gap.")
    ] = 100,
) -> None:
    """Make one HTML page of what came in, what failed, and what the memory lacks.

    Trucks that were not seen, shipments past their appointment and not known as delivered, contradictions; records by
    source and outcome; failures with what to do; stages and stores by time. The page needs no network, and has no
    script.
    """
    from apex_cli.cli.pages import report_page
    from apex_cli.cli.pages.delivery import check, deliver
    from apex_cli.gaps import DAY
    from apex_cli.staging import ItemStatus

    output = context.output
    path = None if output.json and output_file is None else check(output_file)
    settings = context.settings()
    longest = DAY if unseen is None else unseen
    found = context.read(lambda reader: reader.report(at=at, since=since, unseen_seconds=longest, limit=limit))
    staged = (item for item in open_staging(settings).items() if item.status is ItemStatus.FAILED)
    failures = report_page.grouped(staged)
    written = 0
    if path is not None or not output.json:
        written = deliver(context, report_page.page(found, failures), path)
    if output.json:
        for line in _objects(found, failures):
            output.object(line)
        counts = {
            "records": found.overview.records,
            "facts": found.overview.facts,
            "failed": failures.total,
            "unseen": found.gaps.unseen_total,
            "overdue": found.gaps.overdue_total,
            "contradictions": found.gaps.contradictions_total,
        }
        where = None if path is None else str(path)
        output.object(
            {"type": "summary", "at": found.gaps.at, **counts, "complete": found.gaps.complete, "file": where,
             "bytes": written}
        )  # fmt: skip


def _objects(report: MemoryReport, failures: Failures) -> Iterator[dict[str, Any]]:
    from apex_cli.cli.answering import sentence

    gaps = report.gaps
    for one in gaps.unseen:
        yield {
            **{"type": "gap", "kind": "unseen", "entity": one.name, "since": one.last_seen},
            **{"says": one.last.sentence, "record_id": one.record_id or None},
        }
    for late in gaps.overdue:
        status = late.status.object if late.status else None
        says = f"past its appointment{f' ({late.stop})' if late.stop else ''}, not known as delivered"
        yield {
            **{"type": "gap", "kind": "overdue", "entity": late.name, "since": late.appointment},
            **{"says": f"{says}; status {status or 'unknown'}", "record_id": late.record_id or None},
        }
    for against in gaps.contradictions:
        yield {
            **{"type": "gap", "kind": "contradiction", "entity": against.fact.fact.subject},
            **{"since": against.other.fact.valid_at, "says": sentence(against)},
            "record_id": report.newest.get(against.other.fact.id),
        }
    for group in failures.groups:
        yield {
            **{"type": "failure", **fields(group, "code", "count")},
            **{"sources": list(group.sources), "hints": list(group.hints)},
        }
