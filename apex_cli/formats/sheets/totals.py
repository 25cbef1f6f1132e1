"""Which rows of a table are totals, and not rows of their own.

    Load #                  Customer          Rate
    LD-1                    Birchwood Foods   1,200
    LD-2                    Birchwood Foods   300
    Birchwood Foods Total                     1,500     totals of a group
    LD-3                    Delmar Glass      500
    Grand Total                               2,000     totals of all
                                              2,000     the same without a label

A name may look like a label: "Total Quality Logistics" is a carrier. So a label with a name in it counts only where the
row has no id, and where its column is one of names, only where its numbers are the sums of rows above.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from apex_cli.extract import column_heads
from apex_cli.formats.sheets.spelling import is_amount, number

_WORD = r"(?:grand |gran |sub[ -]?|sous[ -]?)?(?:totals?|totales|totaux|sum|suma|somme|average|promedio|moyenne)"
_BARE = re.compile(rf"{_WORD}:?", re.IGNORECASE)
_BEGINS = re.compile(rf"{_WORD}(?: [\w&.'-]{{1,30}}){{1,4}}:?", re.IGNORECASE)
_ENDS = re.compile(rf"\S.{{0,80}}? {_WORD}:?", re.IGNORECASE)
_LONGEST_LABEL = 120
_IDS = frozenset(("number", "trip", "order", "pro", "invoice", "mc", "dot", "vin", "truck"))
_NAMES = frozenset(
    ("customer", "carrier", "driver", "name", "contact", "manager", "origin_name", "destination_name", "commodity")
)
_MOST_ROWS = 100_000
_SMALLEST_SHARE = 1e-6


class Totals:
    """Finds the totals of a table with these heads. Rows come in their order."""

    def __init__(self, heads: Sequence[str]) -> None:
        meanings = [column_heads.meaning(name) if name else None for name in heads]
        self._ids = [column for column, name in enumerate(meanings) if name in _IDS]
        self._names = {column for column, name in enumerate(meanings) if name in _NAMES}
        self._all = _Sums(len(heads))
        self._group = _Sums(len(heads))

    def add(self, cells: Sequence[str]) -> None:
        """Count a row of the table into the sums."""
        self._all.add(cells)
        self._group.add(cells)

    def are(self, cells: Sequence[str]) -> bool:
        """Whether a row is totals. The rows behind it are another group then."""
        found = self._found(cells)
        if found:
            self._group = _Sums(self._group.width)
        return found

    def _found(self, cells: Sequence[str]) -> bool:
        labels = [column for column, cell in enumerate(cells) if cell and _is_label(cell)]
        numbers = [column for column, cell in enumerate(cells) if cell and column not in labels]
        if not numbers or not all(is_amount(cells[column]) for column in numbers):
            return False
        has_id = any(column < len(cells) and cells[column] and column not in labels for column in self._ids)
        if not labels:
            return not has_id and bool(self._ids) and self._are_sums(cells, numbers, least=1.0, rows=2)
        label = cells[labels[0]].strip()
        is_first = labels[0] < numbers[0]
        if _BARE.fullmatch(label):
            return not has_id or is_first
        if has_id:
            return False
        is_name = not self._names.isdisjoint(labels)
        is_sure = bool(self._ids) if _ENDS.fullmatch(label) else not is_name
        return is_sure or self._are_sums(cells, numbers, least=0.5, rows=1)

    def _are_sums(self, cells: Sequence[str], columns: Sequence[int], *, least: float, rows: int) -> bool:
        """Whether at least this share of the numbers are sums of their columns, of all or of the group."""
        return any(
            rows <= sums.rows <= _MOST_ROWS
            and sum(sums.is_sum(column, cells[column]) for column in columns) >= max(1, least * len(columns))
            for sums in (self._all, self._group)
        )


class _Sums:
    """The sums of the columns of numbers so far."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.rows = 0
        self._sums = [0.0] * width

    def add(self, cells: Sequence[str]) -> None:
        self.rows += 1
        if self.rows <= _MOST_ROWS:
            for column, cell in enumerate(cells[: self.width]):
                if cell and (found := number(cell)) is not None:
                    self._sums[column] += found

    def is_sum(self, column: int, cell: str) -> bool:
        found = number(cell)
        if found is None or column >= self.width:
            return False
        total = self._sums[column]
        return abs(found - total) <= max(0.01, _SMALLEST_SHARE * abs(total))


def _is_label(cell: str) -> bool:
    return len(cell) <= _LONGEST_LABEL and any(form.fullmatch(cell) for form in (_BARE, _BEGINS, _ENDS))
