"""What people write into the cells of a table: places, amounts with a unit, several numbers with commas between."""

from __future__ import annotations

import re
from typing import Any

from apex_cli.extract import clean, places
from apex_cli.extract.regions import PROVINCES, STATES
from apex_cli.extract.time_values import looks_like_a_time
from apex_cli.sources.table.rows import TableRow

Place = dict[str, str]
"""`city`, and `state` where it is known."""
_LISTED = re.compile(r"\s*[,;/\n]\s*")
_CITY_STATE = re.compile(
    r"(?P<city>[^\W\d][\w.'’ -]{1,60}?)[, ]\s*(?P<state>[A-Z]{2})\.?(?:[, ]\s*[A-Z]?\d[\w -]{2,9})?"
    r"(?:,?\s*(?:USA?|United States|Canada|Mexico|México|MX))?"
)
_AMOUNT = re.compile(
    r"(?P<before>[$€£]|US\$|CA?\$|MX\$|[A-Z]{3})?\s?(?P<number>-?\d[\d,]{0,14}(?:\.\d{1,6})?)\s?(?P<after>[€$£]|[A-Za-z]{1,12})?\.?"
)
_CURRENCY = {"€": "EUR", "£": "GBP", "US$": "USD", "C$": "CAD", "CA$": "CAD", "MX$": "MXN"}
# Postal codes of two letters. Mexico's have other meanings in running text; in a cell behind a city they have none.
_REGIONS = frozenset((
    *STATES, *PROVINCES, "AG", "BN", "BS", "CH", "CL", "CP", "CS", "DF", "CX", "DG", "EM", "GJ", "GR", "HG", "JA",
    "MH", "MR", "NA", "OA", "PU", "QA", "QR", "SI", "SL", "SO", "TA", "TM", "VE", "YU", "ZA",
))  # fmt: skip
_COUNTS = frozenset(("k", "m"))


def listed(cell: str) -> list[str]:
    """The numbers of a cell with commas, semicolons, slashes or line ends between."""
    return [part for part in _LISTED.split(cell) if part]


def amount(cell: str | None, unit: str | None = None) -> dict[str, Any] | None:
    """A number with its unit or currency: `{"amount": 1200.0, "unit": "USD"}`. `unit` is what the column's head says.

    None for a cell that is no number.
    """
    found = _AMOUNT.fullmatch(cell.strip()) if cell and len(cell) <= 60 else None
    if found is None or (found["after"] or "").lower() in _COUNTS:
        return None
    number = float(found["number"].replace(",", ""))
    written = next((each for each in (found["before"], found["after"]) if each and each != "$"), None)
    own = _CURRENCY.get(written or "", written) or unit
    value = int(number) if number.is_integer() else number
    return {"amount": value, **({"unit": own} if own else {})}


def place(cell: str | None) -> Place | None:
    """A place in one cell: "Chicago, IL", "CHICAGO IL 60607", "4421 Main St, Chicago, IL 60607"; else a city alone."""
    text = clean.line(cell) if cell else ""
    if not text or text.isdigit():
        return None
    found = _CITY_STATE.fullmatch(text)
    if found and found["state"] in _REGIONS:
        return {"city": found["city"].strip(" ,"), "state": found["state"]}
    known = places.last(text)
    if known:
        city, _, state = known.rpartition(", ")
        return {"city": city, "state": state}
    city, mark, region = (part.strip() for part in text.rpartition(","))
    return {"city": city, "state": region} if mark and city and region and not region.isdigit() else {"city": text}


def end(row: TableRow, which: str) -> Place | None:
    """Where a load comes from (`origin`) or goes to (`destination`)."""
    city, state = row.get(f"{which}_city"), row.get(f"{which}_state")
    if city:
        return {"city": city, "state": state} if state else place(city)
    either = row.get("origin_or_pickup" if which == "origin" else "destination_or_delivery")
    text = row.get(which) or (either if either and not looks_like_a_time(either) else None)
    found = place(text)
    if found and "state" not in found and state:
        return {**found, "state": state}
    address = row.get(f"{which}_address")
    if found is None and address and (known := places.last(clean.line(address))):
        city, _, region = known.rpartition(", ")
        return {"city": city, "state": region}
    return found


def own_place(row: TableRow) -> Place | None:
    """The place in the columns `City` and `State`."""
    city, state = row.get("city"), row.get("state")
    return ({"city": city, "state": state} if state else place(city)) if city else None


def ambiguous(row: TableRow, name: str) -> str | None:
    """The cell of a column that is called "Pickup" or "Delivery" alone, where it holds a time."""
    cell = row.get("origin_or_pickup" if name == "pickup" else "destination_or_delivery")
    return cell if cell and looks_like_a_time(cell) else None
