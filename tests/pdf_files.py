"""PDF files made by hand, for what no library writes: forms, broken files, and files that are made to do harm."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from fpdf import FPDF

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
ONE_PAGE = b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def pdf(objects: Sequence[bytes], *, info: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1; the first is its catalog."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    begin = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, info)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % begin)


def page(more: bytes = b"", *, fonts: bytes = b"/F1 3 0 R", box: bytes = b"0 0 612 792") -> bytes:
    """A page whose content is object 5."""
    return b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Resources << /Font << %s >> %s >> /Contents 5 0 R %s >>" % (
        box,
        fonts,
        b"" if b"/Annots" in more else more,
        more if b"/Annots" in more else b"",
    )


def stream(data: bytes, fields: bytes = b"") -> bytes:
    """A compressed stream."""
    packed = zlib.compress(data, 9)
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n" % (len(packed), fields) + packed + b"\nendstream"


def page_of(content: bytes, *, info: bytes = b"") -> bytes:
    """A file of one page with this content; `/F1` is Helvetica."""
    return pdf([CATALOG, ONE_PAGE, FONT, page(), stream(content)], info=info)


def text_page(*lines: tuple[float, float, str]) -> bytes:
    """A file of one page with lines at places: points from the left and from the bottom."""
    drawn = "".join(f"BT /F1 10 Tf {x} {y} Td ({text}) Tj ET\n" for x, y, text in lines)
    return page_of(drawn.encode("cp1252"))


def locked(user: str) -> bytes:
    """A file of one page, "Load LD-1", that needs the password `user`; anyone may open it where that is empty."""
    made = FPDF()
    made.set_font("Helvetica", size=10)
    made.add_page()
    made.text(20, 20, "Load LD-1")
    made.set_encryption(owner_password="owner", user_password=user)
    return bytes(made.output())
