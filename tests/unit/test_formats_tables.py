"""How a table becomes text: values beside their labels."""

from __future__ import annotations

from apex_cli.formats.tables import split_heads, table_line, table_lines


def test_each_row_is_a_line_with_the_column_heads() -> None:
    heads = ["Load #", "Origin", "Rate:"]
    rows: list[list[str | None]] = [["LD-1", "Chicago, IL", "$1,200.00"], ["LD-2", None, " $900.00 "], ["", None, ""]]
    assert table_lines(heads, rows) == (
        "Load #: LD-1 | Origin: Chicago, IL | Rate: $1,200.00\nLoad #: LD-2 | Rate: $900.00"
    )


def test_a_cell_without_a_head_stands_alone() -> None:
    assert table_line(["", "Stop 1"], ["City", "Chicago", "more"]) == "City | Stop 1: Chicago | more"


def test_line_ends_in_a_cell_do_not_cut_the_row() -> None:
    assert table_line(["Ship to"], ["ACME\n12 Main St\n\nChicago, IL"]) == "Ship to: ACME 12 Main St Chicago, IL"


def test_two_columns_without_heads_are_labels_and_values() -> None:
    rows = [["Carrier", "Lakeshore Haulage"], ["MC:", "774120"], ["Notes", ""]]
    assert split_heads(rows) == ((), rows)
    assert table_lines((), rows) == "Carrier: Lakeshore Haulage\nMC: 774120\nNotes"


def test_two_cells_that_hold_a_label_and_a_value_each_stay_apart() -> None:
    assert table_line((), ["Load #: LD-1001", "Date: 10/19/2025"]) == "Load #: LD-1001 | Date: 10/19/2025"
    assert table_line((), ["LD-1001", "LD-1002"]) == "LD-1001 | LD-1002"


def test_labels_that_end_with_a_colon_stand_beside_their_values() -> None:
    assert table_line((), ["Load #:", "LD-1", "Date:", "10/19/2025"]) == "Load #: LD-1 | Date: 10/19/2025"


def test_a_first_row_of_words_is_the_heads() -> None:
    rows = [["Load #", "Origin", "Rate"], ["LD-1", "Chicago, IL", "$1,200.00"]]
    assert split_heads(rows) == (rows[0], rows[1:])
    charges = [["Charge", "Amount"], ["Line haul", "$1,200.00"], ["Fuel", "$210.00"]]
    assert split_heads(charges) == (charges[0], charges[1:])


def test_a_first_row_of_values_is_no_heads() -> None:
    rows = [["LD-1001", "Chicago, IL", "$1,200.00"], ["LD-1002", "Gary, IN", "$900.00"]]
    assert split_heads(rows) == ((), rows)
