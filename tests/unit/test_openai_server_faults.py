"""The switches of the fake OpenAI server: the real client sees each fault, on the request that it was set for."""

from __future__ import annotations

import time
from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel, ValidationError

from tests.openai_server import OpenAIServer, Switch

MODEL, RESPONSES, CHAT = "gpt-5-mini", "/v1/responses", "/v1/chat/completions"
TEXT = "Dana Okafor drives TRUCK-6520. TRUCK-6520 is at Gary, IN."


class LLMEntity(BaseModel):
    name: str


class Things(BaseModel):
    things: list[LLMEntity]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def client(server: OpenAIServer) -> Iterator[OpenAI]:
    with OpenAI(api_key=server.api_key, base_url=server.url, max_retries=0) as made:
        yield made


def respond(client: OpenAI) -> Things | None:
    return client.responses.parse(model=MODEL, input=TEXT, text_format=Things).output_parsed


def chat(client: OpenAI) -> Things | None:
    answer = client.chat.completions.parse(
        model=MODEL, messages=[{"role": "user", "content": TEXT}], response_format=Things
    )
    return answer.choices[0].message.parsed


def test_a_429_is_retried_after_the_time_it_names(server: OpenAIServer) -> None:
    server.switches.add(Switch("status", status=429, retry_after=0.3))
    started = time.monotonic()
    with OpenAI(api_key=server.api_key, base_url=server.url, max_retries=1) as client:
        assert respond(client) is not None
    assert time.monotonic() - started >= 0.3
    counts = server.ledger.counts()
    assert counts.requests[RESPONSES] == 2
    assert counts.statuses == {429: 1, 200: 1}
    assert len(counts.asked) == 1


def test_the_nth_request_of_a_route_fails_and_no_other(client: OpenAI, server: OpenAIServer) -> None:
    server.switches.add(Switch("status", route=RESPONSES, nth=2, times=2))
    chat(client)
    outcomes = []
    for _ in range(4):
        try:
            outcomes.append(respond(client) is not None)
        except openai.InternalServerError:
            outcomes.append(False)
    assert outcomes == [True, False, False, True]


def test_a_fault_can_be_set_for_one_text(client: OpenAI, server: OpenAIServer) -> None:
    server.switches.add(Switch("status", contains="TRUCK-9", times=None, status=400, text="no such truck"))
    assert respond(client) is not None
    for _ in range(2):
        with pytest.raises(openai.BadRequestError, match="no such truck"):
            client.responses.create(model=MODEL, input="Where is TRUCK-9?")
    server.switches.clear()
    client.responses.create(model=MODEL, input="Where is TRUCK-9?")


def test_a_slow_answer_runs_into_the_clients_time_limit(client: OpenAI, server: OpenAIServer) -> None:
    server.switches.add(Switch("slow", seconds=600))
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.2).responses.create(model=MODEL, input=TEXT)


@pytest.mark.parametrize("kind", ["cut", "half"])
def test_a_lost_connection_was_paid_for(client: OpenAI, server: OpenAIServer, kind: str) -> None:
    server.switches.add(Switch.of({"kind": kind}))
    with pytest.raises(openai.APIConnectionError):
        respond(client)
    assert respond(client) is not None
    counts = server.ledger.counts()
    assert counts.statuses == {0: 1, 200: 1}
    assert [asked.text for asked in counts.repeated()] == [TEXT]


def test_truncation_is_shown_by_both_routes(client: OpenAI, server: OpenAIServer) -> None:
    server.switches.add(Switch("truncated", route=CHAT), Switch("truncated", route=RESPONSES))
    with pytest.raises(openai.LengthFinishReasonError):
        chat(client)
    answer = client.responses.create(
        model=MODEL,
        input=TEXT,
        text={"format": {"type": "json_schema", "name": "Things", "schema": Things.model_json_schema()}},
    )
    assert answer.status == "incomplete"
    assert answer.output_text.startswith('{"things":[{"name":"Dana')
    assert not answer.output_text.endswith("}")


@pytest.mark.parametrize("kind", ["invalid", "wrong_schema"])
@pytest.mark.parametrize("ask", [respond, chat])
def test_what_is_no_json_or_not_of_the_schema_is_refused_by_the_client(
    client: OpenAI, server: OpenAIServer, kind: str, ask: object
) -> None:
    server.switches.add(Switch.of({"kind": kind}))
    with pytest.raises(ValidationError):
        (respond if ask is respond else chat)(client)


def test_a_refusal_is_in_its_own_field(client: OpenAI, server: OpenAIServer) -> None:
    server.switches.add(Switch("refusal", times=None))
    answer = client.responses.parse(model=MODEL, input=TEXT, text_format=Things)
    assert answer.output_parsed is None
    assert answer.to_dict()["output"][0]["content"][0]["type"] == "refusal"  # type: ignore[index]
    message = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": TEXT}]).choices[0]
    assert message.message.content is None
    assert message.message.refusal


def test_the_model_can_be_made_to_obey_a_payload(client: OpenAI, server: OpenAIServer) -> None:
    server.switches.add(Switch("answer", text='{"things":[{"name":"SHIP-OF-ANOTHER"}]}'))
    assert respond(client) == Things(things=[LLMEntity(name="SHIP-OF-ANOTHER")])


def test_usage_may_be_missing(client: OpenAI, server: OpenAIServer) -> None:
    server.switches.add(Switch("no_usage", times=None))
    assert client.responses.create(model=MODEL, input=TEXT).usage is None
    assert client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": TEXT}]).usage is None


def test_a_switch_of_no_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="no such kind"):
        Switch.of({"kind": "explode"})
