"""Named fault points: `APEX_FAULT="<point>:<action>[:<nth>]"` makes the nth pass through a point fail on purpose.

Actions: `kill` ends this process with SIGKILL, `error` raises `StoreTransient`, `hang` waits for ever, `stop` halts the
whole process (SIGSTOP) until it gets SIGCONT. The points are the saga's own steps, so a test can stop the run between
any two of them. With no fault armed a point costs one attribute look-up.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from dataclasses import dataclass

from apex_cli.errors import ConfigError, StoreTransient

STEPS = (
    "staging.put",
    "journal.prepare",
    "vectors.prepare",
    "cache.prepare",
    "graph.commit",
    "graph.rebuild",
    "journal.commit",
    "vectors.publish",
    "cache.publish",
    "vectors.flush",
    "cache.flush",
    "journal.done",
    "journal.abort",
    "vectors.discard",
    "cache.discard",
    "journal.claim",
    "graph.settle",
    "journal.resolve",
    "staging.remove",
)
POINTS = tuple(f"{step}.{moment}" for step in STEPS for moment in ("before", "after"))
ACTIONS = ("kill", "error", "hang", "stop")


@dataclass
class _Armed:
    point: str
    action: str
    nth: int
    passed: int = 0


class _Fault:
    """The one armed fault of this process."""

    armed: _Armed | None = None


def arm(spec: str | None) -> None:
    """Arm the fault that `spec` describes; None or "" disarms. Raises `ConfigError` for a spec that names no point."""
    if not spec:
        _Fault.armed = None
        return
    point, _, rest = spec.partition(":")
    action, _, nth = rest.partition(":")
    if point not in POINTS or action not in ACTIONS or (nth and not nth.isdecimal()):
        raise ConfigError(
            f"APEX_FAULT={spec!r} names no fault point and action",
            hint="`apex debug fault-points` lists the points; actions are " + ", ".join(ACTIONS),
        )
    _Fault.armed = _Armed(point, action, int(nth or 1))


async def reach(point: str) -> None:
    """Pass a fault point. `error` fails this and every later passing, as a store that stays broken would."""
    if (action := _struck(point)) == "hang":
        await asyncio.Event().wait()
    if action is not None:
        raise _failure(point)


def reach_in_thread(point: str) -> None:
    """The same where there is no event loop."""
    if (action := _struck(point)) == "hang":
        threading.Event().wait()
    if action is not None:
        raise _failure(point)


def _struck(point: str) -> str | None:
    """The action that is due at this passing and is not done yet; `kill` does not return."""
    armed = _Fault.armed
    if armed is None or armed.point != point:
        return None
    armed.passed += 1
    if armed.passed < armed.nth:
        return None
    if armed.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if armed.action == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
        return None
    return armed.action


def _failure(point: str) -> StoreTransient:
    return StoreTransient(point.partition(".")[0], f"fault injected at {point}")
