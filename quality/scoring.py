"""Precision, recall and F1 of entities by type and of facts by predicate.

Entities and facts are plain tuples. The rules:

- Two names are equal when their words are: case, accents, punctuation and a company's legal form aside. An identifier's
  words also fall together, so `PO 70315`, `PO-70315` and `po#70315` are one.
- An entity found is right when its type is the expected one's and it shares a name or an id with it. Each expected
  entity is found once: a second entity for the same thing is wrong, for the same thing is to be one node.
- A fact found is right when its predicate is the expected one's and both its ends are: an end is any name or id of the
  expected entity, or `SELF`. What stands for no expected entity (a status) must be equal as a name.
- The same fact twice counts once: repeating is no merit and no fault.

Micro figures count all items alike; macro figures are the mean over types or predicates that are expected, so that a
rare one weighs as much as a common one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

SELF = "@self"
"""The message or document itself, as the end of a fact."""
_LEGAL = {"ag", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated", "llc", "ltd", "sa"}


class Entity(NamedTuple):
    """A thing: its type, the name it goes by, and other names, numbers and addresses of it."""

    type: str
    name: str
    ids: tuple[str, ...] = ()


class Fact(NamedTuple):
    """A statement; both ends are names or ids of entities, plain values, or `SELF`."""

    subject: str
    predicate: str
    object: str


@dataclass(frozen=True)
class Tally:
    """How many were right, found, and to be found. `right` is at most either of the others."""

    right: int = 0
    found: int = 0
    expected: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.right + other.right, self.found + other.found, self.expected + other.expected)

    @property
    def precision(self) -> float:
        """The share of what was found that is right; 1 when nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of what is to be found that was; 1 when nothing is to be found."""
        return self.right / self.expected if self.expected else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both: 2 × right ÷ (found + expected); 1 when there is nothing of either."""
        total = self.found + self.expected
        return 2 * self.right / total if total else 1.0


Tallies = Mapping[str, Tally]


def normal(name: str) -> str:
    """The form in which names of one thing are equal; "" for a name without letters or digits."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(one))
    plain = plain.translate(_LETTERS)
    if "@" in plain:
        return plain.strip(" <>,;.")
    words = re.findall(r"[^\W_]+", plain)
    while len(words) > 1 and words[-1] in _LEGAL:
        words.pop()
    return "".join(words) if any(one.isdigit() for one in plain) else " ".join(words)


_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})
"""Letters that Unicode does not take apart into a letter and an accent."""


def names_of(entity: Entity) -> set[str]:
    """All normal forms that the entity goes by."""
    return {normal(name) for name in (entity.name, *entity.ids)} - {""}


def score_entities(expected: Sequence[Entity], found: Iterable[Entity]) -> dict[str, Tally]:
    """Tallies by type, of the types that are expected or found."""
    right: Counter[str] = Counter()
    open_ones = [(one, names_of(one)) for one in expected]
    found = list(found)
    for one in found:
        match = next((pair for pair in open_ones if pair[0].type == one.type and pair[1] & names_of(one)), None)
        if match is not None:
            open_ones.remove(match)
            right[one.type] += 1
    return _tallies(right, Counter(one.type for one in found), Counter(one.type for one in expected))


def score_facts(entities: Sequence[Entity], expected: Iterable[Fact], found: Iterable[Fact]) -> dict[str, Tally]:
    """Tallies by predicate, of the predicates that are expected or found. `entities` are the expected ones."""
    same = {name: normal(one.name) for one in entities for name in names_of(one)}

    def plain(facts: Iterable[Fact]) -> set[Fact]:
        return {Fact(end(one.subject), one.predicate, end(one.object)) for one in facts}

    def end(name: str) -> str:
        return SELF if name == SELF else same.get(normal(name), normal(name))

    wanted, made = plain(expected), plain(found)
    return _tallies(
        Counter(one.predicate for one in wanted & made),
        Counter(one.predicate for one in made),
        Counter(one.predicate for one in wanted),
    )


def _tallies(right: Counter[str], found: Counter[str], expected: Counter[str]) -> dict[str, Tally]:
    return {key: Tally(right[key], found[key], expected[key]) for key in sorted(found | expected)}


def merged(scores: Iterable[Tallies]) -> dict[str, Tally]:
    """The sum over several texts."""
    total: dict[str, Tally] = {}
    for score in scores:
        for key, tally in score.items():
            total[key] = total.get(key, Tally()) + tally
    return dict(sorted(total.items()))


def micro(tallies: Tallies) -> Tally:
    """All items alike."""
    return sum(tallies.values(), Tally())


def macro(tallies: Tallies) -> tuple[float, float, float]:
    """Mean precision, recall and F1 of the types or predicates that are expected; 1 each when none is."""
    counted = [tally for tally in tallies.values() if tally.expected]
    if not counted:
        return 1.0, 1.0, 1.0
    return (
        sum(tally.precision for tally in counted) / len(counted),
        sum(tally.recall for tally in counted) / len(counted),
        sum(tally.f1 for tally in counted) / len(counted),
    )


def table(title: str, readers: Mapping[str, Tallies]) -> str:
    """Precision, recall and F1 of each row, then micro and macro, for one reader beside the other.

    Each with how many were right and found; how many are expected is the same for all.
    """
    heads = f"  {'precision':>9} {'recall':>7} {'F1':>6} {'right':>6} {'found':>6}"
    means = (macro(tallies) for tallies in readers.values())
    lines = [
        " " * 18 + "".join(f"  {name:-^38}" for name in readers),
        f"{title:<18}{heads * len(readers)} {'expected':>9}",
        *(
            _line(name, [tallies.get(name, Tally()) for tallies in readers.values()])
            for name in merged(readers.values())
        ),
        _line("all (micro)", [micro(tallies) for tallies in readers.values()]),
        f"{'mean (macro)':<18}" + "".join(f"  {p:>9.3f} {r:>7.3f} {f:>6.3f} {'':>13}" for p, r, f in means).rstrip(),
    ]
    return "\n".join(lines)


def _line(name: str, tallies: list[Tally]) -> str:
    cells = (
        f"  {one.precision:>9.3f} {one.recall:>7.3f} {one.f1:>6.3f} {one.right:>6} {one.found:>6}" for one in tallies
    )
    return f"{name:<18}{''.join(cells)} {max(one.expected for one in tallies):>9}"
