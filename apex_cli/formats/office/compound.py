"""Compound files ([MS-CFB]): the container of old Office files, Outlook messages and encrypted new Office files."""

from __future__ import annotations

import struct
from typing import BinaryIO

from apex_cli.errors import ReadError

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage"
"""The stream that holds a new Office file under a password ([MS-OFFCRYPTO])."""
_HEADER = 512
_ENTRY = 128
_MOST_SECTORS = 256
_LAST = 0xFFFFFFFA
"""The first number of a sector that has a special meaning, such as the end of a chain."""


def stream_names(file: BinaryIO) -> frozenset[str]:
    """The names of the streams and storages in a compound file; none where it is no such file. Never raises.

    At most 256 sectors of its list are read: some thousand names.
    """
    try:
        file.seek(0)
        header = file.read(_HEADER)
        if len(header) < _HEADER or not header.startswith(SIGNATURE):
            return frozenset()
        return frozenset(_names(file, header))
    except (OSError, struct.error, ValueError):
        return frozenset()


def encrypted(name: str) -> ReadError:
    """What is said of a file under a password."""
    return ReadError(f"{name} is protected by a password", hint="save it without the password", code="encrypted")


def _names(file: BinaryIO, header: bytes) -> list[str]:
    (shift,) = struct.unpack_from("<H", header, 30)
    if shift not in (9, 12):
        return []
    size = 1 << shift
    (sector,) = struct.unpack_from("<I", header, 48)
    tables = struct.unpack_from("<109I", header, 76)
    per_table = size // 4
    names: list[str] = []
    for _ in range(_MOST_SECTORS):
        if sector >= _LAST:
            break
        data = _sector(file, sector, size)
        for start in range(0, len(data) - _ENTRY + 1, _ENTRY):
            (length,) = struct.unpack_from("<H", data, start + 64)
            if 2 < length <= 64:
                names.append(data[start : start + length - 2].decode("utf-16-le", "replace"))
        table = sector // per_table
        if table >= len(tables) or tables[table] >= _LAST:
            break
        chain = _sector(file, tables[table], size)
        (sector,) = struct.unpack_from("<I", chain, sector % per_table * 4)
    return names


def _sector(file: BinaryIO, number: int, size: int) -> bytes:
    file.seek((number + 1) * size)
    return file.read(size)
