"""Unpacks members of archives into temporary files without a name, within limits.

A member may not grow out of all proportion to its archive: DEFLATE reaches 1,032 to 1 on zeros, the text of real
exports 10 to 30 to 1.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from apex_cli.errors import ReadError
from apex_cli.formats.format import FileInfo
from apex_cli.formats.names import is_passed_over
from apex_cli.formats.part import Ignored, InnerFile, Part, Unreadable

IN_MEMORY_BYTES = 1024**2
HIGHEST_RATIO = 200
MIN_SUSPECT_BYTES = 64 * 1024**2
"""Up to this size the ratio does not matter."""
_CHUNK = 256 * 1024


def member(name: str, packed_bytes: int, info: FileInfo, open_member: Callable[[], BinaryIO]) -> Part | None:
    """The part that a member of an archive is; None for what directories pass over too, such as hidden files.

    `packed_bytes` is what the member takes in the archive. What is wrong with it concerns this member alone.
    """
    shown = name.replace("\\", "/")
    parts = PurePosixPath(shown).parts
    if shown.startswith("/") or ".." in parts or (len(parts[0]) == 2 and parts[0][1] == ":" if parts else False):
        error = ReadError(
            f"the name {name!r} leads out of the archive", hint="the archive is made to do harm", code="unsafe_name"
        )
        return Unreadable(name, error)
    if any(map(is_passed_over, parts)):
        return None
    try:
        with open_member() as packed:
            return InnerFile(shown, unpacked(packed, shown, packed_bytes, info))
    except ReadError as error:
        return Unreadable(shown, error)
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
        return Unreadable(shown, broken(shown, error))


def unpacked(packed: BinaryIO, name: str, packed_bytes: int, info: FileInfo) -> BinaryIO:
    """All that a stream unpacks to, as a file at its beginning that has no name on the disk.

    Raises `ReadError` (`too_large`, `zip_bomb`), and whatever the stream raises.
    """
    target = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - the reader of the part closes it
    size = 0
    try:
        while chunk := packed.read(_CHUNK):
            size += len(chunk)
            if size > info.limits.max_unpacked_bytes:
                raise ReadError(
                    f"{name} unpacks to more than {info.limits.max_unpacked_bytes:,} bytes",
                    hint="unpack it first, or raise APEX_MAX_UNPACKED_BYTES",
                    code="too_large",
                )
            if size > MIN_SUSPECT_BYTES and size > HIGHEST_RATIO * max(packed_bytes, 1):
                raise ReadError(
                    f"{name} unpacks to more than {HIGHEST_RATIO} times its size",
                    hint="the archive is made to do harm; if not, unpack it first",
                    code="zip_bomb",
                )
            target.write(chunk)
            info.alive()
        target.seek(0)
    except BaseException:
        target.close()
        raise
    return cast("BinaryIO", target)


def no_file(name: str, what: str) -> Ignored:
    """A member that is no file: a link or a device."""
    return Ignored(name, f"{what} in an archive")


def broken(name: str, error: Exception) -> ReadError:
    """The error for what the unpacker could not unpack."""
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return ReadError(
        f"{name} cannot be unpacked: {said}", hint="is the archive damaged or cut off?", code="broken_file"
    )
