"""Free text with the installed command: what starts, what is said, what a killed process has paid for."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.apex import new_home, run, spawn, verified, wait_gone, write_lines
from tests.acceptance.seeds import shipment
from tests.llm_ingest import CHAT, finish, message
from tests.llm_world import MODEL
from tests.openai_server import OpenAIServer

KEY = "sk-fake-server"
WRONG = "sk-wrong-key-0123456789"


@pytest.fixture(scope="module")
def shared(short_tmp: Path) -> Iterator[Path]:
    """One home for all that starts: every test has messages of its own."""
    with new_home(short_tmp) as home:
        yield home


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(api_key=KEY) as running:
        yield running


def environ(server: OpenAIServer, **variables: str) -> dict[str, str]:
    return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url, "APEX_LLM_MODEL": MODEL, **variables}


def mail(first: int, count: int) -> list[dict[str, Any]]:
    """Messages of which every one has a carrier and a shipment of its own."""
    return [
        message(number, f"SHIP-2025-10-23-{number:03} is hauled by Carrier{number} Freight.")
        for number in range(first, first + count)
    ]


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"OPENAI_API_KEY": WRONG}, "401"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, "127.0.0.1:9"),
        ({"APEX_LLM_MODEL": "gpt-nonsense"}, "gpt-nonsense"),
        ({"OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""}, "OPENAI_API_KEY"),
        ({"APEX_MAX_COST": "1"}, "price"),
    ],
    ids=["a wrong key", "no server", "an unknown model", "no key", "a budget without prices"],
)
def test_a_model_that_cannot_be_used_starts_nothing(
    home: Path, server: OpenAIServer, variables: Mapping[str, str], says: str
) -> None:
    file = write_lines(home.parent / "mail.jsonl", mail(0, 1))
    result = run(home, "ingest", file, "--extractor", "llm", "--json", env={**environ(server), **variables}).expect(10)
    assert [line["type"] for line in result.lines] == ["error"]
    [line, *hint] = result.stderr.splitlines()
    assert says in line
    assert all(one.startswith("hint:") for one in hint)
    for key in (KEY, WRONG):
        assert key not in result.stdout + result.stderr
    assert not (home / "staging").exists()
    assert server.ledger.counts().asked == []


def test_a_message_is_read_by_the_model_that_is_configured(shared: Path, server: OpenAIServer) -> None:
    file = write_lines(shared.parent / "mail.jsonl", [shipment(1), *mail(0, 2)])
    result = run(shared, "ingest", file, "--json", env=environ(server)).expect(0)
    assert [line["llm_calls"] for line in result.of("record")] == [0, 2, 2]
    assert result.summary["llm_calls"] == server.ledger.counts().requests[CHAT] == 4
    assert KEY not in result.stdout + result.stderr
    facts = run(shared, "facts", "SHIP-2025-10-23-001", "--json").expect(0).of("fact")
    [hauled] = [line for line in facts if line["predicate"] == "HAULED_BY"]
    assert (hauled["object"], hauled["certain"]) == ("Carrier1 Freight", False)
    [mentioned] = [line for line in facts if line["predicate"] == "MENTIONS"]
    assert mentioned["certain"] is True
    server.ledger.reset()
    run(shared, "ingest", file, "--extractor", "rules", "-q", env=environ(server)).expect(0)
    assert server.ledger.counts().requests == {}


def test_search_by_the_servers_vectors(shared: Path, server: OpenAIServer) -> None:
    openai = environ(server, APEX_EMBEDDER="openai", APEX_NAMESPACE="by_server")
    run(shared, "ingest", write_lines(shared.parent / "mail.jsonl", mail(100, 5)), "-q", env=openai).expect(0)
    hits = run(shared, "search", "what is hauled by Carrier103 Freight", "--json", env=openai).expect(0).lines
    assert hits[0]["external_id"] == "MSG-0103"
    assert "vector" in hits[0]["matched_by"]
    assert server.ledger.counts().repeated() == []


def test_a_commit_that_failed_is_tried_again_for_nothing(shared: Path, server: OpenAIServer) -> None:
    file = write_lines(shared.parent / "mail.jsonl", mail(200, 4))
    failing = environ(server, APEX_FAULT="graph.commit.before:error")
    assert run(shared, "ingest", file, "--json", env=failing).expect(3).summary["failed"] == 4
    result = run(shared, "staging", "retry", "--json", env=environ(server)).expect(0)
    assert (result.summary["committed"], result.summary["llm_calls"]) == (4, 0)
    assert server.ledger.counts().repeated() == []
    assert verified(shared)


def test_a_run_killed_after_sending_a_batch_has_sent_it(shared: Path, server: OpenAIServer) -> None:
    file = write_lines(shared.parent / "mail.jsonl", mail(300, 3))
    command = ("ingest", file, "--llm-batch", "--json")
    process = spawn(shared, *command, env=environ(server))
    while not server.batches.all():
        assert process.poll() is None, process.communicate()
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    wait_gone(shared)
    result = run(shared, *command, env=environ(server)).expect(3)
    while result.exit == 3:
        assert result.summary["failed"] == 0
        finish(server)
        result = run(shared, *command, env=environ(server))
    assert result.expect(0).summary["committed"] == 3
    counts = server.ledger.counts()
    assert sorted({(one.task, one.text) for one in counts.asked}) == sorted(
        (one.task, one.text) for one in counts.asked
    )
    assert (counts.requests["batch-line"], counts.repeated()) == (len(counts.asked), [])
    assert verified(shared)
