"""Reads a text by the product's rules: its identifiers and places, without people and companies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from apex_cli.extract import mentions
from quality.texts.generate import Gold

_LEFT_OUT = frozenset({"email", "phone", "customer", "carrier"})
_UNITS = frozenset({"unit", "unit number"})
_MASKED = frozenset({"check", "routing"})
_NOT_ALNUM = re.compile(r"[\W_]+")
_OWN_LABEL = re.compile(r"^(?:PO|BOL|INV|PRO)(?=\d)|^(?:TRUCK|LOAD)(?=\d)")


@dataclass(frozen=True)
class Found:
    """An identifier or a place that the rules find."""

    kind: str
    value: str
    text: str
    start: int
    end: int
    rule: str = ""

    def means(self, gold: Gold) -> bool:
        """Whether it is this one: the kind, the value and where it stands. A masked value is known by its end only."""
        if self.kind != gold.kind or self.end <= gold.start or self.start >= gold.end:
            return False
        if self.kind in _MASKED:
            return gold.value not in self.text and normal(gold.value)[-4:] == normal(self.text)[-4:]
        return normal(gold.value) in (normal(self.value), normal(self.text))


def found(text: str) -> Iterator[Found]:
    """All of a text. The numbers of a carrier beside its name count one by one."""
    for match in mentions.find(text):
        for docket, value in match.dockets:
            yield Found(docket, value, value, match.start, match.end, match.rule)
        if not match.dockets and match.kind not in _LEFT_OUT:
            kind = "unit" if match.kind in _UNITS else match.kind
            yield Found(kind, match.value, match.text, match.start, match.end, match.rule)


def normal(value: str) -> str:
    """The form in which two writings of one value are equal: no joints, no label of its own."""
    return _OWN_LABEL.sub("", _NOT_ALNUM.sub("", value.casefold()).upper())
