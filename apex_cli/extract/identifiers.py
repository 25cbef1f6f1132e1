"""Identifiers in running text, found with high precision: by a check digit, by a prefix or beside a label.

Linear in the length of the text, of which only the first `SCAN_LIMIT` characters are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apex_cli.extract import contacts, parties, patterns, places
from apex_cli.extract.matches import IdentifierMatch

SCAN_LIMIT = 200_000
_MOST_FINDINGS = 1_000
_DIGIT = re.compile(r"\d", re.ASCII)


def find(text: str) -> list[IdentifierMatch]:
    """All findings in the order of the text, none overlapping another; at most 1,000."""
    text = text[:SCAN_LIMIT]
    taken = bytearray(len(text))
    found: list[IdentifierMatch] = []
    for finding in _candidates(text):
        if 1 in taken[finding.start : finding.end]:
            continue
        taken[finding.start : finding.end] = b"\x01" * (finding.end - finding.start)
        found.append(finding)
        if len(found) == _MOST_FINDINGS:
            break
    return sorted(found, key=lambda finding: finding.start)


def _candidates(text: str) -> Iterator[IdentifierMatch]:
    """The most trusted first: what one of them takes is not looked at again."""
    upper = _upper(text)
    yield from contacts.find_emails(text)
    if _DIGIT.search(text) or "SCAC" in upper:
        yield from patterns.find(text, upper)
        yield from contacts.find_phones(upper)
    yield from places.find(text)
    yield from parties.find(text, upper)


def _upper(text: str) -> str:
    """Capitals, character by character, so that spans stay true: "ß" has no single capital and stays."""
    upper = text.upper()
    if len(upper) == len(text):
        return upper
    return "".join(capital if len(capital := char.upper()) == 1 else char for char in text)
