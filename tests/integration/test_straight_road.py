"""How deep the stack is from the command to the graph's commit: a reader must climb each of these frames."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import apex_cli
from apex_cli.cli.main import main
from apex_cli.stores.graph.model import commit as graph_commit

MOST_FRAMES = 14
PACKAGE = str(Path(apex_cli.__file__).parent)


def own(codes: Iterator[CodeType]) -> list[str]:
    """The functions of apex among these, outermost first."""
    found = [(Path(code.co_filename), code.co_qualname) for code in codes if code.co_filename.startswith(PACKAGE)]
    return [f"{path.relative_to(PACKAGE)}:{name}" for path, name in found]


def stack_of(frame: FrameType | None) -> Iterator[CodeType]:
    codes = []
    while frame is not None:
        codes.append(frame.f_code)
        frame = frame.f_back
    return reversed(codes)


def awaited_by(task: asyncio.Task[Any]) -> Iterator[CodeType]:
    """The coroutines of a task, each awaiting the next."""
    waiting: Any = task.get_coro()
    while inspect.iscoroutine(waiting):
        yield waiting.cr_code
        waiting = waiting.cr_await


def test_at_most_fourteen_frames_from_the_command_to_the_graphs_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One real ingest, looked at while the graph commits.

    The frames are those of apex from `apex ingest`'s own function on, of four stacks that wait for each other: the
    main thread down to the event loop, the run's task, the task of the commit stage, and the graph's thread down to
    `model.commit.commit`. Frames of asyncio and of libraries do not count.
    """
    monkeypatch.setenv("APEX_HOME", str(tmp_path / "home"))
    (tmp_path / "one.json").write_text('{"shipmentId": "SHIP-1", "status": "in_transit"}')
    loops: list[asyncio.AbstractEventLoop] = []
    seen: list[list[str]] = []
    original = graph_commit.commit

    def looking(graph: Any, **given: Any) -> None:
        main_thread = sys._current_frames()[threading.main_thread().ident or 0]
        tasks = [own(awaited_by(task)) for task in asyncio.all_tasks(loops[0])]
        [run] = [one for one in tasks if one[:1] == ["pipeline/ingest.py:ingest"]]
        [stage] = [one for one in tasks if any("coordinator" in name for name in one)]
        here = own(stack_of(sys._getframe(1)))
        seen.append([*own(stack_of(main_thread)), *run, *stage, *here, "stores/graph/model/commit.py:commit"])
        original(graph, **given)

    new_loop = asyncio.new_event_loop

    def remembered() -> asyncio.AbstractEventLoop:
        loops.append(new_loop())
        return loops[-1]

    # Looks at the stacks of a real run, and changes nothing.
    monkeypatch.setattr(graph_commit, "commit", looking)
    monkeypatch.setattr(asyncio.events, "new_event_loop", remembered)
    assert main(["ingest", str(tmp_path / "one.json"), "-q"]) == 0
    [frames] = seen
    frames = frames[frames.index("cli/commands/ingest.py:ingest") :]
    assert len(frames) <= MOST_FRAMES, "\n".join(frames)
