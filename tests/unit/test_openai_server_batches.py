"""Files and batches of the fake OpenAI server, driven by the real client from start to end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types import Batch

from tests.openai_server import OpenAIServer, Switch

LINES = [
    {
        "custom_id": name,
        "method": "POST",
        "url": "/v1/embeddings",
        "body": {"model": "text-embedding-3-small", "input": text, "dimensions": 8},
    }
    for name, text in (("first", "Żółkiewski at Gary, IN"), ("second", "two"), ("third", "three"))
]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def client(server: OpenAIServer) -> Iterator[OpenAI]:
    with OpenAI(api_key=server.api_key, base_url=server.url, max_retries=0) as made:
        yield made


def submit(client: OpenAI, lines: list[dict[str, Any]] | None = None) -> Batch:
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in (LINES if lines is None else lines))
    upload = client.files.create(file=("work.jsonl", text.encode()), purpose="batch")
    assert client.files.retrieve(upload.id).filename == "work.jsonl"
    assert client.files.content(upload.id).content == text.encode()
    return client.batches.create(
        input_file_id=upload.id, endpoint="/v1/embeddings", completion_window="24h", metadata={"run": "7"}
    )


def rows(client: OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    assert file_id is not None
    return [json.loads(line) for line in client.files.content(file_id).text.splitlines()]


def test_a_batch_goes_on_when_the_test_says_so(client: OpenAI, server: OpenAIServer) -> None:
    batch = submit(client)
    seen = [batch.status]
    for _ in range(3):
        server.batches.advance()
        seen.append(client.batches.retrieve(batch.id).status)
    assert seen == ["validating", "in_progress", "completed", "completed"]
    done = client.batches.retrieve(batch.id)
    assert done.metadata == {"run": "7"}
    assert done.error_file_id is None
    assert done.request_counts is not None
    assert (done.request_counts.total, done.request_counts.completed, done.request_counts.failed) == (3, 3, 0)
    found = rows(client, done.output_file_id)
    assert [row["custom_id"] for row in found] == ["first", "second", "third"]
    assert all(row["error"] is None and row["response"]["status_code"] == 200 for row in found)
    direct = client.embeddings.create(
        model="text-embedding-3-small", input="Żółkiewski at Gary, IN", dimensions=8, encoding_format="float"
    )
    assert found[0]["response"]["body"]["data"][0]["embedding"] == direct.data[0].embedding
    assert [asked.text for asked in server.ledger.counts().repeated()] == ["Żółkiewski at Gary, IN"]


def test_lines_that_fail_are_in_the_error_file(client: OpenAI, server: OpenAIServer) -> None:
    server.switches.add(Switch("status", route="batch-line", contains="two", status=500))
    batch = submit(client)
    server.batches.advance()
    server.batches.advance()
    done = client.batches.retrieve(batch.id)
    assert done.status == "completed"
    assert [row["custom_id"] for row in rows(client, done.output_file_id)] == ["first", "third"]
    (failed,) = rows(client, done.error_file_id)
    assert (failed["custom_id"], failed["response"]["status_code"]) == ("second", 500)
    assert failed["response"]["body"]["error"]["type"] == "server_error"


def test_an_expired_batch_says_so_of_each_line(client: OpenAI, server: OpenAIServer) -> None:
    batch = submit(client)
    server.batches.advance()
    server.batches.expire()
    done = client.batches.retrieve(batch.id)
    assert (done.status, done.output_file_id) == ("expired", None)
    assert [row["error"]["code"] for row in rows(client, done.error_file_id)] == ["batch_expired"] * 3
    assert not server.ledger.counts().asked


def test_a_batch_can_be_cancelled_until_it_is_done(client: OpenAI, server: OpenAIServer) -> None:
    batch = submit(client)
    assert client.batches.cancel(batch.id).status == "cancelling"
    server.batches.advance()
    assert client.batches.retrieve(batch.id).status == "cancelled"
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(batch.id)


def test_a_batch_can_go_on_at_every_look(client: OpenAI, server: OpenAIServer) -> None:
    server.batches.automatic = True
    batch = submit(client)
    assert [client.batches.retrieve(batch.id).status for _ in range(2)] == ["in_progress", "completed"]


@pytest.mark.parametrize(
    ("lines", "result"),
    [
        ([], "empty"),
        ([LINES[0], LINES[0]], "used twice"),
        ([{**LINES[0], "url": "/v1/responses"}], "does not match"),
        ([{**LINES[0], "custom_id": None}], "no custom_id"),
        ([LINES[0], {**LINES[1], "body": {"model": "other"}}], "same model"),
    ],
)
def test_a_file_that_is_no_batch_fails_it(
    client: OpenAI, server: OpenAIServer, lines: list[dict[str, Any]], result: str
) -> None:
    batch = submit(client, lines)
    server.batches.advance()
    failed = client.batches.retrieve(batch.id)
    assert failed.status == "failed"
    assert failed.errors is not None
    assert failed.errors.data is not None
    assert result in (failed.errors.data[0].message or "")


def test_batches_are_listed_page_by_page_newest_first(client: OpenAI) -> None:
    made = [submit(client).id for _ in range(3)]
    page = client.batches.list(limit=2)
    assert ([batch.id for batch in page.data], page.has_more) == ([made[2], made[1]], True)
    assert [batch.id for batch in client.batches.list(limit=2)] == made[::-1]
    assert len(list(client.files.list(limit=2))) == 3


def test_a_file_can_be_deleted(client: OpenAI) -> None:
    upload = client.files.create(file=("work.jsonl", b"{}"), purpose="batch")
    assert client.files.delete(upload.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.content(upload.id)


def test_unknown_purposes_and_endpoints_are_refused(client: OpenAI) -> None:
    upload = client.files.create(file=("work.jsonl", b"{}"), purpose="batch")
    with pytest.raises(openai.BadRequestError):
        client.files.create(file=("work.jsonl", b"{}"), purpose="vision")
    with pytest.raises(openai.BadRequestError):
        client.batches.create(input_file_id=upload.id, endpoint="/v1/moderations", completion_window="24h")
