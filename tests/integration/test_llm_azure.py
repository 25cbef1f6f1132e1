"""Azure's two ways over real HTTP: the v1 API, and a deployment's own URL; the key in Azure's header."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apex_cli.addresses import Secret
from apex_cli.llm.client import OpenAIModel
from apex_cli.llm.connection import Connection, Endpoint
from apex_cli.llm.limits import ProviderLimits
from apex_cli.llm.protocol import Size
from apex_cli.llm.usage import Budget, ModelUsageMeter, Prices
from tests.llm_world import MODEL, names, prompt
from tests.openai_server import OpenAIServer


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.mark.parametrize(
    ("path", "version", "api", "route"),
    [
        ("/openai/v1", None, "responses", "/v1/responses"),
        ("/openai/v1", None, "chat", "/v1/chat/completions"),
        (f"/openai/deployments/{MODEL}", "2024-10-21", "chat", "/v1/chat/completions"),
        ("/openai", "2024-10-21", "chat", "/v1/chat/completions"),
    ],
    ids=["v1 responses", "v1 chat", "deployment", "resource"],
)
async def test_azure_answers(server: OpenAIServer, path: str, version: str | None, api: str, route: str) -> None:
    azure = Endpoint(server.root + path, Secret(server.api_key), openai=True, azure=True, api=api, api_version=version)
    meter = ModelUsageMeter(Prices({}, listed=True))
    connection = Connection(azure, limits=ProviderLimits(concurrency=1), meter=meter, budget=Budget(meter), timeout=30)
    try:
        await connection.check([MODEL])
        model = OpenAIModel(connection, {Size.MAIN: MODEL, Size.SMALL: MODEL})
        assert names(await model.answer(prompt("Acme Freight Inc is in Gary, IN."))) == ["Acme Freight Inc", "Gary, IN"]
    finally:
        await connection.close()
    assert server.ledger.counts().requests[route] == 1
    assert meter.total.cost > 0
    assert str(azure).count(server.api_key) == 0
