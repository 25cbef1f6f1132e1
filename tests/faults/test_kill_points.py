"""SIGKILL at every fault point: every record is wholly old or wholly new, and the next ingest completes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apex_cli.faults import POINTS
from tests.acceptance.apex import run
from tests.faults.scene import NEW, OLD, Scene

NewScene = Callable[[], Scene]

ON_THE_WAY = tuple(
    f"{step}.{moment}"
    for step in (
        "staging.put",
        "journal.prepare",
        "vectors.prepare",
        "cache.prepare",
        "graph.commit",
        "journal.commit",
        "vectors.publish",
        "cache.publish",
        "journal.done",
        "staging.remove",
    )
    for moment in ("before", "after")
)
"""Points that an ingest passes when nothing is wrong."""
ONCE_A_RUN = ("staging.put", "staging.remove")
BACK = (
    "journal.claim.before",
    "journal.claim.after",
    "graph.settle.before",
    "graph.settle.after",
    "journal.resolve.before",
    "journal.resolve.after",
    "vectors.discard.before",
    "vectors.discard.after",
    "cache.discard.before",
    "cache.discard.after",
)
"""Points that settling an attempt passes which never came to its pivot."""
FORWARD = (
    "journal.claim.before",
    "journal.claim.after",
    "graph.settle.before",
    "graph.settle.after",
    "journal.resolve.before",
    "journal.resolve.after",
    "vectors.publish.before",
    "vectors.publish.after",
    "cache.publish.before",
    "cache.publish.after",
    "journal.done.before",
    "journal.done.after",
)
"""Points that settling an attempt passes which was past its pivot."""
PAST_THE_PIVOT = ON_THE_WAY.index("graph.commit.after")
THIN = ("journal.prepare.after", "vectors.prepare.after", "graph.commit.after", "vectors.publish.before")


def chosen(points: tuple[str, ...], always: tuple[str, ...]) -> list[object]:
    """The points as parameters, all but a few of them for the campaign."""
    return [pytest.param(point, marks=() if point in always else pytest.mark.campaign) for point in points]


def second_batch(point: str) -> str:
    """The fault that kills at a point when the second batch passes it."""
    return f"{point}:kill:{1 if point.startswith(ONCE_A_RUN) else 2}"


def test_no_point_is_forgotten() -> None:
    # An attempt is aborted where a store fails before the pivot: test_errors passes these two.
    aborted = {"journal.abort.before", "journal.abort.after"}
    # A graph is rebuilt where its schema is old: test_upgrade passes these two.
    rebuilt = {"graph.rebuild.before", "graph.rebuild.after"}
    assert set(POINTS) - {*ON_THE_WAY, *BACK, *FORWARD} == aborted | rebuilt


@pytest.mark.parametrize("point", chosen(ON_THE_WAY, THIN))
async def test_killed_on_the_way(new_scene: NewScene, point: str) -> None:
    scene = new_scene()
    scene.killed(second_batch(point))
    # The oracle looks after `recover`, so an attempt past its pivot is seen rolled forward, any other undone.
    run(scene.home, "recover").expect(0)
    held = await scene.wholly_old_or_new()
    if point.startswith("staging.put"):
        assert held == [None, OLD] * 3
    elif point.startswith("staging.remove") or ON_THE_WAY.index(point) >= PAST_THE_PIVOT:
        assert held == [NEW] * 6
    else:
        assert held == [NEW] * 3 + [OLD, None, OLD]
    await scene.completes()


@pytest.mark.parametrize("point", chosen(BACK, ("journal.resolve.before",)))
async def test_killed_while_undoing(new_scene: NewScene, point: str) -> None:
    scene = new_scene()
    scene.killed("graph.commit.before:kill:2")
    scene.killed(f"{point}:kill", "recover")
    result = await scene.completes()
    assert result.summary["committed"] + result.summary["updated"] == 3


@pytest.mark.parametrize("point", chosen(FORWARD, ("journal.resolve.after",)))
async def test_killed_while_completing(new_scene: NewScene, point: str) -> None:
    scene = new_scene()
    scene.killed("graph.commit.after:kill:2")
    scene.killed(f"{point}:kill", "recover")
    result = await scene.completes()
    assert result.summary["unchanged"] == 6
