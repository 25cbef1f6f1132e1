"""`apex verify`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from apex_cli.cli.context import CommandContext
from apex_cli.cli.output import Output
from apex_cli.cli.verb import LOCKED, START, USAGE, verb
from apex_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from apex_cli.verify import Report

_AFTER_REPAIR = "PostgreSQL cannot repair the rest. Next: ingest everything into a fresh home (--home), and report it."


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex verify", "apex verify --repair", "apex verify --json"),
    exits={
        0: "consistent",
        **USAGE,
        ExitCode.RECORDS_FAILED: "problems found (with --repair: problems left)",
        **START,
        **LOCKED,
    },
)
def verify(
    call: CommandContext,
    repair: Annotated[bool, typer.Option("--repair", help="Repair what can be repaired.")] = False,
) -> None:
    """Compare the four stores record by record.

    Both ways: nothing may be missing in any of them, and nothing left over.
    """
    from apex_cli import verify
    from apex_cli.pipeline.repair import repair as repair_stores

    settings = call.settings()
    report = call.read(lambda stores: repair_stores(settings, stores) if repair else verify.verify(stores))
    if call.screen.json:
        _json(call.screen, report)
    else:
        _show(call.screen, report, repair)
    if report.problems:
        raise typer.Exit(ExitCode.RECORDS_FAILED)


def _json(screen: Output, report: Report) -> None:
    for problem in report.problems:
        screen.object({"type": "problem", **asdict(problem)})
    screen.object(
        {
            "type": "summary",
            "records": report.records,
            "problems": len(report.problems),
            "in_flight": report.in_flight,
            "repaired": report.repaired,
            "ok": not report.problems,
        }
    )


def _show(screen: Output, report: Report, repair: bool) -> None:
    if report.problems:
        screen.table(
            ("RECORD", "STORE", "KIND", "DETAIL"),
            ((each.record_id, each.store, each.kind, each.detail) for each in report.problems),
        )
        screen.line()
    if report.repaired:
        screen.line(f"{report.repaired:,} repaired.")
    if report.in_flight:
        screen.line(f"{report.in_flight:,} in flight: `apex recover` settles them.")
    verdict = "the four stores agree" if not report.problems else f"{len(report.problems):,} problems"
    screen.line(f"{report.records:,} records: {verdict}.")
    if report.problems:
        screen.line(_AFTER_REPAIR if repair else "Next: `apex verify --repair` repairs what can be repaired.")
