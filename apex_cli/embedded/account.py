"""The user that runs PostgreSQL, which refuses to run as root; `initdb` needs a user with an account.

Anyone but root runs it as themselves. Root runs it as an account that exists already; none is created. No directory
becomes more open for this. The server starts inside its data directory and names it `/proc/self/cwd`, a link that the
kernel follows without checking the rights of the parent directories.
"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from apex_cli.errors import StoreUnavailable

CANDIDATES = ("apex", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user other than root, by number."""

    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """Whether this user may pass through every directory above `path`."""
        return all(self._passes(parent) for parent in path.resolve().parents)

    def _passes(self, directory: Path) -> bool:
        status = directory.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def server_account(data: Path) -> Account | None:
    """The account to run as, None for the current user. The owner of an existing data directory decides.

    Raises `StoreUnavailable` for root on a system without any of `CANDIDATES`.
    """
    if os.geteuid() != 0:
        return None
    if data.is_dir() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StoreUnavailable(
        f"PostgreSQL does not run as root, and there is no user {', '.join(CANDIDATES)} to run it",
        hint="create one (useradd --system apex), or run apex as a normal user",
    )
