"""Seeded values of each kind, as freight papers write them, and values that only look like identifiers.

Check digits are computed here and not by the product, so that a fault of its arithmetic shows.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from random import Random

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_SHAPES = {
    "order": ("99999", "999999", "4500999999", "9999-A", "A999999", "99-99999", "PO-99999", "AA99999", "9A9999"),
    "bol": ("99999", "999999", "99999999", "AAA99999", "9999999", "BOL-99999", "A99-99999"),
    "invoice": ("99999", "999999", "INV-99999", "A-9999", "99-9999", "F9999999"),
    "seal": ("9999999", "AA999999", "A9999999", "99999", "UL-9999999"),
    "trailer": ("99999", "9999", "AAA99999", "TL-9999", "A99999", "999999", "99A999"),
    "unit": ("9999", "999", "99999", "TRUCK-9999", "A9999"),
    "shipment": ("999999", "9999999", "99999999", "LD-99999", "A9999999", "SHIP-2026-02-1{0}-999", "999999AAA"),
    "reference": ("A999999", "9999999", "AA-99999", "999999999"),
    "pickup": ("999999", "PU-99999", "A9999999", "99999999", "9999999999"),
    "release": ("9999999", "R99999", "RL-99999"),
    "confirmation": ("9999999", "C99999", "999999", "RC-99999"),
    "booking": ("9999999", "BK999999", "AAAA9999999A"),
    "claim": ("CLM-9999", "C99999", "9999999", "2026-99999"),
    "receipt": ("999999", "R-99999", "A999999"),
    "mc": ("999999", "9999999"),
    "dot": ("9999999", "999999"),
    "scac": ("AAAA",),
    "check": ("9999999999", "999999999999"),
    "pars": ("AAAA99999999", "9AAA9999999"),
    "paps": ("AAAA999999", "AAAA9999999"),
    "pedimento": ("99  99  3999  9999999", "999999999999999", "99 99 3999 9999999"),
}
_YEAR = re.compile(r"(?:19|20)\d\d")
_US = (
    ("Chicago", "IL", "60608"), ("Dallas", "TX", "75201"), ("Laredo", "TX", "78045"), ("Kansas City", "MO", "64120"),
    ("Columbus", "OH", "43217"), ("Indianapolis", "IN", "46241"), ("Portland", "OR", "97203"),
    ("Salt Lake City", "UT", "84104"), ("Oklahoma City", "OK", "73128"), ("Tulsa", "OK", "74107"),
    ("Memphis", "TN", "38118"), ("St. Louis", "MO", "63147"), ("Fort Worth", "TX", "76106"),
    ("Los Angeles", "CA", "90058"), ("Denver", "CO", "80216"), ("New Orleans", "LA", "70126"),
    ("Philadelphia", "PA", "19154"), ("Newark", "NJ", "07114"), ("Boise", "ID", "83716"), ("Bangor", "ME", "04401"),
    ("Jersey City", "NJ", "07305"), ("El Paso", "TX", "79928"), ("Rensselaer", "IN", "47978"),
    ("Effingham", "IL", "62401"), ("Groveport", "OH", "43125"), ("Florence", "KY", "41042"),
    ("McDonough", "GA", "30252"), ("Joliet", "IL", "60436"), ("Fontana", "CA", "92337"), ("Ontario", "CA", "91761"),
    ("Carlisle", "PA", "17013"), ("Sioux City", "IA", "51111"), ("Winston-Salem", "NC", "27107"),
    ("O'Fallon", "MO", "63366"), ("Omaha", "NE", "68102"), ("Fargo", "ND", "58102"),
)  # fmt: skip
_CANADA = (
    ("Brampton", "ON", "L6T 4M5"), ("Mississauga", "ON", "L5T 2N7"), ("Laval", "QC", "H7L 4S3"),
    ("Calgary", "AB", "T2C 4X5"), ("Surrey", "BC", "V3S 8E7"), ("Winnipeg", "MB", "R3C 2E6"),
    ("Moncton", "NB", "E1C 8R5"), ("Trois-Rivières", "QC", "G8T 2L9"),
)  # fmt: skip
_MEXICO = (
    ("Nuevo Laredo", "Tamps."), ("Monterrey", "N.L."), ("Apodaca", "N.L."), ("Ramos Arizpe", "Coah."),
    ("Reynosa", "Tamps."), ("Ciudad Juárez", "Chih."), ("Querétaro", "Qro."), ("San Luis Potosí", "S.L.P."),
    ("Tijuana", "B.C."), ("Silao", "Gto."),
)  # fmt: skip
_PEOPLE = (
    "Ines Calder",
    "Tomas Brandt",
    "Rhea Lindqvist",
    "Marta Quill",
    "Dana Okafor",
    "Luis Arredondo",
    "Amélie Roy",
)
_COMPANIES = (
    "Bluestem Transit", "Lakeshore Haulage", "Halcyon Paper Co.", "Prairie Oat Mills", "Northgate Tools",
    "Crossroads Assembly", "Brightleaf Foods", "Transportes Sierra Azul", "Logistique Boréale",
)  # fmt: skip
_STREETS = ("2250 W Cermak Rd", "18 Portland Ave", "702 North Mattis Ave", "7950 Dixie Highway Suite 100", "12 Mill Rd",
            "4100 Kentucky Ave Dock B", "1204 Industrial Pkwy")  # fmt: skip


def identifier(random: Random, kind: str, style: str = "") -> tuple[str, str]:
    """A value of a kind as it is written, and the value itself. `style`: a shape such as "5d", or "zip" of a place."""
    if kind == "place":
        return _place(random, style)
    if style.endswith("d"):
        written = _shaped(random, "9" * int(style[:-1]))
    elif kind in _MADE:
        written = _MADE[kind](random)
    elif kind == "bol" and (style == "17" or random.random() < 0.1):
        written = gs1(_shaped(random, "0850" + "9" * 12))
    else:
        written = _shaped(random, random.choice(_SHAPES[kind]))
    # No rule can know a unit 1998 from the year.
    return identifier(random, kind, style) if _YEAR.fullmatch(written) else (written, written)


def filler(random: Random, kind: str) -> str:
    """What is no identifier: a date, a telephone number, a number whose check digit is wrong."""
    return _FILLERS[kind](random)


def _shaped(random: Random, shape: str) -> str:
    """9 is a digit, A a letter behind the last run of capital words; other characters stand for themselves."""
    fixed = (
        shape.rpartition("-")[0] if shape.startswith(("PO-", "BOL-", "INV-", "SHIP-", "TRUCK-", "CLM-", "UL-")) else ""
    )
    fixed = fixed or next((one for one in ("LD", "TL", "PU", "RL", "RC", "BK") if shape.startswith(one)), "")
    written = fixed
    for char in shape[len(fixed) :]:
        is_first = not written or not written[-1].isalnum()
        if char == "9":
            written += random.choice(string.digits[1:] if is_first else string.digits)
        else:
            written += random.choice(_LETTERS) if char == "A" else char
    return written.replace("{0}", random.choice(string.digits))


def vin(random: Random) -> str:
    """49 CFR 565.15(c)."""
    text = f"{random.choice('1234')}XK{_mixed(random, 5)}"
    tail = random.choice("PRS") + random.choice(_LETTERS[:-1]) + "".join(random.choices(string.digits, k=6))
    ranks = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    pairs = zip(f"{text}0{tail}", weights, strict=True)
    rest = sum((ranks[char] if char.isalpha() else int(char)) * weight for char, weight in pairs) % 11
    return f"{text}{'X' if rest == 10 else rest}{tail}"


def _mixed(random: Random, size: int) -> str:
    return "".join(random.choices("ABCDEFGHJKLMNPRSTUVWXYZ123456789", k=size))


def container(random: Random) -> str:
    """ISO 6346, written in one of its ways."""
    letters = random.choice(("MSKU", "TGHU", "CSQU", "APXU", "HLXU"))
    digits = "".join(random.choices(string.digits, k=6))
    value = {**{d: int(d) for d in string.digits}}
    number = 10
    for letter in string.ascii_uppercase:
        number += number % 11 == 0
        value[letter] = number
        number += 1
    check = sum(value[char] * 2**place for place, char in enumerate(letters + digits)) % 11 % 10
    return random.choice((f"{letters}{digits}{check}", f"{letters} {digits}-{check}", f"{letters} {digits}{check}"))


def gs1(body: str) -> str:
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return body + str(-total % 10)


def _pro(random: Random) -> str:
    eight = _shaped(random, "99999999")
    six = f"{random.randrange(10**6):06d}"
    rest = -int(six) % 11
    yrc = f"{_shaped(random, '999')}-{six}-{'X' if rest == 10 else rest}"
    return random.choice((eight + str(int(eight) % 7), yrc, _shaped(random, "9999999"), _shaped(random, "9999999999")))


def _entry(random: Random) -> str:
    """CBP: filer code, seven digits, a check digit by doubling; letters count 1 to 9, 1 to 9, 2 to 9."""
    body = random.choice(("231", "BH7", "A0X", "9AK")) + f"{random.randrange(10**7):07d}"
    ranks = dict(zip(string.ascii_uppercase, (*range(1, 10), *range(1, 10), *range(2, 10)), strict=True))
    total = 0
    for place, char in enumerate(reversed(body)):
        doubled = (ranks[char] if char.isalpha() else int(char)) * (2 - place % 2)
        total += doubled // 10 + doubled % 10
    number_with_check = f"{body[:3]}-{body[3:]}-{-total % 10}"
    return random.choice((number_with_check, number_with_check.replace("-", "")))


def _routing(random: Random) -> str:
    body = random.choice(("0710", "1110", "0210")) + f"{random.randrange(10**4):04d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
    return body + str(-total % 10)


def _awb(random: Random) -> str:
    serial = f"{random.randrange(10**6, 10**7)}"
    return f"{random.choice(('020', '176', '406'))}-{serial}{int(serial) % 7}"


def _imo(random: Random) -> str:
    body = f"9{random.randrange(10**5):05d}"
    return body + str(sum(int(digit) * weight for digit, weight in zip(body, range(7, 1, -1), strict=True)) % 10)


def _other_digit(number: str, place: int = -1) -> str:
    """The number with a wrong check digit."""
    place %= len(number)
    wrong = str((int(number[place]) + 1) % 10) if number[place].isdigit() else "1"
    return number[:place] + wrong + number[place + 1 :]


def _place(random: Random, style: str) -> tuple[str, str]:
    if style == "mx":
        city, state = random.choice(_MEXICO)
        return f"{city}, {state}", f"{city}, {state}"
    if style == "ca":
        city, state, code = random.choice(_CANADA)
        return random.choice(
            (f"{city}, {state}", f"{city}, {state} {code}", f"{city} {state} {code}")
        ), f"{city}, {state}"
    city, state, code = random.choice(_US)
    shown = city.upper() if style.startswith("caps") else city
    written = {
        "": f"{shown}, {state}",
        "zip": f"{shown}, {state} {code}",
        "bare": f"{shown} {state}",
        "cells": f"{shown:<16}{state}   {code}",
        "caps": random.choice((f"{shown}, {state}", f"{shown} {state}")),
        "capszip": random.choice(
            (f"{shown}, {state} {code}", f"{shown} {state} {code}", f"{shown}, {state} US {code}")
        ),
    }[style]
    return written, f"{city}, {state}"


_MADE: dict[str, Callable[[Random], str]] = {
    "vin": vin,
    "container": container,
    "pro": _pro,
    "entry": _entry,
    "routing": _routing,
    "awb": _awb,
    "imo": _imo,
    "sscc": lambda random: gs1(_shaped(random, "00850" + "9" * 12)),
}
_FILLERS: dict[str, Callable[[Random], str]] = {
    "date": lambda r: r.choice(("10/19/2025", "2026-02-03", "3 Feb 2026", "19-OCT-2025", "02/11/26", "Oct 19, 2025")),
    "time": lambda r: r.choice(("08:00", "14:30", "07:15", "23:59")),
    "phone": lambda r: r.choice(("(312) 555-0142", "312-555-0188", "+1 415 555 2671", "701-555-0123")),
    "money": lambda r: r.choice(("$1,676.40", "$2,150.00", "USD 1,480.00", "1,480.00 USD", "$950")),
    "weight": lambda r: r.choice(("42,500 lbs", "38650 lbs", "18,400 kg", "43000 lb")),
    "person": lambda r: r.choice(_PEOPLE),
    "company": lambda r: r.choice(_COMPANIES),
    "street": lambda r: r.choice(_STREETS),
    "badvin": lambda r: _other_digit(vin(r), 8),
    "badcontainer": lambda r: _other_digit(container(r)),
    "badentry": lambda r: _other_digit(_entry(r)),
    "badrouting": lambda r: _other_digit(_routing(r)),
}
