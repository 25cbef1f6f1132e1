"""What free text says of a shipment's status: "Shipment SHIP-1 was delivered."

The list of words is closed (English, Spanish, French), and the word must stand in the sentence of the shipment's
number. A clause that denies, plans or sets a condition ("not delivered", "will be delivered", "once it is delivered")
states nothing, nor does a question. What is found belongs to a mention: it never changes what a system of record says.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

Span = tuple[int, int]
"""Beginning and end in the text, in characters."""

_WORDS = {
    "delivered": r"delivered|entregad[oa]s?|livrée?s?",
    "picked_up": r"picked[ -]up|recogid[oa]s?|recolectad[oa]s?|ramassée?s?|enlevée?s?",
    "loaded": r"loaded(?! miles?\b)|cargad[oa]s?|chargée?s?(?! d[e'])",
    "in_transit": r"in[ -]transit|en[ -]route|en tr[aá]nsito|en camino|en transit",
    "cancelled": r"cancell?ed|cancelad[oa]s?|annulée?s?",
    "delayed": r"delayed|running late|retrasad[oa]s?|demorad[oa]s?|retardée?s?|en retard",
}
_STATUS = re.compile(rf"\b(?:{'|'.join(f'(?P<{name}>{words})' for name, words in _WORDS.items())})\b", re.IGNORECASE)
# What takes a status back, puts it off or makes it a condition, where it stands before the status.
_UNREAL = re.compile(
    r"\b(?:not|never|cannot|without|nor|will|shall|should|would|could|might|must|be|being|gets?|if|when|once|until|unless"
    r"|before|whether|expect(?:s|ed|ing)?|scheduled|estimated|plan(?:s|ned)?|eta|please|can|needs?|wants?|request(?:ed)?"
    r"|nunca|ser[aá]n?|ser|cuando|si|hasta|antes|debe|aún|todavía|programad[oa]|necesit\w{1,5}|quier\w{1,3}"
    r"|pas|jamais|sera|seront|serait|être|quand|lorsque|dès|avant|doit|prévue?|besoin)\b"
    r"|n['’]t\b|\bn['’](?=[a-zà-ÿ])|\bno\b(?!\.|[ ]?[#:\d])",
    re.IGNORECASE,
)
_LATER = re.compile(r"\b(?:tomorrow|next week|mañana|la próxima semana|demain|la semaine prochaine)\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…](?=\s|$)|\n")
_CLAUSE_END = re.compile(r"[,;]|\b(?:and|but|while|y|pero|mientras|et|mais|tandis)\b", re.IGNORECASE)
# Between the numbers of a list: "SHIP-1, SHIP-2 and SHIP-3 were delivered".
_LISTED = re.compile(r"[\s,;/&+#()-]{0,6}(?:(?:and|y|et)\b)?[\s#(]{0,4}", re.IGNORECASE)
_PROOF = re.compile(r"\W{0,10}(?:proof of delivery|prueba de entrega|preuve de livraison)\W{0,10}", re.IGNORECASE)
_REACH = 400
_HEAD = 2_000

_DELIVERED = frozenset(
    ("delivered", "complete", "completed", "unloaded", "invoiced", "billed", "paid", "closed", "pod")
)
_MOVING = frozenset(("transit", "route", "enroute", "picked", "loaded", "delivery", "moving", "rolling"))
_CANCELLED = frozenset(("cancelled", "canceled", "void", "voided", "deleted", "rejected"))
_TOKEN = re.compile(r"[a-z]+")


def stated(text: str, shipments: Sequence[Span]) -> list[str | None]:
    """For each of these spans of shipments' numbers, in the order of the text: the status that the text states.

    A status counts for the numbers of its clause, else for the only number of its sentence. A text that is headed
    "Proof of delivery" and is about one shipment states that it was delivered.
    """
    statuses = [(match.start(), match.end(), match.lastgroup) for match in _STATUS.finditer(text)] if shipments else []
    if not statuses and not (shipments and _is_proof(text)):
        return [None] * len(shipments)
    starts = [start for start, _, _ in statuses]
    groups = _groups(text, shipments)
    found: list[str | None] = []
    for index, group in enumerate(groups):
        first, last = shipments[group[0]][0], shipments[group[-1]][1]
        begin, end = _sentence(text, first, last)
        around = (
            shipments[groups[index - 1][-1]][1] if index else 0,
            _start_after(shipments, groups, index, len(text)),
        )
        clause = _clause(text, first, last, max(begin, around[0]), min(end, around[1]))
        alone = around[0] <= begin and around[1] >= end
        status = None
        for low, high in (clause, *([(begin, end)] if alone else [])):
            inside = statuses[bisect_left(starts, low) : bisect_left(starts, high)]
            real = [name for start, stop, name in inside if stop <= high and _is_real(text, low, start, end)]
            if inside:
                status = real[-1] if real else None
                break
        found += [status] * len(group)
    if len({text[start:end].upper() for start, end in shipments}) == 1 and not any(found) and _is_proof(text):
        return ["delivered"] * len(found)
    return found


def agrees(said: str, status: str) -> bool:
    """Whether a status of a system of record, in its own word ("route_complete"), allows what free text says.

    What was picked up or loaded may be under way or delivered since; what is delayed may have any status but an end.
    """
    words = set(_TOKEN.findall(status.casefold()))
    delivered, cancelled = bool(words & _DELIVERED), bool(words & _CANCELLED)
    moving = bool(words & _MOVING) and not delivered and not cancelled
    return {
        "delivered": delivered,
        "cancelled": cancelled,
        "in_transit": moving,
        "picked_up": moving or delivered,
        "loaded": moving or delivered,
        "delayed": not delivered and not cancelled,
    }.get(said, True)


def _is_proof(text: str) -> bool:
    """Whether the first line that says anything is "Proof of delivery"."""
    lines = (line for line in text[:_HEAD].splitlines() if any(map(str.isalnum, line)))
    return _PROOF.fullmatch(next(lines, "")) is not None


def _groups(text: str, shipments: Sequence[Span]) -> list[list[int]]:
    """Positions of the numbers that stand in one list."""
    groups: list[list[int]] = []
    for position, (start, _) in enumerate(shipments):
        if (
            groups
            and _LISTED.fullmatch(text, shipments[position - 1][1], start)
            and "\n" not in text[shipments[position - 1][1] : start]
        ):
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups


def _start_after(shipments: Sequence[Span], groups: Sequence[Sequence[int]], index: int, default: int) -> int:
    return shipments[groups[index + 1][0]][0] if index + 1 < len(groups) else default


def _sentence(text: str, first: int, last: int) -> Span:
    """The sentence around a span, with its last mark; at most `_REACH` characters to either side."""
    begin = max(0, first - _REACH)
    for end in _SENTENCE_END.finditer(text, begin, first):
        begin = end.end()
    after = _SENTENCE_END.search(text, last, min(len(text), last + _REACH))
    return begin, after.end() if after else min(len(text), last + _REACH)


def _clause(text: str, first: int, last: int, begin: int, end: int) -> Span:
    for mark in _CLAUSE_END.finditer(text, begin, first):
        begin = mark.end()
    after = _CLAUSE_END.search(text, last, end)
    return begin, after.start() if after else end


def _is_real(text: str, low: int, start: int, end: int) -> bool:
    """Whether a status at `start` is stated as a fact by the sentence that ends at `end`; `low`: its clause begins."""
    asked = text[start:end].rstrip().endswith("?")
    return not asked and not _UNREAL.search(text, low, start) and not _LATER.search(text, low, end)
