"""Images and scanned pages: what OCR reads, how sure it is, and what check digits set right."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from apex_cli.errors import ReadError
from apex_cli.formats import images, registry
from apex_cli.formats.content import payload_of
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.isolation import Isolation
from apex_cli.formats.ocr.correction import Correction, corrected
from apex_cli.formats.part import Document, Ignored, Part
from apex_cli.formats.pdf import FORMAT as PDF
from apex_cli.input_rules import ReadLimits

LIMITS = ReadLimits(10_000_000, 64 * 1024**2, 100, parse_timeout=120)
VIN = "1M8GDM9AXKP042788"
CONTAINER = "MXTU7300553"


@pytest.fixture(scope="module")
def isolation() -> Iterator[Isolation]:
    made = Isolation()
    yield made
    made.close()


def read(isolation: Isolation, format: Format, data: bytes, limits: ReadLimits = LIMITS) -> list[Part]:
    return list(isolation.parts(format, io.BytesIO(data), FileInfo("file", limits)))


def document(parts: list[Part]) -> Document:
    (found,) = parts
    assert isinstance(found, Document)
    return found


def picture(*lines: str, size: int = 34) -> Image.Image:
    """Black letters on white paper, one line below the other; cells of a line are separated by a bar."""
    made = Image.new("L", (1000, 60 + 70 * len(lines)), "white")
    draw = ImageDraw.Draw(made)
    for row, line in enumerate(lines):
        for column, cell in enumerate(line.split("|")):
            draw.text((40 + 330 * column, 30 + 70 * row), cell, fill="black", font=ImageFont.load_default(size))
    return made


def encoded(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


class TestReading:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP"])
    def test_every_kind_of_image(self, isolation: Isolation, kind: str) -> None:
        data = encoded(picture("Bill of lading 88120045"), kind)
        assert registry.by_file("scan.bin", data[:100], io.BytesIO(data)) is images.FORMAT
        found = document(read(isolation, images.FORMAT, data))
        assert [block.text for block in found.blocks] == ["Bill of lading 88120045"]
        assert found.ocr is not None
        assert found.ocr.confidence > 0.9
        assert found.notes[0] == f"read by OCR, confidence {found.ocr.confidence:.2f}"

    def test_the_maker_of_onnxruntime_hears_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where it reports its use, it keeps an id of the machine and a database in the user's cache."""
        monkeypatch.setenv("HOME", str(tmp_path))
        fresh = Isolation()
        try:
            found = document(read(fresh, images.FORMAT, encoded(picture("Seal 998812 intact"), "PNG")))
        finally:
            fresh.close()
        assert found.blocks[0].text == "Seal 998812 intact"
        assert not list(tmp_path.iterdir())

    def test_a_table_in_an_image_has_its_heads(self, isolation: Isolation) -> None:
        made = picture("Unit|Driver|Status", "T-6520|Ana Ruiz|loaded 14:20", "T-6521|Bo Chen|empty 16:05")
        (block,) = document(read(isolation, images.FORMAT, encoded(made, "PNG"))).blocks
        assert block.text.split("\n") == [
            "Unit: T-6520 | Driver: Ana Ruiz | Status: loaded 14:20",
            "Unit: T-6521 | Driver: Bo Chen | Status: empty 16:05",
        ]

    def test_a_photograph_that_lies_on_its_side_by_its_own_word(self, isolation: Isolation) -> None:
        made = picture("Seal 998812 intact").rotate(90, expand=True)
        exif = Image.Exif()
        exif[0x0112] = 6
        out = io.BytesIO()
        made.save(out, "JPEG", exif=exif, quality=95)
        assert document(read(isolation, images.FORMAT, out.getvalue())).blocks[0].text == "Seal 998812 intact"

    def test_paper_that_lies_askew(self, isolation: Isolation) -> None:
        made = picture("Load #:|LD-1001", "Carrier:|Lakeshore Haulage").rotate(2, fillcolor=255, expand=True)
        found = document(read(isolation, images.FORMAT, encoded(made, "PNG")))
        assert found.blocks[0].text.split("\n") == ["Load #: LD-1001", "Carrier: Lakeshore Haulage"]

    def test_the_pages_of_a_tiff_are_places(self, isolation: Isolation) -> None:
        out = io.BytesIO()
        picture("First sheet").save(out, "TIFF", save_all=True, append_images=[picture("Second sheet")])
        found = document(read(isolation, images.FORMAT, out.getvalue())).blocks
        assert [(block.place, block.text) for block in found] == [("page 1", "First sheet"), ("page 2", "Second sheet")]

    def test_letters_on_no_background(self, isolation: Isolation) -> None:
        paper = picture("PRO 482139055")
        made = Image.merge("LA", (Image.new("L", paper.size, 0), paper.point(lambda value: 255 - value)))
        assert document(read(isolation, images.FORMAT, encoded(made, "PNG"))).blocks[0].text == "PRO 482139055"

    def test_a_scanned_page_among_pages_of_text(self, isolation: Isolation) -> None:
        made = FPDF(format="letter")
        made.set_font("Helvetica", size=12)
        made.add_page()
        made.text(20, 20, "Proof of delivery, two pages")
        made.add_page()
        made.image(picture("Received by J. Ortiz", "Seal 998812"), 10, 10, 190)
        found = document(read(isolation, PDF, bytes(made.output())))
        assert [(block.place, block.text) for block in found.blocks] == [
            ("page 1", "Proof of delivery, two pages"),
            ("page 2", "Received by J. Ortiz\nSeal 998812"),
        ]
        assert found.ocr is not None

    def test_a_scan_with_the_stamp_of_a_fax(self, isolation: Isolation) -> None:
        made = FPDF(format="letter")
        made.set_font("Helvetica", size=10)
        made.add_page()
        made.image(picture(*["Delivered in full"] * 14), 5, 15, 205, 260)
        made.text(20, 8, "19 OCT 14:23 FAX 312 555 0134 P.01/01")
        text = " ".join(block.text for block in document(read(isolation, PDF, bytes(made.output()))).blocks)
        assert text.count("Delivered in full") == 14
        assert "P.01/01" in text

    def test_an_image_without_text(self, isolation: Isolation) -> None:
        (part,) = read(isolation, images.FORMAT, encoded(Image.new("RGB", (300, 300), "green"), "PNG"))
        assert part == Ignored("", "an image without text")
        (part,) = read(isolation, images.FORMAT, encoded(Image.new("RGB", (600, 2), "black"), "PNG"))
        assert part == Ignored("", "an image without text")

    def test_nothing_is_downloaded(self) -> None:
        """Every connection fails in this process, and the models are there all the same."""
        script = """
import io, socket, sys
def refuse(*_): raise OSError("no network")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from apex_cli.formats import images
from apex_cli.formats.format import FileInfo
from apex_cli.input_rules import ReadLimits
parts = images.FORMAT.parts(io.BytesIO(sys.stdin.buffer.read()), FileInfo("x", ReadLimits(1, 10**7, 9)))
print(next(parts).blocks[0].text)
"""
        done = subprocess.run(
            [sys.executable, "-c", script], input=encoded(picture("Load LD-1"), "PNG"), capture_output=True, check=True
        )
        assert done.stdout.decode().strip() == "Load LD-1"


class TestUncertain:
    def test_uncertain_words_are_in_the_payload_and_the_notes(self, isolation: Isolation) -> None:
        worn = picture("Trailer 53-2201 seal 998812", "and nothing else")
        for x in range(360, 520, 5):
            ImageDraw.Draw(worn).line((x, 35, x + 10, 70), fill="white", width=3)
        data = encoded(worn, "PNG")
        found = document(read(isolation, images.FORMAT, data))
        payload = payload_of(found, format=images.FORMAT, path="x", data=data)
        assert payload["ocr"]["confidence"] < 1
        assert payload["ocr"]["uncertain"]
        for word, sure in payload["ocr"]["uncertain"].items():
            assert word in found.blocks[0].text
            assert word != "53-2201"
            assert 0 < sure < 0.85
            assert f"{word} ({sure:.2f})" in " ".join(found.notes)

    def test_a_corrected_number_stands_in_the_text_and_the_notes_say_so(self, isolation: Isolation) -> None:
        # Letters are written where digits belong, as worn print looks to OCR.
        found = document(read(isolation, images.FORMAT, encoded(picture("Container MXTU73OO553"), "PNG")))
        assert found.blocks[0].text == f"Container {CONTAINER}"
        if len(found.notes) > 1:
            assert f"is the container number {CONTAINER} by its check digit" in found.notes[1]


class TestCorrection:
    @pytest.mark.parametrize(
        ("read", "right"),
        [
            (CONTAINER, CONTAINER),
            ("MXTU 730055 3", "MXTU 730055 3"),
            ("MXTU73OO553", CONTAINER),
            ("MXTU7300S53", CONTAINER),
            ("CSQU3O54383", "CSQU3054383"),
            ("C5QU3054383", "CSQU3054383"),
            ("APXU 4B1920 4", "APXU4819204"),
            (VIN, VIN),
            ("1M8GDM9AXKPO42788", VIN),
            ("IM8GDM9AXKPO427B8", VIN),
            ("1MBGDM9AXKP042788", VIN),
            ("1XKYD49X7PJ3O4417", "1XKYD49X7PJ304417"),
            ("1M8GDM9AXKP042788 and CSQU305438E", "1M8GDM9AXKP042788 and CSQU305438E"),
        ],
    )
    def test_what_looks_alike_is_set_right(self, read: str, right: str) -> None:
        assert corrected(f"no. {read}, received")[0] == f"no. {right}, received"

    @pytest.mark.parametrize("read", ["CSQU3054384", "1M8GDM9A1KP042788"])
    def test_what_fails_its_check_digit_stays_and_is_said(self, read: str) -> None:
        text, corrections = corrected(read)
        assert text == read
        assert [(each.read, each.right) for each in corrections] == [(read, None)]

    def test_two_corrections_that_pass_are_none(self) -> None:
        # With G for the second 6 it is a VIN, and with 8 for the B behind 88 too.
        assert corrected("8866GB8B8KP042788") == (
            "8866GB8B8KP042788", [Correction("VIN", "8866GB8B8KP042788", None)],
        )  # fmt: skip

    @pytest.mark.parametrize(
        "text", ["INTERNATIONALISED", "the 17 characters", "OBIS-SOBIS", "LD-2025-10-19-0002", "BOOKING0012"]
    )
    def test_words_and_other_numbers_are_left_alone(self, text: str) -> None:
        assert corrected(text) == (text, [])


def png(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and is some kilobytes of one line."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1_000))
        + chunk(b"IEND", b"")
    )


class TestBadImages:
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (png(30_000, 30_000), "too_large"),
            (png(2_000_000_000, 2_000_000_000), "too_large"),
            (png(9_000, 9_000), "too_large"),
            (png(3_000, 3_000), "broken_file"),
            (b"\x89PNG\r\n\x1a\n", "broken_file"),
            (b"\xff\xd8\xff\xe0" + b"\0" * 100, "broken_file"),
            (b"II*\0\x08\0\0\0\xff\xff", "broken_file"),
            (encoded(Image.effect_noise((800, 800), 90), "JPEG")[:9_000], "broken_file"),
        ],
    )
    def test_each_is_named(self, isolation: Isolation, data: bytes, code: str) -> None:
        tight = ReadLimits(10_000_000, 64 * 1024**2, 100, parse_timeout=20, parse_memory=512 * 1024**2)
        with pytest.raises(ReadError) as caught:
            read(isolation, images.FORMAT, data, tight)
        assert caught.value.code == code

    def test_the_limit_of_memory_is_enough_for_a_large_photograph(self) -> None:
        made = Image.new("RGB", (10_000, 7_900), "white")
        made.paste(picture("Received 19 Oct 2025").resize((8_000, 1_040)), (500, 3_000))
        fresh = Isolation()
        try:
            found = document(read(fresh, images.FORMAT, encoded(made, "PNG")))
        finally:
            fresh.close()
        assert "Received" in found.blocks[0].text


@pytest.mark.usefixtures("without_ocr")
def test_without_the_extra_an_image_is_passed_over_with_a_way_out() -> None:
    (part,) = images.FORMAT.parts(io.BytesIO(png(10, 10)), FileInfo("x.png", LIMITS))
    assert part == Ignored("", "an image; to read such images: pip install '.[ocr]'")
