"""`apex recover`."""

from __future__ import annotations

import typer

from apex_cli.cli import loop
from apex_cli.cli.output import fields
from apex_cli.cli.verb import LOCKED, MANUAL_RECOVERY, OK, RECORDS, START, USAGE, CommandContext, verb
from apex_cli.exit_codes import ExitCode

_COUNTED = ("rolled_forward", "aborted", "left", "swept", "needs_manual_recovery")
_HINT = "docs/operations.md, Backup and restore: a PostgreSQL that is older than the graph"


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex recover", "apex recover --lock-timeout 5m --json"),
    exits={**OK, **USAGE, **RECORDS, **MANUAL_RECOVERY, **START, **LOCKED},
)
def recover(context: CommandContext) -> None:
    """Settle the sagas that killed runs left open.

    Every ingest does this first, so it is seldom needed.
    """
    from apex_cli import faults
    from apex_cli.pipeline import maintenance

    settings = context.settings()
    faults.arm(settings.fault)
    done = loop.run(maintenance.recover(settings))
    code = ExitCode.MANUAL_RECOVERY if done.needs_manual_recovery else ExitCode.OK
    if context.output.json:
        context.output.object({"type": "summary", **fields(done, *_COUNTED), "exit_code": int(code)})
    elif done.rolled_forward or done.aborted or done.left or done.swept:
        context.output.line(
            f"{done.rolled_forward} completed, {done.aborted} undone, {done.left} left to the run that holds them, "
            f"{done.swept} pieces of unpublished data removed."
        )
    elif not done.needs_manual_recovery:
        context.output.line("Nothing to settle.")
    if done.reason is not None:
        records = ", ".join(done.needs_manual_recovery)
        message = f"not recovered, because a store rejects it permanently: {records}: {done.reason.message}"
        context.output.problem(message, done.reason.hint or _HINT)
    raise typer.Exit(code)
