"""The file for a node exporter's textfile collector, replaced in one step because it can be read at any moment.

https://github.com/prometheus/node_exporter#textfile-collector: only files named `*.prom` are read.
"""

from __future__ import annotations

import os
from pathlib import Path

from apex_cli.errors import ConfigError
from apex_cli.files import write_atomic

_READABLE = 0o644
"""The exporter runs as another user."""


def check_textfile(path: Path) -> None:
    """Check before a run that the file can be written. Raises `ConfigError`."""
    if path.suffix != ".prom":
        raise ConfigError(
            f"the metrics file {path} is not named *.prom", hint="a node exporter reads no other files; rename it"
        )
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK) or path.is_dir():
        raise _unusable(path, "its directory is missing or cannot be written to")


def write_textfile(path: Path, content: bytes) -> None:
    """Replace the file in one step, durable, mode 0644; of several writers the last one wins. Raises `ConfigError`."""
    try:
        write_atomic(path, content, mode=_READABLE)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error


def _unusable(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        f"the metrics file {path} cannot be written: {reason}",
        hint="name a file in a directory that this user may write to",
    )
