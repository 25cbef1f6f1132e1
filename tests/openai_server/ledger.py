"""What was asked of the server, and what it cost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    """One text that the model answered, and so was paid for.

    `task` is the schema's name, "embedding", or "" for plain text; `about` the entities that the question names.
    """

    route: str
    model: str
    task: str
    text: str
    about: str = ""


@dataclass
class Counts:
    """A snapshot. `requests` counts all that arrived, by route; `statuses` the answers, by HTTP status (0: cut off)."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    input_tokens: Counter[str] = field(default_factory=Counter)
    output_tokens: Counter[str] = field(default_factory=Counter)
    asked: list[Asked] = field(default_factory=list)
    peak: int = 0
    """The most requests of the model's that were in work at one moment."""

    def repeated(self) -> list[Asked]:
        """What was paid for more than once, by whatever route: the same text, task, entities and model. Each once."""
        first: dict[tuple[str, str, str, str], Asked] = {}
        times = Counter((asked.model, asked.task, asked.text, asked.about) for asked in self.asked)
        for asked in self.asked:
            first.setdefault((asked.model, asked.task, asked.text, asked.about), asked)
        return [asked for key, asked in first.items() if times[key] > 1]

    def texts(self, route: str) -> list[str]:
        """The texts asked about on `route`, in the order of the answers."""
        return [asked.text for asked in self.asked if asked.route == route]


class Ledger:
    """Keeps the counts; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = Counts()
        self._working = 0

    def counts(self) -> Counts:
        """A copy of the counts as they are now."""
        with self._lock:
            now = self._counts
            return Counts(
                Counter(now.requests),
                Counter(now.statuses),
                Counter(now.input_tokens),
                Counter(now.output_tokens),
                list(now.asked),
                now.peak,
            )

    def reset(self) -> None:
        """Everything back to zero; what is in work now is not counted again."""
        with self._lock:
            self._counts = Counts(peak=self._working)

    @contextmanager
    def working(self, route: str) -> Iterator[None]:
        """A request of the model's arrived, and is in work until the block ends."""
        with self._lock:
            self._counts.requests[route] += 1
            self._working += 1
            self._counts.peak = max(self._counts.peak, self._working)
        try:
            yield
        finally:
            with self._lock:
                self._working -= 1

    def arrived(self, route: str) -> None:
        """A request that the model has no part in."""
        with self._lock:
            self._counts.requests[route] += 1

    def answered(self, status: int) -> None:
        """An answer went out; 0 for one that was cut off."""
        with self._lock:
            self._counts.statuses[status] += 1

    def paid(self, route: str, asked: list[Asked], input_tokens: int, output_tokens: int) -> None:
        """The model has answered."""
        with self._lock:
            self._counts.asked.extend(asked)
            self._counts.input_tokens[route] += input_tokens
            self._counts.output_tokens[route] += output_tokens
