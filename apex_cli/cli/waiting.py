"""A spinner on stderr while a verb waits longer than most answers take."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from apex_cli.cli.output import Output

_PATIENCE_SECONDS = 1.0
_EVERY_SECONDS = 0.5


@asynccontextmanager
async def waiting(output: Output, text: str) -> AsyncIterator[None]:
    """Show on a terminal what is waited for, and for how long; nothing where that is soon over."""
    if output.json or output.quiet or not sys.stderr.isatty():
        yield
        return
    showing = asyncio.create_task(_show(output, text))
    try:
        yield
    finally:
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing


async def _show(output: Output, text: str) -> None:
    began = time.monotonic()
    await asyncio.sleep(_PATIENCE_SECONDS)
    with output.console(sys.stderr).status(text) as status:
        while True:
            status.update(f"{text} {time.monotonic() - began:.0f} s")
            await asyncio.sleep(_EVERY_SECONDS)
