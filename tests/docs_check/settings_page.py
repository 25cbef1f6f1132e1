"""Renders docs/configuration.md from apex_cli/config.py: `python -m tests.docs_check.settings_page`."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

from apex_cli.addresses import SCHEMES
from apex_cli.config import SPECS, SettingGroup, Settings, variable
from apex_cli.setting_kinds import Kind
from apex_cli.units import exact_duration, exact_size

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
_DEFAULTS = {field.name: field.default for field in fields(Settings)}
_INTRODUCTION = """\
# Configuration

<!-- Generated from apex_cli/config.py by `python -m tests.docs_check.settings_page`. A test compares them. -->

Where a setting is given more than once, the first of these counts: flag, environment, `.env` in the working directory,
`apex.toml` in the working directory, default. In `apex.toml` a setting has the name of its variable in lower case and
without `APEX_`: `batch_size = 500`. A secret can be in a file: `APEX_GRAPH_PASSWORD_FILE=/run/secrets/graph` instead of
`APEX_GRAPH_PASSWORD` (Docker secrets, systemd credentials). `apex config` shows what is in force, and where
it comes from.

A duration is a number with `ms`, `s`, `m`, `h` or `d` (without a unit: seconds). A size is a number with `k`, `M` or
`G` (powers of 1024; without a unit: bytes). An unknown setting in `apex.toml` is an error;
`[source.NAME]` there [describes a source](howto/map-a-source.md). An unknown variable that
starts with `APEX_` is ignored; a warning names the most similar setting.
"""


def settings_table(group: SettingGroup) -> str:
    """A table in Markdown of the settings of one group."""
    lines = ["| variable | default | kind | |", "|---|---|---|---|"]
    for name, spec in SPECS.items():
        if spec.group is group:
            kind = ", ".join(f"`{choice}`" for choice in spec.choices) or spec.kind.value
            example = f" For example `{SCHEMES[name].example}`." if name in SCHEMES else ""
            lines.append(f"| `{variable(name)}` | {_default(name)} | {kind} | {spec.help}{example} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    return "\n".join((_INTRODUCTION, *(f"## {group.value}\n\n{settings_table(group)}" for group in SettingGroup)))


def _default(name: str) -> str:
    spec = SPECS[name]
    value = _DEFAULTS[name]
    if spec.shown is not None:
        return spec.shown
    if not value or value is MISSING:
        return "none"
    if spec.kind is Kind.DURATION:
        return exact_duration(value)
    if spec.kind is Kind.SIZE:
        return exact_size(value)
    return f"`{value}`" if isinstance(value, str) else str(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE} written")
