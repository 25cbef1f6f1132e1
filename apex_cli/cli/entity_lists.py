"""Lists of entities: those that `apex entities` finds, and those that a name may mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apex_cli.cli import answering
from apex_cli.cli.output import Output
from apex_cli.cli.tables import Column

if TYPE_CHECKING:
    from apex_cli.stores.views import EntityView

_KEYS = Column("ALIASES", 3, least=16)
_BY_NAME = (Column("TYPE", 1), Column("NAME"), Column("ID", 2), _KEYS)
_BY_ID = (Column("TYPE", 2), Column("NAME", 1), Column("ID"), _KEYS)


def show_entities(output: Output, entities: Sequence[EntityView], *, alike: bool = False) -> None:
    """A line for each. Where they are `alike`, their ids matter more than their names."""
    if output.json:
        for each in entities:
            output.object(answering.entity_object(each))
        return
    rows = ((each.type, each.name, each.id, ", ".join(each.aliases)) for each in entities)
    output.table(_BY_ID if alike else _BY_NAME, rows)


@contextmanager
def several_shown(output: Output) -> Iterator[None]:
    """Where the block finds that a name means several entities, these are listed before the error goes on."""
    from apex_cli import queries

    try:
        yield
    except queries.AmbiguousEntity as several:
        show_entities(output, several.candidates, alike=True)
        raise
