"""`apex forget`."""

from __future__ import annotations

import typer

from apex_cli.cli import loop
from apex_cli.cli.ingesting import masked
from apex_cli.cli.options import Ident
from apex_cli.cli.output import clean, fields
from apex_cli.cli.verb import LOCKED, OK, START, USAGE, CommandContext, verb
from apex_cli.exit_codes import ExitCode


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex forget turvo:SHIP-2025-10-19-003",),
    exits={
        **OK,
        **USAGE,
        ExitCode.RECORDS_FAILED: "not forgotten; nothing is half-removed, try again",
        **START,
        **LOCKED,
    },
)
def forget(context: CommandContext, ident: Ident) -> None:
    """Remove one record from all four stores, all or nothing.

    Facts that only this record supports are removed too. Facts that it had ended hold again.
    """
    from apex_cli import faults
    from apex_cli.pipeline import maintenance

    settings = context.settings()
    faults.arm(settings.fault)
    result = loop.run(maintenance.forget(settings, ident))
    name = f"{result.source}:{result.external_id}"
    if context.output.json:
        identity = fields(result, "record_id", "source", "data_type", "external_id", "status")
        context.output.object({"type": "record", **identity, "error": masked(result.error)})
    elif result.error is None:
        context.output.line(clean(f"{result.status} {name} ({result.record_id})"))
    if result.error is not None:
        hint = result.error.hint or "try again; `apex recover` settles what is still open"
        context.output.problem(f"{name} {result.status}: {result.error.message}", hint)
        raise typer.Exit(ExitCode.RECORDS_FAILED)
