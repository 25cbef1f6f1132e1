"""Changing what is there already, in bulk, and noticing when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apex_cli.errors import StoreTerminal
from apex_cli.stores.ladybug.arrow import Columns
from apex_cli.stores.ladybug.engine import STORE, Session


def change(session: Session, statement: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> None:
    """Run `MATCH … SET|DELETE …` (a constant) for each row, by the names in `columns`.

    Raises `StoreTerminal` if a row met nothing: then the graph is not what was read, and the transaction must end.
    """
    if not rows:
        return
    (answer,) = session.join(f"LOAD FROM $df {statement} RETURN count(*) AS met", columns, rows)
    if answer["met"] != len(rows):
        raise StoreTerminal(
            STORE, f"{answer['met']} of {len(rows)} rows were there to change", hint="run `apex verify`"
        )
