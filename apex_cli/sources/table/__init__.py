"""Rows of tables as people keep them: loads, carriers, trucks, drivers, invoices in a CSV file or a workbook.

A row is recognised by the heads of its columns (`extract.column_heads`), whatever the order, spelling and language. An
object of JSON that is such a row is taken as well. What is not known stays other JSON; a table of the configuration
says what its columns mean.
"""

from __future__ import annotations

from apex_cli.extract.field_names import snake
from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources import samsara, turvo
from apex_cli.sources.source import Source
from apex_cli.sources.table import rows


class _Table(Source):
    name = "table"
    title = "rows of tables: loads, carriers, trucks, drivers"
    data_types = rows.KINDS
    specificity = 2
    names_are_dates = True
    ids_by_hand = True

    def matches(self, payload: JsonObject) -> bool:
        """A row that has an id and other columns of its kind; not one that Samsara or Turvo reads by itself."""
        row = rows.read(payload)
        if row is None or row.kind is None or samsara.SOURCE.matches(payload):
            return False
        return not (row.is_in_turvos_words and turvo.SOURCE.matches(payload))

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """The kind of thing that the row is about, and the id that the row gives it."""
        row = rows.read(payload)
        return rows.identity(row) if row is not None else ("load", None)

    def counts_in_collection(self, data_type: str, payload: JsonObject) -> bool:
        """All rows but those of a load board, which say for whom a load is, whence and where to."""
        return data_type != "load" or not rows.columns(tuple(map(snake, payload))).is_board

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.table import mapping

        return mapping.extract(record)


SOURCE = _Table()
