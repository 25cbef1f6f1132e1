"""`python -m quality`, as `make quality-llm` runs it: what is printed, and that it is the model's own doing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from quality.labels import load
from tests.llm_world import MODEL
from tests.openai_server import OpenAIServer, Switch

ROOT = Path(__file__).parents[2]
TEXTS = 4


def quality(*arguments: str, **variables: str) -> str:
    """Its stdout; it must end well."""
    environ = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), **variables}
    ran = subprocess.run(
        [sys.executable, "-m", "quality", *arguments], cwd=ROOT, env=environ, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode()


def test_without_a_model_the_double_answers_and_the_report_says_so() -> None:
    printed = quality("--texts", str(TEXTS))
    assert printed.count("FAKE OPENAI SERVER") == printed.count("plumbing only") == 2
    for word in (
        "entities",
        "facts",
        "rules alone",
        "rules + model",
        "micro",
        "macro",
        "calls",
        "tokens",
        "s a record",
    ):
        assert word in printed


def test_the_configured_server_is_asked_and_what_fails_is_named() -> None:
    texts = load()[:TEXTS]
    with OpenAIServer() as server:
        server.switches.add(Switch("refusal", contains="no stacking", times=None))
        result = json.loads(
            quality(
                *("--json", "--texts", str(TEXTS)),
                OPENAI_API_KEY=server.api_key,
                OPENAI_BASE_URL=server.url,
                APEX_LLM_MODEL=MODEL,
                APEX_LLM_PRICE_INPUT="1",
                APEX_LLM_PRICE_OUTPUT="2",
            )
        )
        counts = server.ledger.counts()
    assert (result["fake_server"], result["texts"]) == (False, TEXTS)
    assert result["calls"] == counts.requests["/v1/chat/completions"] == len(counts.asked)
    assert result["tokens"] == counts.input_tokens.total() + counts.output_tokens.total()
    assert result["cost_usd"] * 1e6 == counts.input_tokens.total() + 2 * counts.output_tokens.total()
    assert list(result["failed"]) == [texts[0].name]
    assert result["failed"][texts[0].name].startswith("llm_refused")
    for reader in ("rules alone", "rules + model"):
        assert result[reader]["entities"]["micro"]["expected"] == sum(len(one.entities) for one in texts)
        assert result[reader]["facts"]["micro"]["expected"] == sum(len(one.facts) for one in texts)
    assert result["rules + model"]["facts"]["MENTIONS"]["right"] > 0
