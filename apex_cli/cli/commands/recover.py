"""`apex recover`."""

from __future__ import annotations

from dataclasses import asdict

from apex_cli.cli.call import Call
from apex_cli.cli.verb import LOCKED, OK, START, USAGE, verb


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex recover", "apex recover --lock-timeout 5m --json"),
    exits={**OK, **USAGE, **START, **LOCKED},
)
def recover(call: Call) -> None:
    """Settle what killed runs left half done.

    Every ingest does this first, so it is seldom needed.
    """
    from apex_cli import faults
    from apex_cli.pipeline import upkeep

    settings = call.settings()
    faults.arm(settings.fault)
    done = call.run(lambda: upkeep.recover(settings))
    if call.screen.json:
        call.screen.object({"type": "summary", **asdict(done), "exit_code": 0})
    elif done.rolled_forward or done.aborted or done.left or done.swept:
        call.screen.line(
            f"{done.rolled_forward} completed, {done.aborted} undone, {done.left} left to the run that holds them, "
            f"{done.swept} leftovers removed."
        )
    else:
        call.screen.line("Nothing to settle.")
