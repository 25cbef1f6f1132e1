"""Paths of unix sockets, which the kernel limits to about a hundred bytes (`sun_path`: 108 on Linux, 104 on macOS)."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

LONGEST = 100


class SocketDirectory:
    """A name for `directory` under which a socket called `socket_name` can be reached.

    That is the directory itself, or, where its path is too long, a link to it in a private temporary directory, which
    `close` removes. The servers bind their sockets by relative names, so only clients need this.
    """

    def __init__(self, directory: Path, socket_name: str) -> None:
        self.path = directory
        self._temporary: Path | None = None
        if len(os.fsencode(directory / socket_name)) > LONGEST:
            self._temporary = Path(tempfile.mkdtemp(prefix="apex-"))
            self.path = self._temporary / "s"
            self.path.symlink_to(directory.absolute(), target_is_directory=True)

    def close(self) -> None:
        """Remove the link, if there is one. Idempotent."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None
