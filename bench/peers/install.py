"""An environment for each peer, in a folder that git ignores. Only this needs the network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from bench.peers.versions import Peer


class PeerUnavailableError(Exception):
    """A peer that cannot be installed or run here; the message says why."""


def ensure(peer: Peer, cache: Path) -> Path:
    """The interpreter of the peer's environment, made anew if its packages are not the pinned ones.

    Raises `PeerUnavailableError`.
    """
    folder = cache / peer.module
    stamp, wanted = folder / "packages.txt", "\n".join(peer.packages) + "\n"
    python = folder / "bin" / "python"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.packages])
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _run(command: list[str]) -> None:
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    if ran.returncode != 0:
        raise PeerUnavailableError(f"{' '.join(command[1:4])}: exit {ran.returncode}: {last_line(ran.stderr)}")


def last_line(output: str) -> str:
    """The last line that says something, cut to 300 characters."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no output"
