"""How much memory a process and all that it starts take, while they run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]

_EVERY_SECONDS = 0.1


@dataclass
class ProcessTree:
    """Watches a process from its start to `stop`. `peak_bytes` counts memory that processes share once (PSS)."""

    pid: int
    peak_bytes: int = 0
    _seen: dict[int, psutil.Process] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching, once the process has ended."""
        self._ended.set()
        self._thread.join()

    def alive(self) -> list[psutil.Process]:
        """The processes of the tree that still run; zombies, which stay in a container, do not."""
        return [each for each in self._seen.values() if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            total = 0
            for process in self._processes():
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
                self._seen.setdefault(process.pid, process)
            self.peak_bytes = max(self.peak_bytes, total)

    def _processes(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self.pid)
            return [root, *root.children(recursive=True)]
        except psutil.Error:
            return []
