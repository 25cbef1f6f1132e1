"""The failures of a run for a person: grouped by reason, the first of each shown.

Failed:
  orders.json:3: broken JSON at column 7
  40 x encrypted
    a.pdf: a.pdf is protected by a password
    b.pdf: b.pdf is protected by a password
    c.pdf: c.pdf is protected by a password
    and 37 more
    hint: open it with its password and save it without
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from apex_cli.cli.output import clean, redact
from apex_cli.results import RecordResult

_SHOWN_OF_A_GROUP = 3
_MOST_GROUPS = 20


@dataclass(slots=True)
class _Group:
    count: int = 0
    repeated: int = 0
    first: list[RecordResult] = field(default_factory=list)


@dataclass(slots=True)
class FailureGroups:
    """Failed records by the code of their error. Bounded: the first of each code are kept, the others counted."""

    groups: dict[str, _Group] = field(default_factory=dict)

    def add(self, result: RecordResult) -> None:
        """Count a failed record."""
        code = result.error.code if result.error else "unknown"
        if code not in self.groups and len(self.groups) == _MOST_GROUPS:
            code = "other reasons"
        group = self.groups.setdefault(code, _Group())
        group.count += 1
        group.repeated += result.repeated
        if len(group.first) < _SHOWN_OF_A_GROUP:
            group.first.append(result)

    def lines(self) -> Iterator[str]:
        """Lines for stdout, already clean; none without a failure."""
        if not self.groups:
            return
        yield ""
        yield "Failed:"
        for code, group in sorted(self.groups.items(), key=lambda item: -item[1].count):
            yield from _lines(code, group)


def _lines(code: str, group: _Group) -> Iterator[str]:
    indent = "  "
    if group.count > _SHOWN_OF_A_GROUP:
        yield f"  {group.count:,} x {clean(code)}{_as_before(group)}"
        indent = "    "
    for position, result in enumerate(group.first):
        again = " (as in an earlier run)" if result.repeated and group.count <= _SHOWN_OF_A_GROUP else ""
        yield indent + clean(redact(f"{result.locator}: {_message(result)}{again}"))
        # One hint is enough for all that follow each other with it.
        following = group.first[position + 1 : position + 2]
        if (hint := _hint(result)) and [_hint(one) for one in following] != [hint]:
            yield indent + "  hint: " + clean(redact(hint))
    if group.count > len(group.first):
        yield f"{indent}and {group.count - len(group.first):,} more"


def _as_before(group: _Group) -> str:
    if not group.repeated:
        return ""
    which = "all" if group.repeated == group.count else f"{group.repeated:,}"
    return f" ({which} as in an earlier run)"


def _message(result: RecordResult) -> str:
    return result.error.message if result.error else "unknown reason"


def _hint(result: RecordResult) -> str | None:
    return result.error.hint if result.error else None
