"""Load boards and lists of trucks as people keep them, and EDI, each with what its records state."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import xlsxwriter  # type: ignore[import-untyped]

from quality.documents.world import PLACES, Load

Statement = tuple[str, str, str]
"""Subject, predicate and object by their names."""
_BEGIN = datetime(2026, 3, 6, 8, 0)


@dataclass
class Stated:
    """Files by name, and what each record of them states. `records` counts them."""

    files: dict[str, bytes] = field(default_factory=dict)
    statements: list[frozenset[Statement]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Board:
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    foot: Sequence[str]


def csv_files(rng: random.Random, loads: Sequence[Load]) -> Stated:
    """Boards as CSV in the dialects of several programs."""

    def write(board: _Board, number: int) -> tuple[str, bytes]:
        made = io.StringIO()
        dialect = (",", ";", "\t")[number % 3]
        writer = csv.writer(made, delimiter=dialect, lineterminator=("\r\n", "\n")[number % 2])
        writer.writerows([board.heads, *board.rows])
        encoding = ("utf-8", "cp1252", "utf-8-sig")[number % 3]
        return f"board-{number}{'.tsv' if dialect == chr(9) else '.csv'}", made.getvalue().encode(encoding)

    return _boards(rng, loads, write)


def workbooks(rng: random.Random, loads: Sequence[Load]) -> Stated:
    """Boards as workbooks: a merged title above the heads, totals below, dates as dates."""

    def write(board: _Board, number: int) -> tuple[str, bytes]:
        made = io.BytesIO()
        book = xlsxwriter.Workbook(made)
        sheet = book.add_worksheet("Loads")
        first = 0
        if number % 2 == 0:
            sheet.merge_range(0, 0, 0, len(board.heads) - 1, board.title)
            first = 2
        date = book.add_format({"num_format": "mm/dd/yyyy hh:mm"})
        sheet.write_row(first, 0, board.heads)
        for at, row in enumerate(board.rows, first + 1):
            for column, cell in enumerate(row):
                time = _time(cell)
                if time is None:
                    sheet.write_string(at, column, cell)
                else:
                    sheet.write_datetime(at, column, time, date)
        sheet.write_row(first + 1 + len(board.rows), 0, board.foot)
        book.close()
        return f"board-{number}.xlsx", made.getvalue()

    return _boards(rng, loads, write)


def _time(cell: str) -> datetime | None:
    try:
        return datetime.strptime(cell, "%Y-%m-%d %H:%M")
    except ValueError:
        return None


_HEADS = (
    ("Load #", "Customer", "Carrier", "Origin", "Destination", "PO #", "Pick Date", "Status"),
    (
        "Load Number",
        "Customer Name",
        "Carrier Name",
        "Origin",
        "Destination",
        "Customer PO",
        "Pickup Date",
        "Load Status",
    ),
    ("Shipment ID", "Bill To", "Trucking Company", "From", "To", "PO Number", "Ship Date", "Status"),
)


def _boards(rng: random.Random, loads: Sequence[Load], write: Callable[[_Board, int], tuple[str, bytes]]) -> Stated:
    made = Stated()
    for number in range(3):
        rows = []
        for at in range(8):
            load, name = rng.choice(loads), f"RB{70_000 + 100 * number + at}"
            (one, state, _), (other, its, _) = rng.sample(PLACES, 2)
            order, status = f"45{rng.randrange(10**7, 10**8)}", rng.choice(("Covered", "Dispatched", "Delivered"))
            pick = (_BEGIN + timedelta(hours=rng.randrange(200))).strftime("%Y-%m-%d %H:%M")
            rows.append(
                (name, load.customer.name, load.carrier.name, f"{one}, {state}", f"{other}, {its}", order, pick, status)
            )
            made.statements.append(
                frozenset(
                    {
                        (name, "FOR_CUSTOMER", load.customer.name),
                        (name, "HAULED_BY", load.carrier.name),
                        (name, "ORIGIN", f"{one}, {state}"),
                        (name, "DESTINATION", f"{other}, {its}"),
                        (name, "HAS_REFERENCE", order),
                        (name, "HAS_STATUS", status.lower()),
                    }
                )
            )
        board = _Board("Open loads, week 10", _HEADS[number], rows, ("Total", "8 loads"))
        file, data = write(board, number)
        made.files[file] = data
    return made


def edi(rng: random.Random, loads: Sequence[Load]) -> Stated:
    """Interchanges with tenders, answers, statuses and invoices, with other delimiters in each file."""
    made = Stated()
    for number, (element, end) in enumerate((("*", "~"), ("|", "~\n"), ("*", "\n"))):
        body = []
        for at in range(4):
            shipment = f"EX{40_000 + 100 * number + at}"
            load = loads[(4 * number + at) % len(loads)]
            kind, segments, stated = _SETS[at](rng, shipment, load)
            body += [f"ST*{kind}*{at + 1:04}", *segments, f"SE*{len(segments) + 2}*{at + 1:04}"]
            made.statements.append(frozenset((shipment, *one) for one in stated))
        head = "ISA*00*          *00*          *ZZ*{:15}*ZZ*{:15}*260306*0900*U*00401*{:09}*0*P*>"
        lines = [
            head.format("PAPERS", "DESK", number + 1),
            f"GS*SM*PAPERS*DESK*20260306*0900*{number + 1}*X*004010",
            *body,
            f"GE*4*{number + 1}",
            f"IEA*1*{number + 1:09}",
        ]
        made.files[f"interchange-{number}.edi"] = "".join(line.replace("*", element) + end for line in lines).encode()
    return made


_Set = tuple[str, Sequence[str], Sequence[tuple[str, str]]]


def _tender(rng: random.Random, shipment: str, load: Load) -> _Set:
    (one, state, zip1), (other, its, zip2) = rng.sample([place for place in PLACES if place[1] != "ON"], 2)
    order, bol = f"PO-{rng.randrange(10**4, 10**5)}", f"BL{rng.randrange(10**6, 10**7)}"
    segments = (
        f"B2**IMLG**{shipment}**PP", "B2A*00*LT", f"L11*{order}*PO", f"L11*{bol}*BM", f"N1*BT*{load.customer.name}",
        "S5*1*LD*38000*L*22*PC", "G62*69*20260307*U*0800*LT", "N1*SF*North yard", "N3*1 Yard Road",
        f"N4*{one}*{state}*{zip1}", "S5*2*UL*38000*L", "G62*70*20260308*U*1000*LT", "N1*ST*South yard",
        f"N4*{other}*{its}*{zip2}", "L3*38000*G***185000******22",
    )  # fmt: skip
    stated = (
        ("FOR_CUSTOMER", load.customer.name), ("ORIGIN", f"{one}, {state}"), ("DESTINATION", f"{other}, {its}"),
        ("HAS_REFERENCE", order), ("HAS_REFERENCE", bol),
    )  # fmt: skip
    return "204", segments, stated


def _answer(rng: random.Random, shipment: str, _: Load) -> _Set:
    word, status = rng.choice((("A", "tender_accepted"), ("D", "tender_rejected")))
    return "990", (f"B1*IMLG*{shipment}*20260306*{word}",), (("HAS_STATUS", status),)


def _status(rng: random.Random, shipment: str, _: Load) -> _Set:
    pro, order = str(rng.randrange(10**8, 10**9)), f"PO-{rng.randrange(10**4, 10**5)}"
    code, status = rng.choice(
        (
            ("X3", "arrived_at_pickup_location"),
            ("AF", "departed_pickup_location"),
            ("X1", "arrived_at_delivery_location"),
        )
    )
    segments = (
        f"B10*{pro}*{shipment}*IMLG", f"L11*{order}*PO", "LX*1", f"AT7*{code}*NS***20260307*0915*CT",
        "MS1*LAREDO*TX*US", "MS2*IMLG*53281",
    )  # fmt: skip
    return "214", segments, (("HAS_REFERENCE", pro), ("HAS_REFERENCE", order), ("HAS_STATUS", status))


def _invoice(rng: random.Random, shipment: str, load: Load) -> _Set:
    invoice = f"INV{rng.randrange(10**5, 10**6)}"
    segments = (
        f"B3**{invoice}*{shipment}*PP**20260310*167640****IMLG", "C3*USD", f"N1*BT*{load.customer.name}",
        "LX*1", "L1*1***148000****400", "L1*2***19640****FUE", "L3*38000*G***167640******22",
    )  # fmt: skip
    return "210", segments, (("HAS_REFERENCE", invoice), ("FOR_CUSTOMER", load.customer.name))


_SETS: Sequence[Callable[[random.Random, str, Load], _Set]] = (_tender, _answer, _status, _invoice)
TABLES: Mapping[str, Callable[[random.Random, Sequence[Load]], Stated]] = {
    "csv": csv_files,
    "xlsx": workbooks,
    "x12": edi,
}
"""By format: its files, with what their records state."""
