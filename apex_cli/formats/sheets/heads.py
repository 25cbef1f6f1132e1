"""Where the heads of a sheet's columns are, and what each column is called.

Above the heads may stand titles and what the report is about. Heads may take two rows, groups above and parts below:

    Loads of week 42                                            a title
              Pickup                 Delivery                   groups
    Load #    City        State      City        State          parts

Here the columns are called `Load #`, `Pickup City`, `Pickup State`, `Delivery City`, `Delivery State`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from apex_cli.extract import column_heads

Cells = Sequence[str]
_FIRST_ROWS = 25
"""Rows among which the heads are looked for."""
_LONGEST_HEAD = 60
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
_MOST_DIGITS = 2
_FEWEST_ABOVE = 3
"""Rows of several cells above the heads from which a sheet may be a form."""
_IDENTIFYING = frozenset(
    ("number", "trip", "order", "pro", "invoice", "mc", "dot", "scac", "vin", "truck", "driver_id", "customer_id",
     "carrier_id")
)  # fmt: skip
_PARTS = frozenset(("city", "state", "zip", "country", "address", "date", "time", "name", "phone", "email", "contact"))
_OWNERS = ("origin", "destination", "customer", "carrier", "driver", "truck", "trailer")


@dataclass(frozen=True, slots=True)
class SheetHeads:
    """The names of the columns, "" for one without; they differ. `above` rows of the sheet stand above their rows,
    which are `lines` as they are written."""

    names: tuple[str, ...]
    lines: tuple[Cells, ...]
    above: int = 0


def find(rows: Sequence[Cells], *, is_table: bool) -> SheetHeads | None:
    """The heads in the first rows of a sheet; None where it is no table.

    `is_table`: it is one in any case, such as a CSV file. Where nothing looks like heads its columns have no names.
    """
    above = next((place for place in range(min(len(rows), _FIRST_ROWS)) if _are_known(rows, place)), None)
    if above is None:
        above = _usual(rows, is_table)
    if above is None:
        return SheetHeads(("",) * max(map(len, rows), default=0), ()) if is_table else None
    found = _heads(rows, above)
    is_form = not is_table and _is_form(rows[:above], rows[above + len(found.lines) :], found)
    return None if is_form else found


def is_new(rows: Sequence[Cells], old: SheetHeads) -> SheetHeads | None:
    """The heads that the first of these rows begins, where it is one: those of another table below the first."""
    if not rows or tuple(rows[0]) == tuple(old.lines[0] if old.lines else ()) or not _are_known(rows, 0):
        return None
    return _heads(rows, 0)


def is_label(cell: str) -> bool:
    """Whether a text may be the head of a column: a few words, and no value such as a number or a date."""
    return (
        len(cell) <= _LONGEST_HEAD
        and not cell.endswith(":")
        and "@" not in cell
        and len(_DIGIT.findall(cell)) <= _MOST_DIGITS
        and (_LETTER.search(cell) is not None or cell == "#")
    )


def filled(cells: Cells) -> list[str]:
    """The cells that are not empty."""
    return [cell for cell in cells if cell]


def _are_known(rows: Sequence[Cells], place: int) -> bool:
    """Whether a row has heads with known meanings, and what is below them has none: in a form labels are below."""
    found = filled(rows[place])
    count = column_heads.known(found)
    if count < 2 or count < len(found) / 3 or not all(map(is_label, found)):
        return False
    if place + 1 >= len(rows) or _has_parts_below(rows, place):
        return True
    below = [
        cell
        for head, cell in zip(rows[place], rows[place + 1], strict=False)
        if cell and head and column_heads.meaning(head)
    ]
    return sum(column_heads.meaning(cell) is not None for cell in below) <= len(below) / 2


def _usual(rows: Sequence[Cells], is_table: bool) -> int | None:
    """The row of heads by its form alone: labels that differ, and below as many cells in most rows."""
    widths = Counter(len(filled(row)) for row in rows if len(filled(row)) > 1)
    if not widths:
        return 0 if is_table and rows and len(rows[0]) == 1 and is_label(rows[0][0]) else None
    usual = max(widths, key=lambda width: (widths[width], width))
    for place, row in enumerate(rows[:_FIRST_ROWS]):
        found = filled(row)
        if len(found) < 2 or len(found) < 0.6 * usual:
            continue
        below = rows[place + 1 :]
        fits = all(map(is_label, found)) and len(set(found)) == len(found) and not _is_like(row, below)
        return place if fits and (is_table or _is_usual_table(found, below)) else None
    return None


def _is_like(row: Cells, below: Sequence[Cells]) -> bool:
    """Whether a row holds values, as the rows below do: at least half of its cells are there again in their column, or
    are numbers of the same form. Heads may be there again as a whole, on each page."""
    below = [other for other in below if list(other) != list(row)]
    filled_columns = [column for column, cell in enumerate(row) if cell]
    alike = 0
    for column in filled_columns:
        others = {other[column] for other in below if column < len(other) and other[column]}
        form = _form(row[column])
        alike += row[column] in others or (form is not None and form in map(_form, others))
    return alike >= len(filled_columns) / 2


def _form(cell: str) -> str | None:
    """A cell with each digit as 0: "NH-00" of "NH-12"; None for one without digits."""
    found = _DIGIT.sub("0", cell)
    return found if found != cell else None


def _is_usual_table(found: Sequence[str], below: Sequence[Cells]) -> bool:
    """Whether rows below labels are those of a table, and no list of labels and values."""
    wide = [row for row in below if len(filled(row)) >= max(2, 0.5 * len(found))]
    if len(found) == 2:
        return len(wide) > 2 and sum(_DIGIT.search(row[-1]) is not None for row in wide if row) > len(wide) / 2
    return len(wide) >= 2 and len(wide) >= 0.6 * len(below)


def _is_form(above: Sequence[Cells], below: Sequence[Cells], heads: SheetHeads) -> bool:
    """Whether a sheet with a table is a form all the same: much stands above, and no row of the table has an id."""
    if not below:
        return True
    meanings = {column_heads.meaning(name) for name in heads.names}
    if not meanings.isdisjoint(_IDENTIFYING):
        return False
    several = [filled(row) for row in above if len(filled(row)) > 1]
    labelled = any(cell.endswith(":") or column_heads.meaning(cell) for row in several for cell in row)
    return labelled or len(several) >= _FEWEST_ABOVE


def _has_parts_below(rows: Sequence[Cells], place: int) -> bool:
    """Whether the row below a row of labels is a second row of heads."""
    if place + 2 >= len(rows):
        return False
    top, parts = rows[place], rows[place + 1]
    found = filled(parts)
    grouped = [_grouped(top, column) for column in range(len(parts))]
    named = sum(_is_part(group, part) for group, part in zip(grouped, parts, strict=True))
    return bool(found) and all(map(is_label, found)) and named >= 2


def _heads(rows: Sequence[Cells], above: int) -> SheetHeads:
    top = rows[above]
    if not _has_parts_below(rows, above):
        return SheetHeads(_unique(top), (top,), above)
    parts = rows[above + 1]
    names = []
    for column in range(max(len(top), len(parts))):
        part = parts[column] if column < len(parts) else ""
        own, group = (top[column] if column < len(top) else ""), _grouped(top, column)
        repeated = parts.count(part) > 1
        names.append(
            f"{group} {part}" if part and (repeated or _is_part(group, part)) and group != part else part or own
        )
    return SheetHeads(_unique(names), (top, parts), above)


def _grouped(top: Cells, column: int) -> str:
    """The label of the group that a column is in: above it, or to the left of that."""
    return next((label for label in reversed(top[: column + 1]) if label), "")


def _is_part(group: str, part: str) -> bool:
    """Whether two labels together have a meaning that the lower one alone has not: `Pickup`, `City`."""
    if not group or not part or group == part:
        return False
    together = column_heads.meaning(f"{group} {part}")
    return together is not None and together not in (column_heads.meaning(group), column_heads.meaning(part))


def _unique(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels on one line each; those that are there twice are distinguished by what stands to their left, else by a
    number: `Shipper, City, Consignee, City` are `Shipper, Shipper City, Consignee, Consignee City`."""
    lines = [" ".join(label.split()) for label in labels]
    counts = Counter(lines)
    names: list[str] = []
    for place, label in enumerate(lines):
        name = label
        if label and counts[label] > 1 and column_heads.meaning(label) in _PARTS:
            owner = next((one for one in reversed(lines[:place]) if _owns(one, label)), "")
            name = f"{owner} {label}" if owner else label
        number = 2
        while name and name in names:
            name, number = f"{label} {number}", number + 1
        names.append(name)
    return tuple(names)


def _owns(label: str, part: str) -> bool:
    found = column_heads.meaning(label)
    return found is not None and found.startswith(_OWNERS) and column_heads.meaning(f"{label} {part}") is not None
