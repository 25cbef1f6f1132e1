"""What all four sets have in common: parties, places, references and dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apex_cli.extract import clean, entities, keys, placeholders, places, timestamps
from apex_cli.extract.builder import describe
from apex_cli.model import Entity, Predicate
from apex_cli.sources.x12 import codes
from apex_cli.sources.x12.transaction import Segment, Statement, Transaction, at, moment, number


@dataclass(frozen=True, slots=True)
class Party:
    """One N1 loop: who, in which role, where."""

    role: str
    name: str
    own_id: str
    id_kind: str
    address: str
    city: str
    state: str
    postcode: str
    contacts: tuple[str, ...]

    @property
    def place(self) -> Entity | None:
        return place(self.city, self.state)

    def describe(self) -> str:
        """ "consignee Great Lakes Grocers (500 W Madison St, Chicago, IL 60661; Ann Lee +1 312 555 0142)" """
        where = ", ".join(filter(None, (self.address, self.place.name if self.place else self.city)))
        inside = "; ".join(filter(None, (f"{where} {self.postcode}".strip(), *self.contacts)))
        who = clean.line(" ".join(filter(None, (codes.ROLES.get(self.role, f"party {self.role}"), self.name))))
        return f"{who} ({clean.line(inside)})" if inside else who


def parties(part: Transaction) -> list[Party]:
    """The parties of a part, each with the N3, N4 and G61 segments behind its N1."""
    _, loops = part.loops("N1")
    return [_party(loop) for loop in loops]


def _party(loop: Transaction) -> Party:
    head, town = loop.first("N1"), loop.first("N4")
    contacts = tuple(clean.line(" ".join(filter(None, (at(one, 2), at(one, 4))))) for one in loop.all("G61", "PER"))
    return Party(
        role=at(head, 1),
        name=clean.line(at(head, 2)),
        id_kind=at(head, 3),
        own_id=at(head, 4),
        address=clean.line(" ".join(filter(None, (element for one in loop.all("N3") for element in one[1:])))),
        city=clean.line(at(town, 1)),
        state=at(town, 2).upper(),
        postcode=clean.line(at(town, 3)),
        contacts=tuple(filter(None, contacts)),
    )


def place(city: str, state: str) -> Entity | None:
    """The location "City, ST"."""
    if not city:
        return None
    shown = city.title() if city.isupper() else city
    return entities.city(places.city_name(shown, state) if state else shown)


def carrier(source: str, scac: str, name: str = "") -> Entity | None:
    """A carrier by its SCAC, its name or both."""
    code = scac.strip().upper()
    known = code if 2 <= len(code) <= 4 and code.isalpha() else ""
    ids = [keys.docket("scac", known)] if known else []
    # A code must not become the name of a carrier that has one.
    return entities.named(
        "carrier",
        source,
        name or None,
        ids,
        label=known or None,
        attributes={"scac": known} if known else None,
        certain=bool(name),
    )


def customer(source: str, party: Party) -> Entity | None:
    """A customer as a party describes it."""
    return entities.named("customer", source, party.name or None)


def claim_customer(about: Statement, found: list[Party]) -> None:
    """Claims the customer: the party that pays for the freight."""
    paying = [party for role in codes.CUSTOMERS for party in found if party.role == role]
    entity = next((made for party in paying if (made := customer(about.source, party))), None)
    if entity is not None:
        about.builder.claim(about.shipment, Predicate.FOR_CUSTOMER, about.builder.add(entity))


def claim_carrier(about: Statement, scac: str, found: list[Party]) -> None:
    """Claims the carrier that hauls the shipment, by its SCAC and the name of its N1."""
    own = next((party for party in found if party.role == "CA"), None)
    entity = carrier(about.source, scac or (own.own_id if own else ""), own.name if own else "")
    if entity is not None:
        about.builder.claim(about.shipment, Predicate.HAULED_BY, about.builder.add(entity))
        about.say(f"hauled by {entity.name}" + (f" (SCAC {scac})" if scac and scac != entity.name else ""))


def claim_references(about: Statement, part: Transaction) -> None:
    """Claims the references of L11 (value, qualifier) and N9 (qualifier, value)."""
    for value, qualifier, description in _references(part):
        if placeholders.is_id(value) or qualifier == codes.STOP_NUMBER:
            continue
        entity = reference(value, qualifier)
        about.builder.claim(about.shipment, Predicate.HAS_REFERENCE, about.builder.add(entity))
        label = entity.attributes.get("label")
        about.say(f"{label} {entity.name}" if label else describe(entity), clean.line(description) or None)


def reference(value: str, qualifier: str) -> Entity:
    """An order or a reference, by its qualifier."""
    if qualifier in codes.ORDERS:
        return entities.order(value)
    kind = codes.REFERENCES.get(qualifier)
    if kind is not None:
        return entities.reference(kind, value)
    label = codes.LABELS.get(qualifier, f"Reference {qualifier}" if qualifier else "Reference")
    entity = entities.reference("reference", value)
    return Entity(entity.type, entity.keys, entity.name, attributes={**entity.attributes, "label": label})


def _references(part: Transaction) -> Iterator[tuple[str, str, str]]:
    for segment in part.all("L11"):
        yield at(segment, 1), at(segment, 2), at(segment, 3)
    for segment in part.all("N9"):
        yield at(segment, 2), at(segment, 1), at(segment, 3)


def dates(about: Statement, part: Transaction, state: str = "") -> dict[str, str]:
    """The dates of G62, as attributes: `appointment`, `not_before`, `delivered_at` …"""
    found: dict[str, str] = {}
    for segment in part.all("G62"):
        time = moment(at(segment, 2), at(segment, 4), at(segment, 5), state=state, builder=about.builder, where="G62")
        # The qualifier of the date, else that of the time.
        name = codes.DATES.get(at(segment, 1)) or codes.DATES.get(at(segment, 3)) or f"date_{at(segment, 1).lower()}"
        if time is not None:
            found.setdefault(name, timestamps.rfc3339(time))
    return found


def weight(segment: Segment, amount: int, unit: int) -> dict[str, Any]:
    """A weight as attributes; `amount` and `unit` are the numbers of its elements."""
    value = number(at(segment, amount))
    if not value:
        return {}
    name = codes.WEIGHT_UNITS.get(at(segment, unit))
    return {"weight": value, "weight_unit": name} if name else {"weight": value}


def equipment(part: Transaction) -> dict[str, Any]:
    """Trailer or container of N7 (initial, number), as an attribute of the shipment."""
    found: dict[str, Any] = {}
    for segment in part.all("N7"):
        name = clean.line(f"{at(segment, 1)}{at(segment, 2)}")
        if name and not placeholders.is_id(name):
            found["trailer"] = name
    return found
