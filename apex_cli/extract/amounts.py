"""Amounts, dates and measures that a text states beside their labels, as attributes: "Amount due: 1,676.40 USD".

    total_amount, rate, line_haul_rate, fuel_surcharge, lumper_charge, … (`paper_words.AMOUNTS`), currency
    due_date, invoice_date, terms, weight, weight_unit, quantity, quantity_unit, temperature, miles

Amounts are numbers, dates "2025-11-18". A label and its value stand in one line: with a colon, blanks, dots or the bar
of a table between them. A label with two different values, and two currencies in one text, are left out: nothing is
guessed. `$` is the dollar of the United States, unless the text speaks of another one or of pesos.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from typing import Any, TypeVar

from apex_cli.extract import clean, paper_words, timestamps
from apex_cli.extract.time_values import assumptions

T = TypeVar("T")
Number = int | float

_SCAN = 100_000
_NUMBER = (
    r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,3}(?:[. ]\d{3})+,\d{2}(?!\d)|\d{1,9},\d{2}(?!\d)|\d{1,9}(?:\.\d{1,2})?"
)
_EUROPEAN = re.compile(r"(?:\d{1,3}(?:[. ]\d{3})+|\d{1,9}),\d{2}", re.ASCII)
_CENTS = re.compile(r"[.,]\d{2}", re.ASCII)
_CODES = ("usd", "cad", "mxn", "eur", "gbp")
_SIGNS = {"$us": "USD", "$ca": "CAD", "us$": "USD", "c$": "CAD", "ca$": "CAD", "mx$": "MXN", "€": "EUR", "£": "GBP"}
_CODE = "|".join(_CODES)
# A number with one of these behind it is no amount: "24 pallets", "75 USD an hour", "2025-11-18", "3 %".
_MEASURES = "|".join((
    *("lbs?", "kgs?", "miles?", "mi", "pallets?", "skids?", "pcs", "pieces", "cases", "cartons", "cwt", "ft", "tons?"),
    *("hours?", "hrs?", "days?", "jours", "dias", "horas", "°", "am", "pm"),
))  # fmt: skip
_PERIODS = r"hours?|hrs?|h|miles?|mi|days?|cwt|hora|heure|jour|dia"
_MONEY = (
    rf"(?<![\w.,/-])(?P<minus>-)?(?P<before>us\$|ca?\$|mx\$|[$€£]|(?:{_CODE})\b ?[$€£]?)? ?"
    rf"(?P<number>{_NUMBER})(?P<after> ?(?:{_CODE})\b| ?€| ?\$(?: ?(?:ca|us)\b)?)?"
    rf"(?![\d%]|[.,/:-]\d| %| ?(?:{_MEASURES})\b)"
    rf"(?! ?(?:/|per |an? |por |par ) ?(?:{_PERIODS})\b)"
)
_ANY_MONEY = re.compile(_MONEY)
_BETWEEN = r"(?: ?\([a-z]{3}\))?[ \t*_]{0,4}(?:[:=|]|\.{2,}|[-–] |(?:is|was|of|es|est|de) )?[ \t.*_|]{0,60}?"
# "Description: Line haul | Qty: 1 | Amount: 1,310.00": a row of a table with its heads.
_COLUMN = (
    rf" \| (?:[^|\n:]{{1,20}}: [^|\n]{{0,15}} \| ){{0,3}}"
    rf"(?:{paper_words.expression(paper_words.COLUMNS)})[^|\n:]{{0,12}}: "
)
# What stands before a label: a "detention rate" is no "rate".
_SMALL_WORDS = "the|an?|our|your|and|plus|with|el|la|le|une?|y|et|invoice|order"
_BEFORE = rf"(?:^|[|\t\n;,.(:*•]|  |[-–] |\b(?:{_SMALL_WORDS}) )[ *_#]{{0,4}}"
DATE = (
    r"\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})|\d{1,2}\.\d{1,2}\.\d{4}"
    r"|[a-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{1,2}(?: de)?[ -][a-z]{3,10}\.?(?: del?)?[ -]\d{4}"
)
"""A date with its year, in a folded text."""
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
_NOT_ENGLISH = re.compile(
    r"\b(?:factura|fecha|vence|embarque|entrega|recoleccion|facture|livraison|echeance|ramassage|connaissement)\b"
)
_OTHER_DOLLARS = re.compile(r"\b(?:cad|mxn|aud|nzd|pesos?|canadian|canadiens?|gst|hst|iva|rfc|tps|tvq)\b|\bm\.n\.")
_TERMS = re.compile(
    r"\b(?:net ?(?P<net>\d{1,3})\b(?: days)?|(?P<days>\d{1,3}) days net|(?P<jours>\d{1,3}) jours net"
    r"|(?P<quick>quick[ -]?pay)|(?P<receipt>due (?:up)?on receipt))\b"
)
_WEIGHT_UNITS = {
    **dict.fromkeys(("lb", "lbs", "pounds", "libras", "livres"), "lb"),
    **dict.fromkeys(("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms"), "kg"),
    **dict.fromkeys(("tonne", "tonnes"), "t"),
}
_WEIGHT_UNIT = "|".join(sorted(_WEIGHT_UNITS, key=len, reverse=True))
_WEIGHT = re.compile(rf"(?<![\w.,-])(?P<number>{_NUMBER}) ?(?P<unit>{_WEIGHT_UNIT})\b")
_WEIGHT_LABEL = re.compile(
    rf"\b(?:weight|wt|peso|poids)(?: (?:total|bruto|brut|neto|net))?(?: ?\(?(?P<unit>{_WEIGHT_UNIT})\.?\)?)?{_BETWEEN}"
    rf"(?P<number>{_NUMBER})(?![\d:/-])(?: ?(?P<behind>{_WEIGHT_UNIT})\b)?"
)
_QUANTITY_UNITS = {
    **dict.fromkeys(("pallet", "pallets", "plt", "plts", "tarima", "tarimas", "palette", "palettes"), "pallets"),
    **dict.fromkeys(("skid", "skids"), "skids"),
    **dict.fromkeys(("piece", "pieces", "pcs", "piezas"), "pieces"),
    **dict.fromkeys(("case", "cases", "cajas", "caisses"), "cases"),
    **dict.fromkeys(("carton", "cartons", "ctns"), "cartons"),
    **dict.fromkeys(("boxes", "drums", "totes"), None),
    **dict.fromkeys(("bultos", "colis"), "packages"),
}
_QUANTITY_UNIT = "|".join(sorted(_QUANTITY_UNITS, key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?<![\w.,/-])(?P<number>\d{{1,3}}(?:,\d{{3}})+|\d{{1,6}}) ?(?P<unit>{_QUANTITY_UNIT})\b(?! ?[/:])"
)
_TEMPERATURE = re.compile(
    r"(?<![\w.,/])(?P<number>-?\d{1,3}(?:\.\d)?) ?(?:°|º|deg(?:rees)?) ?(?P<scale>[fc])\b"
    r"|\b(?:temp(?:erature|eratura)?|set[ -]?point|reefer set)\b(?: (?:setting|set|requirement|at|to)){0,2} ?[:=|]? ?"
    r"(?P<bare>-?\d{1,3}(?:\.\d)?) ?(?P<unit>[fc])\b"
)
_MILES = re.compile(
    rf"\b(?:miles|distance){_BETWEEN}(?P<number>\d{{1,2}},\d{{3}}|\d{{1,5}})(?:\.\d+)?(?: mi(?:les)?)?(?![\d,.:/-])"
)


_LABELS = {
    paper_words.joined(spelled): name
    for name, phrases in {**paper_words.AMOUNTS, **paper_words.TOTALS}.items()
    for phrase in phrases
    for spelled in paper_words.spellings(phrase)
}
_AMOUNTS = re.compile(
    rf"{_BEFORE}(?P<label>{paper_words.expression(paper_words.all_of(paper_words.AMOUNTS, paper_words.TOTALS))})"
    rf"(?:{_COLUMN}|{_BETWEEN})(?P<value>{_MONEY})",
    re.MULTILINE,
)
# A label that is a line of its own, above its amount.
_ABOVE = re.compile(
    rf"^[ \t*_#]{{0,8}}(?P<label>{paper_words.expression(paper_words.all_of(paper_words.AMOUNTS, paper_words.TOTALS))})"
    rf"[ \t:*_]{{0,8}}\n[ \t*_]{{0,8}}(?P<value>{_MONEY})[ \t*_]{{0,8}}$",
    re.MULTILINE,
)
_LIKE_MONEY = re.compile(rf"[$€£]|\b(?:{_CODE})\b|\d[.,]\d\d(?!\d)|[:=|] *\d{{3}}")
_DATES = {
    name: re.compile(rf"(?<![\w-])(?:{paper_words.expression(phrases)}){_BETWEEN}(?P<date>{DATE})(?!\d)")
    for name, phrases in paper_words.DATES.items()
}


def find(text: str) -> dict[str, Any]:
    """The attributes that a text states, in the order above; of its first 100,000 characters."""
    text = clean.folded(text[:_SCAN])
    if not any(map(str.isdecimal, text)):
        return {}
    found = _money(text)
    for name, pattern in _DATES.items():
        found[name] = _only(date_of(match["date"], text) for match in pattern.finditer(text))
    found["terms"] = _only(map(_terms, _TERMS.finditer(text)))
    weight = _only(_weights(text))
    found["weight"], found["weight_unit"] = weight or (None, None)
    quantity = _only(
        (_plain(match["number"]), _QUANTITY_UNITS[match["unit"]] or match["unit"]) for match in _QUANTITY.finditer(text)
    )
    found["quantity"], found["quantity_unit"] = quantity or (None, None)
    found["temperature"] = _only(map(_temperature, _TEMPERATURE.finditer(text)))
    found["miles"] = _only(_plain(match["number"]) for match in _MILES.finditer(text))
    return {name: value for name, value in found.items() if value is not None}


def money_in(text: str) -> list[tuple[Number, str | None]]:
    """All amounts with a currency in a short text, each with its currency where that is certain."""
    text = clean.folded(text)
    every = (match for match in _ANY_MONEY.finditer(text) if match["before"] or match["after"])
    return [(_amount(match), _code(match) or _currency((), text)) for match in every]


def date_of(written: str, text: str) -> str | None:
    """A date as "2025-11-18"; None for one that cannot be read. Both texts are folded.

    Also for one whose month may be its day, in a text that is not in English: only there the month is surely first.
    """
    with assumptions() as assumed:
        moment = timestamps.parse(_ORDINAL.sub("", written))
    if moment is None or (assumed and not is_in_english(text)):
        return None
    return moment.date().isoformat()


def is_in_english(text: str) -> bool:
    """Whether no word of Spanish or French papers is in a folded text."""
    return _NOT_ENGLISH.search(text) is None


def _money(text: str) -> dict[str, Any]:
    every: dict[str, set[tuple[Number, str | None]]] = {}
    found = chain(_AMOUNTS.finditer(text), _ABOVE.finditer(text)) if _LIKE_MONEY.search(text) else ()
    for match in found:
        if _is_money(match, text):
            name = _LABELS[paper_words.joined(match["label"])]
            every.setdefault(name, set()).add((_amount(match), _code(match)))
    weak = [every.pop(name, None) for name in paper_words.TOTALS]
    if "total_amount" not in every and (total := next(filter(None, weak), None)):
        every["total_amount"] = total
    stated = {name: next(iter(values)) for name, values in sorted(every.items()) if len(values) == 1}
    currencies = {currency for _, currency in stated.values() if currency}
    if not stated or len(currencies) > 1:
        return {}
    return {**{name: number for name, (number, _) in stated.items()}, "currency": _currency(currencies, text)}


def _is_money(match: re.Match[str], text: str) -> bool:
    """Whether the number has a currency or cents, or is all that stands beside its label: "Total 24" may be pallets."""
    if match["before"] or match["after"] or _CENTS.match(match["number"], len(match["number"]) - 3):
        return True
    marked = any(mark in text[match.end("label") : match.start("value")] for mark in ":=|")
    rest = text[match.end() : match.end() + 20].lstrip(" \t")
    return (
        marked and rest[:1] in ("", "\n", "|") and len(match["number"]) > 2 and match["label"] not in ("total", "due")
    )


def _amount(match: re.Match[str]) -> Number:
    number = _plain(match["number"])
    return -number if match["minus"] else number


def _code(match: re.Match[str]) -> str | None:
    written = [(match["before"] or "").strip(), (match["after"] or "").replace(" ", "")]
    codes = (one.strip("$€£") for one in written)
    return next((code.upper() for code in codes if code in _CODES), None) or next(
        (_SIGNS[sign] for sign in written if sign in _SIGNS), None
    )


def _currency(currencies: Iterable[str], text: str) -> str | None:
    for code in currencies:
        return code
    return "USD" if "$" in text and not _OTHER_DOLLARS.search(text) else None


def _plain(written: str) -> Number:
    plain = (
        written.replace(".", "").replace(" ", "").replace(",", ".")
        if _EUROPEAN.fullmatch(written)
        else written.replace(",", "")
    )
    number = float(plain)
    return int(number) if number.is_integer() else number


def _only(values: Iterable[T | None]) -> T | None:
    """The one value that is stated; None where there are two."""
    found = dict.fromkeys(value for value in values if value is not None)
    return next(iter(found)) if len(found) == 1 else None


def _terms(match: re.Match[str]) -> str:
    days = match["net"] or match["days"] or match["jours"]
    return f"net {int(days)}" if days else "quick pay" if match["quick"] else "on receipt"


def _weights(text: str) -> list[tuple[Number, str]]:
    """The weights beside their label, with a unit; if there are none, all weights with a unit."""
    units = ((match, match["behind"] or match["unit"]) for match in _WEIGHT_LABEL.finditer(text))
    labelled = [(_plain(match["number"]), _WEIGHT_UNITS[unit]) for match, unit in units if unit]
    return labelled or [(_plain(match["number"]), _WEIGHT_UNITS[match["unit"]]) for match in _WEIGHT.finditer(text)]


def _temperature(match: re.Match[str]) -> str:
    return f"{match['number'] or match['bare']} {(match['scale'] or match['unit']).upper()}"
