"""Places of the United States, Canada and Mexico in running text, with and without a comma, and what is none."""

from __future__ import annotations

import pytest

from apex_cli.extract import entities, keys, lookup, places
from tests.linear import assert_linear


def found(text: str) -> list[str]:
    return [match.value for match in places.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Chicago, IL 60608", ["Chicago, IL"]),
        ("CHICAGO IL 60608", ["Chicago, IL"]),
        ("CHESTER, SC US 29706", ["Chester, SC"]),
        ("Kansas City, MO and Salt Lake City, UT", ["Kansas City, MO", "Salt Lake City, UT"]),
        ("Laredo TX to Dallas TX", ["Laredo, TX", "Dallas, TX"]),
        ("laredo tx to dallas, tx", ["Laredo, TX", "Dallas, TX"]),
        ("empty in Rensselaer IN, truck 4", ["Rensselaer, IN"]),
        ("Peoria Heights IL", ["Peoria Heights, IL"]),
        ("YARD REPORT MEMPHIS TN", ["Memphis, TN"]),
        ("ARRIVED IN MEMPHIS TN ON TIME", ["Memphis, TN"]),
        ("Des Plaines, IL; El Cajon, CA; Fond du Lac, WI", ["Des Plaines, IL", "El Cajon, CA", "Fond du Lac, WI"]),
        ("St. Louis, MO; O'Fallon, MO", ["St. Louis, MO", "O'Fallon, MO"]),
        ("ST LOUIS MO 63147", ["St. Louis, MO"]),
        ("Brampton, ON L6T 4M5", ["Brampton, ON"]),
        ("Montréal (Québec), Trois-Rivières, QC", ["Montréal, QC", "Trois-Rivières, QC"]),
        ("Nuevo Laredo, Tamps. y Monterrey, N.L.", ["Nuevo Laredo, Tamps.", "Monterrey, N.L."]),
        ("San Juan del Río, Qro.; Reynosa, Tamaulipas", ["San Juan del Río, Qro.", "Reynosa, Tamps."]),
        ("Salida de Apodaca NL", ["Apodaca, N.L."]),
        ("St. John's, NL", ["St. John's, NL"]),
        ("from Dallas Texas to Atlanta, Georgia", ["Dallas, TX", "Atlanta, GA"]),
        ("Charlotte, North Carolina 28202", ["Charlotte, NC"]),
        ("Chicago      IL   60608", ["Chicago, IL"]),
        ("| Laredo | TX | 78045 |", ["Laredo, TX"]),
        ("| Kansas City, MO | 17100 |", ["Kansas City, MO"]),
        ("Origin City: Chicago | Origin State: IL", ["Chicago, IL"]),
        ("N4*CHICAGO*IL*60608~", ["Chicago, IL"]),
        ("Routing number: 071051389. St. Louis, MO 63147", ["St. Louis, MO"]),
    ],
)
def test_a_place(text: str, expected: list[str]) -> None:
    assert sorted(set(found(text))) == sorted(expected)


@pytest.mark.parametrize(
    "text",
    [
        "Load OK",
        "LOAD OK OR CALL ME",
        "Call ME, not HI",
        "Driver checked IN. Truck IN. Load ID 4471",
        "Dallas, TX 12345",
        "Brampton, ON H3B 1A7",
        "IN CONTRACT, STRICT LIABILITY, OR TORT",
        "drop it in Portland or Seattle",
        "PORTLAND OR SEATTLE",
        "Lee, Virginia said so",
        "Bluestem DC 7034, warehouse DC",
        "Acme Trucking CO",
        "We ask Carlos OK",
    ],
)
def test_no_place(text: str) -> None:
    assert found(text) == []


def test_the_span_holds_the_zip_code() -> None:
    text = "Ship to Chicago, IL 60608-1204 by noon"
    (match,) = places.find(text)
    assert text[match.start : match.end] == "Chicago, IL 60608-1204"
    assert match.rule == "place by state"


def test_a_place_in_capitals_is_the_same_place() -> None:
    one, other = (entities.city(found(text)[0]) for text in ("ST LOUIS MO 63147", "St. Louis, MO"))
    assert one.keys == other.keys


def test_a_state_written_out_becomes_its_code() -> None:
    assert places.city_name("MONTERREY", "Nuevo León") == "Monterrey, N.L."
    assert places.city_name("mcdonough", "Georgia") == "McDonough, GA"
    assert places.last("702 North Mattis Ave, Champaign IL 61821") == "Champaign, IL"


@pytest.mark.parametrize(
    ("city", "state", "name"),
    [
        ("Montréal", "Québec", "Montréal, QC"),
        ("Montreal", "Quebec", "Montreal, QC"),
        ("Querétaro", "Querétaro", "Querétaro, Qro."),
        ("Queretaro", "QRO", "Queretaro, Qro."),
        ("St. John's", "NL", "St. John's, NL"),
    ],
)
def test_accents_of_a_state_do_not_matter(city: str, state: str, name: str) -> None:
    assert places.city_name(city, state) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Montréal, QC", "MONTREAL, QC"),
        ("Trois-Rivières, QC", "Trois-Rivieres, QC"),
        ("San José Iturbide, Gto.", "san jose iturbide, gto"),
        ("Łódź", "Lodz"),
        ("Cancu\u0301n, Q. Roo", "Cancún, Q. Roo"),
    ],
)
def test_accents_of_a_city_do_not_matter(one: str, other: str) -> None:
    assert keys.location_city(one) == keys.location_city(other)
    assert keys.location_city(one) in lookup.keys_of(other)


@pytest.mark.parametrize(
    "unit", ["Chicago, IL ", "IL ", "DE ", "City, ", "Texas ", "San de ", "CITY: A B ", "N4*AAA ", "A ", "é"]
)
def test_the_work_grows_with_the_text(unit: str) -> None:
    def work(size: int) -> None:
        for _ in places.find((unit * (size // len(unit) + 1))[:size]):
            pass

    assert_linear(work, 20_000)
