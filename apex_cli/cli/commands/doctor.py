"""`apex doctor`."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

import typer

from apex_cli.cli import loop
from apex_cli.cli.output import clean, redact
from apex_cli.cli.verb import USAGE, CommandContext, verb
from apex_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from apex_cli.doctor import Check


@verb(
    *("json", "home", "staging_dir", "lock_timeout"),
    examples=("apex doctor", "apex doctor --json", "apex doctor --lock-timeout 1m"),
    exits={0: "nothing failed", **USAGE, 10: "something failed; it says what to do"},
)
def doctor(context: CommandContext) -> None:
    """Check everything that a run needs. Nothing is created or changed.

    Configuration, home, disk, staging directory, lock, the four stores and the embedding model: each is ok or failed,
    with a hint. While another run holds the home, that run is asked about the stores.
    """
    from apex_cli.doctor import CheckStatus, examine

    settings = context.settings()
    failed = False

    async def work() -> None:
        nonlocal failed
        async with aclosing(examine(settings)) as checks:
            async for check in checks:
                failed = failed or check.status is CheckStatus.FAILED
                _report(context, check)

    loop.run(work())
    if failed:
        raise typer.Exit(ExitCode.CANNOT_START)


def _report(context: CommandContext, check: Check) -> None:
    detail = redact(check.detail)
    hint = redact(check.hint) if check.hint else None
    if context.output.json:
        facts = {key: redact(value) if isinstance(value, str) else value for key, value in check.facts.items()}
        line = {"type": "check", "name": check.name, "status": check.status, "detail": detail, "hint": hint}
        context.output.object({**line, "facts": facts})
        return
    context.output.line(f"{check.status:<8} {check.name:<19} {clean(detail)}")
    if hint:
        context.output.line(f"{'':<29}hint: {clean(hint)}")
