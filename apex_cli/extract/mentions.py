"""What free text mentions: identifiers, places, people and companies, as entities that are never certain, and phrases
that may name something.

A match needs a check digit, a prefix or a label, so few matches are wrong. The time is linear in the length of the
text, of which only the first `SCAN_LIMIT` characters are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast, get_args

from apex_cli.extract import (
    company_lines,
    contacts,
    cuts,
    entities,
    identifiers,
    keys,
    labels,
    phrases,
    places,
    status_words,
    text_data,
)
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.extract.contacts import Contact
from apex_cli.extract.identifiers import IdentifierMatch
from apex_cli.model import Entity, EntityType, Predicate

SCAN_LIMIT = 200_000
_MOST_MATCHES = 1_000
_DIGIT = re.compile(r"\d", re.ASCII)
_PREFIXED = re.compile(r"[A-Za-z]{2,5}[ ]\d[A-Za-z0-9-]{2,15}", re.ASCII)
_DOCKETS = frozenset(get_args(keys.DocketKind))
_NUMBERS = frozenset({EntityType.ORDER, EntityType.REFERENCE})
_WRITTEN = frozenset({EntityType.MESSAGE, EntityType.DOCUMENT})

# Before the number of a carrier: "Bluestem Transit LLC (MC 774421)".
_COMPANY_BEFORE = re.compile(
    r"(?:(?<=\s)|(?<=^)|(?<=[(\[|:]))(?P<name>(?:[A-Z0-9][\w&'.-]{0,30},?[ ]){1,7}"
    r"(?:LLC|L\.L\.C\.|Inc|INC|Corp|CORP|Co|CO|Ltd|LTD|LP|LLP|Corporation|Company|Incorporated|Limited)\b\.?)$"
)
# Before a parenthesis with the number, without a legal form: "Lakeshore Haulage (MC-661208)".
_NAME_BEFORE = re.compile(
    r"(?:(?<=\s)|(?<=^)|(?<=[(\[|:]))(?P<name>[A-Z][\w&'.-]{1,30}(?:[ ](?:&[ ])?[A-Z][\w&'.-]{1,30}){1,5})$"
)
_BETWEEN = re.compile(r"[ \t]{0,2}[,;/|(\[–-]?[ \t]{0,2}(?:\n[ \t]{0,4})?[(\[]?(?:US[ ]?)?", re.IGNORECASE)
_LONGEST_BEFORE = 160
_LEADING = frozenset(("the", "carrier", "carriers", "with", "by", "via", "from", "to", "hauler", "and", "our"))


def add(
    builder: Builder, subject: EntityRef, text: str, source: str, matches: Sequence[IdentifierMatch] | None = None
) -> None:
    """Claims what the text mentions, except for entities that the record's fields have already named.

    Each mention says by which rule it was found, and where its value is: `rule` ("order by label") and `span` ([120,
    126], in characters of `text`). That of a shipment says which status the text states of it: `states`. What the text
    states of amounts and appointments becomes attributes of the subject and of the invoices; see `text_data`. `matches`
    are those of `find`, where they are known already.
    """
    matches = find(text) if matches is None else matches
    invoices = text_data.invoices(text, matches)
    if builder.known(subject).type in _WRITTEN:
        builder.describe(subject, text_data.find(text))
    statuses = _statuses(matches, text)
    # "Truck 6520" is added after TRUCK-6520, which it may mean.
    for match in sorted(matches, key=lambda found: found.kind == "unit number"):
        found = entity(match, source)
        if found is not None and match.kind == "invoice" and (stated := invoices.get(match.value)):
            found = replace(found, attributes={**found.attributes, **stated})
        if found is not None and not builder.has(found):
            said: dict[str, Any] = {"rule": rule(match, text), "span": list(span(match, text))}
            if match.checked:
                said["check_digit"] = True
            if match.kind == "shipment" and match.value in statuses:
                said["states"] = statuses[match.value]
            builder.claim(subject, predicate(builder, subject, found), builder.add(found), attributes=said)
    _add_phrases(builder, subject, text, matches)


def _add_phrases(builder: Builder, subject: EntityRef, text: str, matches: Sequence[IdentifierMatch]) -> None:
    """Adds the phrases of the text; a number says which status the text states of it, for it may be a shipment's."""
    found = phrases.find(text[:SCAN_LIMIT], [(match.start, match.end) for match in matches])
    numbers = [(one.start, one.end) for one in found if one.rule == phrases.NUMBER]
    places = sorted([*numbers, *((match.start, match.end) for match in matches if match.kind == "shipment")])
    statuses = dict(zip(places, status_words.stated(text, places), strict=True)) if numbers else {}
    for one in found:
        said: dict[str, Any] = {"rule": one.rule, "span": [one.start, one.end]}
        if one.rule == phrases.NUMBER and (status := statuses.get((one.start, one.end))):
            said["states"] = status
        builder.phrase(subject, one.key, one.text, said)
    for match in matches:
        # A label and a number, or a number as it is written: "LD 40512" may be the load LD-40512.
        written = text[match.start : match.end]
        if _PREFIXED.fullmatch(written) and (number := keys.number_form(written)):
            place = {"rule": phrases.NUMBER, "span": [match.start, match.end]}
            builder.phrase(subject, keys.said(number), written, place)


def span(match: IdentifierMatch, text: str) -> tuple[int, int]:
    """Where the value of a match is: after its label."""
    written = match.text if text.endswith(match.text, match.start, match.end) else match.value
    start = match.end - len(written) if text.endswith(written, match.start, match.end) else match.start
    return start, match.end


def rule(match: IdentifierMatch, text: str) -> str:
    """By which rule something was found: the match's own ("order by column"), beside its label ("carrier by label"), or
    by its form.
    """
    if match.rule and not match.dockets:
        return match.rule
    if match.start < span(match, text)[0]:
        return f"{match.kind} by label"
    return f"{match.kind} by check digit" if match.checked else f"{match.kind} by form"


def predicate(builder: Builder, subject: EntityRef, entity: Entity) -> Predicate:
    """A document has its orders and references; a message only mentions them."""
    owns = builder.known(subject).type is EntityType.DOCUMENT and entity.type in _NUMBERS
    return Predicate.HAS_REFERENCE if owns else Predicate.MENTIONS


def entity(match: IdentifierMatch, source: str) -> Entity | None:
    """The entity of a match; None for one that identifies nothing after all."""
    kind, value = match.kind, match.value
    if kind in _MAKERS:
        return _MAKERS[kind](match, source)
    if kind in _DOCKETS:
        carrier = entities.docketed_carrier(cast(keys.DocketKind, kind), value)
        return replace(carrier, keys=tuple(keys.docket(*docket) for docket in match.dockets) or carrier.keys)
    # A container's number is printed in many ways, the others as the sender's papers have them.
    shown = value if kind == "container" else match.text
    return entities.reference(cast(keys.ReferenceKind, kind), shown, certain=False)


def find(text: str) -> list[IdentifierMatch]:
    """All matches in the order of the text, none overlapping another; at most 1,000."""
    if len(text) > SCAN_LIMIT:
        cuts.left_out(f"identifiers in the text after its first {SCAN_LIMIT:,} characters")
        text = text[:SCAN_LIMIT]
    taken = bytearray(len(text))
    found: list[IdentifierMatch] = []
    for match in _candidates(text):
        if 1 in taken[match.start : match.end]:
            continue
        taken[match.start : match.end] = b"\x01" * (match.end - match.start)
        found.append(match)
        if len(found) == _MOST_MATCHES:
            cuts.left_out(f"identifiers in the text after the first {_MOST_MATCHES:,}")
            break
    return _with_dockets(sorted(found, key=lambda match: match.start), text)


def _with_dockets(found: Sequence[IdentifierMatch], text: str) -> list[IdentifierMatch]:
    """The matches, in which a carrier has taken up the numbers that stand right after it.

    The name has its label ("Carrier: Bluestem Transit LLC (MC 774421, DOT 2231901)"), or its legal form or a
    parenthesis behind it says that it is one. Numbers of different kinds side by side are of one carrier.
    """
    joined: list[IdentifierMatch] = []
    for match in found:
        if match.kind not in _DOCKETS:
            joined.append(match)
            continue
        number = (cast(keys.DocketKind, match.kind), match.value)
        before = joined[-1] if joined else None
        if before is not None and _takes(before, number[0]) and _BETWEEN.fullmatch(text, before.end, match.start):
            joined[-1] = replace(before, end=match.end, dockets=(*before.dockets, number))
            continue
        carrier = _carrier_before(text, before.end if before else 0, match)
        joined.append(
            replace(carrier, end=match.end, dockets=(number,)) if carrier else replace(match, dockets=(number,))
        )
    return joined


def _statuses(matches: Sequence[IdentifierMatch], text: str) -> dict[str, str]:
    """The last status that the text states of each shipment, by its number."""
    shipments = [match for match in matches if match.kind == "shipment"]
    stated = status_words.stated(text, [(match.start, match.end) for match in shipments])
    return {match.value: status for match, status in zip(shipments, stated, strict=True) if status}


def _takes(match: IdentifierMatch, kind: str) -> bool:
    """Whether a match is a carrier that has no number of this kind."""
    return (match.kind == "carrier" or match.kind in _DOCKETS) and kind not in dict(match.dockets)


def _carrier_before(text: str, start: int, docket: IdentifierMatch) -> IdentifierMatch | None:
    """The company that ends right before a number of a carrier; `start` is where to look from."""
    start = max(start, docket.start - _LONGEST_BEFORE)
    before = text[start : docket.start]
    bare = before.rstrip(" \t([,|/–-")
    between = before[len(bare) :]
    match = _COMPANY_BEFORE.search(bare) if between else None
    if match is None and between.strip() in ("(", "["):
        match = _NAME_BEFORE.search(bare)
    if match is None:
        return None
    words = match["name"].split(" ")
    while len(words) > 2 and words[0].casefold().rstrip(":") in _LEADING:
        words.pop(0)
    name = " ".join(words)
    begin = start + match.end() - len(name)
    return IdentifierMatch("carrier", name, name, begin, begin + len(name))


def _candidates(text: str) -> Iterator[IdentifierMatch]:
    """All matches, which may overlap, the most trusted kind first."""
    upper = labels.capitals(text)
    yield from contacts.find_emails(text)
    if _DIGIT.search(text) or "SCAC" in upper or "S.C.A.C" in upper:
        yield from identifiers.find(text, upper)
        yield from contacts.find_phones(upper)
    yield from places.find(text)
    yield from _companies(text, upper)


def _companies(text: str, upper: str) -> Iterator[IdentifierMatch]:
    for one in company_lines.find(text, upper):
        rule = "" if one.how == "label" else f"{one.kind} by {one.how}"
        yield IdentifierMatch(one.kind, one.name, one.name, one.start, one.end, rule=rule)


_MAKERS: dict[str, Callable[[IdentifierMatch, str], Entity | None]] = {
    "vin": lambda found, _: entities.vehicle(vin=found.value, certain=False),
    "unit": lambda found, _: entities.vehicle(unit=found.value, certain=False),
    "unit number": lambda found, _: entities.numbered_vehicle(found.value),
    "shipment": lambda found, _: entities.shipment(shipment_id=found.value, certain=False),
    "order": lambda found, _: entities.order(found.text, certain=False),
    "place": lambda found, _: entities.city(found.value, certain=False),
    "customer": lambda found, source: entities.company("customer", source, found.value),
    "carrier": lambda found, source: entities.company(
        "carrier", source, found.value, [keys.docket(*docket) for docket in found.dockets]
    ),
    "email": lambda found, source: entities.human("person", source, Contact(email=found.value), certain=False),
    "phone": lambda found, source: entities.human("person", source, Contact(phone=found.value), certain=False),
}
