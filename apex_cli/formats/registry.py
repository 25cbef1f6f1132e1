"""All file formats but JSON: by name, and by the content and the name of a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import BinaryIO

from apex_cli.formats import ics, images, markdown, pdf, text
from apex_cli.formats.archives import compressed, tar, zip
from apex_cli.formats.format import Format
from apex_cli.formats.mail import eml, mbox, msg
from apex_cli.formats.office import html, rtf, word
from apex_cli.formats.sheets import delimited, workbook
from apex_cli.formats.x12 import format as x12

DEFAULT = text.FORMAT
BUILT_IN: tuple[Format, ...] = (
    x12.FORMAT,
    pdf.FORMAT,
    images.FORMAT,
    mbox.FORMAT,
    eml.FORMAT,
    msg.FORMAT,
    ics.FORMAT,
    compressed.GZIP,
    compressed.BZIP2,
    compressed.XZ,
    compressed.ZSTANDARD,
    word.FORMAT,
    workbook.FORMAT,
    zip.FORMAT,
    tar.FORMAT,
    html.FORMAT,
    rtf.FORMAT,
    delimited.FORMAT,
    text.FORMAT,
    markdown.FORMAT,
)
_formats: list[Format] = []


def register(format: Format) -> None:
    """Add a format. Raises `ValueError` for a name or an extension that is taken."""
    for known in _formats:
        if format.name == known.name or not set(format.extensions).isdisjoint(known.extensions):
            raise ValueError(f"the format {known.name!r} has this name or extension already")
    _formats.append(format)


@contextmanager
def registered(format: Format) -> Iterator[None]:
    """A format that is known within a `with` block only."""
    register(format)
    try:
        yield
    finally:
        _formats.remove(format)


for _format in BUILT_IN:
    register(_format)


def extensions() -> tuple[str, ...]:
    """The file name extensions of all formats."""
    return tuple(extension for format in _formats for extension in format.extensions)


def by_name(name: str) -> Format | None:
    """The format of this name."""
    return next((format for format in _formats if format.name == name), None)


def by_file(name: str, head: bytes, file: BinaryIO) -> Format | None:
    """The format of an open file: by its content where that is sure, else by the extension of its name.

    `head` are its first bytes. The position of `file` is as it was.
    """
    position = file.tell()
    recognised = next((format for format in _formats if format.recognises(head, file)), None)
    file.seek(position)
    return recognised or by_extension(PurePath(name).suffix.lower())


def by_extension(extension: str) -> Format | None:
    """The format that files of this extension have, in lower case and with its dot."""
    return next((format for format in _formats if extension in format.extensions), None)
