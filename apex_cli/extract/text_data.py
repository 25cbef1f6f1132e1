"""What a text states besides names and numbers: amounts, dates, measures and appointments.

It states them of itself as a whole, and of each invoice that it names.

    Invoices due: INV-30118: 1,676.40 USD, due 2025-11-18; INV-30119: 900.00 USD
                  INV-30118   total_amount 1676.4, currency USD, due_date 2025-11-18
                  INV-30119   total_amount 900, currency USD
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from apex_cli.extract import amounts, appointments, document_kinds, single_rows
from apex_cli.extract.identifiers import IdentifierMatch

_OF_INVOICES = ("total_amount", "currency", "due_date", "invoice_date", "terms")
_UNIT_END = re.compile(r"[.!?;](?=\s)|\n")
_REACH = 300
_SCAN = 100_000


def find(text: str) -> dict[str, Any]:
    """The attributes of the text as a whole; see `amounts` and `appointments`."""
    text = single_rows.labelled(text[:_SCAN])
    return {**amounts.find(text), **appointments.find(text)}


def invoices(text: str, matches: Sequence[IdentifierMatch]) -> dict[str, dict[str, Any]]:
    """What a text states of each invoice, by its number.

    Of the only invoice that an invoice is, it is all that the text states. Else it is what stands in the sentence or
    line that names this invoice and no other one.
    """
    found = [match for match in matches if match.kind == "invoice"]
    numbers = {match.value for match in found}
    head = document_kinds.heading(text) if len(numbers) == 1 else None
    if head is not None and head.kind == "invoice":
        return {found[0].value: _of_invoice(amounts.find(single_rows.labelled(text[:_SCAN])))}
    stated: dict[str, dict[str, Any]] = {}
    for match in found:
        unit = _unit(text, match)
        if sum(unit[0] <= other.start < unit[1] for other in found) == 1:
            said = _of_invoice(_in_unit(text[unit[0] : unit[1]]))
            # Two sentences that state different amounts of it: neither counts.
            known = stated.setdefault(match.value, said)
            stated[match.value] = {
                name: value for name, value in {**said, **known}.items() if said.get(name, value) == value
            }
    return {number: said for number, said in stated.items() if said}


def _of_invoice(found: dict[str, Any]) -> dict[str, Any]:
    kept = {name: found[name] for name in _OF_INVOICES if name in found}
    if "total_amount" not in kept:
        kept.pop("currency", None)
    return kept


def _in_unit(unit: str) -> dict[str, Any]:
    """What a sentence or line states; its only amount is the total."""
    found = amounts.find(unit)
    if "total_amount" not in found:
        money = set(amounts.money_in(unit))
        if len(money) == 1:
            ((number, currency),) = money
            found = {**found, "total_amount": number, **({"currency": currency} if currency else {})}
    return found


def _unit(text: str, match: IdentifierMatch) -> tuple[int, int]:
    """The sentence or line of a match."""
    start = max(0, match.start - _REACH)
    for end in _UNIT_END.finditer(text, start, match.start):
        start = end.end()
    after = _UNIT_END.search(text, match.end, match.end + _REACH)
    return start, after.start() if after else min(len(text), match.end + _REACH)
