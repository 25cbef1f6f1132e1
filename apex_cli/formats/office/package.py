"""The ZIP packages of Office Open XML (ECMA-376) and OpenDocument: what one holds, and whether it is safe to open."""

from __future__ import annotations

import zipfile
import zlib
from typing import BinaryIO, Literal

from apex_cli.errors import ReadError
from apex_cli.formats.archives.zip import check_directory
from apex_cli.input_rules import ReadLimits

Kind = Literal["word", "workbook", "opendocument"]
_SIGNATURE = b"PK\x03\x04"
_FOLDERS: tuple[tuple[str, Kind], ...] = (("word/", "word"), ("xl/", "workbook"))
_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_HIGHEST_RATIO = 200
_SMALL = 64 * 1024**2
"""Unpacked bytes up to which the ratio does not matter."""
_XML = (".xml", ".rels")
_HEAD = 4096
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))


def kind_of(head: bytes, file: BinaryIO) -> Kind | None:
    """What kind of document a ZIP file is, by its members; None for any other file. Never raises."""
    if not head.startswith(_SIGNATURE):
        return None
    try:
        check_directory(file, "")
        with zipfile.ZipFile(file) as package:
            names = package.namelist()
            if "[Content_Types].xml" in names:
                return next((kind for folder, kind in _FOLDERS if any(one.startswith(folder) for one in names)), None)
            is_sheet = "mimetype" in names and package.open("mimetype").read(100).strip() == _SPREADSHEET
            return "opendocument" if is_sheet else None
    except (ReadError, OSError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        return None


def check(file: BinaryIO, name: str, limits: ReadLimits) -> None:
    """Raises `ReadError` for a package that must not be opened.

    `too_large` and `zip_bomb` by what its list of members says; `unsafe_xml` where a part declares a document type or
    entities, which the standards forbid; `broken_file` for one that is no ZIP file; `encrypted`.
    """
    check_directory(file, name)
    try:
        with zipfile.ZipFile(file) as package:
            entries = package.infolist()
            unpacked, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
            if unpacked > _SMALL and unpacked > _HIGHEST_RATIO * max(packed, 1):
                raise ReadError(
                    f"{name} unpacks to {unpacked:,} bytes, {unpacked // max(packed, 1):,} times its size",
                    hint="no office program writes such a file",
                    code="zip_bomb",
                )
            if unpacked > limits.parse_memory:
                raise ReadError(
                    f"{name} unpacks to {unpacked:,} bytes",
                    hint="split it, or set APEX_PARSE_MEMORY to read larger ones",
                    code="too_large",
                )
            for entry in entries:
                if entry.flag_bits & 1:
                    raise ReadError(f"{name} is encrypted", hint="save it without a password", code="encrypted")
                if entry.filename.lower().endswith(_XML):
                    _check_xml(package.open(entry).read(_HEAD), name, entry.filename)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, zlib.error) as error:
        raise ReadError(
            f"{name} cannot be read: {' '.join(str(error).split())[:200]}", hint="is it damaged?", code="broken_file"
        ) from error
    file.seek(0)


def _check_xml(head: bytes, name: str, part: str) -> None:
    if any(declaration in head for declaration in _DECLARATIONS):
        raise ReadError(
            f"{name}: {part[:100]} declares a document type or entities",
            hint="no office program writes such a file",
            code="unsafe_xml",
        )
