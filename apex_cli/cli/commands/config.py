"""`apex config`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from apex_cli.addresses import MASK, Secret, StoreUrl
from apex_cli.cli.output import clean, redact
from apex_cli.cli.tables import Column
from apex_cli.cli.verb import START, USAGE, CommandContext, verb
from apex_cli.units import exact_duration, exact_size

if TYPE_CHECKING:
    from apex_cli.config import SettingsInForce

_COLUMNS = (Column("SETTING"), Column("VALUE", 1, least=24), Column("FROM", 2))


@verb(
    *("json", "home", "staging_dir", "lock_timeout"),
    examples=("apex config", "APEX_BATCH_SIZE=500 apex config", "apex config --json"),
    exits={0: "shown", **USAGE, **START},
)
def config(context: CommandContext) -> None:
    """Show each setting in force, its value, and where that comes from.

    Where a setting is given more than once, the first of these counts: flag, environment, .env, apex.toml, default.
    Passwords and keys are masked. What looks like a setting and is none is named at the end.
    """
    from apex_cli.config import load_with_origins

    found = load_with_origins(context.flags)
    if context.output.json:
        _write_objects(context, found)
    else:
        _show(context, found)


def _write_objects(context: CommandContext, found: SettingsInForce) -> None:
    from apex_cli.config import FOREIGN, SPECS, variable

    for name, spec in SPECS.items():
        given = found.origins.get(name)
        line = {"type": "setting", "name": name, "variable": variable(name), "group": spec.group, "kind": spec.kind}
        origin = {"origin": given.origin if given else "default", "given_by": given.name if given else None}
        context.output.object({**line, "value": _plain(getattr(found.settings, name)), **origin})
    for each in found.settings.unknown:
        context.output.object({"type": "unknown", **each._asdict()})
    for name in found.settings.foreign:
        context.output.object({"type": "foreign", "name": name, "used_by": FOREIGN[name]})


def _show(context: CommandContext, found: SettingsInForce) -> None:
    from apex_cli.config import FOREIGN, SPECS, variable

    rows = []
    for name in SPECS:
        given = found.origins.get(name)
        origin = "default" if given is None else given.origin
        if given is not None and given.name.casefold().endswith("_file") and not name.endswith("_file"):
            origin = f"{origin}, {given.name}"
        rows.append((variable(name), _words(name, getattr(found.settings, name)), origin))
    context.output.table(_COLUMNS, rows)
    for each in found.settings.unknown:
        context.output.line(clean(str(each)))
    for name in found.settings.foreign:
        context.output.line(f"{name} belongs to other programs and is not used; {FOREIGN[name]} would use it")


def _words(name: str, value: Any) -> str:
    """A value for people; in brackets, what takes the place of one that is not given."""
    from apex_cli.config import SPECS
    from apex_cli.setting_kinds import Kind

    spec = SPECS[name]
    if value is None:
        return f"({(spec.shown or 'none').replace('`', '')})"
    if spec.kind is Kind.DURATION:
        return exact_duration(value)
    if spec.kind is Kind.SIZE:
        return exact_size(value)
    return str(_plain(value))


def _plain(value: Any) -> Any:
    """A value for programs, with no secret in it."""
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, StoreUrl):
        # Masked already, but for the user, who is no secret.
        return str(value)
    return redact(str(value)) if isinstance(value, str | Path) else value
