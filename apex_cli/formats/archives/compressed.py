"""One compressed file: gzip (RFC 1952), bzip2, xz and Zstandard (RFC 8878). `loads.csv.gz` holds `loads.csv`."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from apex_cli.errors import ReadError
from apex_cli.formats.archives.unpacking import broken, unpacked
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import InnerFile

_ZSTD_WINDOW = 128 * 1024**2
"""The largest window that `zstd` uses without `--long`; a frame that asks for more memory is refused."""
_ZSTD_PIECE = 1024
"""Bytes that are unpacked at once. A block of 4 bytes may stand for 128 KiB, so this may become 32 MiB."""
_XZ_MEMORY = 256 * 1024**2


class _Compressed(Format):
    holds_one_file = True

    def __init__(
        self,
        name: str,
        magic: bytes,
        extensions: tuple[str, ...],
        unpack: Callable[[BinaryIO], BinaryIO],
        *,
        extra: str = "",
    ) -> None:
        self.name, self.magic, self.extensions, self.extra = name, (magic,), extensions, extra
        self._unpack = unpack

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[InnerFile]:
        name = PurePosixPath(info.name).name
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        try:
            with self._unpack(file) as packed:
                data = unpacked(packed, name, size, info)
        except ReadError:
            raise
        except Exception as error:
            # Each library has errors of its own for damaged data.
            if isinstance(error, OSError | EOFError | zlib.error | lzma.LZMAError | ValueError) or self.extra:
                raise broken(name, error) from error
            raise
        yield InnerFile(_inner_name(name), data)


def _inner_name(name: str) -> str:
    """`loads.csv` of `loads.csv.gz`, `drop.tar` of `drop.tgz`."""
    stem, extension = os.path.splitext(name)  # noqa: PTH122 - a name inside of an archive is no path
    return f"{stem}.tar" if extension.lower() in (".tgz", ".tbz2", ".txz", ".tzst") else stem or name


def _gzip(file: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="rb"))


def _bzip2(file: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", bz2.BZ2File(file, "rb"))


def _xz(file: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", _Xz(file))


def _zstandard(file: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", _Zstandard(file))


class _Zstandard:
    """A reader of the frames of a .zst file. `ZstdDecompressor.stream_reader` takes a cut file for a whole one."""

    def __init__(self, file: BinaryIO) -> None:
        import zstandard

        self._file = file
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame = self._decompressor.decompressobj()
        self._begun = False

    def __enter__(self) -> _Zstandard:
        return self

    def __exit__(self, *_: object) -> None:
        """The file is closed by whoever opened it."""

    def read(self, size: int) -> bytes:  # noqa: ARG002 - what a piece unpacks to is at hand anyway
        while True:
            fresh = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame, self._begun = self._decompressor.decompressobj(), False
            fresh = fresh or self._file.read(_ZSTD_PIECE)
            if not fresh:
                if self._begun:
                    raise EOFError("the file ends before its data does")
                return b""
            self._begun = True
            if data := self._frame.decompress(fresh):
                return data


class _Xz:
    """A reader of one .xz file with a limit of memory, which `lzma.LZMAFile` has not."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def __enter__(self) -> _Xz:
        return self

    def __exit__(self, *_: object) -> None:
        """The file is closed by whoever opened it."""

    def read(self, size: int) -> bytes:
        while not self._decompressor.eof:
            fresh = self._file.read(size) if self._decompressor.needs_input else b""
            if self._decompressor.needs_input and not fresh:
                raise EOFError("the file ends before its data does")
            if data := self._decompressor.decompress(fresh, size):
                return data
        return b""


GZIP = _Compressed("gzip", b"\x1f\x8b\x08", (".gz", ".tgz"), _gzip)
BZIP2 = _Compressed("bzip2", b"BZh", (".bz2", ".tbz2"), _bzip2)
XZ = _Compressed("xz", b"\xfd7zXZ\x00", (".xz", ".txz"), _xz)
ZSTANDARD = _Compressed("zstd", b"\x28\xb5\x2f\xfd", (".zst", ".tzst"), _zstandard, extra="documents")
