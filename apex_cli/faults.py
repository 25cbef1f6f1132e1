"""Named fault points: `APEX_FAULT="<point>:<action>[:<nth>]"` makes the nth passing of a point fail on purpose.

Actions: `kill` ends this process with SIGKILL, `error` raises `StoreTransient`, `hang` waits for ever. The points are
the saga's own steps, so a test can stop the run between any two of them. With no fault armed a point costs one
attribute look-up.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass

from apex_cli.errors import ConfigError, StoreTransient

POINTS = (
    "staging.put.after",
    "journal.prepare.before",
    "journal.prepare.after",
    "vectors.prepare.before",
    "vectors.prepare.after",
    "cache.prepare.before",
    "cache.prepare.after",
    "graph.commit.before",
    "graph.commit.after",
    "journal.commit.before",
    "journal.commit.after",
    "vectors.publish.before",
    "vectors.publish.after",
    "cache.publish.before",
    "cache.publish.after",
    "journal.done.before",
    "journal.done.after",
    "staging.remove.before",
)
ACTIONS = ("kill", "error", "hang")


@dataclass
class _Armed:
    point: str
    action: str
    nth: int
    passed: int = 0


_armed: _Armed | None = None


def arm(spec: str | None) -> None:
    """Arm the fault that `spec` describes; None or "" disarms. Raises `ConfigError` for a spec that names no point."""
    global _armed
    if not spec:
        _armed = None
        return
    point, _, rest = spec.partition(":")
    action, _, nth = rest.partition(":")
    if point not in POINTS or action not in ACTIONS or (nth and not nth.isdecimal()):
        raise ConfigError(
            f"APEX_FAULT={spec!r} names no fault point and action",
            hint="`apex debug fault-points` lists the points; actions are " + ", ".join(ACTIONS),
        )
    _armed = _Armed(point, action, int(nth or 1))


async def reach(point: str) -> None:
    """Pass a fault point. `error` fails this and every later passing, as a store that stays broken would."""
    if _armed is None or _armed.point != point:
        return
    _armed.passed += 1
    if _armed.passed < _armed.nth:
        return
    if _armed.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if _armed.action == "hang":
        await asyncio.Event().wait()
    raise StoreTransient(point.partition(".")[0], f"fault injected at {point}")
