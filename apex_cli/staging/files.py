"""Private files: written whole or not at all, never through a symbolic link, and what to say when the disk refuses."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from apex_cli.errors import ReadError, StagingUnusable
from apex_cli.files import NotRegularFile, create_new, open_regular, sync

CHUNK = 1024 * 1024
STATUS_LIMIT = 256 * 1024

_REFUSALS = {
    errno.ENOSPC: ("staging_full", "the disk is full", "free some space, or set APEX_STAGING_DIR to another disk"),
    errno.EDQUOT: ("staging_full", "the disk quota is used up", "free some space, or set APEX_STAGING_DIR elsewhere"),
    errno.EROFS: ("staging_read_only", "the file system is read-only", "set APEX_STAGING_DIR to a writable folder"),
    errno.EACCES: ("staging_denied", "permission denied", "make it writable for this user, or set APEX_STAGING_DIR"),
    errno.EPERM: ("staging_denied", "not permitted", "make it writable for this user, or set APEX_STAGING_DIR"),
    errno.ENOTDIR: ("staging_not_a_folder", "it is not a folder", "set APEX_STAGING_DIR to a folder"),
    errno.EEXIST: ("staging_not_a_folder", "it is not a folder", "set APEX_STAGING_DIR to a folder"),
    errno.ELOOP: ("staging_not_a_folder", "it is a symbolic link", "replace the link by a folder"),
}


@contextmanager
def usable(root: Path) -> Iterator[None]:
    """Turn the operating system's refusals into `StagingUnusable` with a code, the reason and a way out."""
    try:
        yield
    except OSError as error:
        code, reason, hint = _REFUSALS.get(error.errno or 0, ("staging_unusable", error.strerror or str(error), None))
        where = "" if error.filename in (None, str(root)) else f" ({os.fsdecode(error.filename)})"
        raise StagingUnusable(
            f"the staging area {root} cannot be used: {reason}{where}", code=code, hint=hint
        ) from error


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turn the operating system's refusals to read an input into `ReadError`."""
    try:
        yield
    except OSError as error:
        raise ReadError(f"{name} cannot be read: {error.strerror or error}") from error


def open_input(path: Path) -> BinaryIO:
    """Open an input for reading. Raises `ReadError`, with the code `not_a_file` for what is no regular file."""
    with readable(str(path)):
        try:
            return open_regular(path)
        except NotRegularFile as error:
            raise ReadError(f"{path} is not a regular file", code="not_a_file") from error


def spill(read: Callable[[int], bytes], name: str, target: Path, admit: Callable[[int], None], *, durable: bool) -> int:
    """Write all that `read` gives to the new file `target`; returns its size in bytes.

    `admit` is told the size of each chunk before it is written and may raise. Raises `ReadError` where reading `name`
    fails and `OSError` where writing does.
    """
    size = 0
    with create_new(target) as file:
        while True:
            with readable(name):
                chunk = read(CHUNK)
            if not chunk:
                break
            admit(len(chunk))
            file.write(chunk)
            size += len(chunk)
        if durable:
            sync(file)
    return size


def read(path: Path, limit: int) -> bytes:
    """The content of a file that is no link. Raises `OSError`; `EFBIG` where it is larger than `limit` bytes."""
    with open_regular(path, follow_links=False) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def remove_flat(folder: Path) -> None:
    """Remove an item's folder with its files. Links are removed, not followed; what is already gone is no error."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    remove_flat(Path(entry.path))
                else:
                    Path(entry.path).unlink(missing_ok=True)
        folder.rmdir()
    except FileNotFoundError:
        return
