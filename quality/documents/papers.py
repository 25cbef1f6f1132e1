"""The parts of a paper, and the gold that grows with it: what is written is what must be found."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from apex_cli.extract import keys
from apex_cli.extract.keys import ReferenceKind
from quality.documents.world import Known, Load

_DRAWN = {"9": "123456789", "a": "ABCDEFGHJKLMNPRSTUVWXYZ"}
_GS1_DIGITS = 16
"""Without the check digit."""
_PATTERNS: Mapping[str, Sequence[tuple[str, str]]] = {
    "order": (("45", "99999999"), ("PO-", "99999"), ("", "aa-9999"), ("", "99999-a")),
    "bol": (("", "9" * _GS1_DIGITS), ("", "aa9999999"), ("BOL-", "999999")),
    "pro": (("", "999999999"), ("", "9999999999")),
    "container": (("", "aaaU999999"),),
    "seal": (("", "aa999999"), ("", "9999999")),
    "invoice": (("INV-", "99999"), ("", "a999999")),
    "trailer": (("", "99-9999"), ("TR", "99999")),
}
"""By kind: what the number begins with, and the pattern of the rest: a digit for `9`, a letter for `a`."""
NumberKind = ReferenceKind | Literal["order"]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, or a heading."""

    words: str
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """Labels and their values."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with column heads."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


Element = Text | Fields | Grid


@dataclass
class Paper:
    """One paper. `identifiers` are keys of orders, references, shipments; `mentions` known things; `places` names."""

    name: str
    title: str
    rng: random.Random
    elements: list[Element] = field(default_factory=list)
    identifiers: set[str] = field(default_factory=set)
    mentions: set[Known] = field(default_factory=set)
    places: set[str] = field(default_factory=set)

    def heading(self, words: str) -> None:
        self.elements.append(Text(words, is_heading=True))

    def text(self, words: str) -> None:
        self.elements.append(Text(words))

    def fields(self, *pairs: tuple[str, str]) -> None:
        self.elements.append(Fields(pairs))

    def grid(self, heads: Sequence[str], *rows: Sequence[str]) -> None:
        self.elements.append(Grid(heads, rows))

    def known(self, thing: Known) -> str:
        """The name of a known thing, which must be found as that very thing."""
        if thing.type == "Shipment":
            self.identifiers.update(thing.keys)
        else:
            self.mentions.add(thing)
        return thing.name

    def place(self, place: tuple[str, str, str], *, comma: bool = True, code: bool = False) -> str:
        """A place in one of its spellings."""
        city, state, postcode = place
        self.places.add(f"{city}, {state}")
        return f"{city}{',' if comma else ''} {state}{f' {postcode}' if code else ''}"

    def number(self, kind: NumberKind) -> str:
        """A new number of this kind, which must be found as one."""
        value = _new(kind, self.rng)
        self.identifiers.add(keys.order(value) if kind == "order" else keys.reference(kind, value))
        return value

    def money(self, least: int = 150, most: int = 4_800) -> str:
        """An amount, which is no identifier."""
        return f"${self.rng.randrange(least, most):,}.{self.rng.choice(('00', '50', '85'))}"

    def one_of(self, *choices: str) -> str:
        return self.rng.choice(choices)


def parties(load: Load) -> Sequence[Known]:
    """Who has to do with a load."""
    return load.customer, load.carrier, load.driver, load.truck


def _new(kind: NumberKind, rng: random.Random) -> str:
    """A number in one of the patterns of its kind."""
    prefix, pattern = rng.choice(_PATTERNS.get(kind, (("", "aa99999"),)))
    drawn = "".join(rng.choice(_DRAWN.get(one, one)) for one in pattern)
    if kind == "container":
        return _container(drawn)
    return _gs1(drawn) if len(drawn) == _GS1_DIGITS else prefix + drawn


def _gs1(digits: str) -> str:
    total = sum(int(one) * (3 if place % 2 == 0 else 1) for place, one in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


def _container(first: str) -> str:
    """ISO 6346: letters from 10 on without multiples of 11, weighted by powers of two, modulo 11, modulo 10."""
    values = [value for value in range(10, 39) if value % 11]
    numbers = [int(one) if one.isdigit() else values[string.ascii_uppercase.index(one)] for one in first]
    return f"{first}{sum(number * 2**place for place, number in enumerate(numbers)) % 11 % 10}"
