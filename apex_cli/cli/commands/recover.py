"""`apex recover`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from apex_cli.cli.context import CommandContext
from apex_cli.cli.verb import LOCKED, OK, RECORDS, START, STUCK, USAGE, verb
from apex_cli.results import EXIT_MANUAL_RECOVERY, EXIT_OK

if TYPE_CHECKING:
    from apex_cli.saga.recovery import Recovered

_HINT = "docs/operations.md, Backup and restore: a PostgreSQL that is older than the graph"


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex recover", "apex recover --lock-timeout 5m --json"),
    exits={**OK, **USAGE, **RECORDS, **STUCK, **START, **LOCKED},
)
def recover(context: CommandContext) -> None:
    """Settle what killed runs left half done.

    Every ingest does this first, so it is seldom needed.
    """
    from apex_cli import faults
    from apex_cli.pipeline import maintenance

    settings = context.settings()
    faults.arm(settings.fault)
    done = context.run(lambda: maintenance.recover(settings))
    code = EXIT_MANUAL_RECOVERY if done.stuck else EXIT_OK
    if context.output.json:
        context.output.object(_as_json(done, code))
    elif done.rolled_forward or done.aborted or done.left or done.swept:
        context.output.line(
            f"{done.rolled_forward} completed, {done.aborted} undone, {done.left} left to the run that holds them, "
            f"{done.swept} leftovers removed."
        )
    elif not done.stuck:
        context.output.line("Nothing to settle.")
    if done.why is not None:
        named = ", ".join(done.stuck)
        context.output.problem(f"a person must settle {named}: {done.why.message}", done.why.hint or _HINT)
    raise typer.Exit(code)


def _as_json(done: Recovered, code: int) -> dict[str, object]:
    return {
        "type": "summary",
        "rolled_forward": done.rolled_forward,
        "aborted": done.aborted,
        "left": done.left,
        "swept": done.swept,
        "stuck": done.stuck,
        "exit_code": code,
    }
