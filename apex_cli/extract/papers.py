"""What a paper is and what it is about: its kind, a title that says which one it is, and the shipment it belongs to.

RATE CONFIRMATION            kind   rate confirmation
Load #: LD-1                 title  Rate confirmation LD-1 (Lakeshore Haulage), 19 Oct
Carrier: Lakeshore Haulage   about  LD-1
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from apex_cli.extract import clean
from apex_cli.extract.document_kinds import Heading
from apex_cli.extract.identifiers import IdentifierMatch

_HEAD = 4_000
_LONGEST_PARTY = 60
# The number that a paper of a kind is called by, the first that there is one of.
_NUMBERS = {
    "invoice": ("invoice", "shipment", "pro", "order"),
    "bill of lading": ("bol", "shipment", "pro", "order"),
    "purchase order": ("order", "shipment"),
    "customs document": ("container", "shipment", "order"),
    "claim": ("claim", "pro", "bol", "shipment"),
    "lumper receipt": ("receipt", "shipment", "order"),
    "warehouse receipt": ("receipt", "order", "bol"),
    "gate ticket": ("container", "trailer", "booking"),
    "order confirmation": ("order", "shipment"),
}
_ANY = ("shipment", "bol", "pro", "invoice", "order", "container", "confirmation")
_FEWEST_PARTIES = ("carrier", "customer")


def title(head: Heading, matches: Sequence[IdentifierMatch], dated: datetime | None) -> str:
    """The title of a paper whose own title says no more than its kind; `dated` is the date that it gives itself."""
    said = f"{head.kind[0].upper()}{head.kind[1:]}"
    if number := number_of(head, matches):
        said += f" {number}"
    parties = (_only(match.value for match in matches if match.kind == kind) for kind in _FEWEST_PARTIES)
    if party := next(filter(None, parties), None):
        said += f" ({clean.line(party, _LONGEST_PARTY)})"
    return f"{said}, {dated.day} {dated:%b}" if dated else said


def number_of(head: Heading, matches: Sequence[IdentifierMatch]) -> str | None:
    """The number that the paper is called by: of the first kind of numbers of which its head has exactly one."""
    for kind in (*_NUMBERS.get(head.kind, _ANY), "reference"):
        found = {match.value: match.text for match in matches if match.kind == kind and match.start < _HEAD}
        if len(found) == 1:
            return next(iter(found.values()))
    return None


def shipment(matches: Sequence[IdentifierMatch]) -> str | None:
    """The one shipment whose number is in the head of a paper; None where there are several."""
    return _only(match.value for match in matches if match.kind == "shipment" and match.start < _HEAD)


def _only(values: Iterable[str]) -> str | None:
    found = list(dict.fromkeys(values))
    return found[0] if len(found) == 1 else None
