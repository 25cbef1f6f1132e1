"""Rows of other systems, with ids that only count within their table: invoice 1 and fuel 1 are two things."""

from __future__ import annotations

from datetime import timedelta

from quality.records.company import NO_VIN, World
from quality.records.emission import Emission, Payload, utc
from quality.records.samsara import known as truck_of
from quality.records.turvo import company_of, known


def emit(out: Emission, world: World, count: int) -> None:
    """`count` invoices, some of them twice as they change, and as many fillings of fuel."""
    trucks = [truck for truck in world.trucks if truck.vin not in ("", NO_VIN)]
    for number in range(count):
        _invoice(out, world, number)
        truck = trucks[number % len(trucks)]
        at = truck.pings[0].at + timedelta(hours=number, minutes=7)
        out.add(
            "table.fuel",
            {
                "id": number + 1,
                "vin": out.rng.choice((truck.vin, truck.vin.lower())),
                "gallons": 80 + number,
                "updated_at": utc(at),
            },
        )
        row = out.gold.thing(f"fuel:{number + 1}", "Document", marks=[f"fuel#{number + 1}"])
        out.gold.fact(row, "MENTIONS", truck_of(out, truck), at)


def _invoice(out: Emission, world: World, number: int) -> None:
    shipment = world.shipments[number % len(world.shipments)]
    _, customer = shipment.customers[0]
    at = shipment.statuses[-1][2] + timedelta(hours=1 + number)
    row: Payload = {"id": number + 1, "shipment_number": shipment.number, "total": 1850.5 + number, "state_of": "open"}
    if not customer.is_namesake:
        row["customer_name"] = out.rng.choice(customer.spellings)
    out.add("table.invoices", row | {"updated_at": utc(at)})
    if number % 3 == 0:
        # The same row in another export, whose ids are texts.
        paid = {"id": str(number + 1), "state_of": "paid", "updated_at": utc(at + timedelta(days=2))}
        out.add("table.invoices", row | paid)
    document = out.gold.thing(f"invoice:{number + 1}", "Document", marks=[f"invoices#{number + 1}"])
    out.gold.fact(document, "MENTIONS", known(out, shipment), at)
    if not customer.is_namesake:
        out.gold.fact(document, "MENTIONS", company_of(out, customer), at)
