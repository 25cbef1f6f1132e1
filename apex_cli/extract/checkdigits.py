"""Check digits of freight identifiers. Each function takes the bare characters, upper case, without separators.

Sources: VIN, 49 CFR 565.15(c); freight containers, ISO 6346 annex A; SSCC and VICS bill of lading, GS1 General
Specifications 7.9; air waybill, IATA Resolution 600a; ship numbers, IMO Resolution A.1117(30); entries, CBP CATAIR
appendix E; bank routing numbers, ABA; PRO numbers, the XPO and YRC descriptions of their own.

Written here and not taken from python-stdnum: that library is LGPL, and has neither VIN nor PRO numbers. It is the
oracle of our tests where it knows the number.
"""

from __future__ import annotations

import string

_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = {
    **{digit: int(digit) for digit in string.digits},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
    "P": 7,
    "R": 9,
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
# Letters count from 10 and leave out the multiples of 11, which the sum could not see.
_CONTAINER_VALUES = {
    **{digit: int(digit) for digit in string.digits},
    **dict(zip(string.ascii_uppercase, (number for number in range(10, 39) if number % 11), strict=True)),
}
# The filer's letters count 1 to 9, 1 to 9, 2 to 9.
_FILER_VALUES: dict[str, int] = {
    **{digit: int(digit) for digit in string.digits},
    **dict(zip(string.ascii_uppercase, (*range(1, 10), *range(1, 10), *range(2, 10)), strict=True)),
}


def vin(text: str) -> bool:
    """A North American VIN: 17 characters, check digit in place 9, at least one letter, last four digits."""
    if len(text) != 17 or not text[-4:].isdigit() or text.isdigit() or any(char not in _VIN_VALUES for char in text):
        return False
    remainder = sum(_VIN_VALUES[char] * weight for char, weight in zip(text, _VIN_WEIGHTS, strict=True)) % 11
    return text[8] == ("X" if remainder == 10 else str(remainder))


def container(text: str) -> bool:
    """A container number: owner and category letters, six digits, one check digit."""
    if len(text) != 11 or any(char not in _CONTAINER_VALUES for char in text) or not text[-1].isdigit():
        return False
    total = sum(_CONTAINER_VALUES[char] * (1 << place) for place, char in enumerate(text[:10]))
    return total % 11 % 10 == int(text[-1])


def gs1(digits: str) -> bool:
    """A GS1 number of any length: weights 3 and 1 by turns from the right, modulo 10."""
    if not digits.isdigit():
        return False
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits[:-1])))
    return -total % 10 == int(digits[-1])


def pro(text: str) -> bool:
    """A PRO number as XPO (nine digits, modulo 7) or YRC (ten places, middle six modulo 11, X is ten) make it."""
    if len(text) == 9 and text.isdigit():
        return int(text[:8]) % 7 == int(text[8])
    if len(text) == 10 and text[:9].isdigit():
        check = -int(text[3:9]) % 11
        return text[9] == ("X" if check == 10 else str(check))
    return False


def air_waybill(digits: str) -> bool:
    """An air waybill: airline prefix of three, serial of seven, serial modulo 7."""
    return len(digits) == 11 and digits.isdigit() and int(digits[3:10]) % 7 == int(digits[10])


def ship(digits: str) -> bool:
    """An IMO ship number: weights 7 to 2, modulo 10."""
    if len(digits) != 7 or not digits.isdigit():
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits[:6], range(7, 1, -1), strict=True))
    return total % 10 == int(digits[6])


def customs_entry(text: str) -> bool:
    """An entry at U.S. customs: filer code of three, seven digits, check digit by doubling every other place."""
    if len(text) != 11 or not text[3:].isdigit() or any(char not in _FILER_VALUES for char in text):
        return False
    doubled = [_FILER_VALUES[char] * (2 - place % 2) for place, char in enumerate(reversed(text[:10]))]
    total = sum(number // 10 + number % 10 for number in doubled)
    return -total % 10 == int(text[10])


def bank_routing(digits: str) -> bool:
    """A routing number of a bank in the United States: weights 3, 7 and 1, modulo 10."""
    if len(digits) != 9 or not digits.isdigit() or digits == "000000000":
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, (3, 7, 1) * 3, strict=True))
    return total % 10 == 0
