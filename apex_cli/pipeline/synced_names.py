"""What a file is called in `synced_file`: its path, or the address of an object, as bytes.

Where several machines write to one memory, a path has the machine's name before it: `desk-1:/srv/drop/loads.csv`.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from apex_cli.config import Settings
from apex_cli.reading import objects

NOWHERE = b"-"
"""Holds what came from standard input, or from a file that was consumed: it is never missing."""
_LONGEST = 2_000
"""Bytes of a name: PostgreSQL's indexes take about 2,700."""
_CUT = b"\0"


class FileNames:
    """The names of files as this machine sees them."""

    def __init__(self, settings: Settings) -> None:
        machine = "" if settings.postgres_url.embedded else settings.machine or socket.gethostname()
        self._prefix = os.fsencode(f"{machine}:" if machine else "")

    def of(self, place: str) -> bytes:
        """The name of a file or a folder: of a path, or of an address such as `s3://bucket/drop`.

        A path counts as it is named: links are not resolved, so a link that is set to another folder stays one root.
        """
        if objects.is_url(place):
            return _cut(os.fsencode(objects.shown(place).rstrip("/")))
        path = os.path.normpath(Path(place).absolute())
        return _cut(self._prefix + os.fsencode("/" + path.lstrip("/")))

    def path(self, name: bytes) -> str | None:
        """The path of a file of this machine; None for any other, and for a name that is too long to be known."""
        begin = self._prefix + b"/"
        return os.fsdecode(name[len(self._prefix) :]) if name.startswith(begin) and _CUT not in name else None

    def place(self, name: bytes) -> str | None:
        """The place of a document in a file: its path, with no link in its folders, or its address.

        None for a file of another machine, and for a name that is too long to be known.
        """
        path = self.path(name)
        if path is None:
            return self._address(name)
        return str(Path(path).parent.resolve() / Path(path).name)

    def really_in(self, names: Sequence[bytes], folder: bytes) -> list[bytes]:
        """Those of these files whose own folder is, links resolved, the folder or one below it."""
        top = self.path(folder)
        if top is None:
            return []
        real = os.fsencode(os.path.realpath(top))
        return [name for name in names if (place := self.place(name)) and is_in(os.fsencode(place), real)]

    def shown(self, name: bytes) -> str:
        """The name for people."""
        return (self.path(name) or os.fsdecode(name)).encode(errors="surrogateescape").decode(errors="backslashreplace")

    def gone(self, names: Sequence[bytes]) -> list[bytes]:
        """Those of these files and objects that are certainly not there any more.

        What cannot be looked at (a folder without permission, a disk that fails, another machine) counts as there.
        """
        return [name for name in names if self._is_gone(name)]

    def _is_gone(self, name: bytes) -> bool:
        path = self.path(name)
        if path is not None:
            return _is_gone(path)
        address = self._address(name)
        return address is not None and objects.is_gone(address)

    def _address(self, name: bytes) -> str | None:
        """The address of an object; None where the name is not one, or too long to be known."""
        address = os.fsdecode(name)
        return address if _CUT not in name and objects.is_url(address) else None


def is_in(name: bytes, folder: bytes) -> bool:
    """Whether a name is that of the folder, or of something below it."""
    return name == folder or name.startswith(folder.rstrip(b"/") + b"/")


def outermost(folders: Sequence[bytes]) -> list[bytes]:
    """Each of these folders once, and none that is below another one."""
    different = list(dict.fromkeys(folders))
    return [name for name in different if not any(name != other and is_in(name, other) for other in different)]


def _is_gone(path: str) -> bool:
    try:
        # A folder that has taken a file's name is not that file.
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False


def _cut(name: bytes) -> bytes:
    return name if len(name) <= _LONGEST else name[:_LONGEST] + _CUT + sha256(name).digest()
