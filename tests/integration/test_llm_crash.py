"""`kill -9` while models are asked: what has been answered is never asked again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apex_cli.llm.models import open_models
from tests.llm_world import MODEL, names, prompt, settings
from tests.openai_server import OpenAIServer

ROUTE = "/v1/chat/completions"
TEXTS = [f"Acme Freight Inc hauls SHIP-2025-10-19-{number:03} to Gary, IN." for number in range(40)]

ASK = """
import asyncio, sys
from pathlib import Path
from apex_cli.config import load
from apex_cli.llm.models import open_models
from tests.llm_world import prompt

async def one(models, text):
    await models.model.answer(prompt(text))
    sys.stdout.write(text + "\\n")
    sys.stdout.flush()

async def main():
    async with open_models(load(cwd=Path("/"))) as models:
        await asyncio.gather(*(one(models, text) for text in sys.argv[1:]))

asyncio.run(main())
"""


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(latency=0.02) as running:
        yield running


@pytest.mark.parametrize("answers", [1, 17])
async def test_what_was_answered_before_a_kill_is_not_asked_again(
    server: OpenAIServer, tmp_path: Path, answers: int
) -> None:
    environ = {
        **os.environ,
        "APEX_HOME": str(tmp_path),
        "OPENAI_API_KEY": server.api_key,
        "OPENAI_BASE_URL": server.url,
        "APEX_LLM_MODEL": MODEL,
        "APEX_CONCURRENCY": "4",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASK, *TEXTS, env=environ, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    answered = [(await process.stdout.readline()).decode().strip() for _ in range(answers)]
    process.send_signal(signal.SIGKILL)
    answered += [line for line in (await process.stdout.read()).decode().splitlines() if line in TEXTS]
    assert await process.wait() == -signal.SIGKILL
    assert len(answered) < len(TEXTS)
    async with open_models(settings(server, tmp_path)) as models:
        found = await asyncio.gather(*(models.model.answer(prompt(text)) for text in TEXTS))
    assert [names(answer)[1] for answer in found] == [text.split()[4] for text in TEXTS]
    repeated = [asked.text for asked in server.ledger.counts().repeated()]
    assert not set(repeated) & set(answered)
    assert len(repeated) <= 8, "no more than were being asked or being written at that moment: four each"
