"""The labels of freight papers in English, Spanish and French, and how one is read that stands before a value.

A label is a phrase ("purchase order", "bon de commande"), perhaps with a mark of a number before or behind it: `PO #`,
`Order No.`, `Nº de remolque`. All text here is folded: capitals without accents, as `fold` makes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from apex_cli.extract import label_words
from apex_cli.extract.label_words import Need


@dataclass(frozen=True, slots=True)
class Label:
    """A label as it stands in a text, from `start`.

    `numbered`: it has a number sign or a word for number. `marked`: it has that or a colon. `plural`: it announces
    several values. `others`: the kinds of the values behind the first, as in "BOL/PRO #: 88910 / 482139055".
    """

    kind: str
    need: Need
    start: int = 0
    marked: bool = False
    numbered: bool = False
    plural: bool = False
    abbreviated: bool = False
    others: tuple[str, ...] = ()


_LABELS = {phrase: Label(kind, need) for phrase, (kind, need) in label_words.PHRASES.items()}
_MOST_KINDS = 4
# "The PO number for this load: 4410" names an order, not a load.
_OF_WHICH = re.compile(
    r" (?:FOR|ON|OF|WITH|PARA|POUR|DE|DU|SUR) (?:THIS|THAT|THE|YOUR|OUR|MY|ESTE|ESTA|CE|CETTE|LA|LE|EL) [A-Z]{2,12}$"
)
# What stands between a label and its value, read from right to left. A remark: "PO # (customer): 4410".
_GAP = re.compile(r"[ \t*_`\"'“”:=#.(\[–—-]{0,200}+(?:\)[^()\n|]{1,30}\([ \t*_:#]{0,4})?", re.ASCII)
# After a street and a comma a unit is part of a postal address: "45 Main St, Unit 200".
_ADDRESS = re.compile(
    r"(?:\b\d{2,6} [A-Z0-9 .'-]{2,40}"
    r"|\b(?:ST|STREET|RD|ROAD|AVE|AVENUE|BLVD|DR|DRIVE|LN|LANE|WAY|PKWY|HWY|HIGHWAY)\.?), $",
    re.ASCII,
)
_LONGEST_STREET = 60
_LONGEST_PHRASE = 64
_WORDS = re.compile(rf"[A-Z0-9#/.'&°º() -]{{1,{_LONGEST_PHRASE}}}", re.ASCII)
_PHRASE_WORD = re.compile(r"#|[A-Z0-9&°º/]+", re.ASCII)
_FIRST = re.compile(r"[ ]{0,20}([A-Z][A-Z/.' ]{1,30}(?:#|\bNO\.?|\bNUMBER))[ ](?=[A-Z])", re.ASCII)
# "A round-trip 4410" is no trip; these compounds are labels.
_COMPOUND = re.compile(r"\b(?!(?:PICK|SEMI|T|SSCC|B|P|CO|PRE|IN)-)[A-Z]{2,}-(?=[A-Z])", re.ASCII)
_ELISION = re.compile(r"\b[DL]'")
_FOLDED = str.maketrans(
    "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝàáâãäåçèéêëìíîïñòóôõöùúûüý│┃\u00a0’",
    "AAAAAACEEEEIIIINOOOOOUUUUYaaaaaaceeeeiiiinooooouuuuy|| '",
)


def capitals(text: str) -> str:
    """The text in capitals, character by character, so that spans stay true: "ß" has no single capital and stays."""
    upper = text.upper()
    if len(upper) == len(text):
        return upper
    return "".join(capital if len(capital := char.upper()) == 1 else char for char in text)


def fold(upper: str) -> str:
    """A text in capitals without its accents, equally long."""
    return upper if upper.isascii() else upper.translate(_FOLDED)


class LabelReader:
    """Reads labels of one folded text.

    The text is read from right to left, for a value is found before its label: a copy lies here in reverse.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._reversed = text[::-1]

    def before(self, end: int, floor: int) -> tuple[Label, str] | None:
        """The label that stands right before `end`, not reaching before `floor`, and what is between both."""
        size = len(self._text)
        gap = _GAP.match(self._reversed, size - end, size - floor)
        at = gap.end() if gap else size - end
        words = _WORDS.match(self._reversed, at, size - floor)
        if words is None:
            return None
        phrase_end = size - at
        start = size - words.end()
        if words.end() - at == _LONGEST_PHRASE:
            # The first word may be half a word: "frame-of-reference" is no reference.
            start = self._text.find(" ", start, phrase_end)
            if start < 0:
                return None
        found = phrase_before(self._text[start:phrase_end])
        if found is None:
            return None
        between = self._text[phrase_end:end]
        label = replace(found, start=start + found.start)
        if (
            not label.numbered
            and self._text.startswith("UNIT", label.start)
            and _ADDRESS.search(self._text[max(floor, label.start - _LONGEST_STREET) : label.start])
        ):
            return None
        numbered = label.numbered or "#" in between
        return replace(label, numbered=numbered, marked=numbered or ":" in between or "=" in between), between


@lru_cache(maxsize=4096)
def whole(cell: str) -> Label | None:
    """The label that a cell of a table is, with its mark, and nothing else: "PO #", "Load Number:", "Nº de orden"."""
    bare = cell.strip(" \t*_`:.")
    if not bare or len(bare) > 50:
        return None
    found = phrase_before(bare)
    if found is None or not label_words.WHOSE.issuperset(bare[: found.start].split()):
        return None
    return replace(found, marked=found.numbered or cell.rstrip(" \t*_`").endswith(":"))


def first(line: str) -> Label | None:
    """The first of several heads with single blanks between: the pickup's number of "Pickup # Weight Equipment"."""
    head = _FIRST.match(line)
    return whole(head[1]) if head is not None else None


@lru_cache(maxsize=4096)
def phrase_before(text: str) -> Label | None:
    """The label that ends a text: its `start` is a place in that text; None where it ends in another word."""
    plain = _ELISION.sub("  ", _COMPOUND.sub(_hidden, text).replace("-", " "))
    words = [(word.group(), word.start()) for word in _PHRASE_WORD.finditer(_undotted(plain))]
    verb = False
    while words and (words[-1][0] in label_words.VERBS or (verb and words[-1][0] in label_words.MODALS)):
        words.pop()
        verb = True
    of_which = _OF_WHICH.search(" ".join(word for word, _ in words))
    if of_which is not None and (found := _ending(words[: -of_which.group().count(" ")])):
        return found
    found = _ending(words)
    if found is not None and verb and not found.numbered and found.need > Need.NOTHING:
        return replace(found, need=max(found.need, Need.MIXED))
    return found


def _hidden(compound: re.Match[str]) -> str:
    return compound.group().replace("-", "&")


def glued(letters: str) -> Label | None:
    """The label that is written together with its value: of PO4410 and PO-4410."""
    return _LABELS.get(letters) if letters in label_words.GLUED else None


def _undotted(text: str) -> str:
    """The text without the dots of abbreviations, equally long: "P.O. No." is "PO No " with the dots behind it."""
    if "." not in text:
        return text
    squeezed = []
    for word in re.split(r"([ ]+)", text):
        bare = word.replace(".", "")
        squeezed.append(bare.ljust(len(word)))
    return "".join(squeezed)


def _ending(words: list[tuple[str, int]]) -> Label | None:
    numbered = False
    plural = False
    while words and (words[-1][0] in label_words.MARKS or (words[-1][0] == "S" and len(words) > 1)):
        plural = plural or words[-1][0] in label_words.PLURAL_MARKS
        words = words[:-1]
        numbered = True
    for count in range(min(label_words.MOST_WORDS, len(words)), 0, -1):
        found, is_plural = _label(" ".join(word for word, _ in words[-count:]))
        if found is not None:
            before = words[:-count]
            mark = _mark_before(before)
            start = words[-count][1] if mark is None else mark
            label = replace(found, start=start, numbered=numbered or mark is not None, plural=plural or is_plural)
            return _with_first(label, before)
    if words and "/" in words[-1][0]:
        found = _several(words[-1][0].split("/"))
        return None if found is None else replace(found, start=words[-1][1], numbered=numbered, plural=plural)
    return None


def _mark_before(words: list[tuple[str, int]]) -> int | None:
    """Where the mark of a number begins that belongs to the label behind these words: "Nº de" remolque."""
    rest = list(words)
    while rest and rest[-1][0] in label_words.OF:
        rest.pop()
    if not rest or rest[-1][0] not in label_words.MARKS_BEFORE:
        return None
    return rest[-1][1] if len(rest) < len(words) or rest[-1][0] in label_words.SURE_MARKS_BEFORE else None


def _several(phrases: list[str]) -> Label | None:
    """The label of the first of several kinds, written with strokes between: "BOL/PRO/PO"."""
    found = [_label(phrase)[0] for phrase in phrases[:_MOST_KINDS]]
    kinds = [label.kind for label in found if label is not None]
    if found[0] is None or len(kinds) < len(found):
        return None
    return replace(found[0], others=tuple(kinds[1:]) if len(set(kinds)) > 1 else ())


def _with_first(label: Label, before: list[tuple[str, int]]) -> Label:
    """The label with the one before it and a stroke: of "Truck / Trailer" the first value is the truck's."""
    if len(before) < 2 or before[-1][0] not in ("/", "&"):
        return label
    first, _ = _label(before[-2][0])
    if first is None or first.kind == label.kind:
        return label
    return replace(label, kind=first.kind, need=first.need, start=before[-2][1], others=(label.kind,))


def _label(phrase: str) -> tuple[Label | None, bool]:
    """The label of a phrase, and whether it stands in the plural."""
    found = _LABELS.get(phrase)
    if found is not None:
        return replace(found, abbreviated=phrase in label_words.ABBREVIATED), phrase.split(" ", 1)[
            0
        ] in label_words.PLURALS
    if phrase.endswith("S") and phrase[:-1] not in label_words.NO_PLURAL and (found := _LABELS.get(phrase[:-1])):
        return replace(found, abbreviated=phrase[:-1] in label_words.ABBREVIATED), True
    if phrase.endswith("ES") and (found := _LABELS.get(phrase[:-2])):
        return found, True
    return None, False
