"""Owners of locks, for tests of what becomes of a run's locks."""

from __future__ import annotations

import subprocess
import sys


def owner_that_died() -> str:
    """The name that a run on this machine had which has ended."""
    program = "from apex_cli.stores.lock_owner import new_owner; print(new_owner())"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
