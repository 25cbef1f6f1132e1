"""Places of North America in running text: "Chicago, IL 60607", "Laredo TX", "Brampton, ON", "Reynosa, Tamps."

A state or a province says that the words before it are a city. Where only blanks are between, the code may be a word
("Load OK", "Call ME"): then a ZIP code that fits, a city that is known (`regions`), or the words around it must say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from apex_cli.extract import clean, place_words, regions
from apex_cli.extract.identifiers import IdentifierMatch
from apex_cli.extract.labels import capitals, fold
from apex_cli.extract.regions import PROVINCES, STATES

_CODES = {
    **{name.casefold(): code for code, (name, _) in (*STATES.items(), *PROVINCES.items())},
    **{spelling.casefold(): spellings[0] for spellings in regions.MEXICAN_STATES for spelling in spellings},
}
"""Codes by the names and other spellings of states and provinces, in small letters without accents."""


def _squeezed(name: str) -> str:
    return fold(capitals(name)).replace(".", "").replace(" ", "")


_BY_SQUEEZED = {_squeezed(name): code for name, code in _CODES.items()}
_FIRST_WORDS = frozenset(_squeezed(name.split()[0]) for name in _CODES)
_STATES_OF_CODES = {**{code: (code,) for code in (*STATES, *PROVINCES)}, "NL": ("NL", "N.L."), "BC": ("BC", "B.C.")}
_BY_STATE = "place by state"
_COUNTRY = r"\)?(?:,?[ \t]{1,2}(?:USA?|CANADA)(?![A-Z]))?"
_POSTAL_CODE = r"(?P<postal>\d{5}(?:-\d{4})?(?![\d-])|[A-Z]\d[A-Z][ ]?\d[A-Z]\d(?![A-Z0-9]))"
_POSTAL = re.compile(rf"{_COUNTRY}(?:(?:,[ \t]?|[ \t]{{1,2}}){_POSTAL_CODE})?", re.ASCII)
# City, state and code in columns of their own.
_POSTAL_CELL = re.compile(rf"(?:(?:[ \t]{{1,14}}|[ \t]{{0,14}}\|[ \t]{{0,14}}){_POSTAL_CODE})?", re.ASCII)
# Capitals and small letters alike: the text is searched in folded capitals, its own letters decide afterwards.
_CODE = re.compile(r"[ \t,|(]([A-Z]{2})(?![A-Z0-9'-]|\.[A-Z])", re.ASCII)
_NAME = re.compile(
    r"(?P<joint>,[ \t]{0,2}|[ ]\()(?P<state>[A-Z][A-Z.]{1,13}(?:[ ](?:[A-Z]{2,12}\.?)){0,3})(?![A-Z0-9'-])", re.ASCII
)
_LONG_WORD = re.compile(r"[A-Z]{4,}", re.ASCII)


def _spelled() -> dict[str, re.Pattern[str]]:
    """Names that may stand behind a blank, as in "Dallas Texas", by their longest word."""
    by_word: dict[str, list[str]] = {}
    for name in sorted((fold(capitals(name)) for name in _CODES if "." not in name), key=len, reverse=True):
        if len(name) > 3:
            by_word.setdefault(max(name.split(), key=len), []).append(name)
    return {
        word: re.compile(rf"(?P<joint>[ ])(?P<state>{'|'.join(names)})(?![A-Z0-9'-])", re.ASCII)
        for word, names in by_word.items()
    }


_SPELLED = _spelled()
_FIELDS = re.compile(
    r"(?<![A-Z])(?:CITY|CIUDAD|VILLE)[ \t*]{0,3}[:=][ \t*]{0,3}(?P<city>[A-Z][A-Z .'-]{1,30})(?<![ ])"
    r"[ \t*]{0,3}[|;,\n][ \t|*]{0,8}(?:[A-Z]{2,12}[ ])?"
    r"(?:ST|STATE|PROV|PROVINCE|ESTADO)[ \t*.]{0,3}[:=][ \t*]{0,3}(?P<state>[A-Z]{2})(?![A-Z0-9])",
    re.ASCII,
)
_SEGMENT = re.compile(r"(?<![A-Z0-9])N4\*(?P<city>[A-Z][A-Z .'-]{1,29})\*(?P<state>[A-Z]{2})(?=[*~\n]|$)", re.ASCII)
_LANE_BEHIND = re.compile(r"[ \t]{0,2}(?:$|[\n,;)–>/|-]|TO\b|A\b)", re.ASCII)
_WINDOW = 60
_LAST_LETTERS = 3
_KNOWN_ENDS = frozenset(name[-_LAST_LETTERS:] for name in regions.KNOWN_NAMES)
_LONGEST_JOINT = 30
_MOST_WORDS = 4
_WORD_START = re.compile(r"(?<![A-Z'.-])[A-Z]", re.ASCII)
_OUTSIDE_NAME = re.compile(r"[^\w.'’ -]")
_NAME_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[.'’-])*")
_ENDS_NAMES = "city"
"""Ends names (Kansas City, Salt Lake City), and is none alone."""


def find(text: str) -> Iterator[IdentifierMatch]:
    """All places of the text. Linear in its length."""
    folded = fold(capitals(text))
    end = 0
    for match in _CODE.finditer(folded):
        if (
            match[1] in _STATES_OF_CODES
            and not _is_small_word(text, match)
            and (place := _by_code(text, folded, match.start(1), end)) is not None
        ):
            end = place.end
            yield place
    for tail in _NAME.finditer(folded):
        yield from _by_name(text, folded, tail)
    for word in _SPELLED.keys() & set(_LONG_WORD.findall(folded)):
        for tail in _SPELLED[word].finditer(folded):
            yield from _by_name(text, folded, tail)
    if "CITY" in folded or "CIUDAD" in folded or "VILLE" in folded:
        yield from _in_fields(_FIELDS, text, folded, "place by fields")
    if "N4*" in folded:
        yield from _in_fields(_SEGMENT, text, folded, "place by segment")


def last(text: str) -> str | None:
    """The place at the end of an address: "Dan Ryan Expressway, Chicago, IL" is in "Chicago, IL"."""
    places = list(find(text[-_WINDOW * 4 :]))
    return max(places, key=lambda place: place.end).value if places else None


def city_name(city: str, state: str) -> str:
    """ "City, ST": a state written out becomes its code, a city all in capitals is written as a name."""
    city, state = clean.line(city), clean.line(state)
    # "NL" is Newfoundland, "N.L." Nuevo León: only longer names count without their dots.
    code = _CODES.get(state.casefold()) or (
        state.upper() if len(state) == 2 else _BY_SQUEEZED.get(_squeezed(state), state)
    )
    known = regions.KNOWN.get((fold(regions.city_key(city)), code))
    return f"{known or city.title() if city.isupper() or city.islower() else city}, {code}"


def _place(text: str, start: int, end: int, code: str, stop: int, rule: str) -> IdentifierMatch:
    name = city_name(text[start:end], code)
    return IdentifierMatch("place", name, name, start, stop, rule=rule)


def _is_small_word(text: str, match: re.Match[str]) -> bool:
    """Whether the code is "in", "or", "de" and the like, in small letters behind a word: most of all that are found."""
    return match[1] in place_words.DOUBTFUL and text[match.start(1)].islower() and text[match.start() - 1].isalnum()


class _Code(NamedTuple):
    """A code of two letters in a text, which may be a state's, and what stands around it.

    `start` is where the city would end, `position` to `stop` the code, `end` that of a ZIP or postal code behind it.
    `mark` is what stands before the code but blanks: a comma, a parenthesis, a stroke, or nothing.
    """

    code: str
    written: str
    start: int
    position: int
    stop: int
    end: int
    mark: str
    postal: str | None

    @property
    def is_word(self) -> bool:
        """Whether it may as well be a word."""
        return self.code in place_words.DOUBTFUL and not self.postal

    @property
    def is_doubtful(self) -> bool:
        """Whether nothing but its two letters says that it is a state."""
        return self.is_word and not self.mark


def _code_at(text: str, folded: str, position: int, floor: int) -> _Code | None:
    """The code at a position; None where its letters or its ZIP code say that it is none. Nothing before `floor`."""
    stop = position + 2
    before = folded[max(floor, position - _LONGEST_JOINT) : position]
    start = position - len(before) + len(before.rstrip(" \t,|("))
    mark = folded[start:position].strip(" \t")
    in_columns = mark == "|" or (not mark and position - start > 1)
    behind = (_POSTAL_CELL if in_columns else _POSTAL).match(folded, stop)
    postal = behind["postal"] if behind is not None else None
    end = behind.end() if behind is not None else stop
    found = _Code(folded[position:stop], text[position:stop], start, position, stop, end, mark, postal)
    is_spelled = found.written.isupper() or not (found.is_doubtful or found.written[1].isupper())
    fits = postal is None or _fits(found.code, postal)
    return found if before and len(mark) <= 1 and is_spelled and fits else None


def _by_code(text: str, folded: str, position: int, floor: int) -> IdentifierMatch | None:
    """The place that a code of two letters ends, from `floor` on; None where the code is another word."""
    found = _code_at(text, folded, position, floor)
    if found is None:
        return None
    for state in _STATES_OF_CODES[found.code]:
        begin = _known_before(folded, floor, found.start, state)
        if begin is not None and not (found.written.islower() and text[begin].isupper() and not found.mark):
            is_or = found.code == "OR" and found.is_doubtful and _city_behind(folded, found.stop)
            return None if is_or else _place(text, begin, found.start, state, found.end, _BY_STATE)
    begin = _unknown_before(text, found, floor)
    if begin is None or (not found.mark and not found.postal and not _is_lane(text, folded, begin, found)):
        return None
    return _place(text, begin, found.start, found.code, found.end, _BY_STATE)


def _unknown_before(text: str, found: _Code, floor: int) -> int | None:
    """Where a city begins that no list has: capitalised words before a code in capitals."""
    is_apart = found.mark not in (",", "(") and found.position - found.start != 1
    if not found.written.isupper() or found.code == "DC" or is_apart:
        return None
    city = _city_before(text[max(floor, found.start - _WINDOW) : found.start])
    # "IN CONTRACT, STRICT LIABILITY, OR TORT" is no place in Oregon.
    return None if not city or (found.is_word and city.isupper()) else found.start - len(city)


def _is_lane(text: str, folded: str, begin: int, found: _Code) -> bool:
    """Whether "Somewhere ST" is a place, by what stands around it; the city begins at `begin`."""
    before = text[max(0, begin - _WINDOW) : begin].rpartition("\n")[2].rstrip()
    words = before.rsplit(None, 1)
    follows_lane = bool(words) and words[-1].casefold().strip(":(") in place_words.LANE_BEFORE
    opens = not before or not before[-1].isalnum()
    is_shouted = text[begin : found.start].isupper()
    if found.is_doubtful:
        return follows_lane or (opens and not is_shouted and _LANE_BEHIND.match(folded, found.stop) is not None)
    return not is_shouted or follows_lane or opens


def _by_name(text: str, folded: str, tail: re.Match[str]) -> Iterator[IdentifierMatch]:
    """The place that the name of a state ends: "Laredo, Texas", "Reynosa, Tamps."."""
    words = tail["state"].split(" ")
    if words[0].replace(".", "") not in _FIRST_WORDS:
        return
    for size in range(len(words), 0, -1):
        name = "".join(words[:size]).replace(".", "")
        if name in _BY_SQUEEZED:
            break
    else:
        return
    code, start, position = _BY_SQUEEZED[name], tail.start(), tail.start("state")
    end = position + len(" ".join(words[:size]))
    behind = _POSTAL.match(folded, end)
    end = behind.end() if behind is not None else end
    begin = _known_before(folded, 0, start, code)
    if begin is not None and (tail["joint"] != " " or text[position].isupper() == text[begin].isupper()):
        yield _place(text, begin, start, code, end, _BY_STATE)
    elif tail["joint"] != " " and text[position].isupper() and name not in place_words.WORDS:
        city = _city_before(text[max(0, start - _WINDOW) : start])
        if city:
            yield _place(text, start - len(city), start, code, end, _BY_STATE)


def _in_fields(pattern: re.Pattern[str], text: str, folded: str, rule: str) -> Iterator[IdentifierMatch]:
    """Places whose city and state are fields of their own: "City: Chicago | State: IL", `N4*CHICAGO*IL`."""
    for match in pattern.finditer(folded):
        if match["state"] in STATES or match["state"] in PROVINCES:
            start, end = match.span("city")
            yield _place(text, start, end, match["state"], match.end(), rule)


def _fits(code: str, postal: str) -> bool:
    """Whether a ZIP or postal code is of this state or province."""
    _, first = STATES.get(code) or PROVINCES[code]
    return postal[0] in first


def _known_before(folded: str, floor: int, end: int, code: str) -> int | None:
    """Where the longest known city of a state begins that ends here, from `floor` on."""
    window = folded[max(floor, end - _WINDOW) : end]
    if regions.city_key(window[-_WINDOW // 2 :])[-_LAST_LETTERS:] not in _KNOWN_ENDS:
        return None
    starts = [match.start() for match in _WORD_START.finditer(window)][-regions.MOST_WORDS - 2 :]
    for begin in starts:
        name = window[begin:]
        if (regions.city_key(name), code) in regions.KNOWN:
            return end - len(name)
    return None


def _city_behind(folded: str, start: int) -> bool:
    """Whether the word behind is a city too: "PORTLAND OR SEATTLE"."""
    words = folded[start : start + _WINDOW].split(None, 2)[:2]
    return bool(words) and (words[0].strip(".,;") in regions.KNOWN_NAMES or " ".join(words) in regions.KNOWN_NAMES)


def _city_before(window: str) -> str:
    """The capitalised words at the end of the window that are a city's name: of "Arrived at East Gary" the last two."""
    stretch = _OUTSIDE_NAME.split(window)[-1]
    if not stretch or stretch[-1] == " ":
        return ""
    taken: list[str] = []
    tokens = stretch.split(" ")
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        word = token.lower().rstrip(".")
        if word in place_words.GREETING and taken:
            return ""
        is_particle = bool(taken) and token in place_words.PARTICLES and _takes_particle(tokens[:index])
        if not is_particle and not _is_city_word(token, word, taken):
            if token.isdigit():
                _drop_street(taken)
            break
        taken.append(token)
        if len(taken) == _MOST_WORDS:
            break
    alone = [token.lower() for token in taken] == [_ENDS_NAMES]
    return "" if alone else " ".join(reversed(taken))


def _takes_particle(tokens: list[str]) -> bool:
    """Whether the words before go on with "de" or "of": those of "San Juan del Río"."""
    words = [token.lower() for token in tokens[-2:]]
    return bool(words) and (
        words[-1] in place_words.TAKES_PARTICLE
        or (words[-1] in place_words.PARTICLES and words[0] in place_words.TAKES_PARTICLE)
    )


def _is_city_word(token: str, word: str, taken: list[str]) -> bool:
    """Whether the token goes on with the name whose later words are `taken`."""
    ends_sentence = token.endswith(".") and token.lower() not in place_words.ABBREVIATED
    return (
        _NAME_WORD.fullmatch(token) is not None
        and token[0].isupper()
        and not (taken and ends_sentence)
        and not (word in place_words.NOT_A_CITY and (taken or word != _ENDS_NAMES))
        and not (taken and word in place_words.STREET)
    )


def _drop_street(taken: list[str]) -> None:
    """After a house number the words up to the street's kind are the street: "123 Main St Chicago"."""
    for index in range(len(taken) - 1, 0, -1):
        if taken[index].lower().rstrip(".") in place_words.STREET | place_words.STREET_AFTER_NUMBER:
            del taken[index:]
            return
