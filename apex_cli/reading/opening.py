"""Opening input safely: what was a file when it was found may be anything by now."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from apex_cli.errors import ReadError


def open_regular(path: Path) -> BinaryIO:
    """A regular file, open for reading. Never waits for the other end of a FIFO, never reads a device.

    Raises `OSError`, and `ReadError` (`not_a_file`) for anything that is not a regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ReadError(f"{path.name} is not a regular file", code="not_a_file")
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def readable_name(path: str) -> str:
    r"""A path as text that every store can hold: bytes that are not UTF-8 are written as `\xff`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
