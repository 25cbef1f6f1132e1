"""What is one thing, and how it is found: several records, names, numbers and telephones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.acceptance.apex import Line, Result, run

CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture
def case(home: Path, request: pytest.FixtureRequest) -> Path:
    """A home with the records of one case."""
    folder = home.parent / "input"
    shutil.copytree(CASES / request.param, folder)
    run(home, "ingest", folder).expect(0)
    return home


def facts(home: Path, thing: str) -> list[Line]:
    return run(home, "facts", thing, "--json").expect(0).of("fact")


def objects(home: Path, thing: str, predicate: str) -> set[str]:
    return {line["object"] for line in facts(home, thing) if line["predicate"] == predicate}


def several(home: Path, thing: str) -> list[Line]:
    found: Result = run(home, "facts", thing, "--json").expect(2)
    return found.of("entity")


@pytest.mark.parametrize("case", ["ids_of_one_name"], indirect=True)
def test_one_name_and_two_ids_of_a_kind_are_two_things_and_each_is_found_by_any_spelling(case: Path) -> None:
    for name, ids in (
        ("Delta Produce Inc", {"customer:turvo:310", "customer:turvo:820"}),
        ("Star Line Transport, LLC", {"carrier:mc:611200", "carrier:mc:948811"}),
        ("Luis Ortega", {"driver:id@turvo:77", "driver:id@turvo:88"}),
    ):
        found = several(case, name)
        assert {alias for line in found for alias in line["aliases"]} >= ids
        assert len(found) == 2
    for spelling in ("MC-948811", "mc 948811", "carrier:mc:948811"):
        assert {line["subject"] for line in facts(case, spelling)} == {"HM-4"}
    for spelling in ("+1 312 555 0144", "(312) 555-0144", "driver:id@turvo:77"):
        assert {line["subject"] for line in facts(case, spelling)} == {"HM-6"}
    assert {line["subject"] for line in facts(case, "turvo:HM-4")} == {"HM-4"}
    unknown = run(case, "facts", "Delta Prodoce").expect(2)
    assert "did you mean 'Delta Produce Inc'?" in unknown.stderr
    run(case, "verify").expect(0)


@pytest.mark.parametrize("case", ["placeholder_keys"], indirect=True)
def test_placeholders_join_nothing(case: Path) -> None:
    places = [objects(case, f"TR-6{number}", "LOCATED_AT") for number in range(1, 5)]
    assert [len(place) for place in places] == [1, 1, 1, 1]
    assert len(set.union(*places)) == 4
    assert objects(case, "Ines Calder", "DRIVES") == {"TR-63"}
    assert objects(case, "Otto Reyes", "DRIVES") == {"TR-64"}
    assert objects(case, "PH-1", "HAULED_BY") == {"Bluestem Transit"}
    assert objects(case, "PH-2", "HAULED_BY") == {"Northyard Haulage"}
    assert objects(case, "PH-3", "FOR_CUSTOMER") == {"Halcyon Paper Co"}
    assert objects(case, "PH-4", "FOR_CUSTOMER") == {"Prairie Oat Mills"}


@pytest.mark.parametrize("case", ["shared_telephone"], indirect=True)
def test_two_names_on_one_telephone_are_two_drivers(case: Path) -> None:
    assert objects(case, "PH-6", "ASSIGNED_DRIVER") == {"Tomas Beltran"}
    assert objects(case, "PH-7", "ASSIGNED_DRIVER") == {"Priya Nair"}
    assert {line["name"] for line in several(case, "312.555.0100")} == {"Tomas Beltran", "Priya Nair"}


@pytest.mark.parametrize("case", ["company_names"], indirect=True)
def test_spellings_of_one_company_are_one_and_an_abbreviation_is_offered(case: Path) -> None:
    for spelling in ("Acme Manufacturing Corporation", "ACME-MANUFACTURING", "acme manufacturing, corp."):
        shown = run(case, "facts", spelling, "--json").expect(0)
        assert len(shown.of("fact")) == 9
        assert [line["name"] for line in shown.of("candidate")] == ["Acme Mfg Corp."]
    assert len(several(case, "Acme")) == 2


@pytest.mark.parametrize("case", ["one_unit_two_fleets"], indirect=True)
def test_a_unit_number_is_of_its_fleet(case: Path) -> None:
    trucks = several(case, "101")
    assert len(trucks) == 2
    assert all(len(objects(case, truck["id"], "LOCATED_AT")) == 1 for truck in trucks)
    (hers,) = [truck for truck in trucks if "vehicle:unit@7001:101" in truck["aliases"]]
    driving = [line for line in facts(case, hers["id"]) if line["predicate"] == "DRIVES"]
    assert [line["subject"] for line in driving] == ["Ines Calder"]
