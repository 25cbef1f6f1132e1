"""Faults to simulate, and when."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["status", "slow", "cut", "half", "truncated", "invalid", "wrong_schema", "refusal", "answer", "no_usage"]


@dataclass(frozen=True)
class Switch:
    """One fault, for requests number `nth` to `nth + times - 1` of those it fits, counted from when it is set.

    It fits requests of `route` (None: all of the model's) whose body contains `contains`. Lines of batches have the
    route `batch-line`. Kinds:

    status        HTTP `status`, with `retry_after` seconds in the header for a 429 or 503
    slow          `seconds` before anything else; goes together with one of the others
    cut           the model answers, and the connection ends before the first byte
    half          the same, in the middle of the body
    truncated     `finish_reason: length`, or `status: incomplete`; the text stops in the middle
    invalid       a complete answer that is not JSON
    wrong_schema  JSON that is not of the schema
    refusal       the model declines
    answer        the model answers `text` to every prompt: a model that obeys instructions in a payload
    no_usage      a right answer without `usage`, as some compatible servers give
    """

    kind: Kind
    route: str | None = None
    contains: str = ""
    nth: int = 1
    times: int | None = 1
    status: int = 500
    retry_after: float | None = None
    seconds: float = 0.0
    text: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"no such kind of switch: {self.kind!r}")

    @classmethod
    def of(cls, given: dict[str, Any]) -> Switch:
        """From the JSON of a control request. Raises TypeError or ValueError for what is no switch."""
        return cls(**given)


class Switches:
    """All switches that are set; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: list[tuple[Switch, list[int]]] = []

    def add(self, *switches: Switch) -> None:
        """Set these, beside those that are set."""
        with self._lock:
            self._set.extend((switch, [0]) for switch in switches)

    def clear(self) -> None:
        """Remove all switches."""
        with self._lock:
            self._set.clear()

    def due(self, route: str, body: dict[str, Any]) -> list[Switch]:
        """The faults of this request, which is counted."""
        found = []
        with self._lock:
            text = json.dumps(body, ensure_ascii=False) if self._set else ""
            for switch, seen in self._set:
                if switch.route not in (None, route) or switch.contains not in text:
                    continue
                seen[0] += 1
                if switch.nth <= seen[0] and (switch.times is None or seen[0] < switch.nth + switch.times):
                    found.append(switch)
        return found
