"""Facts in plain English sentences: two names and what stands between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from tests.openai_server.reading import Named, sentences


@dataclass(frozen=True)
class Relation:
    """A fact: `name` as plain words would call it, `sentence` where it stands."""

    source: Named
    name: str
    target: Named
    sentence: str


@dataclass(frozen=True)
class FactType:
    """A relation that the request allows: its name, and the kinds that it holds between; none: any."""

    name: str
    signatures: tuple[tuple[str, str], ...] = ()


_VERBS = tuple(
    (re.compile(rf"\b(?:{verb})\b", re.IGNORECASE), name)
    for verb, name in (
        (r"(?:is |was |are |being )?(?:hauled|carried|delivered|moved|handled) by", "HAULED_BY"),
        (r"(?:is |was )?(?:driven) by", "DRIVEN_BY"),
        (r"(?:is |was )?(?:managed) by", "MANAGED_BY"),
        (r"(?:is |was )?assigned to", "ASSIGNED_TO"),
        (r"haul(?:s|ed|ing)?|carr(?:y|ies|ied|ying)", "HAULS"),
        (r"deliver(?:s|ed|ing)?(?= *$| the| shipment| load| order)", "DELIVERED"),
        (r"ship(?:s|ped|ping)(?= *$| the| shipment| load| order)", "SHIPPED"),
        (r"dr(?:ives|ove|iving)", "DRIVES"),
        (r"works? (?:for|at)|(?:employed|dispatched) by", "WORKS_FOR"),
        (r"(?:is|was|arrived|parked|stopped|waiting|sits|now|still) (?:at|in|near)", "LOCATED_AT"),
        (r"(?:picks?|picked|picking) up (?:at|in|from)|(?:ships|shipped|departed) from|leaves|left", "ORIGIN"),
        (r"(?:going|heading|headed|bound|destined|delivers?|delivered|delivering) (?:to|in|for|at)", "DESTINATION"),
        (r"belongs to|is for|shipped for|booked for|for customer", "FOR_CUSTOMER"),
        (r"(?:is )?under|has|with|references?", "HAS_REFERENCE"),
        (r"mentions?|is about|asked about", "MENTIONS"),
        (r"owns", "OWNS"),
        (r"knows|met|told|called|thanked", "KNOWS"),
    )
)
_OTHER_WAY = {
    "HAULS": ("HAULED_BY", "ASSIGNED_DRIVER"),
    "DELIVERED": ("HAULED_BY", "ASSIGNED_DRIVER"),
    "SHIPPED": ("FOR_CUSTOMER",),
    "DRIVEN_BY": ("DRIVES",),
    "ASSIGNED_TO": ("ASSIGNED_DRIVER",),
}
"""Closed lists may have the fact only the other way round, or by another name."""
_KIN = {
    "Driver": {"Person"}, "Person": {"Driver"}, "Customer": {"Carrier", "Organization", "Company"},
    "Carrier": {"Customer", "Organization", "Company"},
}  # fmt: skip
_FAR = 60
"""Names with more characters than this between them are not taken to have to do with each other."""
_REFERENCES = {"Order", "Reference"}


def relations(text: str, mentions: Sequence[Named]) -> list[Relation]:
    """The facts that `text` states of `mentions` (places in `text`), in order, each once."""
    found: dict[tuple[str, str, str], Relation] = {}
    start = 0
    for sentence in sentences(text):
        start = text.index(sentence, start)
        inside = [one for one in mentions if start <= one.start and one.end <= start + len(sentence)]
        for one in _in_sentence(text, sentence, inside):
            found.setdefault((one.source.name, one.name, one.target.name), one)
        start += len(sentence)
    return list(found.values())


def _in_sentence(text: str, sentence: str, mentions: Sequence[Named]) -> Iterable[Relation]:
    subject: Named | None = None
    verb = ""
    for before, after in pairwise(mentions):
        gap = text[before.end : after.start]
        found = next((name for pattern, name in _VERBS if pattern.search(gap)), "")
        if len(gap) > _FAR:
            subject = None
            continue
        freight = next((one for one in reversed(mentions[: mentions.index(after)]) if one.kind == "Shipment"), None)
        if found:
            if subject is None or not re.match(r",? and ", gap):
                subject = before
            verb = found
        elif after.kind == "Location" and freight and gap.rstrip().endswith((" from", " to")):
            subject, verb = freight, "ORIGIN" if gap.rstrip().endswith("from") else "DESTINATION"
        elif subject is None or gap.strip() not in (",", "and", ", and", "&"):
            subject = None
            continue
        if verb == "HAS_REFERENCE" and after.kind not in _REFERENCES:
            continue
        if subject.name != after.name:
            yield Relation(subject, verb, after, sentence)


def fitted(found: Iterable[Relation], types: Sequence[FactType], *, strict: bool) -> list[Relation]:
    """The facts in the request's own terms; with `strict`, those that fit no type are left out."""
    if not types:
        return list(found)
    kept = []
    for one in found:
        fit = next((new for new in _ways(one) for kind in types if _fits(new, kind)), None)
        if fit or not strict:
            kept.append(fit or one)
    return kept


def _ways(one: Relation) -> Iterable[Relation]:
    yield one
    for name in _OTHER_WAY.get(one.name, ()):
        yield Relation(one.target, name, one.source, one.sentence)
        yield Relation(one.source, name, one.target, one.sentence)


def _fits(one: Relation, kind: FactType) -> bool:
    if one.name.casefold() != kind.name.casefold():
        return False
    return not kind.signatures or any(
        _is_a(one.source.kind, source) and _is_a(one.target.kind, target) for source, target in kind.signatures
    )


def _is_a(kind: str, wanted: str) -> bool:
    return wanted == "Entity" or kind in (wanted, "Entity") or wanted in _KIN.get(kind, ())


_ISO = re.compile(r"(?<![\w-])\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![\w-])")
"""Not inside an identifier such as SHIP-2025-10-19-002."""
_NO_END = re.compile(r"\b(?:until|ended|stopped|no longer|through)\b[^.]*$", re.IGNORECASE)


def bounds(fact: str, reference: str) -> tuple[str | None, str | None]:
    """`valid_at` and `invalid_at` of a fact: its own ISO dates, else since the reference time; RFC 3339 UTC or None."""
    valid, invalid = None, None
    for date in _ISO.finditer(fact):
        if _NO_END.search(fact[: date.start()]):
            invalid = invalid or utc(date[0])
        else:
            valid = valid or utc(date[0])
    return valid or utc(reference), invalid


def utc(text: str) -> str | None:
    """The first ISO time in `text` as RFC 3339 UTC with a Z; None when there is none. No offset means UTC."""
    found = _ISO.search(text)
    try:
        moment = datetime.fromisoformat(found[0]) if found else None
    except ValueError:
        return None
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
