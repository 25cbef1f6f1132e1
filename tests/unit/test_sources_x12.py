"""X12: what a load tender, an answer, a status and an invoice state."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from apex_cli.errors import ExtractError
from apex_cli.input_rules import ReadLimits
from apex_cli.model import EntityType, Extraction, Record
from apex_cli.reading.read import read_input
from apex_cli.sources.registry import extract

FILES = Path(__file__).parents[1] / "files" / "x12"
NOW = datetime(2025, 11, 1, tzinfo=UTC)
LIMITS = ReadLimits(max_record_bytes=10**6, max_document_bytes=10**6, max_depth=50)


def records(path: Path) -> list[Record]:
    found = read_input(
        path, name=path.name, origin=str(path), source="auto", observed_at=NOW, limits=LIMITS, namespace="apex"
    )
    return [record for record in found if isinstance(record, Record)]


def of_file(name: str) -> Extraction:
    return extract(records(FILES / name)[0])


def of_segments(tmp_path: Path, kind: str, *segments: str) -> Extraction:
    text = (FILES / "status-214.edi").read_text()
    begin, end = text.index("ST*"), text.index("SE*")
    body = "".join(f"{segment}~\n" for segment in segments)
    text = text[:begin] + f"ST*{kind}*0001~\n{body}SE*{len(segments) + 2}*0001~\n" + text[text.index("GE*", end) :]
    path = tmp_path / "set.edi"
    path.write_text(text)
    return extract(records(path)[0])


def facts(found: Extraction) -> set[tuple[str, str, str]]:
    names = {entity.key: entity.name for entity in found.entities}
    return {(names[claim.subject], claim.predicate.value, names[claim.object]) for claim in found.claims}


def attributes(found: Extraction, type: EntityType) -> dict[str, Any]:
    return dict(next(entity for entity in found.entities if entity.type is type).attributes)


def test_a_load_tender() -> None:
    [record, *_] = records(FILES / "tender-204.edi")
    assert (record.source, record.data_type, record.external_id) == ("x12", "load_tender", "ZZ:GREATLAKES/LD-70441")
    found = extract(record)
    assert {
        ("LD-70441", "HAS_STATUS", "tendered"),
        ("LD-70441", "FOR_CUSTOMER", "Great Lakes Grocers"),
        ("LD-70441", "ORIGIN", "Gary, IN"),
        ("LD-70441", "DESTINATION", "Indianapolis, IN"),
        ("LD-70441", "HAS_REFERENCE", "PO-88412"),
        ("LD-70441", "HAS_REFERENCE", "BOL5521907"),
        ("LD-70441", "HAS_STOP", "Lakeview Produce of LD-70441"),
        ("Indy Cold Storage of LD-70441", "AT", "Indianapolis, IN"),
    } <= facts(found)
    assert "HAULED_BY" not in {claim.predicate.value for claim in found.claims}
    about = attributes(found, EntityType.SHIPMENT)
    assert (about["weight"], about["quantity"], about["rate"]) == (38000, 22, 1850.0)
    assert (about["commodity"], about["tendered_to"], about["trailer"]) == ("Fresh lettuce", "LKHG", "5512")
    assert about["must_respond_by"] == "2025-10-18T17:00:00Z"
    assert "call one hour before arrival" in found.text
    assert "Ann Lee 3125550142" in found.text
    assert found.event_time == datetime(2025, 10, 18, 9, tzinfo=UTC)


def test_an_accepted_tender_names_the_carrier() -> None:
    found = of_file("answer-990.edi")
    assert facts(found) == {
        ("LD-70441", "HAS_STATUS", "tender_accepted"),
        ("LD-70441", "HAULED_BY", "LKHG"),
        ("LD-70441", "HAS_REFERENCE", "PRO4821391"),
    }


def test_a_declined_tender_does_not(tmp_path: Path) -> None:
    found = of_segments(tmp_path, "990", "B1*LKHG*LD-1*20251018*D")
    assert facts(found) == {("LD-1", "HAS_STATUS", "tender_rejected")}


def test_a_status_with_its_place_and_equipment() -> None:
    found = of_file("status-214.edi")
    assert facts(found) == {
        ("SHIP-2025-10-19-002", "HAS_STATUS", "arrived_at_pickup_location"),
        ("SHIP-2025-10-19-002", "HAULED_BY", "LKHG"),
        ("SHIP-2025-10-19-002", "HAS_REFERENCE", "PRO4821390"),
        ("SHIP-2025-10-19-002", "HAS_REFERENCE", "90001"),
        ("TRL5512", "LOCATED_AT", "Chicago, IL"),
    }
    [status] = [claim for claim in found.claims if claim.predicate == "HAS_STATUS"]
    assert status.attributes == {"code": "X3", "place": "Chicago, IL"}
    # 14:30 Central Time on 19 October.
    assert status.valid_at == found.event_time == datetime(2025, 10, 19, 19, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "place", "expected", "noted"),
    [
        ("20251019*1430*ET", "NEWARK*NJ", "2025-10-19T18:30:00+00:00", False),
        ("20251019*1430*CS", "CHICAGO*IL", "2025-10-19T20:30:00+00:00", False),
        ("20251019*1430*UT", "CHICAGO*IL", "2025-10-19T14:30:00+00:00", False),
        ("20251019*1430*LT", "LOS ANGELES*CA", "2025-10-19T21:30:00+00:00", False),
        ("20251019*143015", "CHICAGO*IL", "2025-10-19T19:30:15+00:00", False),
        ("251019*1430*LT", "NASHVILLE*TN", "2025-10-19T14:30:00+00:00", True),
    ],
)
def test_times_have_the_zone_of_their_code_or_their_state(
    tmp_path: Path, time: str, place: str, expected: str, noted: bool
) -> None:
    found = of_segments(tmp_path, "214", "B10**LD-1*LKHG", f"AT7*X6*NS***{time}", f"MS1*{place}")
    assert found.event_time.isoformat() == expected
    assert any("count as UTC" in note for note in found.notes) is noted


def test_statuses_follow_each_other_and_plans_are_none(tmp_path: Path) -> None:
    found = of_segments(
        tmp_path,
        "214",
        "B10**LD-1*LKHG",
        "LX*1",
        "AT7*X3*NS***20251019*0800*CT",
        "MS1*GARY*IN",
        "L11*1*QN",
        "LX*2",
        "AT7*AF*A2***20251019*0930*CT",
        "MS1*GARY*IN",
        "LX*3",
        "AT7***AG*NS*20251020*1000*CT",
    )
    statuses = [claim for claim in found.claims if claim.predicate == "HAS_STATUS"]
    assert [claim.object.rsplit(":", 1)[1] for claim in statuses] == [
        "arrived_at_pickup_location",
        "departed_pickup_location",
    ]
    assert statuses[1].attributes["reason"] == "incorrect address"
    assert attributes(found, EntityType.SHIPMENT)["estimated_delivery"] == "2025-10-20T15:00:00Z"
    assert attributes(found, EntityType.STOP) == {"arrival": "2025-10-19T13:00:00Z"}
    assert ("1 of LD-1", "AT", "Gary, IN") in facts(found)
    assert found.event_time == datetime(2025, 10, 19, 14, 30, tzinfo=UTC)


def test_an_unknown_status_code_stays_as_it_is(tmp_path: Path) -> None:
    found = of_segments(tmp_path, "214", "B10**LD-1*LKHG", "AT7*Q9*NS***20251019*0800*CT")
    assert ("LD-1", "HAS_STATUS", "status_q9") in facts(found)


def test_a_position_instead_of_a_city(tmp_path: Path) -> None:
    found = of_segments(
        tmp_path,
        "214",
        "B10**LD-1*LKHG",
        "AT7*X6*NS***20251019*0800*CT",
        "MS1****0873739*0415241*W*N",
        "MS2*LKHG*6520*TR",
    )
    [claim] = [claim for claim in found.claims if claim.predicate == "LOCATED_AT"]
    assert claim.object == "location:pos:41.8781,-87.6275"


def test_an_invoice_with_its_amount_and_charges() -> None:
    [record] = records(FILES / "invoice-210.edi")
    assert (record.data_type, record.external_id) == ("freight_invoice", "02:LKHG/INV-30118")
    found = extract(record)
    invoice = next(entity for entity in found.entities if entity.attributes.get("kind") == "invoice")
    assert invoice.name == "INV-30118"
    assert {name: value for name, value in invoice.attributes.items() if name != "kind"} == {
        "amount": 1676.40,
        "currency": "USD",
        "date": "2025-10-22T00:00:00Z",
        "delivered": "2025-10-20T00:00:00Z",
        "due": "2025-11-21T00:00:00Z",
        "charges": "Line haul 1,500.00; Fuel surcharge 176.40",
    }
    assert ("LD-70441", "HAS_REFERENCE", "INV-30118") in facts(found)
    assert "invoice INV-30118 of 1,676.40 USD" in found.text
    assert found.notes == ()


def test_an_invoice_that_does_not_add_up_says_so(tmp_path: Path) -> None:
    found = of_segments(tmp_path, "210", "B3**I-1*LD-1*PP**20251022*20000****LKHG", "LX*1", "L1*1*1*FR*15000****400")
    assert "the charges add up to 150.00, and the invoice says 200.00" in found.notes
    assert "the invoice names no currency: it counts as USD" in found.notes


def test_the_same_status_in_another_interchange_is_one_record(tmp_path: Path) -> None:
    text = (FILES / "status-214.edi").read_text()
    again = tmp_path / "again.edi"
    again.write_text(text.replace("000000101", "000000999").replace("0001~", "0077~"))
    [first], [second] = records(FILES / "status-214.edi"), records(again)
    assert first.record_id == second.record_id


def test_a_changed_tender_is_a_version_and_a_cancellation_ends_nothing_by_silence(tmp_path: Path) -> None:
    found = of_segments(tmp_path, "204", "B2**LKHG**LD-1**PP", "B2A*01")
    assert ("LD-1", "HAS_STATUS", "cancelled") in facts(found)
    assert not found.whole
    assert of_segments(tmp_path, "204", "B2**LKHG**LD-1**PP", "B2A*05").whole


@pytest.mark.parametrize(
    ("kind", "segments", "code"),
    [
        ("214", ("B10***LKHG", "AT7*X6*NS***20251019*0800*CT"), "no_shipment"),
        ("214", ("B10**LD-1*LKHG", "AT7*X6*NS***20251399*0800*CT"), "unreadable_time"),
        ("210", ("B3**I-1*LD-1*PP**20251022*12x4****LKHG",), "no_amount"),
    ],
)
def test_what_cannot_be_understood_fails(tmp_path: Path, kind: str, segments: tuple[str, ...], code: str) -> None:
    with pytest.raises(ExtractError) as caught:
        of_segments(tmp_path, kind, *segments)
    assert caught.value.code == code
