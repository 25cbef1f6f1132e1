"""`apex sources`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from apex_cli.cli.output import redact
from apex_cli.cli.tables import Column
from apex_cli.cli.verb import START, USAGE, CommandContext, verb
from apex_cli.errors import ApexError

if TYPE_CHECKING:
    from apex_cli.config import Settings

_COLUMNS = (
    Column("SOURCE"),
    Column("RECORDS", 1, right=True),
    Column("RECOGNISES", 2, least=50),
    Column("DESCRIBED BY", 3),
    Column("TYPES", 4, least=16),
)
_BUILT_IN = "built in"
_GONE = "nothing any more"


class _SourceRow(NamedTuple):
    name: str
    title: str
    data_types: tuple[str, ...]
    origin: str


@verb(
    *("json", "home", "lock_timeout"),
    examples=("apex sources", "apex sources --json"),
    exits={0: "listed", **USAGE, **START},
)
def sources(context: CommandContext) -> None:
    """List the sources that are recognised, and how many records of each are in the memory.

    In the order of recognition: those that apex.toml and sources.d describe, the built-in ones, documents last. Where
    the memory cannot be asked, the reason is named instead.
    """
    output = context.output
    settings = context.settings()
    counted, reason = _counted(context)
    if reason is not None:
        output.warning(f"the memory cannot be asked: {reason.message}")
        if reason.hint:
            output.note(f"hint: {reason.hint}")
    for_people = []
    for row in _rows(settings, counted):
        number = None if reason is not None else counted[row.name]
        if output.json:
            why = None if reason is None else redact(reason.message)
            output.object({"type": "source", **row._asdict(), "records": number, "reason": why})
        else:
            shown = "?" if number is None else f"{number:,}"
            for_people.append((row.name, shown, row.title, row.origin, ", ".join(row.data_types)))
    if not output.json:
        output.table(_COLUMNS, for_people)


def _counted(context: CommandContext) -> tuple[Mapping[str, int], ApexError | None]:
    """Records by source, or why they cannot be counted."""
    counted: Counter[str] = Counter()
    try:
        found = context.look(lambda reader: reader.overview())
    except ApexError as error:
        return counted, error
    for group in found.groups if found is not None else ():
        counted[group.source] += group.records
    return counted, None


def _rows(settings: Settings, counted: Mapping[str, int]) -> Iterator[_SourceRow]:
    from apex_cli.sources import registry

    described = {table.name: table.origin for table in settings.sources}
    for source in registry.sources():
        yield _SourceRow(source.name, source.title, source.data_types, described.get(source.name, _BUILT_IN))
    for name in sorted(counted.keys() - set(registry.names())):
        yield _SourceRow(name, _GONE, (), "a configuration that is gone")
