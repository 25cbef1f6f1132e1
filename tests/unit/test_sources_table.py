"""Rows of tables: what they are about, which record each is, and what it states."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apex_cli.config_files import SourceTable
from apex_cli.extract.column_heads import meaning
from apex_cli.model import EntityType, RecordKind
from apex_cli.sources import configured
from apex_cli.sources.registry import classify, registered
from tests.sheet_helpers import NOON, facts, records, stated

BOARD = (
    "Load #,PO #,Customer,Origin,Destination,Pick date,Carrier,MC #,Driver,Driver phone,Truck #,Status,Rate,"
    "Weight (lbs)\n"
    'LD-4401,PO-1/PO-2,Acme Corp,"Chicago, IL",GARY IN 46402,10/19/2025,Bluestem Transit,MC-774120,Tomas Beltran,'
    '312-555-0142,6520,In Transit,"$1,200.00","38,000"\n'
    'LD-4402,,Acme Corp,"4421 Main St, Joliet, IL 60432","Dallas, TX",TBD,,,,,,Pending,"$2,400.00",\n'
)


def written(folder: Path, text: str, name: str = "loads.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("heads", "name"),
    [
        ("Load # | LOAD NO. | Load ID | Shipment Number | loadNumber | Número de carga | N° de chargement", "number"),
        ("PO | P.O. # | Purchase Order No. | Orden de compra | Bon de commande", "po"),
        ("Customer Name | Cust. | Bill To | Cliente | Nom du client", "customer"),
        ("Carrier | Trucking Company | Transportista | Transporteur", "carrier"),
        ("MC# | MC Number | M.C. No.", "mc"),
        ("USDOT | US DOT # | DOT Number", "dot"),
        ("Legal Name | Company Name", "name"),
        ("Billed Party | Bill To Party", "customer"),
        ("Shp City | Shpr City", "origin_city"),
        ("Cons St | Cons State", "destination_state"),
        ("Driver Name | Chofer | Nombre del operador | Chauffeur", "driver"),
        ("Driver's Cell | Driver Phone # | Teléfono del chofer", "driver_phone"),
        ("Truck # | Tractor No | Unit | Unidad | Camion", "truck"),
        ("Origin | From | Ship From | Pick-up Location | Origen | Origine", "origin"),
        ("Origin City | O City | PU City | Ciudad de origen | Ville de départ", "origin_city"),
        ("Dest. State | Del State | Delivery ST | Estado de destino", "destination_state"),
        ("Pick Date | P/U Date | Ship Date | Pickup Appt | Fecha de recolección | Date d'enlèvement", "pickup_date"),
        ("Delivery Date | Del Date | DLV Appt | Fecha de entrega | Date de livraison", "delivery_date"),
        ("Status | Estatus | Statut | Estado", "status"),
        ("Rate | Total Rate | Rate (USD) | Tarifa | Prix", "rate"),
        ("Weight | Wt. (lbs) | Peso (kg) | Poids", "weight"),
        ("Equipment | Equip Type | Trailer Type | Tipo de equipo", "equipment"),
        ("BOL # | B/L | Bill of Lading | Carta porte | Connaissement", "bol"),
        ("Last Update | Updated at | Última actualización | Mise à jour", "updated"),
    ],
)
def test_heads_are_known_however_they_are_written(heads: str, name: str) -> None:
    assert {head.strip(): meaning(head.strip()) for head in heads.split("|")} == dict.fromkeys(
        [head.strip() for head in heads.split("|")], name
    )


@pytest.mark.parametrize(
    "head", ["", "Gallons", "Load time variance", "Customer since", "Fuel surcharge code", "x" * 500]
)
def test_heads_without_a_known_meaning_have_none(head: str) -> None:
    assert meaning(head) is None


def test_a_row_of_a_load_board_states_what_a_shipment_does(tmp_path: Path) -> None:
    found = stated(written(tmp_path, BOARD))[0]
    assert facts(found) == {
        ("LD-4401", "FOR_CUSTOMER", "Acme Corp"),
        ("LD-4401", "HAULED_BY", "Bluestem Transit"),
        ("LD-4401", "ASSIGNED_DRIVER", "Tomas Beltran"),
        ("LD-4401", "HAS_STATUS", "in_transit"),
        ("LD-4401", "ORIGIN", "Chicago, IL"),
        ("LD-4401", "DESTINATION", "Gary, IN"),
        ("LD-4401", "HAS_REFERENCE", "PO-1"),
        ("LD-4401", "HAS_REFERENCE", "PO-2"),
        ("LD-4401", "HAS_STOP", "1 of LD-4401"),
        ("1 of LD-4401", "AT", "Chicago, IL"),
    }
    assert found.whole
    keys = {key for entity in found.entities for key in entity.keys}
    assert keys >= {"shipment:id:LD-4401", "carrier:mc:774120", "driver:phone+name:13125550142:tomasbeltran"}
    [shipment] = [entity for entity in found.entities if entity.type is EntityType.SHIPMENT]
    assert shipment.attributes == {
        "rate": 1200,
        "weight": 38000,
        "weight_unit": "lbs",
        "truck": "6520",
        "pickup_at": "2025-10-19T00:00:00Z",
    }


def test_cells_without_a_value_state_nothing(tmp_path: Path) -> None:
    found = stated(written(tmp_path, BOARD))[1]
    assert facts(found) == {
        ("LD-4402", "FOR_CUSTOMER", "Acme Corp"),
        ("LD-4402", "HAS_STATUS", "pending"),
        ("LD-4402", "ORIGIN", "Joliet, IL"),
        ("LD-4402", "DESTINATION", "Dallas, TX"),
    }


def test_every_cell_is_in_the_text(tmp_path: Path) -> None:
    text = "Load #,Customer,Origin,Destination,Dock code,Hot,Pick date\nLD-1,Acme,Gary,Reno,D-17,yes,FCFS 8-4\n"
    [found] = stated(written(tmp_path, text))
    assert all(cell in found.text for cell in ("LD-1", "Acme", "Gary", "Reno", "Dock code D-17", "Hot yes", "FCFS 8-4"))
    assert "pickup 'FCFS 8-4' is no time" in found.notes


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("Load #,Customer,Origin,Destination\nLD-1,Acme,Gary,Reno\n", ("load", "LD-1")),
        ("Load #,Carrier,Driver\nLD-1,Bluestem,Ann Lee\n", ("load", "sheet#LD-1")),
        ("Order #,Customer,Origin,Destination\n7741,Acme,Gary,Reno\n", ("load", "7741")),
        ("Carrier,MC #,Phone\nBluestem,774120,312-555-0142\n", ("carrier", "sheet#MC 774120")),
        ("Carrier,USDOT,City\nBluestem,2984410,Gary\n", ("carrier", "sheet#DOT 2984410")),
        ("Truck #,VIN,Make\n6520,1XKYD49X7PJ304417,Kenworth\n", ("vehicle", "sheet#1XKYD49X7PJ304417")),
        ("Unit,Driver,Status\n6520,Ann Lee,Home\n", ("vehicle", "sheet#6520")),
        ("Driver,Driver ID,Phone\nAnn Lee,D-7,312-555-0142\n", ("driver", "sheet#D-7")),
        ("Invoice #,Load #,Amount,Due date\nINV-9,LD-1,500,2026-04-01\n", ("invoice", "sheet#INV-9")),
        ("Load #,Stop,City,State\nLD-1,2,Gary,IN\n", ("stop", "sheet#LD-1/2")),
        ("Load #,Date,Time,Status\nLD-1,2026-02-03,14:30,Loaded\n", ("check_call", "sheet#LD-1@2026-02-03T14:30:00Z")),
        ('Truck #,Location,Time\n6520,"Gary, IN",2026-02-03 14:30\n', ("position", "sheet#6520@2026-02-03T14:30:00Z")),
    ],
)
def test_a_row_is_known_by_the_id_of_what_it_is_about(tmp_path: Path, text: str, identity: tuple[str, str]) -> None:
    [record] = records(written(tmp_path, text, "sheet.csv"))
    assert (record.source, record.data_type, record.external_id) == ("table", *identity)


@pytest.mark.parametrize(
    "text",
    [
        "Name,Score\nAnn,7\n",  # no known id
        "Customer,Phone,City\nAcme,312-555-0142,Gary\n",
        "Truck #,Fuel date,Gallons,City,State\n8812,2026-03-01,101,Fargo,ND\n",  # many rows of one truck
        "Driver,Driver ID,Log date,Hours\nAnn Lee,D-7,2026-03-01,9\n",
        "Load #,Customer,Origin\nTBD,Acme,Gary\n",  # no number yet
        "Type,Load #,Carrier,Status\nDetention claim,LD-1,Bluestem,open\n",  # only refers to a load
    ],
)
def test_a_row_that_is_about_nothing_known_is_other_json(tmp_path: Path, text: str) -> None:
    [record] = records(written(tmp_path, text))
    assert record.source == "json"


def test_rows_of_an_api_go_to_the_source_of_that_api(tmp_path: Path) -> None:
    turvo = 'shipmentId,customerName,status,origin,destination\nSHIP-1,Acme,booked,"Gary, IN","Reno, NV"\n'
    samsara = "vehicle_id,latitude,longitude,timestamp,speed_mph\nTRUCK-6520,41.8,-87.6,2025-10-19T14:23:00Z,55\n"
    assert [records(written(tmp_path, text))[0].source for text in (turvo, samsara)] == ["turvo", "samsara"]
    shipment, position = (stated(written(tmp_path, text))[0] for text in (turvo, samsara))
    assert ("SHIP-1", "ORIGIN", "Gary, IN") in facts(shipment)
    assert ("TRUCK-6520", "LOCATED_AT", "41.8000,-87.6000") in facts(position)


def test_an_object_of_json_with_such_heads_is_a_row_as_well() -> None:
    row = {"load_number": "LD-1", "origin_city": "Gary", "origin_state": "IN", "carrier": "Bluestem", "rate": 500}
    assert classify(row)[:2] == ("table", "load")
    assert classify({**row, "stops": [{"city": "Gary"}]})[0] == "json"


def test_rows_of_trucks_drivers_and_carriers_state_what_holds(tmp_path: Path) -> None:
    trucks = (
        "Truck #,VIN,Driver,Cell,Location,Last update\n"
        '6520,1XKYD49X7PJ304417,Ann Lee,312-555-0142,"Gary, IN",2026-02-03 14:30\n'
    )
    [truck] = stated(written(tmp_path, trucks, "trucks.csv"))
    assert facts(truck) == {("Ann Lee", "DRIVES", "6520"), ("6520", "LOCATED_AT", "Gary, IN")}
    assert truck.event_time == datetime(2026, 2, 3, 14, 30, tzinfo=UTC)
    drivers = "Driver,Driver ID,Phone,Truck #\nAnn Lee,D-7,312-555-0142,6520\n"
    assert facts(stated(written(tmp_path, drivers, "drivers.csv"))[0]) == {("Ann Lee", "DRIVES", "6520")}
    carriers = "Carrier,MC #,DOT,SCAC,Contact,Email\nBluestem,774120,2984410,BLST,Ann Lee,ann@bluestem.example\n"
    [carrier] = stated(written(tmp_path, carriers, "carriers.csv"))
    assert carrier.entities[0].keys == ("carrier:mc:774120", "carrier:dot:2984410", "carrier:scac:BLST")
    assert not carrier.claims


def test_an_invoice_belongs_to_its_load(tmp_path: Path) -> None:
    heads = "Invoice #,Load #,Customer,Balance (USD),Invoice date,Due date\n"
    text = f'{heads}INV-9,LD-1,Acme,"1,676.40",2026-02-01,2026-03-03\n'
    [found] = stated(written(tmp_path, text))
    assert facts(found) == {("LD-1", "HAS_REFERENCE", "INV-9")}
    [invoice] = [entity for entity in found.entities if entity.type is EntityType.REFERENCE]
    assert invoice.attributes == {
        "kind": "invoice",
        "amount": 1676.4,
        "currency": "USD",
        "invoice_date": "2026-02-01",
        "due_date": "2026-03-03",
    }


def test_check_calls_are_events_each_with_its_status(tmp_path: Path) -> None:
    text = (
        "Load #,Date,Time,Status,Location,Notes\n"
        'LD-1,2026-02-03,08:00,At pickup,"Gary, IN",waiting\n'
        'LD-1,2026-02-03,14:30,In transit,"Erie, PA",rolling\n'
    )
    first, second = stated(written(tmp_path, text))
    assert (first.kind, second.kind) == (RecordKind.EVENT, RecordKind.EVENT)
    assert [claim.valid_at.hour for each in (first, second) for claim in each.claims] == [8, 14]
    assert "waiting" in first.text


@pytest.mark.parametrize(
    ("text", "name", "moment"),
    [
        ("Load #,Customer,Destination,Last update\nLD-1,Acme,Reno,2026-02-03 14:30\n", "a.csv", "2026-02-03T14:30"),
        ("Load #,Customer,Destination,Date\nLD-1,Acme,Reno,2026-02-03\n", "a.csv", "2026-02-03T00:00"),
        (
            "Load #,Customer,Destination,Date,Pick date\nLD-1,Acme,Reno,2026-02-03,2026-02-09\n",
            "a.csv",
            "2026-03-01T12:00",
        ),
        ("Load #,Customer,Destination\nLD-1,Acme,Reno\n", "loads_2026-02-05.csv", "2026-02-05T00:00"),
        ("Load #,Customer,Destination\nLD-1,Acme,Reno\n", "loads.csv", "2026-03-01T12:00"),
    ],
)
def test_what_dates_a_row(tmp_path: Path, text: str, name: str, moment: str) -> None:
    [found] = stated(written(tmp_path, text, name))
    assert found.event_time == datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert found.dated is (moment != NOON.strftime("%Y-%m-%dT%H:%M"))


def test_a_thin_row_ends_nothing_by_silence(tmp_path: Path) -> None:
    thin = "Load #,Customer,Destination,Status\nLD-1,Acme,Reno,Booked\n"
    assert not stated(written(tmp_path, thin))[0].whole


def test_a_configured_source_maps_columns_with_blanks_and_signs(tmp_path: Path) -> None:
    table = {
        "match": ["Job #", "Haz Mat?"],
        "id": "Job #",
        "entity": [
            {"type": "Shipment", "keys": {"number": "Job #"}},
            {"type": "Location", "keys": {"text": "Drop Town"}},
        ],
        "fact": [{"subject": "shipment", "predicate": "DESTINATION", "object": "location"}],
    }
    [source] = configured.load([SourceTable("jobs", "apex.toml", table)], ())
    with registered(source):
        path = written(tmp_path, 'Job #,Haz Mat?,Drop Town\nJ-1,no,"Reno, NV"\n')
        [record] = records(path)
        assert (record.source, record.external_id) == ("jobs", "J-1")
        assert facts(stated(path)[0]) == {("J-1", "DESTINATION", "Reno, NV")}


MESSY = {
    "semicolons.csv": (
        "Tablero de cargas;;;;;\n\nNº de carga;Cliente;Ciudad de origen;Estado de origen;Destino;Transportista\n"
        "C-1;Acme;Monterrey;NL;Laredo, TX;Bluestem\nC-2;Beta;Saltillo;CO;Dallas, TX;Norte\n;;;;;\nTotal;2;;;;\n"
    ),
    "french.tsv": (
        "N° d'expédition\tClient\tVille de départ\tDestination\tDate de livraison\tStatut\n"
        "E-1\tAcme\tMontréal\tToronto, ON\t2026-02-03\tLivré\nE-2\tBeta\tQuébec\tBoston MA\t2026-02-04\tEn route\n"
    ),
    "ragged.csv": (
        'LOAD NO,CUST,PU CITY,PU ST,DEL CITY,DEL ST,NOTES\nL-1,"Acme, Inc",Gary,IN,Reno,NV,"two\nlines"\n'
        "L-2,Beta,Erie,PA,Reno,NV\nL-3,Gamma,Gary,IN,Reno,NV,x,y\n"
    ),
}


@pytest.mark.parametrize("name", sorted(MESSY))
def test_each_row_of_a_messy_sheet_is_one_record(tmp_path: Path, name: str) -> None:
    found = records(written(tmp_path, MESSY[name], name))
    assert [record.source for record in found] == ["table"] * len(found)
    expected = {"semicolons.csv": ["C-1", "C-2"], "french.tsv": ["E-1", "E-2"], "ragged.csv": ["L-1", "L-2", "L-3"]}
    assert [record.external_id for record in found] == expected[name]
    assert len({json.dumps(record.payload) for record in found}) == len(found)


def test_a_trip_beside_deadhead_miles_is_how_far_it_is(tmp_path: Path) -> None:
    """On a load board the rows have no numbers, and many have the same miles: none is in conflict with another."""
    text = "Age,Pickup,DH-O,Origin,Trip,Destination,Company,Rate\n"
    text += '00:05,10/21,34,"Joliet, IL",402,"Nashville, TN",Bluestem,$1250\n00:09,10/21,30,"Joliet, IL",402,'
    found = list(records(written(tmp_path, text + '"Memphis, TN",Oxbow,$1300\n')))
    assert len({record.external_id for record in found}) == 2
    assert not any("402" in record.external_id for record in found)


def test_a_trip_is_a_number_on_other_boards(tmp_path: Path) -> None:
    text = 'Trip,Customer,Origin,Destination,Status\nT-402,Acme,"Joliet, IL","Reno, NV",Booked\n'
    [record] = records(written(tmp_path, text))
    assert (record.data_type, record.external_id) == ("load", "T-402")


def test_a_list_of_carriers_by_their_legal_names(tmp_path: Path) -> None:
    text = 'Legal Name,DBA,MC Number,USDOT,Insurance Expires\n"Oxbow Carriers, Inc.",OXB,MC812345,02345678,2026-03-01\n'
    [record] = records(written(tmp_path, text))
    assert record.data_type == "carrier"
    assert record.external_id.endswith("#MC 812345")
