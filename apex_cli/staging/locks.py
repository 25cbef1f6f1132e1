"""Locks of items: an advisory lock (flock(2)) on the item's folder itself.

The kernel frees a lock when its process ends in any way, so no stale lock remains and no clock is needed. A lock on the
folder, unlike one on a file in it, moves with the folder when it is renamed. Every local file system has such locks.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from apex_cli.files import try_lock

_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_descriptors: set[int] = set()


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


def take(folder: Path) -> FolderLock | None:
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
