"""Private files: written whole or not at all, never through a symbolic link, and what to say when the disk refuses."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from apex_cli.errors import ReadError, StagingUnusable

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


def open_input(path: Path) -> FileIO:
    """Open an input for reading, without waiting for the writer of a pipe. Raises `ReadError`."""
    with readable(str(path)):
        return open(path, "rb", buffering=0, opener=_nowait)


def spill(read: Callable[[int], bytes], name: str, target: Path, admit: Callable[[int], None], *, durable: bool) -> int:
    """Write all that `read` gives to the new file `target`; returns its size in bytes.

    `admit` is told the size of each chunk before it is written and may raise. Raises `ReadError` where reading `name`
    fails and `OSError` where writing does.
    """
    size = 0
    with _create(target) as descriptor:
        while True:
            with readable(name):
                chunk = read(CHUNK)
            if not chunk:
                break
            admit(len(chunk))
            _write(descriptor, chunk)
            size += len(chunk)
        if durable:
            os.fsync(descriptor)
    return size


def write(target: Path, content: bytes, *, durable: bool) -> None:
    """Create `target` with `content`. Durable: on the disk when this returns (its name is not: see `sync_folder`)."""
    with _create(target) as descriptor:
        _write(descriptor, content)
        if durable:
            os.fsync(descriptor)


def replace(target: Path, content: bytes, *, durable: bool = False) -> None:
    """Put `content` in the place of `target` at one instant: readers see the old or the new. The folder is locked."""
    fresh = target.with_name(f".{target.name}.new")
    fresh.unlink(missing_ok=True)
    write(fresh, content, durable=durable)
    fresh.rename(target)


def head(path: Path, limit: int) -> bytes:
    """The first `limit` bytes of a file that is no link, all of them for -1. Raises `OSError`."""
    with open(path, "rb", opener=_nofollow) as file:
        return file.read(limit)


def read(path: Path, limit: int | None = None) -> bytes:
    """The content of a file that is no link. Raises `OSError`; `EFBIG` where it is larger than `limit` bytes."""
    content = head(path, -1 if limit is None else limit + 1)
    if limit is not None and len(content) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


@contextmanager
def _create(target: Path) -> Iterator[int]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(target, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _nowait(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _nofollow(path: str, flags: int) -> int:
    return _nowait(path, flags | os.O_NOFOLLOW)
