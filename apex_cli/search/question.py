"""What a question names, and what else it asks. Pure.

    where is TRUCK-6520            names TRUCK-6520, and asks for the newest place; nothing else is asked
    last message about LD-10441    names LD-10441, and asks for the newest record of the kind `message`
    why was LD-10441 late          may name LD-10441, "LD-10441 late" …; `late` is asked too
    "Lakeshore Haulage" invoices   may name Lakeshore Haulage; `invoices` is asked too

Whether something has such a name is asked of the stores, by exact look-ups. So every run of up to five words is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from apex_cli.extract import lookup
from apex_cli.model import Predicate
from apex_cli.search.passages import stem

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
_NEWEST = frozenset("current currently last latest newest now recent recently today".split())  # noqa: SIM905
_WITH_NEWEST = frozenset(("just", "most", "right", "seen"))
"""Words that ask for nothing beside one of those: "most recent", "last seen"."""
_RELATIONS: Mapping[str, tuple[Predicate, ...]] = {
    **dict.fromkeys(("where", "where's", "whereabouts", "location", "position"), (Predicate.LOCATED_AT,)),
    **dict.fromkeys(("driver", "drives", "driving", "drove"), (Predicate.DRIVES, Predicate.ASSIGNED_DRIVER)),
    **dict.fromkeys(("carrier", "hauls", "hauling", "haulier"), (Predicate.HAULED_BY,)),
    "customer": (Predicate.FOR_CUSTOMER,),
    "status": (Predicate.HAS_STATUS,),
}
"""Words that ask for a relation: what states it last is the answer."""
_SENT = frozenset(("by", "from", "sent", "wrote"))
_KINDS: Mapping[str, tuple[str, ...]] = {
    "message": ("mail", "email", "e-mail", "letter", "reply"),
    "location": ("ping", "gps", "position"),
    "shipment": ("load",),
    "load": ("shipment",),
    "document": ("paper", "file"),
}
"""How people call records of a type, beside the parts of its name: `fuel_transaction` is "fuel" and "transaction"."""


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
class Aim:
    """What a question asks for, by those of its words that name nothing."""

    words: tuple[str, ...]

    @property
    def relations(self) -> frozenset[str]:
        """The predicates that are asked for: where something is, who drives it, who wrote a message."""
        said = [word.casefold() for word in self.words]
        found = {one for word in said for one in _RELATIONS.get(word, ())}
        return frozenset(found if _SENT.isdisjoint(said) else {*found, Predicate.SENT_BY})

    @property
    def is_newest(self) -> bool:
        """Whether what was last is asked for, in these words or by a relation: "where is", "the status of"."""
        return any(word.casefold() in _NEWEST or word.casefold() in _RELATIONS for word in self.words)

    def kind_words(self, data_type: str) -> frozenset[str]:
        """The words that call records of this type what they are, by their stems."""
        called = {stem(part) for part in (*data_type.split("_"), *_KINDS.get(data_type, ()))}
        return frozenset(found for word in self.words if (found := stem(word)) in called)

    @property
    def rest(self) -> list[str]:
        """The words that ask for something else than what was last or what states a relation."""
        asks_nothing = _EMPTY | _NEWEST | _RELATIONS.keys()
        if any(word.casefold() in _NEWEST for word in self.words):
            asks_nothing |= _WITH_NEWEST
        return [word for word in self.words if word.casefold() not in asks_nothing and any(map(str.isalnum, word))]


@dataclass(frozen=True, slots=True)
class SearchQuestion:
    """A question, its words, and what it may name, each text once, the longest first."""

    text: str
    words: tuple[str, ...]
    names: tuple[Name, ...]

    def aim(self, known: Iterable[Name] = ()) -> Aim:
        """What it asks for, if these are the names of things."""
        named = {place for name in known for place in name.words}
        return Aim(tuple(word for place, word in enumerate(self.words) if place not in named))

    @property
    def is_only_ids(self) -> bool:
        """Whether all that it asks for has a digit: a text that is like it does not answer it."""
        rest = self.aim().rest
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
