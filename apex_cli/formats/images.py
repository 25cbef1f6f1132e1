"""Images (JPEG, PNG, TIFF, WebP, BMP): the text in them, by OCR, where the extra for it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats import ocr
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import Block, Document, Ignored, Part

_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*")
MOST_PIXELS = 80_000_000
"""Of one image: a photograph of 50 megapixels, or a page of A3 at 600 dots an inch."""
MOST_PAGES = 500
_SMALLEST_SIDE = 24
"""Pixels; a smaller image is a line or a bullet of a mail."""


class _Image(Format):
    name = "image"
    extensions = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")
    isolated = True

    def recognises(self, head: bytes, file: BinaryIO) -> bool:  # noqa: ARG002 - the beginning decides
        return head.startswith(_MAGIC) or _is_webp(head) or _is_bmp(head)

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        """The text of an image, page by page where it has several.

        Raises `ReadError`: `too_large` from the header alone, before anything is decoded; `broken_file`.
        """
        if not ocr.is_installed():
            yield Ignored("", f"an image; {ocr.hint()}")
            return
        yield _document(file, info)


FORMAT = _Image()


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_bmp(head: bytes) -> bool:
    """`BM`, the size of the file, four bytes that are zero in practice, and where the pixels begin."""
    return head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and 14 < int.from_bytes(head[10:14], "little") < 2_000


def _document(file: BinaryIO, info: FileInfo) -> Document | Ignored:
    from apex_cli.formats.ocr import reader
    from apex_cli.formats.pages.layout import arranged
    from apex_cli.formats.pages.paragraphs import SCANNED, Blocks

    tally = reader.OcrTally()
    blocks = Blocks(SCANNED)
    found: list[Block] = []
    with _opened(file, info.name) as image:
        pages = int(getattr(image, "n_frames", 1))
        if pages > MOST_PAGES:
            raise ReadError(f"{info.name} has more than {MOST_PAGES} pages", hint="split it", code="too_large")
        for number in range(pages):
            pixels = _pixels(image, number, info.name, reader.LONGEST_SIDE)
            place = f"page {number + 1}" if pages > 1 else ""
            if pixels is not None:
                found.extend(blocks.of_page(arranged(reader.read_image(pixels, tally)), place))
            info.alive()
    if not found:
        return Ignored("", "an image without text")
    return Document(found, notes=tuple(tally.notes()), ocr=tally.result())


def _opened(file: BinaryIO, name: str) -> Any:
    """An image of which only the header is read. Raises `ReadError`."""
    from PIL import Image, UnidentifiedImageError

    # Pillow's own limit is twice this; `_check_size` has the exact one.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        image = Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise _broken(name) from error
    return image


def _pixels(image: Any, number: int, name: str, longest: int) -> Any:
    """The colours of a page of an image, BGR, upright and at most `longest` on its longer side.

    None for one that is too small to hold text. Raises `ReadError`.
    """
    import numpy as np
    from PIL import Image, ImageOps

    try:
        image.seek(number)
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise _too_large(name)
        if min(width, height) < _SMALLEST_SIDE:
            return None
        # JPEG decodes at a half, a quarter or an eighth of the size for a part of the memory.
        image.draft("RGB", (longest, longest))
        upright = ImageOps.exif_transpose(image)
        if max(upright.size) > longest:
            upright.thumbnail((longest, longest))
        if upright.mode in ("RGBA", "LA", "PA", "P"):
            paper = Image.new("RGBA", upright.size, "white")
            upright = Image.alpha_composite(paper, upright.convert("RGBA"))
        return np.ascontiguousarray(np.asarray(upright.convert("RGB"))[:, :, ::-1])
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise _broken(name) from error


def _too_large(name: str) -> ReadError:
    return ReadError(f"{name} has more than {MOST_PIXELS:,} pixels", hint="make it smaller", code="too_large")


def _broken(name: str) -> ReadError:
    return ReadError(f"{name} cannot be read as an image", hint="is the file damaged?", code="broken_file")
