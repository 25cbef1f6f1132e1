"""ZIP archives (PKWARE APPNOTE 6.3.10), by Python's zipfile."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from apex_cli.errors import ReadError
from apex_cli.formats.archives.unpacking import broken, member, no_file
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import Part, Unreadable

_LONGEST_DIRECTORY = 32 * 1024**2
"""Bytes of the list of members, which is held in memory: about 300,000 members."""
_END = b"PK\x05\x06"
_END64_LOCATOR = b"PK\x06\x07"
_END_BYTES = 22
_LONGEST_COMMENT = 65_535
_ENCRYPTED = 0x1


class _Zip(Format):
    name = "zip"
    extensions = (".zip",)
    magic = (b"PK\x03\x04", b"PK\x05\x06")

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        check_directory(file, info.name)
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise broken(info.name, error) from error
        with archive:
            for entry in archive.infolist():
                part = _part(archive, entry, info)
                if part is not None:
                    yield part


FORMAT = _Zip()


def _part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, info: FileInfo) -> Part | None:
    if entry.is_dir():
        return None
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind and not stat.S_ISREG(kind):
        return no_file(entry.filename, "a symbolic link" if stat.S_ISLNK(kind) else "a device or a special file")
    if entry.flag_bits & _ENCRYPTED:
        error = ReadError(f"{entry.filename} is encrypted", hint="unpack it with its password first", code="encrypted")
        return Unreadable(entry.filename, error)
    return member(entry.filename, entry.compress_size, info, lambda: cast("BinaryIO", archive.open(entry)))


def check_directory(file: BinaryIO, name: str) -> None:
    """Raises `ReadError` for a list of members too large to be held: `zipfile` reads all of it at once."""
    end = file.seek(0, os.SEEK_END)
    begin = max(0, end - _END_BYTES - _LONGEST_COMMENT - 20)
    file.seek(begin)
    tail = file.read()
    file.seek(0)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise ReadError(f"{name} has no list of its members", hint="is the archive cut off?", code="broken_file")
    (size,) = struct.unpack_from("<I", tail, at + 12)
    if size == 0xFFFFFFFF or tail[at - 20 : at - 16] == _END64_LOCATOR:
        size = _size64(file, tail, at, name)
    if size > min(_LONGEST_DIRECTORY, end):
        raise ReadError(f"{name} has too many members", hint="unpack it first", code="too_many_files")


def _size64(file: BinaryIO, tail: bytes, at: int, name: str) -> int:
    """The size of the list of members by the ZIP64 record, whose place stands in the locator before the end record."""
    if at < 20:
        raise ReadError(f"{name} has no list of its members", hint="is the archive cut off?", code="broken_file")
    (offset,) = struct.unpack_from("<Q", tail, at - 20 + 8)
    file.seek(min(offset, 2**62))
    record = file.read(48)
    file.seek(0)
    return int(struct.unpack_from("<Q", record, 40)[0]) if len(record) == 48 else 0
