"""A row of a table by the meanings of its columns: what it is about, and which row it is.

{"Load #": "LD-1", "Customer": "Acme", "PU City": "Chicago"}   number LD-1, customer Acme, origin_city Chicago: a load
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache

from apex_cli.extract import column_heads, contacts, fields, keys, placeholders, timestamps
from apex_cli.extract.identity import external_id
from apex_cli.extract.time_values import looks_like_a_time, with_clock
from apex_cli.model import JsonObject
from apex_cli.sources.turvo.shapes import refers_to_shipment

KINDS = ("load", "check_call", "stop", "invoice", "vehicle", "position", "driver", "carrier")
_MOST_COLUMNS = 300
_NUMBERS = ("number", "trip", "order", "pro")
"""What a load is known by, the preferred one first. The last three count where there is no better one."""
_ENDS = ("origin", "destination")
_ABOUT_LOAD = frozenset(
    ("customer", "carrier", "driver", "truck", "trailer", "mc", "status", "rate", "customer_rate", "carrier_rate",
     "equipment", "weight", "commodity", "pickup_date", "delivery_date", "origin_or_pickup", "destination_or_delivery",
     "po", "bol", "eta", "location",
     *(f"{end}{part}" for end in _ENDS for part in ("", "_city", "_state", "_zip", "_address", "_name")))
)  # fmt: skip
_PLACED = frozenset(name for name in _ABOUT_LOAD if name.startswith(_ENDS))
_BOARD = _PLACED | {"customer", "carrier", "rate", "pickup_date", "delivery_date"}
_OF_VEHICLE = frozenset(
    ("vin", "plate", "make", "model", "year", "driver", "driver_id", "driver_phone", "status", "location", "trailer",
     "carrier", "latitude", "city", "mc", "dot", "equipment")
)  # fmt: skip
_OF_INVOICE = frozenset(("invoice_date", "due_date", "balance"))
_OF_CARRIER = frozenset(
    ("carrier", "name", "carrier_phone", "carrier_email", "phone", "email", "contact", "city", "state", "status",
     "address", "mc", "dot", "scac")
)  # fmt: skip
# Names of the flat layout that Turvo's rules read by themselves.
_TURVOS_WORDS = """
    shipment_id custom_id turvo_id id customer_name customer carrier_name carrier carrier_mc carrier_dot driver_name
    driver driver_phone driver_email status status_time status_date origin destination po_numbers bol_number pro_number
    container_number seal_number invoice_number pickup_number equipment weight commodity rate miles trailer_number
    trailer truck_number truck pickup_time delivery_time start_date end_date updated_at last_updated updated
    customer_rate carrier_rate mode managed_by temperature quantity currency created_at created notes
    customer_id carrier_id carrier_mc_number carrier_dot_number carrier_scac driver_id customer_email customer_phone
    carrier_email carrier_phone
"""
_TURVOS = frozenset(_TURVOS_WORDS.split())
_OWN_TIMES = ("updated", "status_time", "date")
_LONGEST_NUMBER = 60
_FEWEST = 2
"""Columns beside the id from which it is sure what a row is about."""
_OTHER_IDS = ("id", "uuid", "guid")
_TYPES = ("type", "object", "kind", "record_type", "document_type")
_PAID = frozenset(("rate", "balance", "quantity", "miles"))
_DATES = frozenset(("date", "time", "timestamp", "datetime", "day", "week"))
# Dates that a thing has once, or one at a time.
_STANDING_WORDS = """
    expiration expires expiry expire exp hire hired birth dob purchase purchased registration registered due next last
    annual issue issued effective since start end valid until renewal vencimiento caducidad vigencia contratacion
    expedicion embauche naissance achat
"""
_STANDING = frozenset(_STANDING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table: the names with each meaning, in their order, and the unit that a name gives.

    `of_events`: a column has the date of something that happens. That of a status or an update is none.
    """

    names: Mapping[str, tuple[str, ...]]
    units: Mapping[str, str]
    of_events: bool

    @property
    def is_board(self) -> bool:
        """Whether the table is a load board: its columns say for whom a load is, whence and where to."""
        placed = all(any(name.startswith(end) for name in self.names) for end in _ENDS)
        return placed and "customer" in self.names


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row with its columns. `kind` is one of `KINDS`; None where the row is about nothing known."""

    payload: JsonObject
    columns: Columns
    kind: str | None

    @property
    def is_in_turvos_words(self) -> bool:
        """Whether every known column that is filled is called as in Turvo's flat layout."""
        known = (name for names in self.columns.names.values() for name in names)
        return all(name in _TURVOS or self.payload[name] in (None, "") for name in known)

    @property
    def is_board(self) -> bool:
        """Whether it is a row of a load board."""
        return self.kind == "load" and self.columns.is_board

    def has(self, *meanings: str) -> bool:
        """Whether there is a column with one of these meanings, filled or not."""
        return any(name in self.columns.names for name in meanings)

    def get(self, *meanings: str) -> str | None:
        """The first cell with one of these meanings that is filled."""
        return next(iter(self.all(*meanings)), None)

    def all(self, *meanings: str) -> list[str]:
        """The cells with these meanings that are filled, placeholders such as `TBD` left out."""
        cells = (self.payload[name] for meaning in meanings for name in self.columns.names.get(meaning, ()))
        return [text for cell in cells if (text := fields.scalar(cell)) and not placeholders.is_id(text)]

    @property
    def status(self) -> str | None:
        """The status; "Pending", which is a placeholder elsewhere, is one."""
        return fields.pick(self.payload, *self.heads("status"))

    def heads(self, meaning: str) -> tuple[str, ...]:
        """What the columns with this meaning are called."""
        return self.columns.names.get(meaning, ())

    def unit(self, meaning: str) -> str | None:
        """The unit that the head of the column gives: `lbs` of "Weight (lbs)"."""
        return next((self.columns.units[name] for name in self.heads(meaning) if name in self.columns.units), None)

    def time(self, date: str, clock: str = "") -> datetime | None:
        """The moment in the cell with this meaning, with the time of day in another one; None where it is none."""
        written, hour = self.get(date), self.get(clock) if clock else None
        both = {"at_date": written, "at_time": hour} if hour else {"at_date": written}
        found = timestamps.parse(with_clock(both, "at_date")) if written else None
        return found or timestamps.parse(written) or (timestamps.parse(hour) if written is None else None)


def read(payload: JsonObject) -> TableRow | None:
    """The row that an object is; None where it has objects or lists inside, or no column with a known meaning."""
    if len(payload) > _MOST_COLUMNS or any(isinstance(value, dict | list) for value in payload.values()):
        return None
    known = columns(tuple(payload))
    if not known.names:
        return None
    row = TableRow(payload, known, None)
    return TableRow(payload, known, _kind(row))


def identity(row: TableRow) -> tuple[str, str | None]:
    """Data type and external id of a row."""
    kind = row.kind or "load"
    own: str | None = None
    if kind in ("load", "check_call", "stop"):
        own = number(row)
        if own and kind == "check_call" and (moment := own_time(row)):
            own = f"{own}@{timestamps.rfc3339(moment)}"
        elif own and kind == "stop":
            own = f"{own}/{row.get('stop')}"
    elif kind == "invoice":
        own = _id(row, "invoice")
    elif kind in ("vehicle", "position"):
        own = vin(row) or _id(row, "truck")
        if own and kind == "position" and (moment := row.time("date", "time")):
            own = f"{own}@{timestamps.rfc3339(moment)}"
    elif kind == "driver":
        own = driver_id(row)
    elif kind == "carrier":
        own = next((f"{kind.upper()} {found}" for kind in ("mc", "dot", "scac") if (found := docket(row, kind))), None)
    return kind, external_id(own)


def number(row: TableRow) -> str | None:
    """The number of the load that a row is about."""
    return next((found for name in _NUMBERS if (found := _id(row, name))), None)


def vin(row: TableRow) -> str | None:
    """The VIN of a row; None for what has not the form of one."""
    found = row.get("vin")
    return found.upper() if found and placeholders.is_vin(found) else None


def docket(row: TableRow, kind: str) -> str | None:
    """The MC or USDOT number of a row, or the SCAC."""
    found = row.get(kind)
    if found is None or kind != "scac":
        return keys.docket_number(found)
    return found.upper() if 2 <= len(found) <= 4 and found.isascii() and found.isalpha() else None


def driver_id(row: TableRow) -> str | None:
    """What a row's driver is known by: an id, a licence, an e-mail address or a telephone number."""
    return (
        _id(row, "driver_id")
        or _id(row, "driver_license")
        or contacts.email(row.get("driver_email", "email"))
        or contacts.phone(row.get("driver_phone", "phone"))
    )


def own_time(row: TableRow) -> datetime | None:
    """The time as of which a row states what it does: when it was updated, or the time of its status. A column "Date"
    is that where no other column has a date."""
    found = row.time("updated") or row.time("status_time", "time")
    if row.kind == "position":
        return row.time("date", "time")
    if found or row.has("pickup_date", "delivery_date", "created", "origin_or_pickup", "invoice_date"):
        return found
    return row.time("date", "time")


def unread_time(row: TableRow) -> tuple[str, str] | None:
    """The name and the cell of a time of the row itself that is meant as one and cannot be read."""
    for meaning in _OWN_TIMES[:2]:
        for name in row.heads(meaning):
            cell = fields.scalar(row.payload[name])
            if cell and looks_like_a_time(cell) and timestamps.parse(cell) is None:
                return name, cell
    return None


@lru_cache(maxsize=1024)
def columns(heads: tuple[str, ...]) -> Columns:
    """The columns that heads in snake case are."""
    names: dict[str, tuple[str, ...]] = {}
    for head in heads:
        if meaning := column_heads.meaning(head):
            names[meaning] = (*names.get(meaning, ()), head)
    if "deadhead" in names and (trips := names.pop("trip", ())):
        # On the boards where carriers look for loads, the trip is how far it is: "Origin, Trip, Destination, DH-O".
        names["miles"] = (*names.get("miles", ()), *trips)
    known = [head for every in names.values() for head in every]
    units = {head: unit for head in known if (unit := column_heads.unit(head))}
    return Columns(names, units, any(map(_is_date_of_event, heads)))


def _is_date_of_event(head: str) -> bool:
    meaning = column_heads.meaning(head)
    if meaning is not None:
        return meaning in ("date", "time")
    words = set(head.split("_"))
    return bool(words & _DATES) and not words & _STANDING


def _kind(row: TableRow) -> str | None:
    """What a row is about, by its columns, where its id is there.

    A row that has an id of its own beside, or says that it is something else, is no row of these kinds.
    """
    known = row.columns.names.keys()
    if any(row.payload.get(name) not in (None, "") for name in _OTHER_IDS) and not row.columns.is_board:
        return None
    if known & _OF_INVOICE and _id(row, "invoice"):
        return "invoice"
    return _kind_of_load(row) if number(row) else _kind_of_thing(row)


def _kind_of_load(row: TableRow) -> str | None:
    known = row.columns.names.keys()
    may_refer = any(name in row.payload for name in _TYPES) or not _TURVOS.isdisjoint(row.heads("number"))
    if may_refer and refers_to_shipment({**row.payload, "shipment_id": number(row)}):
        return None
    if row.get("stop"):
        return "stop"
    if _is_call(row):
        return "check_call"
    sure = _FEWEST if "number" in known else _FEWEST + 1
    return "load" if len(known & _ABOUT_LOAD) >= sure else None


def _kind_of_thing(row: TableRow) -> str | None:
    """A vehicle, a driver or a carrier. A table with the date of something that happens to them has many rows of each:
    fuel, hours, inspections. Such a row is known by its content, but for a position."""
    known = row.columns.names.keys()
    if row.columns.of_events:
        moves = _id(row, "truck") and (row.get("location") or row.get("latitude"))
        return "position" if moves and row.time("date", "time") and not known & _PAID else None
    if vin(row) or (_id(row, "truck") and known & _OF_VEHICLE and not known & _BOARD - {"carrier"}):
        return "vehicle"
    if "driver" in known and driver_id(row) and row.get("driver"):
        return "driver"
    dockets = [kind for kind in ("mc", "dot", "scac") if docket(row, kind)]
    named = row.get("carrier") or (row.get("name") and "customer" not in known)
    return "carrier" if dockets and named and len(known & _OF_CARRIER) >= _FEWEST else None


def _is_call(row: TableRow) -> bool:
    """Whether a row tells of one moment of a load, one of several: a check call."""
    if row.columns.names.keys() & _BOARD or not row.has("status", "location", "notes"):
        return False
    moment = own_time(row)
    return moment is not None and moment.time() != time()


def _id(row: TableRow, meaning: str) -> str | None:
    found = row.get(meaning)
    if found is None or len(found) > _LONGEST_NUMBER or not any(map(str.isdigit, found)):
        return None
    return None if placeholders.is_id(found) else found
