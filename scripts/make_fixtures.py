"""Makes the fixtures that no editor writes: `python -m scripts.make_fixtures [FOLDER]`.

A rate confirmation as PDF, a mail with a PDF and a table attached, a load board as a workbook, and EDI. They belong to
the company of the other fixtures: the same shipments, carriers, people and times. The same bytes come out on every
machine: all times and ids are fixed, nothing is compressed, and no library decides how a PDF or a mail is written.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

FIXTURES = Path(__file__).parents[1] / "fixtures"
_DAY_OF_ZIP = (2025, 10, 20, 0, 0, 0)
_LEFT, _TOP, _LINE, _MIDDLE, _RIGHT = 56, 740, 18, 210, 556
Rows = Sequence[Sequence[str]]


def main(arguments: Sequence[str]) -> int:
    """Write the files into the folder that is named, or into the repository's."""
    folder = Path(arguments[0]) if arguments else FIXTURES
    for name, data in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        print(path)
    return 0


def files() -> Mapping[str, bytes]:
    """Each file by its path below `fixtures/`."""
    return {
        "documents/rate-confirmation-SHIP-2025-10-20-001.pdf": _rate_confirmation(),
        "mail/lumper-receipt-SHIP-2025-10-19-003.eml": _mail(),
        "sheets/load-board-2025-10-20.xlsx": _load_board(),
        "x12/SHIP-2025-10-20-002.edi": _interchanges(),
    }


def _rate_confirmation() -> bytes:
    first = [
        _heading("Rate confirmation"),
        _table(
            _TOP - 40,
            (_LEFT, _MIDDLE, _RIGHT),
            (
                ("Shipment", "SHIP-2025-10-20-001"),
                ("Customer", "Fjällberg Outfitters"),
                ("Carrier", "Lakeshore Haulage"),
                ("Authority", "MC-661208, USDOT 2984410, SCAC LKSH"),
                ("PO number", "FJ-4471"),
                ("Container", "LKHU2044176"),
                ("Seal No", "FJ118204"),
                ("Driver", "Dana Okafor, 312-555-0142"),
                ("Agreed rate", "$985.00, fuel included"),
            ),
        ),
        _text(
            _TOP - 250,
            "Agreed on 2025-10-17 between Acme Trucking, for the freight desk, and Lakeshore Haulage, for the",
            "carrier. The carrier signs and returns both pages to noor.haddad@acme-trucking.com before the pickup.",
        ),
    ]
    second = [
        _heading("Stops and conditions"),
        _table(
            _TOP - 40,
            (_LEFT, 120, 300, 420, _RIGHT),
            (
                ("Stop", "Name", "Place", "Appointment"),
                ("Pickup", "Crossroads Assembly, dock 3", "Indianapolis, IN", "2025-10-20 09:45"),
                ("Delivery", "Fjällberg Outfitters, ramp 2", "Columbus, OH", "2025-10-20 15:00"),
            ),
        ),
        _text(
            _TOP - 130,
            "The container stays sealed. A broken seal is reported before the truck leaves the dock.",
            "Empty return: the container goes back to the rail ramp in Columbus within two days, free of charge.",
            "Detention counts after two free hours at a dock, at $75.00 an hour.",
        ),
    ]
    return _pdf((first, second), "Rate confirmation SHIP-2025-10-20-001", "20251017190000Z")


def _receipt() -> bytes:
    page = [
        _heading("Lumper receipt LR-20418"),
        _table(
            _TOP - 40,
            (_LEFT, _MIDDLE, _RIGHT),
            (
                ("Receipt No", "LR-20418"),
                ("Date", "2025-10-19"),
                ("Warehouse", "Bluegrass Malting, Louisville, KY"),
                ("Carrier", "Blue Heron Transport"),
                ("Shipment", "SHIP-2025-10-19-003"),
                ("BOL No", "BOL-55902"),
                ("Pallets unloaded", "22"),
                ("Paid in cash", "$145.00"),
            ),
        ),
    ]
    return _pdf((page,), "Lumper receipt LR-20418", "20251020003000Z")


_TRUCKS = """\
Truck,Driver,City,State,Available,Equipment
TRUCK-3308,Marisol Peña,Louisville,KY,2025-10-21 07:00,53 ft dry van
TRUCK-3315,Gideon Marsh,Kokomo,IN,2025-10-21 06:30,53 ft reefer
TRUCK-3321,Lucía Ferrer,Evansville,IN,2025-10-21 09:00,48 ft flatbed
"""


def _mail() -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = "<20251020131012.3308@blue-heron-transport.example>"
    mail["Date"] = "Mon, 20 Oct 2025 09:10:12 -0400"
    mail["From"] = "Marisol Peña <marisol.pena@blue-heron-transport.example>"
    mail["To"] = "dispatch@acme-trucking.com"
    mail["Cc"] = "Noor Haddad <noor.haddad@acme-trucking.com>"
    mail["Subject"] = "Lumper receipt for SHIP-2025-10-19-003, and our trucks for Tuesday"
    mail.set_content(
        "Good morning,\n\n"
        "the lumper at Bluegrass Malting took $145.00 for SHIP-2025-10-19-003, receipt LR-20418 is attached. Please\n"
        "add it to our settlement.\n\n"
        "Three of our trucks are free on Tuesday, see the list. TRUCK-3308 stands in Louisville, KY and would like\n"
        "freight towards Chicago, IL.\n\n"
        "Marisol\n"
    )
    mail.add_attachment(_receipt(), maintype="application", subtype="pdf", filename="lumper-receipt-LR-20418.pdf")
    mail.add_attachment(_TRUCKS.encode(), maintype="text", subtype="csv", filename="trucks-2025-10-21.csv")
    mail.set_boundary("=-fixture-3308")
    return mail.as_bytes()


_BOARD_HEADS = (
    "Load #", "PO #", "Customer", "Carrier", "Origin", "Destination", "Pick date", "Status", "Rate", "Updated",
)  # fmt: skip
_LAKESHORE, _ACME, _PRAIRIE = "Lakeshore Haulage", "Acme Manufacturing Corp", "Prairie Grove Foods"
_INDIANAPOLIS, _CHICAGO, _COLUMBUS = "Indianapolis, IN", "Chicago, IL", "Columbus, OH"
_BOARD = (
    ("SHIP-2025-10-20-001", "FJ-4471", "Fjällberg Outfitters", _LAKESHORE, _INDIANAPOLIS, _COLUMBUS,
     datetime(2025, 10, 20, 13, 45), "En route", 985, datetime(2025, 10, 20, 17, 30)),
    ("SHIP-2025-10-20-002", "PO-70322", _ACME, _LAKESHORE, _INDIANAPOLIS, _CHICAGO,
     datetime(2025, 10, 20, 13, 30), "En route", 620, datetime(2025, 10, 20, 17, 30)),
    ("SHIP-2025-10-21-002", "PO-61233", _PRAIRIE, "Blue Heron Transport", "Louisville, KY", _CHICAGO,
     datetime(2025, 10, 21, 12, 0), "Covered", 1240, datetime(2025, 10, 20, 17, 40)),
    ("SHIP-2025-10-22-001", "PO-70340", _ACME, "Great Bend Carriers", _CHICAGO, _COLUMBUS,
     datetime(2025, 10, 22, 12, 30), "Tendered", 1415, datetime(2025, 10, 20, 17, 45)),
)  # fmt: skip


def _load_board() -> bytes:
    import xlsxwriter  # type: ignore[import-untyped]

    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    book.set_properties({"title": "Load board", "author": "Noor Haddad", "created": datetime(2025, 10, 20, 18, 0)})
    sheet = book.add_worksheet("Loads")
    bold, time = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    money = book.add_format({"num_format": "$#,##0.00"})
    sheet.merge_range(
        0, 0, 0, len(_BOARD_HEADS) - 1, "Load board of the freight desk, 20 October 2025, times in UTC", bold
    )
    sheet.write_row(2, 0, _BOARD_HEADS, bold)
    for number, row in enumerate(_BOARD, 3):
        for column, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(number, column, value, time)
            else:
                sheet.write(number, column, value, money if isinstance(value, int) else None)
    last = 3 + len(_BOARD)
    sheet.write(last, 0, "Total", bold)
    sheet.write_formula(last, 8, f"=SUM(I4:I{last})", money, sum(row[8] for row in _BOARD if isinstance(row[8], int)))
    sheet.set_column(0, len(_BOARD_HEADS) - 1, 22)
    book.close()
    return _stored(made.getvalue())


def _stored(data: bytes) -> bytes:
    """The same ZIP without compression, which differs between versions of zlib."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as packed, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as plain:
        for name in packed.namelist():
            plain.writestr(zipfile.ZipInfo(name, _DAY_OF_ZIP), packed.read(name))
    return made.getvalue()


_TENDER = (
    "B2**LKSH**SHIP-2025-10-20-002**PP", "B2A*00*LT", "L11*PO-70322*PO", "G62*64*20251019*1*2330*CT",
    "NTE*GEN*Empty racks, do not stack on the return", "N1*BT*Acme Manufacturing Corp*93*51001",
    "N3*2250 W Cermak Rd", "N4*Chicago*IL*60608*US", "N7**5318*********TL", "S5*1*LD*9600*L*20*PC",
    "G62*69*20251020*U*0930*ET", "N1*SF*Crossroads Assembly", "N3*4100 Kentucky Ave", "N4*Indianapolis*IN*46221",
    "S5*2*UL*9600*L*20*PC", "G62*70*20251020*U*1330*CT", "N1*ST*Acme Manufacturing Plant 4",
    "N3*2250 W Cermak Rd", "N4*Chicago*IL*60608", "L5*1*Empty steel racks", "L3*9600*G***62000******20",
)  # fmt: skip
_STATUS = (
    "B10*482017411*SHIP-2025-10-20-002*LKSH", "L11*PO-70322*PO", "LX*1", "AT7*X6*NS***20251020*1140*ET",
    "MS1*LAFAYETTE*IN*US", "MS2*LKSH*5318", "LX*2", "AT7***AG*NS*20251020*1310*CT", "MS1*CHICAGO*IL*US",
)  # fmt: skip


def _interchanges() -> bytes:
    tender = _interchange("ACMEMFG", "LKSH", "204", "SM", "251019", "2235", 204, _TENDER)
    return (tender + _interchange("LAKESHORE", "ACMETRK", "214", "QM", "251020", "1545", 214, _STATUS)).encode()


def _interchange(
    sender: str, receiver: str, kind: str, group: str, date: str, time: str, control: int, body: Sequence[str]
) -> str:
    """An interchange of one group with one transaction set."""
    segments = (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender:15}*ZZ*{receiver:15}*{date}*{time}*U*00401*{control:09}*0*P*>",
        f"GS*{group}*{sender}*{receiver}*20{date}*{time}*{control}*X*004010",
        f"ST*{kind}*0001",
        *body,
        f"SE*{len(body) + 2}*0001",
        f"GE*1*{control}",
        f"IEA*1*{control:09}",
    )
    return "".join(f"{segment}~\n" for segment in segments)


def _pdf(pages: Sequence[Sequence[str]], title: str, created: str) -> bytes:
    """A PDF of pages that are drawn by these operators, with Helvetica (F1) and its bold face (F2)."""
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        drawn = "\n".join(page)
        objects += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {6 + 2 * number} 0 R >>",
            f"<< /Length {len(drawn.encode('cp1252'))} >>\nstream\n{drawn}\nendstream",
        ]
    objects.append(f"<< /Title ({title}) /CreationDate (D:{created}) >>")
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    begin = len(out)
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer\n<< /Size {size} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{begin}\n%%EOF\n".encode()
    return bytes(out)


def _heading(words: str) -> str:
    return _shown(_LEFT, _TOP, words, "/F2 16")


def _text(top: int, *lines: str) -> str:
    return "\n".join(_shown(_LEFT, top - 14 * number, line) for number, line in enumerate(lines))


def _table(top: int, edges: Sequence[int], rows: Rows) -> str:
    """Rows with ruled lines, the first line's top edge at `top`. `edges` are the left ends of the columns and the right
    end of the last one; points."""
    bottom = top - _LINE * len(rows)
    lines = [
        f"{edges[0]} {top - _LINE * number} m {edges[-1]} {top - _LINE * number} l S" for number in range(len(rows) + 1)
    ]
    lines += [f"{edge} {top} m {edge} {bottom} l S" for edge in edges]
    for number, row in enumerate(rows):
        lines += [_shown(edge + 5, top - _LINE * number - 13, cell) for edge, cell in zip(edges, row, strict=False)]
    return "\n".join(["0.5 w", *lines])


def _shown(x: int, y: int, words: str, font: str = "/F1 10") -> str:
    escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT {font} Tf {x} {y} Td ({escaped}) Tj ET"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
