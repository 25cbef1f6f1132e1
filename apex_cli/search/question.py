"""What a question names, and what else it asks. Pure.

    where is TRUCK-6520            names TRUCK-6520, and asks for the place; nothing else is asked
    why was LD-10441 late          may name LD-10441, "LD-10441 late" …; `late` is asked too
    "Lakeshore Haulage" invoices   may name Lakeshore Haulage; `invoices` is asked too

Whether something has such a name is asked of the stores, by exact look-ups. So every run of up to five words is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from apex_cli.extract import lookup

_MOST_WORDS = 32
_LONGEST_NAME = 5
_LONG_NUMBER = 5
_WORD = re.compile(r"[^\s\"“”„«»]+")
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]+)[\"”“»]")
_AROUND = ".,;:!?()[]{}<>'’‘`*"
_EMPTY = frozenset(
    """a about all am an and any are as at be been by can could did do does find for from get give had has have how i
    in is it its latest list look me my newest now of on or our please show tell that the their there these they this
    to up was we were what what's when where where's which who who's whose why will with you your""".split()  # noqa: SIM905
)
"""Words that ask for nothing by themselves."""
_PLACE = frozenset(("where", "where's", "whereabouts", "location", "position"))


@dataclass(frozen=True, slots=True)
class Name:
    """A part of a question that may be what something is called. `words` are its places among the question's words."""

    text: str
    words: range

    @property
    def is_identifier(self) -> bool:
        """Whether it is an id rather than a name. A short number is a quantity or a year."""
        digits = sum(map(str.isdigit, self.text))
        return digits >= _LONG_NUMBER or (digits > 0 and any(map(str.isalpha, self.text)))

    def keys(self) -> list[str]:
        """The keys and names that a thing called so may have."""
        return lookup.keys_of(self.text)


@dataclass(frozen=True, slots=True)
class SearchQuestion:
    """A question, its words, and what it may name, each text once, the longest first."""

    text: str
    words: tuple[str, ...]
    names: tuple[Name, ...]

    @property
    def asks_where(self) -> bool:
        """Whether it asks where something is: what was seen last is the answer."""
        return any(word.casefold() in _PLACE for word in self.words)

    def rest(self, known: Iterable[Name]) -> list[str]:
        """The words that ask for something beside these names."""
        named = {place for name in known for place in name.words}
        return [
            word
            for place, word in enumerate(self.words)
            if place not in named and word.casefold() not in _EMPTY | _PLACE and any(map(str.isalnum, word))
        ]

    @property
    def is_only_ids(self) -> bool:
        """Whether all that it asks for has a digit: a text that is like it does not answer it."""
        rest = self.rest(())
        return bool(rest) and all(any(map(str.isdigit, word)) for word in rest)


def understand(text: str) -> SearchQuestion:
    """The words of a question, and what it may name."""
    found = [(match.group().strip(_AROUND), match.span()) for match in _WORD.finditer(text)][:_MOST_WORDS]
    words = [word for word, _ in found if word]
    spans = [span for word, span in found if word]
    names = {name.text: name for name in _names(text, words, spans)}
    ordered = sorted(names.values(), key=lambda name: (-len(name.words), name.words.start))
    return SearchQuestion(text, tuple(words), tuple(ordered))


def _names(text: str, words: list[str], spans: list[tuple[int, int]]) -> Iterator[Name]:
    if words:
        yield Name(text.strip(), range(len(words)))
    for match in _QUOTED.finditer(text):
        inside = [place for place, (start, end) in enumerate(spans) if match.start(1) <= start and end <= match.end(1)]
        if inside:
            yield Name(match[1].strip(), range(inside[0], inside[-1] + 1))
    for length in range(1, _LONGEST_NAME + 1):
        for start in range(len(words) - length + 1):
            part = words[start : start + length]
            name = " ".join(part)
            is_quantity = name.isdigit() and len(name) < _LONG_NUMBER
            if not (is_quantity or part[0].casefold() in _EMPTY or part[-1].casefold() in _EMPTY):
                yield Name(name, range(start, start + length))
