"""Words of a text that may name something which the memory knows: "Lakeshore Haulage", "tomas beltran", "LD-40512".

Whether they do is not decided here, so that a text says the same whatever is known when it arrives. The graph joins
each phrase with the one thing that is called so, now or later (`signatures`, step 4), and shows nothing of the others.

A phrase is a run of two to six words that are written with a capital or are not common, a single word that is both, or
a number:

    Spoke with tomas beltran of Lakeshore Haulage Monday about LD-40512.
               tomas beltran    Lakeshore Haulage              LD-40512

Each part of a run counts for itself: of "Call Lakeshore Haulage Dispatch" one is the name. A part does not count where
the next word makes it another company: "Prime Foods" of "Prime Foods Group". A name counts in each form that people
write (`names.company_keys`), a person's also with the last name first. What the identifiers of a text cover is left
out. The time is linear in the length of the text.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from apex_cli.extract import clean, cuts, keys, names
from apex_cli.extract.common_words import COMMON, JOINTS, NO_NAME, OF_PAPERS

MOST = 1_000
NUMBER = "known number"
"""The rule of a phrase that is a number."""
_MOST_TRIED = 20_000
_LONGEST = 6
"""Words of a name."""
_SHORTEST_WORD = 5
"""Letters of a name of one word."""
_LONGEST_NUMBER = 24
_LONGEST_PREFIX = 5
# "Tomas Beltran of Lakeshore Haulage" is two names, "Bank of Montreal" is one.
_APPOSITIONS = frozenset(("of", "de", "del", "da", "do", "du", "des"))
_LONGEST_APPOSITION = 3
_LISTING = frozenset(("and", "&", "y", "et"))
# "Prime Foods Group" is another company than Prime Foods.
_GOES_ON = frozenset(
    (
        *("group", "international", "logistics", "trucking", "transport", "transportation", "transit", "hauling"),
        *("haulage", "cartage", "express", "carriers", "lines", "freightways", "foods", "farms", "holdings"),
        *("industries", "partners", "solutions", "enterprises", "canada", "mexico", "usa"),
    )
)
"""Words behind a name, with a capital and one blank between, that make it another one."""
_LAST_FIRST = re.compile(r"(?<![\w'’.&-])(?P<last>[^\W\d_][\w'’-]{1,24}), (?P<first>[^\W\d_][\w'’-]{2,24})(?![\w'’&])")
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d", re.ASCII)
_TOKEN = re.compile(r"&|[^\W_]+(?:['’.&-][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’]s$", re.IGNORECASE)
_APART = re.compile(r"[^\S\n]{1,3}|\.[^\S\n]{1,2}|[^\S\n]?\n[^\S\n]{0,2}")
_ABBREVIATED = 4
_WRAPPED = 50
"""Characters from which on a line is one that the writer's program broke: a name may go on in the next one."""
_NO_NUMBER = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{3}[-.]\d{3}[-.]\d{4}|\d+(?:lbs?|kgs?|ft|mi|am|pm|hrs?|pcs|plts?|gal|usd|f|c)"
    r"|\d{1,4}(?:st|nd|rd|th)|\d+(?:\.\d+)+|20\d\d-?q\d|\d{4}-\d{2}-\d{2}t\d+",
    re.IGNORECASE,
)
_LONGEST_LINE = 400
_SHOUTED = 20
"""Letters of a line from which on capitals only say nothing of its words."""


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """A phrase: its key (`keys.said`), as it is written, its span, and by which rule it is one."""

    key: str
    text: str
    start: int
    end: int
    rule: str


class _Word(NamedTuple):
    """One word of a run. `raised`: it has a capital that says something, or a digit. `begins`: a name may begin so."""

    text: str
    start: int
    end: int
    plain: str
    raised: bool
    is_common: bool
    is_joint: bool
    begins: bool


def find(text: str, taken: Sequence[tuple[int, int]] = ()) -> list[PhraseMatch]:
    """The phrases of a text, each key once, in the order of the text; at most 1,000. `taken` are spans to leave out,
    in the order of the text.
    """
    found: dict[str, PhraseMatch] = {}
    for tried, match in enumerate(chain(_matches(text, taken), _turned(text, taken))):
        found.setdefault(match.key, match)
        if len(found) == MOST or tried == _MOST_TRIED:
            cuts.left_out(f"names in the text after the first {MOST:,}")
            break
    return list(found.values())


def _matches(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[PhraseMatch]:
    for run in _runs(text, taken):
        for first in range(len(run)):
            for last in range(first, min(first + 2 * _LONGEST, len(run))):
                words = run[first : last + 1]
                if words[0].is_joint or sum(not one.is_joint for one in words) > _LONGEST:
                    break
                if not words[-1].is_joint and not _goes_on(words[-1], run[last + 1 : last + 2]):
                    around = run[max(0, first - 1) : first] + run[last + 1 : last + 2]
                    yield from _phrase(text, words, alone=not any(one.raised for one in around))


def _goes_on(word: _Word, behind: Sequence[_Word]) -> bool:
    """Whether a name goes on behind its word: "Prime Foods" of "Prime Foods Group"."""
    return bool(behind) and behind[0].plain in _GOES_ON and behind[0].raised and behind[0].start - word.end == 1


def _turned(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[PhraseMatch]:
    """Names of people with the last name first: "Beltran, Tomas". "Lawrence, KS" is a place."""
    starts = [start for start, _ in taken]
    for match in _LAST_FIRST.finditer(text):
        start, end = match.span()
        before = taken[place - 1] if (place := bisect(starts, start)) else (0, 0)
        if before[1] > start or (place < len(starts) and starts[place] < end):
            continue
        words = [_word(match[part], match.start(part), shouted=False) for part in ("first", "last")]
        if all(word is not None and word.raised and not word.is_common and not word.is_joint for word in words):
            form = names.person_key(f"{match['first']} {match['last']}")
            yield PhraseMatch(keys.said(form), match[0], start, end, "known name")


def _phrase(text: str, words: Sequence[_Word], alone: bool) -> Iterator[PhraseMatch]:
    """The keys of these words, if together they may be a name or a number. `alone`: no word beside has a capital."""
    start, end = words[0].start, words[-1].end
    written = text[start:end]
    if len(words) <= 2 and _DIGIT.search(words[-1].plain) and len(written) <= _LONGEST_NUMBER:
        number = "" if _NO_NUMBER.fullmatch(written) else keys.number_form(written)
        if number and (len(words) == 1 or (words[0].plain.isalpha() and len(words[0].plain) <= _LONGEST_PREFIX)):
            yield PhraseMatch(keys.said(number), written, start, end, NUMBER)
    if _is_name(words, alone):
        forms = names.company_keys(written)
        if len(words) == len(("first", "last")):
            forms.append(names.person_key(written))
        for form in dict.fromkeys(forms):
            if len(form) >= _SHORTEST_WORD:
                yield PhraseMatch(keys.said(form), written, start, end, "known name")


def _is_name(words: Sequence[_Word], alone: bool) -> bool:
    own = [one for one in words if not one.is_joint]
    if not _LETTER.search(own[0].plain) or len(own) == 1 < len(words):
        return False
    if len(own) == 1 and "-" not in own[0].text:
        plain = own[0].plain
        return alone and own[0].raised and not own[0].is_common and len(plain) >= _SHORTEST_WORD and plain.isalpha()
    if all(one.plain in OF_PAPERS for one in own) or all(_DIGIT.search(one.plain) for one in own):
        return False
    if any(one.plain in _APPOSITIONS for one in words) and len(own) > _LONGEST_APPOSITION:
        return False
    if all(one.raised for one in own):
        # Common words with capitals may be a name: "Star Line Transport".
        return True
    return not all(one.is_common for one in own) and all(one.plain in _LISTING for one in words if one.is_joint)


def _runs(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[list[_Word]]:
    """Runs of words that may belong to a name or number, none of which is taken."""
    run: list[_Word] = []
    spans = iter(taken)
    span = next(spans, None)
    line_end, shouted = -1, False
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        while span is not None and span[1] <= start:
            span = next(spans, None)
        if start > line_end:
            line_end = text.find("\n", start)
            line_end = len(text) if line_end < 0 else line_end
            shouted = _is_shouted(text, start, line_end)
        word = None if span is not None and end > span[0] else _word(match[0], start, shouted)
        if run and not (word and _continues(text, run[-1], word)):
            yield run
            run = []
        if word and (word.begins or (run and (word.is_joint or run[-1].is_joint or run[-1].plain.isalpha()))):
            run.append(word)
    if run:
        yield run


def _word(text: str, start: int, shouted: bool) -> _Word | None:
    """A word that may be part of a name; None for another one."""
    plain = text.casefold()
    if plain in JOINTS:
        return _Word(text, start, start + len(text), plain, False, False, True, False)
    if plain in NO_NAME:
        return None
    if not plain.isalnum() or not plain.isascii():
        text = _POSSESSIVE.sub("", text)
        plain = clean.folded(text).replace("'", "").replace("’", "")
        if plain in NO_NAME:
            return None
    of_papers = plain in OF_PAPERS
    is_common = of_papers or plain in COMMON or (plain.endswith("s") and plain[:-1] in COMMON)
    raised = (text[0].isupper() and not (shouted and of_papers)) or (
        not plain.isalpha() and _DIGIT.search(plain) is not None
    )
    # "harrow & finch paper" ends in a word of papers that has no capital; no name begins with one.
    return _Word(text, start, start + len(text), plain, raised, is_common, False, raised or not of_papers)


def _is_shouted(text: str, start: int, end: int) -> bool:
    """Whether the line from there on is in capitals, so that they say little of its words."""
    line = text[start : min(end, start + _LONGEST_LINE)]
    if not line.isupper() and not line[:_SHOUTED].isupper():
        return False
    letters = sum(map(str.isalpha, line))
    return letters >= _SHOUTED and sum(map(str.isupper, line)) > 0.8 * letters


def _continues(text: str, before: _Word, word: _Word) -> bool:
    between = text[before.end : word.start]
    if not _APART.fullmatch(between):
        # "Lakeshore's": what `_POSSESSIVE` took off.
        return False
    if "." in between:
        return len(before.text) <= _ABBREVIATED and before.text[0].isupper()
    if "\n" in between:
        return before.start - text.rfind("\n", 0, before.start) > _WRAPPED
    return True
