"""A process of its own that has a home open, as a run has it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HOLD = """
import asyncio, sys
from apex_cli.config import load
from apex_cli.pipeline.upgrade import open_upgraded

async def hold(reads):
    async with open_upgraded(load({}), reads=reads):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(hold(sys.argv[1] == "reads"))
"""


@contextmanager
def holding(home: Path, *, reads: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A process that has the home open for the time of the block. With `reads` as a reader has it."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, "reads" if reads else "writes"],
        env={**os.environ, "APEX_HOME": str(home)},
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.communicate("\n", timeout=60)
