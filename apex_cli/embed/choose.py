"""The embedder that the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from apex_cli.embed.local import LocalEmbedder
from apex_cli.embed.openai import LiveEmbeddings, OpenAIEmbedder
from apex_cli.embed.protocol import Embedder
from apex_cli.llm.batched import BatchEmbeddings
from apex_cli.llm.models import Models


@asynccontextmanager
async def open_embedder(models: Models | None) -> AsyncIterator[Embedder]:
    """The server's, if `models` has one (`APEX_EMBEDDER=openai`), in batches if those are on; else the local one.

    Which of them it is shows in its name, and so in the name of the collection of vectors: the two never mix.
    """
    if models is None or models.form is None:
        yield LocalEmbedder()
        return
    form, cache = models.form, models.cache
    if models.batching is not None:
        server = OpenAIEmbedder(form, cache, BatchEmbeddings(form, models.batching))
    else:
        server = OpenAIEmbedder(form, cache, LiveEmbeddings(models.connection, form, cache))
    try:
        yield server
    finally:
        await server.close()
