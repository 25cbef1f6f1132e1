"""The date that a document gives itself: beside its label in a row, below it, and none that is of something else."""

from __future__ import annotations

import pytest

from apex_cli.extract import document_dates, timestamps


def first(text: str) -> str | None:
    for written in document_dates.find(text):
        moment = timestamps.parse(written)
        if moment is not None and not document_dates.is_ambiguous(written, text):
            return moment.date().isoformat()
    return None


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Date: 2026-03-11", "2026-03-11"),
        ("Load # 884213                          Date 03/11/2026", "2026-03-11"),
        ("Date: 03/05/2026                      Bill of Lading Number: 08501149703607243", "2026-03-05"),
        ("Issued\nApril 2, 2026", "2026-04-02"),
        ("Dispatch Date: 2026-02-09", "2026-02-09"),
        ("CERTIFICATE OF INSURANCE            DATE (MM/DD/YYYY) 01/06/2026", "2026-01-06"),
        ("STATEMENT OF ACCOUNT                     As of 04/30/2026", "2026-04-30"),
        ("Bill Date ......... 04/22/2026", "2026-04-22"),
        ("S.O. 118211   Date 4/20/2026 Time 08:00", "2026-04-20"),
        ("| Load | LD-1 | Date | 2026-03-11 |", "2026-03-11"),
        ("INVOICE\nNumber | Date | Due Date\nTH-9021 | 09/15/2026 | 10/15/2026\nTotal", "2026-09-15"),
        ("FACTURA\nFecha: 23/05/2026", "2026-05-23"),
        ("FACTURE\nDate : 30 avril 2026", "2026-04-30"),
    ],
)
def test_the_date_of_a_document(text: str, date: str) -> None:
    assert first(text) == date


@pytest.mark.parametrize(
    "text",
    [
        "Due Date 04/14/2026",
        "Ship Date: 04/14/2026",
        "Pickup date 04/14/2026",
        "Date     Load      Amount\n03/15/2026  884213  2,350.00\n03/22/2026  884290  1,512.25",
        "FACTURA\nFecha: 04/05/2026",
        "up to date 5 of 7",
    ],
)
def test_a_date_of_something_else_or_without_a_sure_month(text: str) -> None:
    assert first(text) is None
