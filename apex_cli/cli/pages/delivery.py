"""Where a page goes: a file, at one instant, or stdout; never a terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from apex_cli.cli.output import clean
from apex_cli.cli.verb import CommandContext
from apex_cli.errors import OutputError, UsageError
from apex_cli.files import write_atomic
from apex_cli.units import format_size


def check(path: Path | None) -> Path | None:
    """The file to write, before any work is done. Raises `UsageError` where a page would go to a terminal, or where
    there can be no such file.
    """
    if path is None or path == Path("-"):
        if sys.stdout.isatty():
            raise UsageError("a page does not go to a terminal", hint="name a file with -o FILE, or redirect stdout")
        return None
    # A rename would replace a link such as /dev/stdout, not what it leads to.
    full = path.expanduser().resolve()
    if full.is_dir():
        raise UsageError(f"{full} is a folder", hint="name a file in it, e.g. -o report.html")
    if full.exists() and not full.is_file():
        raise UsageError(f"{full} is no regular file", hint="leave -o out, and redirect stdout")
    if not full.parent.is_dir():
        raise UsageError(f"there is no folder {full.parent}", hint="make it first, or name another file")
    return full


def _mode() -> int:
    """The rights of a file that any program would make here: a page is made to be given on."""
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def deliver(context: CommandContext, text: str, path: Path | None) -> int:
    """Write a page; returns its bytes. Raises `OutputError` where the file cannot be written."""
    content = text.encode("utf-8", "backslashreplace")
    if path is None:
        context.output.line(text.rstrip("\n"))
        return len(content)
    try:
        write_atomic(path, content, mode=_mode())
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}", hint="name another file") from error
    if not context.output.quiet and not context.output.json:
        context.output.line(f"{format_size(len(content))} written to {clean(str(path))}.")
    return len(content)
