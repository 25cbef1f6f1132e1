"""Who has to do with a shipment: its customers, carriers, drivers and managers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from apex_cli.extract import clean, contacts, entities, fields, keys, timestamps
from apex_cli.extract.builder import EntityRef
from apex_cli.extract.contacts import Contact
from apex_cli.model import Entity, JsonObject, Predicate
from apex_cli.sources.turvo import amounts
from apex_cli.sources.turvo.subject import CREATED, Subject

_SINCE = (
    "started_at", "assigned_at", "assigned_on", "tendered_at", "tendered_on", "tender_time", "tender_date",
    "accepted_at", "accepted_on", *CREATED,
)  # fmt: skip
_TENDERED = ("tendered_at", "tendered_on", "tender_time", "tender_date", "covered_at", "carrier_assigned_at")
_DOCKETS = {"mc": ("mc", "mc_number"), "dot": ("dot", "dot_number", "usdot", "usdot_number")}
_ABOUT = ("owner", "parent", "parent_account", "email", "phone", "scac")


@dataclass(frozen=True, slots=True)
class _Party:
    """A customer, carrier or driver of a shipment, and the phrase that names it in a text.

    Since and until when, where that is stated; `paid` is what its order says about money.
    """

    ref: EntityRef
    phrase: str
    since: datetime | None = None
    ended: datetime | None = None
    paid: Mapping[str, Any] = field(default_factory=dict)


def customer(source: str, part: JsonObject) -> Entity | None:
    """A customer as one object describes it, with `id` and `name`; None if it has neither."""
    own_id = fields.pick(part, "id")
    made = [keys.turvo_id("customer", own_id)] if own_id else []
    return entities.named("customer", source, fields.pick(part, "name"), made, label=own_id, attributes=_about(part))


def carrier(source: str, part: JsonObject) -> Entity | None:
    """A carrier as one object describes it, with `id`, `name`, MC and USDOT number; None if it has none of them."""
    own_id = fields.pick(part, "id")
    written = {kind: text for kind, names in _DOCKETS.items() if (text := fields.pick(part, *names))}
    numbers = {kind: number for kind, text in written.items() if (number := keys.docket_number(text))}
    found = keys.given(
        (partial(keys.turvo_id, "carrier"), own_id),
        *((partial(keys.docket, kind), numbers.get(kind)) for kind in ("mc", "dot")),
    )
    label = next(iter(written.values()), own_id)
    about = {**_about(part), **numbers}
    return entities.named("carrier", source, fields.pick(part, "name"), found, label=label, attributes=about)


def claim_customers(subject: Subject) -> list[str]:
    """Claims each customer since its order, else since the shipment, was created. One of a deleted order has ended."""
    builder = subject.builder
    found = []
    for order in (subject.payload, *subject.rows("customer_order")):
        entity = customer(subject.source, _inside(order, "customer"))
        if entity is not None:
            ref, since, ended = builder.add(entity), None, None
            if order is not subject.payload:
                since, ended = timestamps.read(order, *CREATED), subject.end(order)
            found.append(_Party(ref, f"customer {entity.name}", since, ended, amounts.costs(order)))
    standing = {builder.known(party.ref).key for party in found if party.ended is None}
    clauses = []
    for party in found:
        if party.ended and builder.known(party.ref).key in standing:
            continue
        since = party.since or subject.created or party.ended
        builder.claim(
            subject.ref,
            Predicate.FOR_CUSTOMER,
            party.ref,
            valid_at=since,
            invalid_at=party.ended,
            attributes=party.paid,
        )
        clauses.append(f"{'no longer ' if party.ended else ''}for {party.phrase}")
    return list(dict.fromkeys(clauses))


def claim_carriers(subject: Subject, tendered: datetime | None) -> list[str]:
    """Claims the carrier that hauls the shipment, and those that did.

    The first is `carrierName`, else the last of the orders that is not deleted. It counts from the time that its order
    has, else from `tendered` on.
    """
    found = []
    for name, order in _orders(subject, "carriers", "carrier_order"):
        entity = carrier(subject.source, order if name == "carriers" else _inside(order, "carrier"))
        if entity is not None:
            since, ended = timestamps.read(order, *_SINCE), subject.end(order)
            paid = amounts.costs(order)
            found.append(_Party(subject.builder.add(entity), _carrier_phrase(entity), since, ended, paid))
    flat = carrier(subject.source, _inside(subject.payload, "carrier"))
    if flat is not None:
        found.append(_Party(subject.builder.add(flat), _carrier_phrase(flat)))
    return _claim_succession(
        subject,
        Predicate.HAULED_BY,
        ("hauled by ", "also hauled by ", "no longer hauled by "),
        found,
        since=timestamps.read(subject.payload, *_TENDERED) or tendered,
        earliest=subject.created,
    )


def claim_drivers(subject: Subject) -> list[str]:
    """Claims the driver of the shipment, and those that were: `driverName`, else the last of the orders' drivers who is
    not deleted, nor of a deleted order."""
    found = []
    payload = subject.payload
    for order in (payload, *subject.rows("carrier_order")):
        for assigned in subject.rows("drivers", order):
            since, ended = timestamps.read(assigned, *_SINCE), subject.end(assigned)
            if order is not payload:
                ended = ended or subject.end(order)
            found.extend(_driver(subject, (assigned.get("context"), assigned), since, ended))
    flat = {name: payload.get(f"driver_{name}") for name in ("id", "name", "phone", "email")}
    found.extend(_driver(subject, (flat, payload.get("driver"))))
    return _claim_succession(
        subject, Predicate.ASSIGNED_DRIVER, ("driver ", "also driver ", "no longer driver "), found
    )


def claim_managers(subject: Subject) -> list[str]:
    """Claims `managedBy` and the contributors, each with the role that it has."""
    people: list[tuple[Contact | None, JsonObject]] = [(contacts.parse(subject.payload.get("managed_by")), {})]
    for part in subject.rows("contributors"):
        people.append((_contact(part.get("contributor_user", part.get("user", part))), part))
    clauses = []
    for contact, part in people:
        person = entities.human("person", subject.source, contact) if contact else None
        if contact is None or person is None:
            continue
        role, ended = fields.label(part.get("title") or part.get("role")), subject.end(part)
        since = timestamps.read(part, *_SINCE) or ((subject.created or ended) if ended else None)
        said = {"role": clean.line(role)} if role else {}
        ref = subject.builder.add(person)
        subject.builder.claim(subject.ref, Predicate.MANAGED_BY, ref, valid_at=since, invalid_at=ended, attributes=said)
        as_role = f" as {clean.line(role)}" if role else ""
        clauses.append(f"{'no longer ' if ended else ''}managed by {contact.describe()}{as_role}")
    return clauses


def _claim_succession(
    subject: Subject,
    predicate: Predicate,
    words: tuple[str, str, str],
    parties: list[_Party],
    *,
    since: datetime | None = None,
    earliest: datetime | None = None,
) -> list[str]:
    """Claims of a relation that one party has at a time: the last that has not ended has it, since its own time, else
    since the one that is given. Those that ended had it before: until their own end, at the latest until the present
    one began. `words` go before the present one, before others that have not ended, and before those that have."""
    builder = subject.builder
    standing = [party for party in parties if party.ended is None]
    clauses = []
    if standing:
        ref = standing[-1].ref
        now = builder.known(ref)
        same = [party for party in standing if builder.known(party.ref) is now]
        since = next((party.since for party in same if party.since), since)
        paid = next((party.paid for party in same if party.paid), {})
        builder.claim(subject.ref, predicate, ref, valid_at=since, attributes=paid)
        phrases = dict.fromkeys(party.phrase for party in standing if party not in same)
        clauses = [words[0] + max((party.phrase for party in same), key=len), *(words[1] + one for one in phrases)]
    for party in parties:
        if party.ended is not None:
            until = min(party.ended, since or builder.event_time) if standing else party.ended
            began = min(party.since or earliest or until, until)
            builder.claim(subject.ref, predicate, party.ref, valid_at=began, invalid_at=until, attributes=party.paid)
            clauses.append(words[2] + party.phrase)
    return list(dict.fromkeys(clauses))


def _orders(subject: Subject, *names: str) -> Iterator[tuple[str, JsonObject]]:
    return ((name, order) for name in names for order in subject.rows(name))


def _inside(order: JsonObject, kind: str) -> JsonObject:
    """The customer or carrier of an order, or of a flat shipment with `carrierName`, `carrierId`, `carrierMc`."""
    inside = order.get(kind)
    flat = {name: order[f"{kind}_{name}"] for name in ("id", "name", "mc", "dot") if order.get(f"{kind}_{name}")}
    if isinstance(inside, dict):
        return {**inside, **flat}
    return {"name": inside, **flat}


def _about(part: JsonObject) -> dict[str, Any]:
    """What is kept of a customer or carrier beside its names and ids."""
    found = {name: text for name in _ABOUT if (text := fields.label(part.get(name)))}
    if "parent_account" in found:
        found["parent"] = found.pop("parent_account")
    return {name: clean.line(text) for name, text in found.items()}


def _carrier_phrase(entity: Entity) -> str:
    labels = {"mc": "MC-", "dot": "USDOT "}
    numbers = [f"{label}{entity.attributes[kind]}" for kind, label in labels.items() if kind in entity.attributes]
    return f"carrier {clean.joined([entity.name, *numbers])}"


def _driver(
    subject: Subject, parts: tuple[object, ...], since: datetime | None = None, ended: datetime | None = None
) -> list[_Party]:
    """The driver that these parts describe together; None where they do not."""
    contact = _contact(*parts)
    own_id = next((found for part in parts if isinstance(part, dict) and (found := fields.pick(part, "id"))), None)
    driver = entities.human("driver", subject.source, contact, own_id=own_id)
    if driver is None:
        return []
    return [_Party(subject.builder.add(driver), contact.describe() or driver.name, since, ended)]


def _contact(*parts: object) -> Contact:
    """One person out of what several parts say: names, `phone` or `phones`, `email` or `emails`, as texts or objects
    (`{"number": "3125550142", "country": {"key": "us", "value": "+1"}}`)."""
    name = phone = email = None
    for part in parts:
        if not isinstance(part, dict):
            name = name or fields.scalar(part)
            continue
        name = name or fields.label(part.get("name"))
        for one in (*fields.items(part.get("phone")), *fields.items(part.get("phones"))):
            phone = phone or contacts.phone(_dialled(one))
        for one in (*fields.items(part.get("email")), *fields.items(part.get("emails"))):
            email = email or contacts.email(
                fields.pick(one, "email", "address", "value") if isinstance(one, dict) else one
            )
    return Contact(name, email, phone)


def _dialled(phone: object) -> object:
    """A telephone number with the country code that stands beside it."""
    if not isinstance(phone, dict):
        return phone
    number, country = fields.pick(phone, "number", "phone", "value"), fields.label(phone.get("country"))
    if number and country and country.startswith("+") and not number.startswith("+"):
        return f"{country} {number}"
    return number
