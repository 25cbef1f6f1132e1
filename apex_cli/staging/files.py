"""Files, folders and locks of the staging directory: no symbolic link is followed, and disk errors become ours.

A lock is an advisory one (flock(2)) on the item's folder itself. The kernel frees a lock when its process ends in any
way, so no stale lock remains and no clock is needed. A lock on the folder, unlike one on a file in it, moves with the
folder when it is renamed. Every local file system has such locks.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from apex_cli.errors import ReadError, StagingUnusable
from apex_cli.files import (
    PRIVATE_DIRECTORY,
    PRIVATE_FILE,
    NotRegularFile,
    create_new,
    open_regular,
    sync,
    sync_folder,
    try_lock,
)
from apex_cli.staging.items import FileIdentity

CHUNK = 1024 * 1024
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_descriptors: set[int] = set()

_UNUSABLE = {
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
def staging_errors(root: Path) -> Iterator[None]:
    """Turn every `OSError` of the block into `StagingUnusable` with a code, the reason and a hint."""
    try:
        yield
    except OSError as error:
        code, reason, hint = _UNUSABLE.get(error.errno or 0, ("staging_unusable", error.strerror or str(error), None))
        where = "" if error.filename in (None, str(root)) else f" ({os.fsdecode(error.filename)})"
        raise StagingUnusable(
            f"the staging directory {root} cannot be used: {reason}{where}", code=code, hint=hint
        ) from error


@contextmanager
def read_errors(name: str) -> Iterator[None]:
    """Turn every `OSError` of the block, which reads the input `name`, into `ReadError`."""
    try:
        yield
    except OSError as error:
        raise ReadError(f"{name} cannot be read: {error.strerror or error}") from error


def resolve_input(path: Path) -> tuple[Path, Path]:
    """The file that `path` names, without links, and its origin: the same, but with a link's own name.

    Raises `ReadError` where there is none.
    """
    try:
        with read_errors(str(path)):
            resolved = path.resolve(strict=True)
            return resolved, path.parent.resolve() / path.name if path.is_symlink() else resolved
    except (RuntimeError, ValueError) as error:
        raise ReadError(f"{path} cannot be read: {error}") from error


def copy_input(path: Path, target: Path, reserve: Callable[[int], None], *, durable: bool) -> FileIdentity:
    """Copy a regular file to the new file `target`; returns its identity when the copy began.

    `reserve` gets the number of further bytes before they are written and may raise. Raises `ReadError` where `path`
    cannot be read or is not a regular file (`not_a_file`), `OSError` where `target` cannot be written.
    """
    with read_errors(str(path)):
        try:
            file = open_regular(path)
        except NotRegularFile as error:
            raise ReadError(f"{path} is not a regular file", code="not_a_file") from error
    with file:
        found = os.fstat(file.fileno())
        reserve(found.st_size)
        ahead = found.st_size

        def reserve_growth(size: int) -> None:
            # The file can grow while it is copied: only what exceeds its first size is reserved in addition.
            nonlocal ahead
            if size > ahead:
                reserve(size - ahead)
            ahead = max(0, ahead - size)

        copy_stream(file.read, str(path), target, reserve_growth, durable=durable)
    return FileIdentity.of(found)


def copy_stream(
    read: Callable[[int], bytes], name: str, target: Path, reserve: Callable[[int], None], *, durable: bool
) -> None:
    """Write all that `read` returns to the new file `target`. For `reserve` and errors see `copy_input`."""
    with create_new(target) as file:
        while True:
            with read_errors(name):
                chunk = read(CHUNK)
            if not chunk:
                break
            reserve(len(chunk))
            file.write(chunk)
        if durable:
            sync(file)


def link_input(path: Path, target: Path) -> bool:
    """Give a regular file the second name `target`. False where it cannot have one, as on another disk."""
    if not stat.S_ISREG(path.lstat().st_mode):
        return False
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:
        return False
    with suppress(PermissionError):
        target.chmod(PRIVATE_FILE)
    return True


def remove_original(path: Path, original: FileIdentity) -> bool:
    """Remove a file if it is still the one that was staged; False where it had to stay."""
    try:
        if FileIdentity.of(path.lstat()) != original:
            return False
        path.unlink()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def read_private(path: Path, limit: int) -> bytes:
    """At most `limit` bytes of a file that is not a link (-1: all). Raises `OSError`."""
    with open_regular(path, follow_links=False) as file:
        return file.read(limit)


def folders_in(path: Path) -> Iterator[str]:
    """The names of the folders in `path`, without links; none where it does not exist."""
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield entry.name
    except FileNotFoundError:
        return


def files_in(folder: Path) -> list[os.DirEntry[str]]:
    """The regular files in a folder; none where it does not exist or is a link."""
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            return []
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def ensure_folder(path: Path, *, durable: bool = False) -> None:
    """Make a private folder. Raises `NotADirectoryError` where something else, such as a link, has its name."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        path.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
        if durable:
            sync_folder(path.parent)
        return
    if not stat.S_ISDIR(mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def remove_folder(folder: Path) -> None:
    """Remove a folder with all in it. Links are removed, not followed; what is already gone is no error."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    remove_folder(Path(entry.path))
                else:
                    Path(entry.path).unlink(missing_ok=True)
        folder.rmdir()
    except FileNotFoundError:
        return


class FolderLock:
    """The lock of one folder. `release` frees it and may be called twice; `with` releases at its end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Free the lock."""
        if self._descriptor in _descriptors:
            _descriptors.discard(self._descriptor)
            os.close(self._descriptor)
        self._descriptor = -1


def lock_folder(folder: Path) -> FolderLock | None:
    """Lock `folder` without waiting. None where any process, also this one, holds it, and where it does not exist.

    A folder that was replaced between its opening and its locking counts as missing. A symbolic link is not followed.
    Raises `OSError` where the file system cannot lock.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise
    _descriptors.add(descriptor)
    lock = FolderLock(descriptor)
    try:
        if try_lock(descriptor) and os.path.samestat(os.fstat(descriptor), os.lstat(folder)):
            return lock
    except FileNotFoundError:
        pass
    except BaseException:
        lock.release()
        raise
    lock.release()
    return None


def _release_in_child() -> None:
    """Close a forked child's copies of the locks: it would hold them after the end of its parent."""
    for descriptor in tuple(_descriptors):
        os.close(descriptor)
    _descriptors.clear()


os.register_at_fork(after_in_child=_release_in_child)
