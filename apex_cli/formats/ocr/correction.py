"""Identifiers with a check digit, read by OCR: letters and digits that look alike are set right by it.

    MXTU73OO553 is MXTU7300553: the places of letters and digits of a container number are fixed (ISO 6346).
    1M8GDM9AXKPO42788 is 1M8GDM9AXKP042788: a VIN has no I, O or Q, and ends with four digits (49 CFR 565).

Only what then passes its check digit is taken, and only where exactly one correction does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from apex_cli.extract import checkdigits

_DIGIT_OF = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "S": "5", "B": "8", "Z": "2", "G": "6"}
_LETTER_OF = {"0": "O", "1": "I", "5": "S", "8": "B", "2": "Z", "6": "G"}
_LIKE = {"S": "5", "B": "8", "Z": "2", "G": "6", "5": "S", "8": "B", "2": "Z", "6": "G"}
_NEVER_IN_A_VIN = {"O": "0", "Q": "0", "I": "1"}
_CONTAINER = re.compile(r"(?<![A-Z0-9])([A-Z0-9]{4})[ -]?([A-Z0-9]{6})[ -]?([A-Z0-9])(?![A-Z0-9])", re.IGNORECASE)
_VIN = re.compile(r"(?<![A-Z0-9])[A-Z0-9]{17}(?![A-Z0-9])", re.IGNORECASE)
_CHECK_PLACE = 8
_FEWEST_DIGITS = 3
"""Digits that a run of capitals must have to be a number that was misread, and no word."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What stood in the text, and what it is; `right` is None where it fails its check digit and stays as it is."""

    kind: str
    read: str
    right: str | None


def corrected(text: str) -> tuple[str, list[Correction]]:
    """The text with its container numbers and VINs set right, and what was done to them."""
    found: list[Correction] = []

    def checked(match: re.Match[str], kind: str, bare: str, right: str | None) -> str:
        read = match[0]
        if right is not None and right == bare:
            return read
        found.append(Correction(kind, read, right))
        return right or read

    def container(match: re.Match[str]) -> str:
        bare = "".join(match.groups()).upper()
        return checked(match, "container", bare, _container(bare)) if _is_container(bare) else match[0]

    def vin(match: re.Match[str]) -> str:
        bare = match[0].upper()
        return checked(match, "VIN", bare, _vin(bare)) if _is_vin(bare) else match[0]

    return _VIN.sub(vin, _CONTAINER.sub(container, text)), found


def _is_container(bare: str) -> bool:
    letters = "".join(_LETTER_OF.get(char, char) for char in bare[:4])
    return letters.isalpha() and letters[3] in "UJZ" and _is_number(bare[4:]) and _digits(bare[4:]).isdigit()


def _container(bare: str) -> str | None:
    right = "".join(_LETTER_OF.get(char, char) for char in bare[:4]) + _digits(bare[4:])
    return right if checkdigits.container(right) else None


def _is_vin(bare: str) -> bool:
    return _is_number(bare) and not bare.isdigit() and _digits(bare[13:]).isdigit()


def _vin(bare: str) -> str | None:
    head = "".join(_NEVER_IN_A_VIN.get(char, char) for char in bare[:13])
    check = head[8] if head[8] in "X" else _digits(head[8])
    right = head[:8] + check + head[9:] + _digits(bare[13:])
    if checkdigits.vin(right):
        return right
    passing = [changed for changed in _one_changed(right) if checkdigits.vin(changed)]
    return passing[0] if len(passing) == 1 else None


def _one_changed(vin: str) -> Iterator[str]:
    """The VINs in which one character is taken for the one that looks like it."""
    for place, char in enumerate(vin[:13]):
        like = _LIKE.get(char)
        if like and place != _CHECK_PLACE:
            yield vin[:place] + like + vin[place + 1 :]


def _is_number(text: str) -> bool:
    return sum(char.isdigit() for char in text) >= _FEWEST_DIGITS


def _digits(text: str) -> str:
    return "".join(_DIGIT_OF.get(char, char) for char in text)
