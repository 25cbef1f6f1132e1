"""The installed `apex` at a terminal of a given size, as a person sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path

from tests import profiles
from tests.acceptance.apex import APEX, TIME_LIMIT


def at_terminal(
    home: Path, *arguments: str, columns: int = 80, rows: int = 24, env: Mapping[str, str] | None = None
) -> tuple[int, list[str]]:
    """Run `apex` with its stdout on a terminal, without colours; the exit code, and the lines that it wrote there."""
    own = {"PATH": os.defpath, "HOME": str(home.parent), "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1"}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with subprocess.Popen(
        [APEX, *arguments],
        cwd=home.parent,
        env={**own, "APEX_HOME": str(home), **profiles.variables(home), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        written = _read(ours)
        code = process.wait(TIME_LIMIT)
    os.close(ours)
    return code, written.decode("utf-8", "strict").replace("\r\n", "\n").splitlines()


def _read(descriptor: int) -> bytes:
    written = b""
    while True:
        try:
            part = os.read(descriptor, 65_536)
        except OSError:
            # Linux says so when no one has the other side open any more.
            part = b""
        if not part:
            return written
        written += part
