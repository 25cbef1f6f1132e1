"""United States places in running text: "Chicago, IL" and "Chicago, IL 60607"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from apex_cli.extract import clean
from apex_cli.extract.identifiers import IdentifierMatch

# State or district: name, and the first digits its ZIP codes may have (USPS Publication 65).
_STATES = {
    "AL": ("Alabama", "3"), "AK": ("Alaska", "9"), "AZ": ("Arizona", "8"), "AR": ("Arkansas", "7"),
    "CA": ("California", "9"), "CO": ("Colorado", "8"), "CT": ("Connecticut", "0"), "DC": ("District of Columbia", "2"),
    "DE": ("Delaware", "1"), "FL": ("Florida", "3"), "GA": ("Georgia", "3"), "HI": ("Hawaii", "9"),
    "ID": ("Idaho", "8"), "IL": ("Illinois", "6"), "IN": ("Indiana", "4"), "IA": ("Iowa", "5"),
    "KS": ("Kansas", "6"), "KY": ("Kentucky", "4"), "LA": ("Louisiana", "7"), "ME": ("Maine", "0"),
    "MD": ("Maryland", "2"), "MA": ("Massachusetts", "05"), "MI": ("Michigan", "4"), "MN": ("Minnesota", "5"),
    "MS": ("Mississippi", "3"), "MO": ("Missouri", "6"), "MT": ("Montana", "5"), "NE": ("Nebraska", "6"),
    "NV": ("Nevada", "8"), "NH": ("New Hampshire", "0"), "NJ": ("New Jersey", "0"), "NM": ("New Mexico", "8"),
    "NY": ("New York", "01"), "NC": ("North Carolina", "2"), "ND": ("North Dakota", "5"), "OH": ("Ohio", "4"),
    "OK": ("Oklahoma", "7"), "OR": ("Oregon", "9"), "PA": ("Pennsylvania", "1"), "RI": ("Rhode Island", "0"),
    "SC": ("South Carolina", "2"), "SD": ("South Dakota", "5"), "TN": ("Tennessee", "3"), "TX": ("Texas", "78"),
    "UT": ("Utah", "8"), "VT": ("Vermont", "0"), "VA": ("Virginia", "2"), "WA": ("Washington", "9"),
    "WV": ("West Virginia", "2"), "WI": ("Wisconsin", "5"), "WY": ("Wyoming", "8"),
}  # fmt: skip
_CODES = {name.casefold(): code for code, (name, _) in _STATES.items()}

_TAIL = re.compile(
    rf",[ \t]{{0,2}}({'|'.join(_STATES)})(?![A-Za-z0-9'’-])(?:[ \t]{{1,2}}(\d{{5}})(?:-\d{{4}})?(?!\d))?", re.ASCII
)
_WINDOW = 60
_MOST_WORDS = 4
_OUTSIDE_NAME = re.compile(r"[^\w.'’ -]")
_NAME_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[.'’-])*")
_ABBREVIATED = frozenset({"st.", "ste.", "ft.", "mt.", "n.", "s.", "e.", "w."})
_NOT_A_CITY = frozenset((
    "in", "at", "from", "to", "near", "via", "through", "the", "and", "or", "a", "an", "is", "was", "on",
    "of", "for", "by", "our", "your", "this", "that", "arrived", "arriving", "delivered", "delivery",
    "departed", "departing", "left", "leaving", "picked", "pickup", "pick-up", "drop", "dropoff", "drop-off",
    "origin", "destination", "consignee", "shipper", "customer", "carrier", "stop", "location", "city",
    "place", "ship", "shipped", "shipment", "load", "truck", "yard", "terminal", "warehouse", "dock", "depot",
    "hub", "plant", "facility", "receiver", "driver", "monday", "tuesday", "wednesday", "thursday", "friday",
    "saturday", "sunday",
))  # fmt: skip
_ENDS_NAMES = "city"
"""Ends names (Kansas City, Salt Lake City), and is none alone."""
_GREETING = frozenset((
    "hi", "hello", "hey", "dear", "thanks", "thank", "sorry", "yes", "no", "ok", "okay", "please", "regards",
))  # fmt: skip
_STREET = frozenset((
    "expressway", "avenue", "ave", "blvd", "boulevard", "street", "road", "rd", "highway", "hwy", "parkway",
    "pkwy", "interstate", "turnpike", "lane", "ln",
))  # fmt: skip
_STREET_AFTER_NUMBER = _STREET.union(
    ("st", "dr", "drive", "way", "ct", "court", "pl", "place", "plaza", "sq", "square", "cir", "circle", "ter")
)


def find(text: str) -> Iterator[IdentifierMatch]:
    """All places of the text, in order. Linear in its length."""
    for tail in _TAIL.finditer(text):
        state, zip_code = tail[1], tail[2]
        if zip_code and zip_code[0] not in _STATES[state][1]:
            continue
        city = _city_before(text[max(0, tail.start() - _WINDOW) : tail.start()])
        if city:
            start, name = tail.start() - len(city), city_name(city, state)
            yield IdentifierMatch("place", name, name, start, tail.end())


def last(text: str) -> str | None:
    """The place at the end of an address: "Dan Ryan Expressway, Chicago, IL" is in "Chicago, IL"."""
    names = [place.value for place in find(text[-_WINDOW * 4 :])]
    return names[-1] if names else None


def city_name(city: str, state: str) -> str:
    """ "City, ST": a state written out becomes its code, a city all in capitals is written as a name."""
    city, state = clean.line(city), clean.line(state)
    code = _CODES.get(state.casefold(), state.upper() if len(state) == 2 else state)
    return f"{city.title() if city.isupper() else city}, {code}"


def _city_before(window: str) -> str:
    """The capitalised words at the end of the window that are a city's name: of "Arrived at East Gary" the last two."""
    stretch = _OUTSIDE_NAME.split(window)[-1]
    if not stretch or stretch[-1] == " ":
        return ""
    taken: list[str] = []
    for token in reversed(stretch.split(" ")):
        word = token.lower().rstrip(".")
        if word in _GREETING and taken:
            return ""
        ends_sentence = token.endswith(".") and token.lower() not in _ABBREVIATED
        if (
            not _NAME_WORD.fullmatch(token)
            or not token[0].isupper()
            or (taken and ends_sentence)
            or (word in _NOT_A_CITY and (taken or word != _ENDS_NAMES))
            or (taken and word in _STREET)
        ):
            if token[:1].isdigit():
                _drop_street(taken)
            break
        taken.append(token)
        if len(taken) == _MOST_WORDS:
            break
    alone = [token.lower() for token in taken] == [_ENDS_NAMES]
    return "" if alone else " ".join(reversed(taken))


def _drop_street(taken: list[str]) -> None:
    """After a house number the words up to the street's kind are the street: "123 Main St Chicago"."""
    for index in range(len(taken) - 1, 0, -1):
        if taken[index].lower().rstrip(".") in _STREET_AFTER_NUMBER:
            del taken[index:]
            return
