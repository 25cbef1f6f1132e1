"""Writes compound files (MS-CFB 3) and Outlook's messages in them (MS-OXMSG), for no library does."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Union

Tree = Mapping[str, Union[bytes, "Tree"]]
"""Streams and storages by their names."""
Value = str | bytes | int | datetime

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_FREE, _END, _FAT, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_EPOCH = datetime.fromisoformat("1601-01-01T00:00:00+00:00")


def compound_file(tree: Tree) -> bytes:
    """A compound file of these streams and storages."""
    return _Writer().write(tree)


def outlook_message(
    properties: Mapping[int, Value], recipients: Sequence[Tree] = (), attached: Sequence[Tree] = ()
) -> bytes:
    """A message of Outlook. `properties` are by their ids, the others made by the functions below."""
    return compound_file(message_tree(properties, recipients, attached, header=bytes(32)))


def message_tree(
    properties: Mapping[int, Value],
    recipients: Sequence[Tree] = (),
    attached: Sequence[Tree] = (),
    header: bytes = bytes(24),
) -> Tree:
    """The storage of a message: of one inside of another unless `header` says otherwise."""
    people = {f"__recip_version1.0_#{number:08X}": each for number, each in enumerate(recipients)}
    files = {f"__attach_version1.0_#{number:08X}": each for number, each in enumerate(attached)}
    return {**_storage(properties, header), **people, **files}


def part(properties: Mapping[int, Value]) -> Tree:
    """A recipient, or a file that is attached."""
    return _storage(properties, bytes(8))


def inner_message(name: str, tree: Tree) -> Tree:
    """An attachment that is a message."""
    return {**part({0x3001: name, 0x3705: 5}), "__substg1.0_3701000D": tree}


def _storage(properties: Mapping[int, Value], header: bytes) -> Tree:
    entries, streams = [], {}
    for number, value in properties.items():
        kind, fixed, stream = _encoded(value)
        entries.append(struct.pack("<HHI8s", kind, number, 6, fixed))
        if stream is not None:
            streams[f"__substg1.0_{number:04X}{kind:04X}"] = stream
    return {"__properties_version1.0": header + b"".join(entries), **streams}


def _encoded(value: Value) -> tuple[int, bytes, bytes | None]:
    if isinstance(value, datetime):
        ticks = (value - _EPOCH).days * 864_000_000_000 + (value - _EPOCH).seconds * 10_000_000
        return 0x0040, struct.pack("<Q", ticks), None
    if isinstance(value, int):
        return 0x0003, struct.pack("<II", value, 0), None
    data = value if isinstance(value, bytes) else value.encode("utf-16-le")
    kind, extra = (0x0102, 0) if isinstance(value, bytes) else (0x001F, 2)
    return kind, struct.pack("<II", len(data) + extra, 0), data


class _Writer:
    def __init__(self) -> None:
        self._sectors: list[bytes] = []
        self._chain: list[int] = []
        self._mini = bytearray()
        self._mini_chain: list[int] = []
        self._entries: list[list[object]] = []

    def write(self, tree: Tree) -> bytes:
        self._entries.append(["Root Entry", 5, _NONE, _NONE, 0, 0])
        self._entries[0][3] = self._level(tree)
        self._entries[0][4], self._entries[0][5] = self._add(bytes(self._mini)), len(self._mini)
        mini_fat = self._add(b"".join(struct.pack("<I", each) for each in self._mini_chain))
        directory = self._add(b"".join(self._entry(entry) for entry in self._entries))
        count = 1
        while count * 128 < len(self._sectors) + count:
            count += 1
        first = len(self._sectors)
        chain = [*self._chain, *([_FAT] * count)]
        chain += [_FREE] * (count * 128 - len(chain))
        fat = b"".join(struct.pack("<I", each) for each in chain)
        places = [*range(first, first + count), *([_FREE] * (109 - count))]
        head = struct.pack(
            "<8s16xHHHHH6xIIIIIIIII109I",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, count, directory, 0, _CUTOFF, mini_fat,
            (len(self._mini_chain) + 127) // 128, _END, 0, *places,
        )  # fmt: skip
        return head + b"".join(self._sectors) + fat

    def _level(self, tree: Tree) -> int:
        """Adds the entries of one storage; the first of them, each with the next to its right."""
        numbers = []
        for name, value in tree.items():
            numbers.append(len(self._entries))
            if isinstance(value, bytes):
                start = self._add(value) if len(value) >= _CUTOFF else self._add_small(value)
                self._entries.append([name, 2, _NONE, _NONE, start, len(value)])
            else:
                entry: list[object] = [name, 1, _NONE, _NONE, 0, 0]
                self._entries.append(entry)
                entry[3] = self._level(value)
        for number, following in pairwise(numbers):
            self._entries[number][2] = following
        return numbers[0] if numbers else _NONE

    @staticmethod
    def _entry(entry: list[object]) -> bytes:
        name, kind, right, child, start, size = entry
        encoded = str(name).encode("utf-16-le") + b"\0\0"
        return struct.pack("<64sHBBIII36xIQ", encoded, len(encoded), kind, 1, _NONE, right, child, start, size)

    def _add(self, data: bytes) -> int:
        if not data:
            return _END
        first = len(self._sectors)
        for begin in range(0, len(data), _SECTOR):
            self._sectors.append(data[begin : begin + _SECTOR].ljust(_SECTOR, b"\0"))
            self._chain.append(len(self._sectors))
        self._chain[-1] = _END
        return first

    def _add_small(self, data: bytes) -> int:
        if not data:
            return _END
        first = len(self._mini_chain)
        for begin in range(0, len(data), _MINI):
            self._mini += data[begin : begin + _MINI].ljust(_MINI, b"\0")
            self._mini_chain.append(len(self._mini_chain) + 1)
        self._mini_chain[-1] = _END
        return first
