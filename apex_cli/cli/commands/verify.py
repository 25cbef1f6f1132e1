"""`apex verify`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from apex_cli.cli.output import Output, fields
from apex_cli.cli.tables import Column
from apex_cli.cli.verb import START, UNANSWERED, USAGE, CommandContext, verb
from apex_cli.exit_codes import MEANINGS, ExitCode

if TYPE_CHECKING:
    from apex_cli.verify import DiscrepancyReport

_COLUMNS = (Column("RECORD"), Column("STORE", 1), Column("KIND", 2), Column("DETAIL", 3, least=16))
_AFTER_REPAIR = "PostgreSQL cannot repair the rest. Next: ingest everything into a fresh home (--home), and report it."


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex verify", "apex verify --repair", "apex verify --json"),
    exits={
        0: "consistent",
        **USAGE,
        ExitCode.RECORDS_FAILED: "problems found (with --repair: problems left)",
        **START,
        ExitCode.LOCKED: f"{UNANSWERED[ExitCode.LOCKED]}; with --repair: {MEANINGS[ExitCode.LOCKED]}",
    },
)
def verify(
    context: CommandContext,
    repair: Annotated[bool, typer.Option("--repair", help="Repair what can be repaired.")] = False,
) -> None:
    """Compare the four stores record by record.

    Both ways: nothing may be missing in any of them, and nothing left over.
    """
    report = _repair(context) if repair else context.read(lambda reader: reader.verify())
    if context.output.json:
        for problem in report.problems:
            context.output.object({"type": "problem", **asdict(problem)})
        counts = {"records": report.records, "problems": len(report.problems)}
        counts |= fields(report, "in_flight", "repaired")
        context.output.object({"type": "summary", **counts, "ok": not report.problems})
    else:
        _show(context.output, report, repair)
    if report.problems:
        raise typer.Exit(ExitCode.RECORDS_FAILED)


def _repair(context: CommandContext) -> DiscrepancyReport:
    from apex_cli.pipeline import maintenance

    return context.run(maintenance.repair(context.settings()))


def _show(output: Output, report: DiscrepancyReport, repair: bool) -> None:
    if report.problems:
        rows = ((each.record_id, each.store, each.kind, each.detail) for each in report.problems)
        output.table(_COLUMNS, rows)
        output.line()
    if report.repaired:
        output.line(f"{report.repaired:,} repaired.")
    if report.in_flight:
        output.line(f"{report.in_flight:,} in flight: a run is writing them, or `apex recover` settles them.")
    verdict = "the four stores agree" if not report.problems else f"{len(report.problems):,} problems"
    output.line(f"{report.records:,} records: {verdict}.")
    if report.problems:
        output.line(_AFTER_REPAIR if repair else "Next: `apex verify --repair` repairs what can be repaired.")
