"""Time zones by the names that freight data has for them.

Known are names of the IANA database (`America/Chicago`, in any letter case), offsets (`-06:00`, `UTC-6`), abbreviations
(`CST`), the codes of X12 element 623 (`CS`, `CT`), and names of Windows (`Central Standard Time`), which Microsoft's
programs write beside dates.

An abbreviation of a standard or a daylight time has one offset all year, as in RFC 5322: `CST` is UTC-6 in July too.
A name without either (`CT`, `Central Time`) follows the calendar. Of abbreviations with several meanings the North
American one counts (`CST` is not China), then the European one (`BST` is not Bangladesh); `IST` (India, Ireland,
Israel) has no meaning here.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_LONGEST_NAME = 64
_MOST_HOURS = 14
_OFFSET = re.compile(
    r"(?:UTC|GMT|Z)? ?(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-5][0-9]))?", re.IGNORECASE
)
_DISPLAY_NAME = re.compile(r"\((?:utc|gmt)[+-]?[0-9:]*\) | \(us & canada\)")
"""What Windows puts around a name: `(UTC-06:00) Central Time (US & Canada)`."""
# These are the zone of the machine, or none: files in the directory of the database that name no place.
_NO_PLACES = frozenset(("localtime", "posixrules", "factory"))
_HOURS_OF = """
    Z 0  UT 0  UTC 0  GMT 0  GM 0  ZULU 0  WET 0  WEST 1  BST 1  CET 1  CEST 2  MEZ 1  MESZ 2  EET 2  EEST 3
    NST -3.5  NDT -2.5  AST -4  ADT -3  EST -5  EDT -4  CST -6  CDT -5  MST -7  MDT -6  PST -8  PDT -7
    AKST -9  AKDT -8  HST -10  HDT -9  HAST -10
    NS -3.5  ND -2.5  AS -4  AD -3  ES -5  ED -4  CS -6  CD -5  MS -7  MD -6  PS -8  PD -7  HS -10
    HNA -4  HAA -3  HNE -5  HAE -4  HNC -6  HAC -5  HNR -7  HAR -6  HNP -8  HAP -7
"""
_PLACE_OF = {
    "nt": "America/St_Johns",
    "at": "America/Halifax",
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
    "akt": "America/Anchorage",
    "ht": "Pacific/Honolulu",
    "newfoundland": "America/St_Johns",
    "atlantic": "America/Halifax",
    "eastern": "America/New_York",
    "us eastern": "America/Indiana/Indianapolis",
    "central": "America/Chicago",
    "canada central": "America/Regina",
    "central america": "America/Guatemala",
    "mountain": "America/Denver",
    "us mountain": "America/Phoenix",
    "arizona": "America/Phoenix",
    "pacific": "America/Los_Angeles",
    "alaskan": "America/Anchorage",
    "alaska": "America/Anchorage",
    "hawaiian": "Pacific/Honolulu",
    "hawaii": "Pacific/Honolulu",
    "eastern (mexico)": "America/Cancun",
    "central (mexico)": "America/Mexico_City",
    "mountain (mexico)": "America/Mazatlan",
    "pacific (mexico)": "America/Tijuana",
    "gmt": "Europe/London",
    "w. europe": "Europe/Berlin",
    "romance": "Europe/Paris",
    "central europe": "Europe/Budapest",
    "central european": "Europe/Warsaw",
    "e. europe": "Europe/Chisinau",
    "fle": "Europe/Kyiv",
    "gtb": "Europe/Bucharest",
}
"""Names without "time", "standard time" or "daylight time", which all mean the same here."""
_KIND_OF_TIME = re.compile(r"(?<=\S) (?:(?:standard|daylight) )?time(?= \(mexico\)|$)")


def _fixed(hours: float) -> timezone:
    return timezone(timedelta(hours=hours)) if hours else UTC


_ABBREVIATIONS = {name: _fixed(float(hours)) for name, hours in re.findall(r"(\w+) (-?[\d.]+)", _HOURS_OF)}


def zone(name: str) -> tzinfo | None:
    """The zone with this name, or None for a name that is not known."""
    return _zone(" ".join(name.split())) if len(name) <= _LONGEST_NAME else None


def is_real_offset(offset: timedelta) -> bool:
    """Whether a place on earth has this offset. The hours of a dock, `08:00-17:00`, look like a time and an offset."""
    return abs(offset) <= timedelta(hours=_MOST_HOURS)


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo | None:
    if known := _ABBREVIATIONS.get(name.upper().replace(".", "")):
        return known
    if offset := _OFFSET.fullmatch(name.replace("\N{MINUS SIGN}", "-")):
        return _from_offset(offset)
    spelled = name.lower()
    for form in (spelled, _DISPLAY_NAME.sub("", spelled).strip()):
        if place := _PLACE_OF.get(_KIND_OF_TIME.sub("", form)):
            return _place(place)
    return _place(name) or _place(_places().get(spelled.replace(" ", "_"), ""))


def _from_offset(match: re.Match[str]) -> tzinfo | None:
    offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    if not is_real_offset(offset):
        return None
    return timezone(-offset if match["sign"] == "-" else offset) if offset else UTC


def _place(name: str) -> tzinfo | None:
    if not name or name.lower() in _NO_PLACES:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        # The name is no key of the database: a path that leaves it, a folder in it, too long, or not there.
        return None


@lru_cache(maxsize=1)
def _places() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
