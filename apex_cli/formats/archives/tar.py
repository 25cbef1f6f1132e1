"""TAR archives (POSIX.1-2001 pax, GNU), by Python's tarfile, as a stream."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from apex_cli.errors import ReadError
from apex_cli.formats.archives.unpacking import broken, member, no_file
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import Part

_MAGIC_AT = 257
_MAGIC = b"ustar"
_BLOCK = 512
_LONGEST_READ = 1024**2
"""What a header may hold (a long name, pax attributes): `tarfile` reads it at once."""


class _Tar(Format):
    name = "tar"
    extensions = (".tar",)

    def recognises(self, head: bytes, file: BinaryIO) -> bool:  # noqa: ARG002 - the head decides
        return head[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        try:
            with tarfile.open(fileobj=cast("BinaryIO", _Bounded(file)), mode="r:") as archive:
                while (entry := archive.next()) is not None:
                    # tarfile keeps every entry that it has seen.
                    archive.members = []  # type: ignore[attr-defined]
                    part = _part(archive, entry, info)
                    if part is not None:
                        yield part
        except (tarfile.TarError, ValueError, OSError, EOFError) as error:
            raise broken(info.name, error) from error


FORMAT = _Tar()


def _part(archive: tarfile.TarFile, entry: tarfile.TarInfo, info: FileInfo) -> Part | None:
    if entry.isdir():
        return None
    if entry.issym() or entry.islnk():
        return no_file(entry.name, "a symbolic link" if entry.issym() else "a hard link")
    if not entry.isreg():
        return no_file(entry.name, "a device or a special file")
    return member(entry.name, entry.size, info, lambda: cast("BinaryIO", archive.extractfile(entry)))


class _Bounded:
    """The archive, of which no more than `_LONGEST_READ` bytes are read at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _LONGEST_READ:
            raise ReadError(
                f"a header of the archive has more than {_LONGEST_READ:,} bytes",
                hint="the archive is made to do harm",
                code="too_large",
            )
        return self._file.read(size)

    def seek(self, position: int) -> int:
        return self._file.seek(position)

    def tell(self) -> int:
        return self._file.tell()
