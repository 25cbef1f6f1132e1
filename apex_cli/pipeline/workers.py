"""Large documents are taken apart in worker processes, which can be killed when one takes too long.

JSON records are bounded by their own limits and small documents are quick: those stay in a thread of this process.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from typing import TYPE_CHECKING

from apex_cli.errors import ExtractError
from apex_cli.model import Extraction, Record
from apex_cli.sources.registry import extract

if TYPE_CHECKING:
    from pebble import ProcessPool

INLINE_BYTES = 64 * 1024
_WORKERS = 2


class DocumentWorkers:
    """A pool that is started by the first large document. `timeout` is seconds per document."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._pool: ProcessPool | None = None

    def wants(self, record: Record) -> bool:
        """Whether this record is better taken apart where it can be killed."""
        return record.source == "document" and record.size > INLINE_BYTES

    async def extract(self, record: Record) -> Extraction:
        """The record's extraction. Raises `ExtractError`, also `too_slow` after the time limit."""
        from pebble import ProcessExpired

        if self._pool is None:
            self._pool = _pool()
        job = self._pool.schedule(extract, args=(record,), timeout=self._timeout)
        try:
            return await asyncio.wrap_future(job)
        except TimeoutError as error:
            raise ExtractError(
                f"{record.locator} took longer than {self._timeout:g} s to take apart",
                hint="split the document, or raise APEX_PARSE_TIMEOUT",
                code="too_slow",
            ) from error
        except ProcessExpired as error:
            raise ExtractError(f"{record.locator}: the worker died taking it apart", code="worker_died") from error

    def close(self) -> None:
        """End the workers, also those at work."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()


def _pool() -> ProcessPool:
    from pebble import ProcessPool

    # Spawned, not forked: a forked child would inherit the home's lock and keep it beyond this process.
    return ProcessPool(max_workers=_WORKERS, context=multiprocessing.get_context("spawn"))
