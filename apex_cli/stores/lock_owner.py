"""The owner of a record lock: unique to a run. On the run's machine it shows whether the run has died."""

from __future__ import annotations

import os
import platform
import uuid
from pathlib import Path


def new_owner() -> str:
    """`machine/pid/random` of this process."""
    return f"{_machine()}/{os.getpid()}/{uuid.uuid4().hex}"


def is_gone(owner: str) -> bool:
    """Whether the owner was a process of this machine that has ended. False where that cannot be known."""
    machine, _, pid = owner.rpartition("/")[0].rpartition("/")
    if machine != _machine() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _machine() -> str:
    """The scope in which a pid is unique: the machine since its boot, and the container (its pid namespace)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{platform.node()}/{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"{platform.node()}/{uuid.getnode():x}"
