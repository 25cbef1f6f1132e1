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

from tests.acceptance.apex import APEX, TIME_LIMIT, environment


def at_terminal(
    home: Path, *arguments: str, columns: int = 80, rows: int = 24, env: Mapping[str, str] | None = None
) -> tuple[int, list[str]]:
    """Run `apex` with its stdout on a terminal, without colours; the exit code, and the lines that it wrote there."""
    plain = {"TERM": "xterm", "NO_COLOR": "1", **(env or {})}
    code, text = written(home, *arguments, columns=columns, rows=rows, env=plain, stderr=False)
    return code, text.replace("\r\n", "\n").splitlines()


def written(
    home: Path,
    *arguments: str,
    columns: int = 80,
    rows: int = 24,
    env: Mapping[str, str] | None = None,
    stderr: bool = True,
) -> tuple[int, str]:
    """Run `apex` on a terminal; the exit code, and all that it wrote there. Without `stderr` that goes nowhere."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with subprocess.Popen(
        [APEX, *arguments],
        cwd=home.parent,
        env={**environment(home, home.parent), "TERM": "xterm-256color", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs if stderr else subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        text = _read(ours)
        code = process.wait(TIME_LIMIT)
    os.close(ours)
    return code, text.decode("utf-8", "strict")


def _read(descriptor: int) -> bytes:
    text = b""
    while True:
        try:
            part = os.read(descriptor, 65_536)
        except OSError:
            # Linux says so when no one has the other side open any more.
            part = b""
        if not part:
            return text
        text += part
