"""A row of heads with one row of values below it, as lines with a label each.

    Invoice Number | Date       | Due Date          Invoice Number: TH-9021
    TH-9021        | 09/15/2026 | 10/15/2026   ─►   Date: 09/15/2026
                                                    Due Date: 10/15/2026

With two rows of values it is a list, of which no value is the document's own.
"""

from __future__ import annotations

import re

_CELLS = re.compile(r"[ ]{0,40}[|\t][ ]{0,40}|[ ]{2,80}")
_RULE = re.compile(r"[\s|:+=_-]+")
_DIGIT = re.compile(r"\d", re.ASCII)
_LONGEST = 300
_MOST_CELLS = 12


def labelled(text: str) -> str:
    """A text with those lines added at its end; the text itself where there are none."""
    lines = [line for line in text.split("\n") if line and not line.isspace() and not _RULE.fullmatch(line)]
    found: list[str] = []
    for place, line in enumerate(lines[:-1]):
        if len(line) > _LONGEST or _DIGIT.search(line):
            continue
        heads = _cells(line)
        values = _cells(lines[place + 1])
        if len(heads) < 2 or len(heads) != len(values) or not _DIGIT.search(lines[place + 1]):
            continue
        if (
            place + 2 == len(lines)
            or len(_cells(lines[place + 2])) != len(heads)
            or not _DIGIT.search(lines[place + 2])
        ):
            found += [
                f"{head.rstrip(':#')}: {value}" for head, value in zip(heads, values, strict=True) if head and value
            ]
    return "\n".join((text, *found)) if found else text


def _cells(line: str) -> list[str]:
    if len(line) > _LONGEST:
        return []
    return _CELLS.split(line.strip().strip("|").strip())[:_MOST_CELLS]
