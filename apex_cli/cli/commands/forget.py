"""`apex forget`."""

from __future__ import annotations

import typer

from apex_cli.cli.context import CommandContext
from apex_cli.cli.options import Ident
from apex_cli.cli.progress import masked
from apex_cli.cli.text import clean
from apex_cli.cli.verb import LOCKED, OK, START, USAGE, verb


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex forget turvo:SHIP-2025-10-19-003",),
    exits={**OK, **USAGE, 3: "not forgotten; nothing is half-removed, try again", **START, **LOCKED},
)
def forget(context: CommandContext, ident: Ident) -> None:
    """Remove one record from all four stores, all or nothing.

    Facts that only this record supports go with it; facts that it had ended hold again.
    """
    from apex_cli import faults
    from apex_cli.pipeline import maintenance
    from apex_cli.results import EXIT_FAILED_RECORDS

    settings = context.settings()
    faults.arm(settings.fault)
    failed = False
    for one in context.run(lambda: maintenance.forget(settings, ident)):
        failed = failed or one.error is not None
        if context.output.json:
            line = {
                "type": "record",
                "record_id": one.record_id,
                "source": one.source,
                "data_type": one.data_type,
                "external_id": one.external_id,
                "status": one.status,
                "error": masked(one.error) if one.error else None,
            }
            context.output.object(line)
        elif one.error is None:
            context.output.line(clean(f"{one.status} {one.source}:{one.external_id} ({one.record_id})"))
        if one.error is not None:
            hint = one.error.hint or "try again; `apex recover` settles what was left in flight"
            context.output.problem(f"{one.source}:{one.external_id} {one.status}: {one.error.message}", hint)
    if failed:
        raise typer.Exit(EXIT_FAILED_RECORDS)
