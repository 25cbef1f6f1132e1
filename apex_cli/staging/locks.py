"""Who works on a folder: an advisory lock (flock(2)) on the folder itself.

The kernel frees it when its holder dies, however it dies, so a lock is never left behind and needs no clock. A lock on
the folder, not on a file in it, moves along when the folder is renamed. Staging must lie on a file system that has such
locks for folders: any local one.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from apex_cli.files import try_lock

_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_descriptors: set[int] = set()


class FolderLock:
    """The right to work on one folder; `release` gives it back and may be called twice."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor in _descriptors:
            _descriptors.discard(self._descriptor)
            os.close(self._descriptor)
        self._descriptor = -1


def take(folder: Path) -> FolderLock | None:
    """Lock `folder` without waiting. None when it is held, by any process or by this one, or is not there.

    A folder that was replaced between look-up and lock counts as not there; a symbolic link is not followed. Raises
    `OSError` where the file system cannot lock.
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


def _let_go_in_child() -> None:
    """A forked child shares its parent's locks and would keep them after the parent's death: it closes its copies."""
    for descriptor in tuple(_descriptors):
        os.close(descriptor)
    _descriptors.clear()


os.register_at_fork(after_in_child=_let_go_in_child)
