"""`apex watch`: an ingest of what is there, then one for each change, once it is quiet.

What changed is found by looking: size, time and inode of each file are compared with those of the last ingest that took
it. The system only says when to look (inotify, by watchfiles). So nothing is missed where it says nothing: an overflow
of its queue, a folder that was replaced, a network file system. It is looked without a word, too, now and then.

Each run opens the stores and closes them again, so that other runs and readers get in between.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from apex_cli.config import Settings
from apex_cli.errors import ApexError, ConfigError, Locked, StartError, UsageError
from apex_cli.pipeline.context import IngestRequest, Stop
from apex_cli.reading.files import Found, Young, walk
from apex_cli.results import RunSummary

LOOK_SECONDS = 30.0
"""Between two looks where the system says nothing."""
_WITHOUT_SYSTEM_SECONDS = 5.0
_ROOT_SECONDS = 1.0
"""How often it is checked that the watched paths are still the same."""
_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 60.0
_LOCK_SECONDS = 30.0
_FIRST_LOCK_SECONDS = 1.0
_GATHER_MILLISECONDS = 400

Sign = tuple[int, int, int]
"""Time of the last change in nanoseconds, size, inode."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How one run ended. `retry`: a record of it failed that may succeed later. `busy`: another run had a file."""

    summary: RunSummary
    retry: bool = False
    busy: bool = False

    @property
    def took_all(self) -> bool:
        return self.summary.reason is None and not self.summary.interrupted and not self.busy


class WatchObserver(Protocol):
    """Follows the watching itself. Called on the event loop; must return quickly."""

    def watching(self, paths: Sequence[str]) -> None:
        """Changes are followed from now on."""

    def waiting(self, error: ApexError, seconds: float) -> None:
        """Something is in the way; the next try is in so many seconds. Called once as long as it is the same."""


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to take. `young` is in how many seconds the next file is old enough; None where none is young."""

    ready: dict[Path, Sign]
    young: float | None
    gone: bool


@dataclass(slots=True)
class SeenFiles:
    """The files that were taken, as they were then."""

    settings: Settings
    request: IngestRequest
    taken: dict[Path, Sign] = field(default_factory=dict)

    def look(self, roots: Sequence[Path]) -> Look:
        """Compare what is there with what was taken; what is gone is taken no more. Raises `UsageError` as `walk`."""
        ready: dict[Path, Sign] = {}
        present: set[Path] = set()
        young: float | None = None
        found = walk(
            roots,
            min_age_seconds=self.request.min_age,
            exclude=(self.settings.staging_dir, self.settings.home),
            selection=self.request.selection,
        )
        for each in found:
            path = each.path if isinstance(each, Found | Young) else Path(each.locator)
            present.add(path)
            try:
                status = path.lstat() if not isinstance(each, Found) else path.stat()
            except OSError:
                continue
            sign = (status.st_mtime_ns, status.st_size, status.st_ino)
            if self.taken.get(path) == sign:
                continue
            if isinstance(each, Young):
                left = max(0.0, status.st_mtime + self.request.min_age - time.time())
                young = left if young is None else min(young, left)
            else:
                ready[path] = sign
        gone = [path for path in self.taken if path not in present]
        for path in gone:
            del self.taken[path]
        return Look(ready, young, bool(gone))


class Watcher:
    """Follows the paths of a request until it is stopped. `once` makes one run, and shows it.

    `poll` is how many seconds are between two looks; without it the system says when to look.
    """

    def __init__(
        self,
        settings: Settings,
        request: IngestRequest,
        once: Callable[[Settings, IngestRequest], Awaitable[RunEnd]],
        observer: WatchObserver,
        stop: Stop,
        *,
        poll: float | None = None,
    ) -> None:
        self._settings = settings
        self._request = request
        self._once = once
        self._observer = observer
        self._stop = stop
        self._poll = poll
        self._roots = [Path(path).absolute() for path in request.paths]
        self._seen = SeenFiles(settings, request)
        self._is_first = True
        self._gone = False
        self._backoff = 0.0
        self._not_before = 0.0
        self._retry_at: float | None = None
        self._said = ""

    async def run(self) -> None:
        """Raises `UsageError` for a path that is not there, and what keeps the first run from starting for good."""
        self._seen.look(self._roots)
        woken = asyncio.Event()
        async with self._followed(woken) as is_followed:
            self._observer.watching(self._request.paths)
            while not self._stop.signal:
                woken.clear()
                roots = self._present()
                with suppress(UsageError):
                    # One that vanishes at this moment is seen to be gone at the next look.
                    look = await asyncio.to_thread(self._seen.look, roots)
                    self._gone = self._gone or look.gone
                    if self._is_due(look):
                        await self._ingest(roots, look)
                        continue
                    await self._wait(woken, look, is_followed())

    def _present(self) -> list[Path]:
        """The paths that are there; says which one is not."""
        there = [path for path in self._roots if os.path.lexists(path)]
        if len(there) < len(self._roots):
            missing = next(path for path in self._roots if path not in there)
            gone = UsageError(f"{missing} is not there any more", hint="it is watched again once it is back")
            self._say(gone, self._poll or _ROOT_SECONDS)
        return there

    def _is_due(self, look: Look) -> bool:
        now = time.monotonic()
        retry = self._retry_at is not None and now >= self._retry_at
        wanted = self._is_first or bool(look.ready) or retry or (self._gone and self._request.sync)
        return wanted and now >= self._not_before

    async def _ingest(self, roots: Sequence[Path], look: Look) -> None:
        request = replace(
            self._request,
            paths=tuple(map(str, roots)),
            run_id=str(uuid.uuid4()),
            sync=self._request.sync and bool(roots),
            only=None if self._request.sync else frozenset(look.ready),
        )
        patience = _LOCK_SECONDS if self._said else _FIRST_LOCK_SECONDS
        settings = replace(self._settings, lock_timeout=max(self._settings.lock_timeout, patience))
        self._retry_at = None
        try:
            end = await self._once(settings, request)
        except Locked as error:
            # It has waited already.
            self._say(error, 0.0)
            return
        except ConfigError as error:
            if self._is_first:
                raise
            self._hold(error)
            return
        except (StartError, UsageError) as error:
            self._hold(error)
            return
        finally:
            # A run lets the collector leave alone what is there when it begins; here many follow each other.
            gc.unfreeze()
        self._is_first = False
        if end.took_all:
            self._seen.taken |= look.ready
            self._gone = False
            self._said = ""
        if end.summary.reason is not None:
            self._hold(end.summary.reason)
        elif end.retry or end.busy or not end.took_all:
            self._back_off()
            self._retry_at = time.monotonic() + self._backoff
            self._not_before = self._retry_at if not end.took_all else 0.0
        else:
            self._backoff = 0.0

    def _hold(self, error: ApexError) -> None:
        """Nothing is tried for a while, each time twice as long."""
        self._back_off()
        self._not_before = self._retry_at = time.monotonic() + self._backoff
        self._say(error, self._backoff)

    def _back_off(self) -> None:
        self._backoff = min(max(2 * self._backoff, _FIRST_BACKOFF), _LONGEST_BACKOFF)

    def _say(self, error: ApexError, seconds: float) -> None:
        if error.message != self._said:
            self._said = error.message
            self._observer.waiting(error, seconds)

    async def _wait(self, woken: asyncio.Event, look: Look, is_followed: bool) -> None:
        """Until there may be something to take: a word of the system, a file that is old enough, another try."""
        now = time.monotonic()
        longest = self._poll or (LOOK_SECONDS if is_followed else _WITHOUT_SYSTEM_SECONDS)
        until = now + longest
        if look.young is not None:
            until = min(until, now + look.young + 0.01)
        if self._retry_at is not None:
            until = min(until, self._retry_at)
        if look.ready:
            until = min(until, max(self._not_before, now))
        missing = not all(map(os.path.lexists, self._roots))
        if missing:
            until = min(until, now + _ROOT_SECONDS)
        stopping, waking = (asyncio.ensure_future(event.wait()) for event in (self._stop.event, woken))
        try:
            timeout = max(0.0, until - now)
            await asyncio.wait({stopping, waking}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (stopping, waking):
                each.cancel()

    @asynccontextmanager
    async def _followed(self, woken: asyncio.Event) -> AsyncIterator[Callable[[], bool]]:
        """Set `woken` when the system says that anything changed. What is yielded says whether it does so now."""
        if self._poll is not None:
            yield lambda: True
            return
        following = _Following(self._roots, woken, lambda error: self._say(error, _WITHOUT_SYSTEM_SECONDS))
        task = asyncio.create_task(following.run())
        # The watch is there after the task's first step: nothing is missed between it and the first look.
        await asyncio.sleep(0)
        try:
            yield lambda: following.works
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


class _Following:
    """Has the system say when anything changes below the roots; begins again where a root is another one than before:
    a folder that was replaced, a file that an editor renamed into place, a disk that was mounted."""

    def __init__(self, roots: Sequence[Path], woken: asyncio.Event, failed: Callable[[ApexError], None]) -> None:
        self._roots = roots
        self._woken = woken
        self._failed = failed
        self.works = True

    async def run(self) -> None:
        while True:
            ended = asyncio.Event()
            known = self._identities()
            follow = asyncio.create_task(self._follow([root for root in self._roots if known[root]], ended))
            try:
                # A path that is replaced sends no event.
                while self._identities() == known:  # noqa: ASYNC110
                    await asyncio.sleep(_ROOT_SECONDS)
            finally:
                ended.set()
                follow.cancel()
                await asyncio.gather(follow, return_exceptions=True)
            self._woken.set()

    async def _follow(self, roots: Sequence[Path], ended: asyncio.Event) -> None:
        from watchfiles import awatch

        try:
            self.works = True
            if roots:
                changes = awatch(*roots, watch_filter=None, debounce=_GATHER_MILLISECONDS, stop_event=ended)
                async for _ in changes:
                    self._woken.set()
        except Exception as error:  # noqa: BLE001 - the library raises what the system says, in types of its own
            self.works = False
            what = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
            self._failed(
                ConfigError(
                    f"the system cannot say what changes ({what}): it is looked every {_WITHOUT_SYSTEM_SECONDS:g} s",
                    hint="raise fs.inotify.max_user_watches, or name a longer time: --poll 1m",
                )
            )

    def _identities(self) -> dict[Path, tuple[int, int] | None]:
        found: dict[Path, tuple[int, int] | None] = {}
        for root in self._roots:
            found[root] = None
            with suppress(OSError):
                status = root.stat()
                found[root] = (status.st_dev, status.st_ino)
        return found
