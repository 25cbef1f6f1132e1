"""The fake OpenAI server, driven by the real client: answers, embeddings, keys, limits, the ledger."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal

import httpx
import numpy as np
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel, Field

from tests.openai_server import OpenAIServer
from tests.openai_server.limits import duration

MODEL, EMBEDDER = "gpt-5-mini", "text-embedding-3-small"
TEXT = (
    "Lakeshore Haulage is hauling SHIP-2025-10-19-002 from Chicago, IL to Indianapolis, IN.\n"
    "Seal No: LS440917. Pallets: 18. Questions to dana@lakeshore.example."
)


class LLMEntity(BaseModel):
    name: str
    type: Literal["Shipment", "Carrier", "Location", "Person"]


class Fact(BaseModel):
    subject: str
    predicate: Literal["HAULED_BY", "ORIGIN", "DESTINATION"]
    object: str


class CachedEnricher(BaseModel):
    things: list[LLMEntity]
    facts: list[Fact] = Field(max_length=2)
    seal_number: str | None
    pallets: int
    booking_number: str | None
    mood: Literal["calm", "angry"] | None


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def client(server: OpenAIServer) -> Iterator[OpenAI]:
    with OpenAI(api_key=server.api_key, base_url=server.url, max_retries=0) as made:
        yield made


def check_reading(found: CachedEnricher | None) -> None:
    assert found is not None
    assert {(thing.type, thing.name) for thing in found.things} == {
        ("Carrier", "Lakeshore Haulage"),
        ("Shipment", "SHIP-2025-10-19-002"),
        ("Location", "Chicago, IL"),
        ("Location", "Indianapolis, IN"),
        ("Person", "dana@lakeshore.example"),
    }
    assert [(fact.subject, fact.predicate, fact.object) for fact in found.facts] == [
        ("SHIP-2025-10-19-002", "HAULED_BY", "Lakeshore Haulage"),
        ("SHIP-2025-10-19-002", "ORIGIN", "Chicago, IL"),
    ]
    assert (found.seal_number, found.pallets, found.booking_number, found.mood) == ("LS440917", 18, None, None)


def test_responses_answer_from_schema_and_text(client: OpenAI) -> None:
    answer = client.responses.parse(model=MODEL, instructions="Read.", input=TEXT, text_format=CachedEnricher)
    check_reading(answer.output_parsed)
    assert answer.status == "completed"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert 25 < answer.usage.input_tokens < 60


def test_responses_take_content_parts(client: OpenAI) -> None:
    answer = client.responses.parse(
        model=MODEL,
        input=[{"role": "user", "content": [{"type": "input_text", "text": TEXT}]}],
        text_format=CachedEnricher,
    )
    check_reading(answer.output_parsed)


def test_chat_answers_the_same(client: OpenAI) -> None:
    answer = client.chat.completions.parse(
        model=MODEL, messages=[{"role": "user", "content": TEXT}], response_format=CachedEnricher
    )
    check_reading(answer.choices[0].message.parsed)
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 100


def test_plain_text_is_answered_in_plain_text(client: OpenAI) -> None:
    answer = client.responses.create(model=MODEL, input="All is well at Gary, IN. Nothing to report. Bye.")
    assert answer.output_text == "All is well at Gary, IN. Nothing to report."


def test_a_short_limit_cuts_the_answer(client: OpenAI) -> None:
    answer = client.responses.create(model=MODEL, input=TEXT, max_output_tokens=5)
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert answer.usage is not None
    assert answer.usage.output_tokens == 5


def test_embeddings_of_both_encodings_are_the_same_unit_vectors(client: OpenAI) -> None:
    texts = ["a truck in Chicago, IL", "the truck in Chicago, IL", "an unpaid lumper receipt"]
    floats = client.embeddings.create(model=EMBEDDER, input=texts, dimensions=512, encoding_format="float")
    packed = client.embeddings.create(model=EMBEDDER, input=texts, dimensions=512)  # the client asks for base64
    assert [one.embedding for one in floats.data] == [one.embedding for one in packed.data]
    assert [one.index for one in packed.data] == [0, 1, 2]
    first, near, far = (one.embedding for one in packed.data)
    assert sum(x * x for x in first) == pytest.approx(1, abs=1e-5)
    assert np.dot(first, near) > 0.6
    assert np.dot(first, far) < 0.3
    assert packed.usage.prompt_tokens == 16


def test_embeddings_have_the_models_own_length(client: OpenAI) -> None:
    assert len(client.embeddings.create(model="text-embedding-3-large", input="x").data[0].embedding) == 3072


@pytest.mark.parametrize(
    "given", ["", [], ["fine", ""], ["x"] * 2049, ["word " * 8193], ["word " * 8000] * 38], ids=lambda _: "case"
)
def test_embeddings_refuse_what_openai_refuses(client: OpenAI, given: str | list[str]) -> None:
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model=EMBEDDER, input=given)


def test_a_wrong_key_is_refused_and_masked(server: OpenAIServer) -> None:
    with OpenAI(api_key="sk-secret-0123456789", base_url=server.url) as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            client.responses.create(model=MODEL, input="x")
        assert caught.value.code == "invalid_api_key"
        assert "secret" not in str(caught.value)
    assert httpx.post(f"{server.url}/embeddings", json={}).status_code == 401
    assert not server.ledger.counts().requests


def test_unknown_things_are_404(client: OpenAI) -> None:
    for look in (client.models.retrieve, client.files.retrieve, client.batches.retrieve):
        with pytest.raises(openai.NotFoundError):
            look("nothing")
    assert "gpt-5-mini" in {model.id for model in client.models.list()}


@pytest.mark.parametrize(
    "body", [{}, {"model": MODEL}, {"model": MODEL, "input": []}, {"model": MODEL, "input": "x", "stream": True}]
)
def test_bad_requests_are_400_in_openais_shape(server: OpenAIServer, body: dict[str, object]) -> None:
    answer = httpx.post(f"{server.url}/responses", json=body, headers={"authorization": f"Bearer {server.api_key}"})
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_every_answer_has_the_limits(client: OpenAI, server: OpenAIServer) -> None:
    server.limits.clock = lambda: 0.0  # buckets fill by time: three tokens are back after 3 ms
    server.limits.set(600, 60_000, enforced=False)
    raw = client.embeddings.with_raw_response.create(model=EMBEDDER, input="one two three")
    assert raw.headers["x-ratelimit-limit-requests"] == "600"
    assert raw.headers["x-ratelimit-remaining-requests"] == "599"
    assert raw.headers["x-ratelimit-limit-tokens"] == "60000"
    assert raw.headers["x-ratelimit-remaining-tokens"] == "59997"
    assert raw.headers["x-ratelimit-reset-tokens"].endswith("ms")


def test_enforced_limits_refuse_with_the_time_to_wait(client: OpenAI, server: OpenAIServer) -> None:
    server.limits.set(2, 60_000, enforced=True)
    for _ in range(2):
        client.embeddings.create(model=EMBEDDER, input="x")
    with pytest.raises(openai.RateLimitError) as caught:
        client.embeddings.create(model=EMBEDDER, input="x")
    assert 20 < float(caught.value.response.headers["retry-after"]) <= 30.1
    assert len(server.ledger.counts().asked) == 2


def test_durations_are_written_as_openai_writes_them() -> None:
    assert [duration(seconds) for seconds in (0.017, 1.2044, 59.5, 360)] == ["17ms", "1.204s", "59.5s", "6m0s"]


def test_the_ledger_knows_what_was_paid_twice(client: OpenAI, server: OpenAIServer) -> None:
    client.embeddings.create(model=EMBEDDER, input=["one", "two"])
    client.embeddings.create(model=EMBEDDER, input=["two", "three"])
    client.responses.create(model=MODEL, input="four")
    counts = server.ledger.counts()
    assert counts.requests == {"/v1/embeddings": 2, "/v1/responses": 1}
    assert counts.texts("/v1/embeddings") == ["one", "two", "two", "three"]
    assert [asked.text for asked in counts.repeated()] == ["two"]
    assert counts.input_tokens["/v1/embeddings"] == 4
    assert counts.statuses == {200: 3}
    server.ledger.reset()
    assert not server.ledger.counts().asked


async def test_the_peak_is_what_was_in_work_at_once(server: OpenAIServer) -> None:
    server.latency = 600  # until the test ends the wait
    async with AsyncOpenAI(api_key=server.api_key, base_url=server.url, max_retries=0) as client:
        calls = [asyncio.create_task(client.responses.create(model=MODEL, input=f"text {n}")) for n in range(8)]
        async with asyncio.timeout(30):
            while server.ledger.counts().peak < 8:  # noqa: ASYNC110 - it is another thread that counts
                await asyncio.sleep(0.01)
        server.service.closing.set()
        answers = await asyncio.gather(*calls)
    assert [answer.output_text for answer in answers] == [f"text {n}" for n in range(8)]
    assert server.ledger.counts().peak == 8


def test_azures_addresses_and_key_header_are_understood(server: OpenAIServer) -> None:
    with openai.AzureOpenAI(
        api_key=server.api_key, azure_endpoint=server.root, api_version="2025-03-01-preview"
    ) as client:
        answer = client.embeddings.create(model="my-deployment", input="x", dimensions=8)
    assert answer.model == "my-deployment"
    assert len(answer.data[0].embedding) == 8


@pytest.fixture
def program() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The base URL of a fake server in a process of its own, and the process."""
    command = [sys.executable, "-m", "tests.openai_server", "--port", "0", "--api-key", "sk-mine"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
        process.kill()


def test_as_a_program_it_is_steered_by_its_control_routes(program: tuple[str, subprocess.Popen[str]]) -> None:
    url, process = program
    root = url.removesuffix("/v1")
    fault = {"kind": "status", "status": 503, "route": "/v1/responses", "nth": 2}
    assert httpx.post(f"{root}/control/switch", json=fault).json() == {"ok": True}
    assert httpx.post(f"{root}/control/switch", json={"kind": "no such"}).status_code == 400
    with OpenAI(api_key="sk-mine", base_url=url, max_retries=0) as client:
        client.responses.create(model=MODEL, input="once")
        with pytest.raises(openai.InternalServerError):
            client.responses.create(model=MODEL, input="twice")
    counts = httpx.get(f"{root}/control/counts").json()
    assert counts["requests"] == {"/v1/responses": 2}
    assert counts["statuses"] == {"200": 1, "503": 1}
    assert [asked["text"] for asked in counts["asked"]] == ["once"]
    settings = {"enforce_limits": True, "requests_per_minute": 1, "latency": 0.0}
    assert httpx.post(f"{root}/control/settings", json=settings).status_code == 200
    assert httpx.post(f"{root}/control/settings", json={"nonsense": 1}).status_code == 400
    assert httpx.get(f"{root}/control/counts").headers["x-ratelimit-limit-requests"] == "1"
    process.terminate()
    assert process.wait(timeout=20) == 0
