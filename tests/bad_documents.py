"""Files that lie on a freight desk and are broken or made to do harm, each with what must become of it."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from docx import Document
from fpdf import FPDF
from xlsxwriter import Workbook  # type: ignore[import-untyped]

from tests.pdf_files import CATALOG, FONT, ONE_PAGE, page, pdf, stream

SECRET = "the text of a file outside"
MEGABYTE = 1024**2
Outcome = tuple[str, str]
"""The status of a record, and the codes that its error may have, with `|` between; empty where it has none."""


@dataclass(frozen=True)
class BadDocument:
    """A file. `outcomes` are those of its records, in order; `says` is in their errors and notes."""

    name: str
    write: Callable[[Path], object]
    outcomes: Sequence[Outcome]
    says: Sequence[str] = ()


def failed(code: str, *says: str) -> tuple[tuple[Outcome, ...], tuple[str, ...]]:
    """A file that fails as a whole."""
    return (("failed", code),), says


def _data(make: Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(make())


def _pdf(*, password: str = "") -> bytes:
    made = FPDF(format="letter")
    made.set_font("Helvetica", size=10)
    if password:
        made.set_encryption(owner_password=f"{password}!", user_password=password)
    for number in range(3):
        made.add_page()
        made.multi_cell(0, 6, f"Rate confirmation LD-{4410 + number}\nCarrier: Lakeshore Haulage\n" * 20)
    return bytes(made.output())


def _spinning_pdf() -> bytes:
    """A page that draws a form twice, which draws another one twice, and so on: 2 to the power of 27."""
    levels = 27
    forms = [
        stream(
            b"/X Do /X Do" if level < levels - 1 else b"BT /F1 1 Tf (LD-1) Tj ET",
            b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> "
            + (b"/XObject << /X %d 0 R >> >>" % (7 + level) if level < levels - 1 else b">>"),
        )
        for level in range(levels)
    ]
    made = page().replace(b"/Contents", b"/Resources << /XObject << /X 6 0 R >> /Font << /F1 3 0 R >> >> /Contents")
    return pdf([CATALOG, ONE_PAGE, FONT, made, stream(b"/X Do /X Do"), *forms])


def _looping_pages() -> bytes:
    """A tree of pages that is its own child."""
    return pdf([CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000000 >>", FONT, page(), stream(b"")])


def _docx() -> bytes:
    made = io.BytesIO()
    document = Document()
    document.add_paragraph("Rate confirmation LD-4410")
    document.save(made)
    return made.getvalue()


def _xlsx(formula: str = "") -> bytes:
    made = io.BytesIO()
    book = Workbook(made)
    sheet = book.add_worksheet("Loads")
    sheet.write_row(0, 0, ("Load #", "Customer", "Origin", "Destination", "Notes"))
    sheet.write_row(1, 0, ("LD-4410", "Halcyon Paper Co", "Chicago, IL", "Gary, IN", "none"))
    if formula:
        sheet.write_formula(1, 4, formula, None, "open")
    book.close()
    return made.getvalue()


def _with_member(data: bytes, name: str, content: Iterator[bytes]) -> bytes:
    """An Office file in which a part is replaced."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            if each != name:
                new.writestr(each, old.read(each))
        with new.open(name, "w", force_zip64=True) as member:
            for piece in content:
                member.write(piece)
    return made.getvalue()


def _repeated(begin: bytes, piece: bytes, end: bytes, *, megabytes: int) -> Iterator[bytes]:
    yield begin
    block = piece * (MEGABYTE // len(piece))
    for _ in range(megabytes):
        yield block
    yield end


_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def _word_bomb() -> bytes:
    begin = f'<?xml version="1.0"?><w:document xmlns:w="{_WORD}"><w:body>'.encode()
    paragraph = b"<w:p><w:r><w:t>Load LD-4410</w:t></w:r></w:p>"
    content = _repeated(begin, paragraph, b"</w:body></w:document>", megabytes=1_024)
    return _with_member(_docx(), "word/document.xml", content)


def _sheet_bomb() -> bytes:
    begin = f'<?xml version="1.0"?><worksheet xmlns="{_SHEET}"><sheetData>'.encode()
    content = _repeated(begin, b"<row><c><v>4410</v></c></row>", b"</sheetData></worksheet>", megabytes=1_024)
    return _with_member(_xlsx(), "xl/worksheets/sheet1.xml", content)


def _laughs(root: str, inside: str) -> Iterator[bytes]:
    """XML whose entities unfold to 10 to the power of 9 words."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    yield f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]>{root}{inside.format("&l9;")}'.encode()


def _external(secret: Path, root: str, inside: str) -> Iterator[bytes]:
    entity = f'<!ENTITY e SYSTEM "{secret.as_uri()}">'
    yield f'<?xml version="1.0"?><!DOCTYPE x [{entity}]>{root}{inside.format("&e;")}'.encode()


_WORD_ROOT = f'<w:document xmlns:w="{_WORD}"><w:body><w:p><w:r><w:t>'
_WORD_INSIDE = "{}</w:t></w:r></w:p></w:body></w:document>"
_SHEET_ROOT = f'<worksheet xmlns="{_SHEET}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>'
_SHEET_INSIDE = "{}</t></is></c></row></sheetData></worksheet>"


def _external_word(path: Path) -> None:
    secret = path.parent.parent / "secret.txt"
    secret.write_text(SECRET)
    path.write_bytes(_with_member(_docx(), "word/document.xml", _external(secret, _WORD_ROOT, _WORD_INSIDE)))


def _external_sheet(path: Path) -> None:
    secret = path.parent.parent / "secret.txt"
    secret.write_text(SECRET)
    path.write_bytes(_with_member(_xlsx(), "xl/worksheets/sheet1.xml", _external(secret, _SHEET_ROOT, _SHEET_INSIDE)))


def _large_html(path: Path) -> None:
    with path.open("wb") as file:
        for piece in _repeated(
            b"<!DOCTYPE html><html><body>", b"<p>Load LD-4410</p>\n", b"</body></html>", megabytes=200
        ):
            file.write(piece)


def _deep_html() -> bytes:
    return b"<!DOCTYPE html><html><body>" + b"<div>" * 200_000 + b"Load LD-4410" + b"</div>" * 200_000


_MAIL = (
    b"Message-ID: <%s@bluestem.example>\nDate: Wed, 4 Mar 2026 08:00:00 -0600\nFrom: ana@bluestem.example\n"
    b"To: hub@northyard.example\nSubject: Load LD-4410\nMIME-Version: 1.0\n"
)


def _nested_mail() -> bytes:
    body = b"Load LD-4410\n"
    for level in range(1_000):
        kind = b"Content-Type: multipart/mixed; boundary=b%d\n" % (level - 1) if level else b""
        body = b"--b%d\n%s\n%s\n--b%d--\n" % (level, kind, body, level)
    return _MAIL % b"nested" + b"Content-Type: multipart/mixed; boundary=b999\n\n" + body


def _endless_mail() -> bytes:
    head = _MAIL % b"endless" + b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nLoad LD-4410\n"
    return head + b"a line of text\n" * 2_000_000


def _cell_of_50_megabytes(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'Load #,Customer,Origin,Destination,Notes\nLD-4420,Halcyon Paper Co,"Chicago, IL","Gary, IN","')
        file.write(b"x" * 50 * MEGABYTE)
        file.write(b'"\nLD-4421,Halcyon Paper Co,"Chicago, IL","Gary, IN",ok\n')


def _formulas() -> bytes:
    return (
        b"Load #,Customer,Origin,Destination,Notes\n"
        b'LD-4430,Halcyon Paper Co,"Chicago, IL","Gary, IN","=HYPERLINK(""http://127.0.0.1/"",""x"")"\n'
    )


def _tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, kind, link in (
            ("good/load.txt", tarfile.REGTYPE, ""),
            ("../outside.txt", tarfile.REGTYPE, ""),
            ("/tmp/apex-absolute.txt", tarfile.REGTYPE, ""),
            ("link.txt", tarfile.SYMTYPE, "/etc/hostname"),
            ("hard.txt", tarfile.LNKTYPE, "/etc/hostname"),
            ("device.txt", tarfile.CHRTYPE, ""),
            ("pipe.txt", tarfile.FIFOTYPE, ""),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.mtime = kind, link, 1_760_000_000
            text = f"Load LD-4440 of {name}\n".encode() if kind == tarfile.REGTYPE else b""
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return made.getvalue()


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.txt", "Load LD-4450 waits\n")
        archive.writestr("../../outside.txt", "Load LD-4451 waits\n")
        archive.writestr("C:\\outside.txt", "Load LD-4452 waits\n")
        link = zipfile.ZipInfo("link.txt")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/hostname")
    return made.getvalue()


def _zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.txt", "w") as member:
        for _ in range(512):
            member.write(bytes(MEGABYTE))


def _x12() -> bytes:
    """Two sets of which the second counts its segments wrongly."""
    good = "ST*214*0001~B10*PRO7*LD-4460*LKHG~AT7*X3*NS***20260304*0800*CT~MS1*CHICAGO*IL*US~SE*5*0001~"
    bad = "ST*214*0002~B10*PRO8*LD-4461*LKHG~AT7*X3*NS***20260304*0900*CT~MS1*CHICAGO*IL*US~SE*9*0002~"
    head = "ISA*00*          *00*          *ZZ*LAKESHORE      *ZZ*BROKER         *260304*0900*U*00401*000000007*0*P*>~"
    return f"{head}GS*QM*LAKESHORE*BROKER*20260304*0900*7*X*004010~{good}{bad}GE*2*7~IEA*1*000000007~".encode()


def _huge_image() -> bytes:
    """A PNG of 30,000 x 30,000 pixels, in a few hundred kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = b"\0" + bytes(30_000 // 8)
    pixels = b"".join(packer.compress(row) for _ in range(30_000)) + packer.flush()
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


BAD_DOCUMENTS = (
    BadDocument("cut.pdf", _data(lambda: _pdf()[:900]), *failed("broken_file", "cut.pdf")),
    BadDocument("locked.pdf", _data(lambda: _pdf(password="x")), *failed("encrypted", "password")),
    BadDocument("spinning.pdf", _data(_spinning_pdf), *failed("too_slow|too_large", "spinning.pdf")),
    BadDocument("pages.pdf", _data(_looping_pages), *failed("broken_file", "pages.pdf")),
    BadDocument("bomb.docx", _data(_word_bomb), *failed("zip_bomb", "bomb.docx unpacks to")),
    BadDocument("bomb.xlsx", _data(_sheet_bomb), *failed("zip_bomb", "bomb.xlsx unpacks to")),
    BadDocument(
        "laughs.docx",
        _data(lambda: _with_member(_docx(), "word/document.xml", _laughs(_WORD_ROOT, _WORD_INSIDE))),
        *failed("unsafe_xml", "laughs.docx"),
    ),
    BadDocument(
        "laughs.xlsx",
        _data(lambda: _with_member(_xlsx(), "xl/worksheets/sheet1.xml", _laughs(_SHEET_ROOT, _SHEET_INSIDE))),
        *failed("unsafe_xml", "laughs.xlsx"),
    ),
    BadDocument("external.docx", _external_word, *failed("unsafe_xml", "external.docx")),
    BadDocument("external.xlsx", _external_sheet, *failed("unsafe_xml", "external.xlsx")),
    BadDocument("large.html", _large_html, *failed("too_large", "67,108,864 bytes")),
    BadDocument("deep.html", _data(_deep_html), (("committed", ""),), ("nested deeper than 512 levels",)),
    BadDocument("nested.eml", _data(_nested_mail), (("committed", ""),), ("nested deeper",)),
    BadDocument("endless.eml", _data(_endless_mail), (("committed", ""),), ("after its first",)),
    BadDocument(
        "cell.csv", _cell_of_50_megabytes, (("failed", "too_large"), ("committed", "")), ("the row is larger",)
    ),
    BadDocument("formulas.csv", _data(_formulas), (("committed", ""),)),
    BadDocument("formulas.xlsx", _data(lambda: _xlsx('=HYPERLINK("http://127.0.0.1/","open")')), (("committed", ""),)),
    BadDocument(
        "archive.tgz",
        _data(_tar),
        (("committed", ""), *[("failed", "unsafe_name")] * 2, *[("skipped", "")] * 4),
        ("leads out of the archive", "a symbolic link", "a hard link", "a device"),
    ),
    BadDocument(
        "archive.zip",
        _data(_zip),
        (("committed", ""), *[("failed", "unsafe_name")] * 2, ("skipped", "")),
        ("leads out of the archive", "a symbolic link"),
    ),
    BadDocument("bomb.zip", _zip_bomb, *failed("zip_bomb", "200 times")),
    BadDocument("counts.edi", _data(_x12), (("committed", ""), ("failed", "x12_envelope")), ("SE says 9 segments",)),
    BadDocument("huge.png", _data(_huge_image), *failed("too_large", "pixels")),
)
