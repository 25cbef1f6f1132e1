"""A name of a text finds the known things with a similar name, by the records that name them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apex_cli.config import load
from apex_cli.extract import keys
from apex_cli.model import Entity, EntityType
from apex_cli.pipeline.context import coordinator_for
from apex_cli.pipeline.known_names import KnownNames
from apex_cli.sources.registry import extract
from apex_cli.stores.factory import open_stores
from tests import profiles
from tests.plans import make_record

CARRIERS = ("Lakeshore Haulage Inc", "Lakeland Freight", "Acme Transport", "Rocky Mountain Express")
CUSTOMERS = ("Lakeshore Haulage Supplies", "Northern Foods")


@pytest.fixture
async def known(short_tmp: Path, tmp_path: Path) -> AsyncIterator[KnownNames]:
    """What a memory knows of 40 shipments of these carriers and customers."""
    home = short_tmp / tmp_path.name
    settings = load({"home": home}, cwd=tmp_path, environ=profiles.variables(home))
    records = [
        make_record(
            f"S{number}",
            payload={
                "shipmentId": f"S{number}",
                "carrierName": CARRIERS[number % len(CARRIERS)],
                "customerName": CUSTOMERS[number % len(CUSTOMERS)],
                "status": "in_transit",
                "updatedAt": "2025-10-19T08:00:00Z",
            },
            namespace=settings.namespace,
        )
        for number in range(40)
    ]
    async with open_stores(settings) as stores:
        embedded = await stores.embedding.apply([extract(record) for record in records])
        await coordinator_for(settings, stores).write(list(zip(records, embedded, strict=True)))
        yield KnownNames(stores)
    profiles.clean_up(home)


def bare(kind: EntityType, name: str) -> Entity:
    named: keys.NamedKind = "carrier" if kind is EntityType.CARRIER else "customer"
    return Entity(kind, (keys.source_name(named, "frontapp", name),), name)


async def test_a_similar_name_of_the_type_is_a_candidate(known: KnownNames) -> None:
    asked = [
        bare(EntityType.CARRIER, "Lakeshore Haulage"),
        bare(EntityType.CUSTOMER, "Lakeshore Haulage"),
        bare(EntityType.CARRIER, "Lakeshore Haulage Incorporated"),
        bare(EntityType.CARRIER, "Quince Orchard Dairy"),
    ]
    found = await known.similar(asked)
    assert [[one.name for one in some][:1] for some in found] == [
        ["Lakeshore Haulage Inc"],
        ["Lakeshore Haulage Supplies"],
        ["Lakeshore Haulage Inc"],
        [],
    ]
    assert {one.type for one in found[0]} == {EntityType.CARRIER}
    assert (await known.aliases([found[0][0].key, "carrier:mc:1"])) == {found[0][0].key}
    assert await known.similar([]) == []
