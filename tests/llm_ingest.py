"""Whole ingests in this process against the fake OpenAI server: a home, a server, the content of the stores."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from apex_cli.config import Settings
from apex_cli.pipeline import dry_run as dry
from apex_cli.pipeline import maintenance
from apex_cli.pipeline.context import IngestRequest, Stop
from apex_cli.pipeline.ingest import ingest, models_for
from apex_cli.results import RecordResult, RunSummary
from apex_cli.stores.factory import Stores, open_stores
from apex_cli.stores.views import FactView
from apex_cli.verify import verify
from tests.acceptance.apex import write_lines
from tests.llm_world import settings
from tests.openai_server import OpenAIServer

CHAT = "/v1/chat/completions"
EMBEDDINGS = "/v1/embeddings"


@dataclass
class Observations:
    """One run: what it said of each record, and of itself."""

    summary: RunSummary
    outcomes: list[RecordResult] = field(default_factory=list)

    def phase(self, text: str) -> None:
        """See `Observer`."""

    def outcome(self, outcome: RecordResult) -> None:
        """See `Observer`."""
        self.outcomes.append(outcome)

    @property
    def statuses(self) -> dict[str, int]:
        """How many records came to which end."""
        return dict(Counter(one.status.value for one in self.outcomes))


@dataclass(frozen=True)
class World:
    """A home and the server that its models are at. Embeds here unless a variable says otherwise."""

    home: Path
    server: OpenAIServer

    def settings(self, **variables: str) -> Settings:
        """The settings of a run; `variables` are of the environment."""
        self.home.mkdir(parents=True, exist_ok=True)
        return settings(self.server, self.home, **{"APEX_EMBEDDER": "local", **variables})

    async def ingest(
        self,
        payloads: Sequence[dict[str, Any]],
        variables: Mapping[str, str] | None = None,
        *,
        batch: bool = False,
        name: str = "drop",
    ) -> Observations:
        """Ingest payloads as one file of JSON Lines, called `name`."""
        file = write_lines(self.home.parent / f"{name}.jsonl", payloads)
        request = IngestRequest((str(file),), llm_batch=batch, run_id=str(uuid.uuid4()))
        result = Observations(RunSummary(request.run_id))
        return replace(result, summary=await ingest(self.settings(**variables or {}), request, result, Stop()))

    async def dry_run(self, payloads: Sequence[dict[str, Any]]) -> RunSummary:
        """What ingesting payloads as one file would take."""
        file = write_lines(self.home.parent / "dry.jsonl", payloads)
        request = IngestRequest((str(file),))
        return await dry.dry_run(self.settings(), request, Observations(RunSummary(request.run_id)))

    async def forget(self, ident: str, **variables: str) -> None:
        """Forget one record."""
        forgotten = await maintenance.forget(self.settings(**variables), ident)
        assert forgotten.error is None, forgotten

    @asynccontextmanager
    async def stores(self, **variables: str) -> AsyncIterator[Stores]:
        """The stores, while no run holds them."""
        loaded = self.settings(**variables)
        async with models_for(loaded, IngestRequest(())) as models, open_stores(loaded, models) as stores:
            yield stores

    def asked(self) -> dict[str, int]:
        """Requests to models since the last reset, by route."""
        requests = self.server.ledger.counts().requests
        return {route: count for route, count in requests.items() if route != "/v1/models"}


def message(number: int, body: str, **changes: Any) -> dict[str, Any]:
    """A message with a number of its own."""
    return {
        "message_id": f"MSG-{number:04}",
        "subject": "Update",
        "body": body,
        "sender": "dispatch@acme-trucking.com",
        "sent_at": "2025-10-19T15:00:00Z",
        **changes,
    }


def finish(server: OpenAIServer) -> None:
    """The provider works off the batches that it has."""
    while any(batch["status"] in ("validating", "in_progress") for batch in server.batches.advance()):
        pass


async def facts_of(stores: Stores, name: str, predicate: str | None = None) -> list[FactView]:
    """The facts of the one thing called so."""
    [entity] = await stores.graph.find_entities(name)
    return list(await stores.graph.facts(entity.id, predicate=predicate))


async def sound(stores: Stores) -> int:
    """How many records there are; fails when anything is wrong or in flight."""
    report = await verify(stores)
    assert (report.problems, report.in_flight) == ([], 0)
    return report.records
