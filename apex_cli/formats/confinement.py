"""What holds for every process that works on what others wrote: it gets no secret, and dies with its parent."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH")
_FRUGAL = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
_SILENT = {"ORT_DISABLE_TELEMETRY": "1"}
"""onnxruntime, which OCR needs, reports its use to its maker otherwise, and keeps an id of the machine."""
_PR_SET_PDEATHSIG = 1
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def environment() -> dict[str, str]:
    """The process needs no secret and no fault point of this one.

    Threads of a parser have no heaps and thread pools of their own: these take address space, which is limited.
    """
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | _FRUGAL | _SILENT


def confine() -> None:
    """The first thing that the process does: write no file and no core, and leave it to the parent when to stop."""
    for stop in _STOPS:
        signal.signal(stop, signal.SIG_IGN)
    die_with(os.getppid())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def die_with(parent: int) -> None:
    """Die when the parent does. Elsewhere than on Linux, a closed socket is what ends a process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
