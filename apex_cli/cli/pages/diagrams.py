"""A neighbourhood as text for other programs: Mermaid (a flowchart) and DOT (the language of Graphviz).

Labels are quoted, and each character that could end a label or mean something in it is written as a number or an
entity, so a label is only ever a label.

- Mermaid writes a character by its number between `#` and `;` (https://mermaid.js.org/syntax/flowchart.html). All but
  letters, digits, blanks and a few marks are written so: the colon, too, because Mermaid takes the last `;` from what
  looks like `style …:…#…;`.
- DOT ends a quoted label at `"` and gives a meaning to the backslash; its labels have the entities of HTML
  (https://graphviz.org/doc/info/lang.html).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apex_cli.cli.output import clip
from apex_cli.reports import Portrait

_LONGEST = 80
_PLAIN = frozenset(" .,_-/+@()")


def mermaid(portrait: Portrait) -> str:
    """A flowchart, left to right. Each edge names its predicate and its newest record."""
    lines = ["flowchart LR", f'    n0["{_mermaid(_named(portrait.entity.type, portrait.entity.name))}"]']
    lines += [f'    n{number}["{_mermaid(label)}"]' for number, label in enumerate(_labels(portrait), start=1)]
    for begin, end, predicate, record in _edges(portrait):
        label = _mermaid(predicate) + (f"<br/>{_mermaid(record)}" if record else "")
        lines.append(f'    n{begin} -->|"{label}"| n{end}')
    lines.append("    style n0 stroke-width:3px")
    return "\n".join(lines) + "\n"


def dot(portrait: Portrait) -> str:
    """A directed graph. Each edge has its predicate as label, and its newest record as tooltip and in the label."""
    lines = ["digraph apex {", "    rankdir=LR;", '    node [shape=box, style=rounded, fontname="sans-serif"];']
    lines.append(f'    n0 [label="{_dot(_named(portrait.entity.type, portrait.entity.name))}", penwidth=3];')
    lines += [f'    n{number} [label="{_dot(label)}"];' for number, label in enumerate(_labels(portrait), start=1)]
    for begin, end, predicate, record in _edges(portrait):
        label = _dot(predicate) + (f"\\n{_dot(record)}" if record else "")
        lines.append(f'    n{begin} -> n{end} [label="{label}", tooltip="{_dot(record or predicate)}", fontsize=10];')
    return "\n".join((*lines, "}")) + "\n"


def _labels(portrait: Portrait) -> Sequence[str]:
    return [_named(one.entity.type, one.entity.name) for one in portrait.neighbourhood.neighbours]


def _edges(portrait: Portrait) -> Iterator[tuple[int, int, str, str]]:
    """The numbers of both ends, the predicate and the record: of each neighbour the newest fact of each predicate."""
    names = portrait.record_names
    for number, one in enumerate(portrait.neighbourhood.neighbours, start=1):
        newest = {(fact.predicate, fact.subject_id == portrait.entity.id): fact for fact in one.facts}
        for (predicate, outgoing), fact in newest.items():
            record = names.get(portrait.newest.get(fact.id, ""), "")
            yield (0, number, predicate, record) if outgoing else (number, 0, predicate, record)


def _named(kind: str, name: str) -> str:
    return f"{kind} {name}"


def _mermaid(text: str) -> str:
    return "".join(one if one.isalnum() or one in _PLAIN else f"#{ord(one)};" for one in clip(text, _LONGEST))


def _dot(text: str) -> str:
    shown = clip(text, _LONGEST).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return shown.replace("\\", "\\\\").replace('"', '\\"')
