"""Processor seconds of this process and of all that it starts, daemons included. Linux only: it reads /proc.

`os.times` counts only children that were waited for, so it misses an embedded server, which detaches from `apex`. Here
such a process is adopted (prctl(2), PR_SET_CHILD_SUBREAPER), so it stays below this process until its end and after it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
_LISTEN = "0A"


def adopt_orphans() -> None:
    """Become the parent of every process whose parent, below this one, ends. Call it before anything is started."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children_seconds() -> float | None:
    """User and system seconds of all processes below this one, also of those that ended. None without /proc."""
    return _seconds(own=False)


def tree_seconds() -> float | None:
    """`children_seconds` and those of this process."""
    return _seconds(own=True)


def difference(before: float | None, after: float | None) -> float | None:
    """Seconds between two readings; None where either is missing."""
    return None if before is None or after is None else after - before


def listener(port: int) -> int | None:
    """The process that listens on a TCP port of this machine; None for one that we may not see, and without /proc."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            sockets |= listening((_PROC / "net" / table).read_text(), port)
    for path in _PROC.glob("[0-9]*/fd/*") if sockets else ():
        with suppress(OSError):
            if str(path.readlink()) in sockets:
                return int(path.parts[2])
    return None


def listening(table: str, port: int) -> set[str]:
    """The sockets that listen on a port, as /proc/PID/fd names them, of the text of `/proc/net/tcp` (proc(5))."""
    rows = (line.split() for line in table.splitlines()[1:])
    return {f"socket:[{row[9]}]" for row in rows if row[3] == _LISTEN and int(row[1].rpartition(":")[2], 16) == port}


def process_seconds(pid: int | None) -> float | None:
    """User and system seconds of one process; None where they cannot be read."""
    if pid is None:
        return None
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    return parse_stat(text)[1] / os.sysconf("SC_CLK_TCK")


def _seconds(*, own: bool) -> float | None:
    if sys.platform != "linux":
        return None
    stats = dict(_stats())
    ticks = sum(total_ticks(stats, os.getpid(), own=own))
    return ticks / os.sysconf("SC_CLK_TCK")


def _stats() -> Iterator[tuple[int, tuple[int, int, int]]]:
    for path in _PROC.iterdir():
        if path.name.isdigit():
            try:
                text = (path / "stat").read_text(errors="replace")
            except OSError:
                # Ended meanwhile: its parent has its seconds.
                continue
            yield int(path.name), parse_stat(text)


def parse_stat(text: str) -> tuple[int, int, int]:
    """Parent, own ticks and ticks of the children that it waited for, of the text of `/proc/PID/stat` (proc(5)).

    The second field is the name in parentheses, which may hold spaces and parentheses itself.
    """
    fields = text.rpartition(")")[2].split()
    user, system, waited_user, waited_system = (int(field) for field in fields[11:15])
    return int(fields[1]), user + system, waited_user + waited_system


def total_ticks(stats: Mapping[int, tuple[int, int, int]], root: int, *, own: bool) -> Iterator[int]:
    """Ticks of each process of the tree below `root`, with those of the children that it waited for.

    `stats`: what `parse_stat` found of each process. Of the root itself, its own ticks count only if `own`.
    """
    children = defaultdict(list)
    for pid, (parent, _, _) in stats.items():
        children[parent].append(pid)
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        waiting.extend(children[pid])
        if pid in stats:
            _, ticks, waited = stats[pid]
            yield waited + (ticks if own or pid != root else 0)
