"""`apex status`: what the memory holds, what lies around it on this machine, and what to do next."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from apex_cli.config import Settings
from apex_cli.embedded import disk
from apex_cli.embedded.home import Home
from apex_cli.errors import ApexError, StagingUnusable
from apex_cli.exit_codes import ExitCode
from apex_cli.inventory import Overview
from apex_cli.staging import ItemStatus, StagingDirectory, StagingStats
from apex_cli.stores.backends import ALL
from apex_cli.stores.postgres.runs import Run

_NEARLY_FULL = 0.9
_INTERRUPTED = (ExitCode.HANGUP, ExitCode.INTERRUPTED, ExitCode.TERMINATED)


@dataclass(frozen=True, slots=True)
class FailedItems:
    """Failed items of one error code. `message` and `hint` are those of the newest, which failed at `newest`."""

    code: str
    items: int
    message: str
    hint: str | None
    newest: datetime


@dataclass(frozen=True, slots=True)
class EngineInUse:
    """Where a store is: `embedded`, or a server's URL, masked. `bytes`: its size on this disk, None on a server."""

    store: str
    where: str
    bytes: int | None


@dataclass(frozen=True, slots=True)
class NextStep:
    """A command to type, and why."""

    command: str
    why: str


@dataclass(frozen=True, slots=True)
class MemoryStatus:
    """All of it. `overview` is None where there is no memory yet, or where it cannot be asked: then `exists` is None.

    `error` says what could not be looked at. `staging` is None where the staging directory cannot be read. `failed` has
    the most frequent error first. `running` are the ids of runs without an end whose process is still there.
    `home_bytes` is the size of the home on the disk.
    """

    exists: bool | None
    overview: Overview | None
    error: ApexError | None
    staging: StagingStats | None
    failed: Sequence[FailedItems]
    engines: Sequence[EngineInUse]
    home_bytes: int
    running: frozenset[str]
    steps: Sequence[NextStep]


def gather(settings: Settings, overview: Overview | None, error: ApexError | None) -> MemoryStatus:
    """What is seen from this machine, added to what the memory answered, or to why it did not."""
    exists = overview is not None if error is None else None
    staging: StagingStats | None = None
    failed: Sequence[FailedItems] = ()
    try:
        directory = StagingDirectory(settings.staging_dir, max_bytes=settings.staging_max_bytes)
        staging, failed = directory.stats(), _failed(directory)
    except StagingUnusable as unusable:
        error = error or unusable
    runs = overview.runs if overview is not None else ()
    running = frozenset(run.run_id for run in runs if _is_running(run))
    return MemoryStatus(
        exists=exists,
        overview=overview,
        error=error,
        staging=staging,
        failed=failed,
        engines=list(_engines(settings)),
        home_bytes=disk.used(settings.home),
        running=running,
        steps=list(_steps(overview, error, staging, running)),
    )


def _failed(directory: StagingDirectory) -> Sequence[FailedItems]:
    groups: dict[str, FailedItems] = {}
    for item in directory.items():
        failure = item.failure
        if item.status is not ItemStatus.FAILED or failure is None:
            continue
        known = groups.get(failure.code)
        newest = FailedItems(failure.code, 1, failure.message, failure.hint, failure.at)
        if known is not None:
            last = max(known, newest, key=lambda one: one.newest)
            newest = FailedItems(failure.code, known.items + 1, last.message, last.hint, last.newest)
        groups[failure.code] = newest
    return sorted(groups.values(), key=lambda one: (-one.items, one.code))


def _engines(settings: Settings) -> Iterator[EngineInUse]:
    home = Home(settings.home)
    folders = {"graph": home.graph, "postgres": home.postgres, "vectors": home.vectors, "cache": home.valkey}
    for backends in ALL:
        url = backends.url(settings)
        yield EngineInUse(backends.store, str(url), disk.used(folders[backends.store]) if url.embedded else None)


def _is_running(run: Run) -> bool:
    """Whether the process of a run without an end is there. Of another machine that is not known."""
    if run.finished_at is not None or run.host != socket.gethostname():
        return False
    try:
        os.kill(run.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # It is another user's.
        return True
    return True


def _steps(
    overview: Overview | None, error: ApexError | None, staging: StagingStats | None, running: frozenset[str]
) -> Iterator[NextStep]:
    """What to do, the most urgent first; where nothing is wrong, how to look at what is in."""
    wrong = [*_of_memory(overview, error, running), *_of_staging(staging, running)]
    yield from wrong
    if error is None and not wrong:
        if overview is None or not overview.records:
            yield NextStep("apex ingest PATH", "takes files, folders and URLs; nothing is in the memory yet")
        else:
            yield NextStep("apex ls", "nothing is wrong; this lists the newest records")


def _of_memory(overview: Overview | None, error: ApexError | None, running: frozenset[str]) -> Iterator[NextStep]:
    if error is not None:
        yield NextStep("apex doctor", "checks the stores and the directories, and says what to do")
    if overview is None:
        return
    last = overview.runs[0] if overview.runs else None
    open_sagas = sum(one.sagas for one in overview.open_sagas)
    if last is not None and last.exit_code == ExitCode.MANUAL_RECOVERY:
        yield NextStep("apex recover", "lists the records whose saga a store rejects permanently")
    elif open_sagas and not running:
        yield NextStep("apex recover", "settles the sagas that a killed run left open")
    if last is not None and last.exit_code == ExitCode.CANNOT_START:
        yield NextStep("apex doctor", f"finds what stopped the last {last.verb}")
    elif last is not None and (
        last.exit_code in _INTERRUPTED or (last.exit_code is None and last.run_id not in running)
    ):
        how = "has no end" if last.exit_code is None else "was interrupted"
        yield NextStep(f"apex runs show {last.run_id[:8]}", f"shows the last {last.verb}, which {how}; run it again")


def _of_staging(staging: StagingStats | None, running: frozenset[str]) -> Iterator[NextStep]:
    if staging is None:
        return
    if count := staging.by_status[ItemStatus.FAILED].count:
        yield NextStep("apex dlq list", f"shows the {count:,} failed; `apex dlq retry --all` retries")
    waiting = sum(staging.by_status[status].count for status in (ItemStatus.STAGED, ItemStatus.PROCESSING))
    if waiting and not running:
        yield NextStep("apex staging retry", f"takes up what waits in the staging directory ({waiting:,})")
    if staging.used > staging.limit * _NEARLY_FULL:
        yield NextStep("apex staging clean", "the staging directory is nearly full, and a full one takes no input")
