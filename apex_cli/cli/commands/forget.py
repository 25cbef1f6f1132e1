"""`apex forget`."""

from __future__ import annotations

from typing import Annotated

import typer

from apex_cli.cli import loop
from apex_cli.cli.observers import masked
from apex_cli.cli.options import Ident
from apex_cli.cli.output import clean, fields
from apex_cli.cli.verb import LOCKED, OK, START, USAGE, CommandContext, verb
from apex_cli.errors import UsageError
from apex_cli.exit_codes import ExitCode
from apex_cli.results import RecordResult


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex forget frontapp:MSG-2025-10-19-003 --yes", "apex forget frontapp:MSG-2025-10-19-003 --undo"),
    exits={
        **OK,
        **USAGE,
        ExitCode.RECORDS_FAILED: "not forgotten; nothing is half-removed, try again",
        **START,
        **LOCKED,
    },
)
def forget(
    context: CommandContext,
    ident: Ident,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    purge: Annotated[
        bool, typer.Option("--purge", help="Also rewrite the files of the stores, so that no bytes of it are left.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Let its forgotten content be ingested again.")] = False,
) -> None:
    """Remove one record, with all its versions, from all four stores, all or nothing.

    Facts that only this record supports are removed too. Facts that it had ended hold again. The same content is not
    taken again by a later ingest, unless --undo allows it, or `apex ingest --again` asks for it.
    """
    if undo and purge:
        raise UsageError("--undo and --purge exclude each other", hint="--undo keeps nothing that could be purged")
    if undo:
        _undo(context, ident)
        return
    if not yes:
        context.refuse_unasked("forget", "add --yes")
        ident = _asked(context, ident)
    from apex_cli import faults
    from apex_cli.pipeline import maintenance

    settings = context.settings()
    faults.arm(settings.fault)
    _report(context, loop.run(maintenance.forget(settings, ident)))
    if purge:
        _purge(context)


def _asked(context: CommandContext, ident: str) -> str:
    """The record id of the record that may go. Ends the command where the answer is no."""
    found = context.read(lambda reader: reader.history(ident))
    record = found.versions[0].version
    count = len(found.versions)
    versions = f"{count:,} version{'' if count == 1 else 's'}"
    name = f"{record.source} {record.data_type} {record.external_id}"
    if not context.confirmed(clean(f"{name}, {versions}, would be removed from all four stores.")):
        raise typer.Exit
    return record.record_id


def _undo(context: CommandContext, ident: str) -> None:
    from apex_cli.pipeline import maintenance

    found = loop.run(maintenance.unforget(context.settings(), ident))
    if context.output.json:
        identity = fields(found, "record_id", "source", "data_type", "external_id", "contents")
        context.output.object({"type": "record", **identity, "status": "allowed"})
    else:
        name = f"{found.source}:{found.external_id}"
        context.output.line(clean(f"{name} may be ingested again: nothing of it was kept, so ingest its file again"))


def _purge(context: CommandContext) -> None:
    """Rewrite the files. Ends with exit code 3 where one of the embedded stores could not be purged."""
    from apex_cli.pipeline import purge

    results = loop.run(purge.purge(context.settings()))
    for one in results:
        if context.output.json:
            context.output.object({"type": "purge", "place": one.place, "error": one.error})
        elif one.error is None:
            context.output.line(f"purged {one.place}")
        else:
            context.output.problem(f"{one.place} is not purged: {one.error}")
    if any(one.error not in (None, purge.SERVER) for one in results):
        raise typer.Exit(ExitCode.RECORDS_FAILED)


def _report(context: CommandContext, result: RecordResult) -> None:
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
