"""SIGKILL at every fault point of an ingest with a language model: each record once, and no request twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apex_cli.model import record_id
from tests.acceptance.apex import killed, new_home, run, verified, write_lines
from tests.faults.oracle import compare_stores
from tests.faults.points import INGEST_POINTS, chosen, second_batch
from tests.llm_ingest import CHAT, facts_of, message
from tests.llm_world import MODEL
from tests.openai_server import OpenAIServer
from tests.profiles import opened

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


def mail(scenario: int, carrier: str) -> list[dict[str, Any]]:
    """Six messages that name one carrier, about shipments of this scenario only."""
    return [
        message(scenario * 100 + number, f"SHIP-2025-10-24-{scenario:02}-{number} is hauled by {carrier}.")
        for number in range(MESSAGES)
    ]


@pytest.mark.parametrize("point", chosen(INGEST_POINTS, ALWAYS))
async def test_no_record_is_lost_and_no_request_is_sent_twice(home: Path, server: OpenAIServer, point: str) -> None:
    scenario = INGEST_POINTS.index(point)
    environ = {"OPENAI_API_KEY": server.api_key, "OPENAI_BASE_URL": server.url, "APEX_LLM_MODEL": MODEL}
    file = home.parent / "mail.jsonl"
    known = mail(scenario, "Old Oak Trucking")[1::2]
    run(home, "ingest", write_lines(file, known), "-q", env=environ).expect(0)
    server.ledger.reset()
    write_lines(file, mail(scenario, "New Elm Trucking"))
    killed(home, second_batch(point), "ingest", file, "--batch-size", "3", "-q", env=environ)
    asked = server.ledger.counts().requests[CHAT]
    result = run(home, "ingest", file, "--json", env=environ).expect(0)
    counts = server.ledger.counts()
    assert counts.repeated() == []
    assert result.summary["llm_calls"] == counts.requests[CHAT] - asked
    assert (asked == 0) == (result.summary["llm_calls"] > 0) == point.startswith("staging.put")
    assert verified(home)
    await compare_stores(home)
    async with opened(home) as stores:
        for number, payload in enumerate(mail(scenario, "New Elm Trucking")):
            [hauled] = await facts_of(stores, f"SHIP-2025-10-24-{scenario:02}-{number}", "HAULED_BY")
            assert hauled.object == "New Elm Trucking"
            assert hauled.records == (record_id("frontapp", "message", payload["message_id"]),)
    assert not list((home / "staging").glob("*/*"))
