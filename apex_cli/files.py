"""Files that are written whole, locked by the kernel, private, and opened safely.

    write_atomic        readers see the old content or the new one, never a part
    AtomicFile          the same for content that is written piece by piece
    sync_folder         makes the names in a folder durable
    private_directory   a folder with mode 700
    open_lock_file, try_lock, try_share, unlock, wait_for_lock
                        flock(2): the kernel frees the lock when its holder ends in any way
    open_regular        never waits for the other end of a FIFO, never reads a device

Every function raises `OSError`; the caller knows what the file is for and makes a message of it.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import math
import os
import secrets
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    import gzip

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600
_FIRST_POLL_SECONDS = 0.02
_LONGEST_POLL_SECONDS = 0.5


class NotRegularFile(OSError):
    """The path names a folder, FIFO, socket or device."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "it is not a regular file", str(path))


def write_atomic(path: Path, content: bytes, *, mode: int = PRIVATE_FILE, durable: bool = True) -> None:
    """Replace `path` with `content` by one rename; several writers at once are safe, and the last one wins.

    With `durable`, content and name are on the disk when this returns. `mode` is set exactly, whatever the umask.
    A crash can leave a file `.<name>.<random>.tmp` in the folder; nothing reads it.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        write_new(temporary, content, mode=mode, durable=durable)
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def write_new(path: Path, content: bytes, *, mode: int = PRIVATE_FILE, durable: bool = True) -> None:
    """Create `path` with `content`. With `durable`, the content is on the disk when this returns; the name is not.

    Raises `FileExistsError` for anything that is there already, also a symbolic link.
    """
    with create_new(path) as file:
        file.write(content)
        if mode != PRIVATE_FILE:
            os.fchmod(file.fileno(), mode)
        if durable:
            sync(file)


class AtomicFile:
    """A private file that is written piece by piece and takes the place of `path` when the block ends without an error.

    With `compressed` it is written as gzip (RFC 1952). Content and name are on the disk at the end.
    """

    def __init__(self, path: Path, *, compressed: bool = False) -> None:
        # A link stays one: the file that it leads to is replaced.
        self._path = path.resolve()
        self._temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}.tmp")
        self._compressed = compressed

    def __enter__(self) -> BinaryIO:
        self._file = create_new(self._temporary)
        self._packed: gzip.GzipFile | None = None
        if self._compressed:
            import gzip

            self._packed = gzip.GzipFile("", "wb", compresslevel=6, fileobj=self._file)
        return self._file if self._packed is None else cast("BinaryIO", self._packed)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            with self._file:
                if kind is None:
                    if self._packed is not None:
                        self._packed.close()
                    sync(self._file)
            if kind is None:
                self._temporary.rename(self._path)
        finally:
            self._temporary.unlink(missing_ok=True)
        if kind is None:
            sync_folder(self._path.parent)


def create_new(path: Path) -> BinaryIO:
    """A new private file, open for writing. Raises `FileExistsError` for anything that is there already."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, PRIVATE_FILE), "wb")


def sync(file: BinaryIO) -> None:
    """Put on the disk what was written to an open file."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Put the names in `folder` on the disk: without this, a rename may be undone by a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def private_directory(path: Path, *, parents: bool = False) -> None:
    """Make a directory with mode 700, or take the rights of others from one that exists. Idempotent."""
    path.mkdir(mode=PRIVATE_DIRECTORY, parents=parents, exist_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(PRIVATE_DIRECTORY)


def open_lock_file(path: Path) -> int:
    """A descriptor of a file that is made if needed, for `try_lock` and `wait_for_lock`. The caller closes it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)


def try_lock(descriptor: int) -> bool:
    """Take the exclusive `flock` of an open file or folder if it is free; never waits.

    Closing the last copy of the descriptor frees the lock. A forked child has a copy, so it shares the lock.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def try_share(descriptor: int) -> bool:
    """Take a shared `flock` if no one has it exclusively; never waits."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Release the `flock` of an open file, if it has any."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


async def wait_for_lock(descriptor: int, seconds: float = math.inf) -> bool:
    """Like `try_lock`, but wait up to `seconds` for the holder. False when the time is up."""
    deadline = time.monotonic() + seconds
    pause = _FIRST_POLL_SECONDS
    while not try_lock(descriptor):
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_POLL_SECONDS)
    return True


def open_regular(path: Path, *, follow_links: bool = True) -> BinaryIO:
    """A regular file, open for reading. Raises `NotRegularFile` for anything else.

    The check comes after the opening: what was a file when it was listed may be a FIFO by now.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_links else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotRegularFile(path)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")
