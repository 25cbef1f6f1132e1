"""SIGKILL at every fault point of an ingest that asks a model: all is there once, and nothing was asked twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apex_cli.model import record_id
from tests.acceptance.apex import new_home, run, spawn, verified, wait_gone, write_lines
from tests.faults.oracle import opened
from tests.faults.test_kill_points import ON_THE_WAY, chosen, second_batch
from tests.llm_ingest import CHAT, facts_of, message
from tests.llm_world import MODEL
from tests.openai_server import OpenAIServer

MESSAGES = 6
ALWAYS = ("graph.commit.before", "graph.commit.after")


@pytest.fixture(scope="module")
def home(short_tmp: Path) -> Iterator[Path]:
    with new_home(short_tmp) as place:
        yield place


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


def mail(scene: int, carrier: str) -> list[dict[str, Any]]:
    """Six messages with shipments of the scene's own, of one carrier."""
    return [
        message(scene * 100 + number, f"SHIP-2025-10-24-{scene:02}-{number} is hauled by {carrier}.")
        for number in range(MESSAGES)
    ]


@pytest.mark.parametrize("point", chosen(ON_THE_WAY, ALWAYS))
async def test_nothing_is_lost_and_nothing_is_asked_twice(home: Path, server: OpenAIServer, point: str) -> None:
    scene = ON_THE_WAY.index(point)
    environ = {"OPENAI_API_KEY": server.api_key, "OPENAI_BASE_URL": server.url, "APEX_LLM_MODEL": MODEL}
    file = home.parent / "mail.jsonl"
    known = mail(scene, "Old Oak Trucking")[1::2]
    run(home, "ingest", write_lines(file, known), "-q", env=environ).expect(0)
    server.ledger.reset()
    write_lines(file, mail(scene, "New Elm Trucking"))
    fault = {"APEX_FAULT": second_batch(point)}
    process = spawn(home, "ingest", file, "--batch-size", "3", "-q", env={**environ, **fault})
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, f"{point} was not reached"
    wait_gone(home)
    asked = server.ledger.counts().requests[CHAT]
    result = run(home, "ingest", file, "--json", env=environ).expect(0)
    counts = server.ledger.counts()
    assert counts.repeated() == []
    assert result.summary["llm_calls"] == counts.requests[CHAT] - asked
    assert (asked == 0) == (result.summary["llm_calls"] > 0) == point.startswith("staging.put")
    assert verified(home)
    async with opened(home) as stores:
        for number, payload in enumerate(mail(scene, "New Elm Trucking")):
            [hauled] = await facts_of(stores, f"SHIP-2025-10-24-{scene:02}-{number}", "HAULED_BY")
            assert hauled.object == "New Elm Trucking"
            assert hauled.records == (record_id("frontapp", "message", payload["message_id"]),)
    assert not list((home / "staging").glob("*/*"))
