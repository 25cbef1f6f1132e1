"""The embedder that the settings name."""

from __future__ import annotations

from apex_cli.embed.local import LocalEmbedder
from apex_cli.embed.openai import LiveEmbeddings, OpenAIEmbedder
from apex_cli.embed.protocol import Embedder
from apex_cli.llm.batched import BatchEmbeddings
from apex_cli.llm.models import Models


def embedder(models: Models | None) -> Embedder:
    """The server's, if `models` has one (`APEX_EMBEDDER=openai`), in batches if those are on; else the local one.

    Which of them it is shows in its name, and so in the name of the collection of vectors: the two never mix.
    """
    if models is None or models.form is None:
        return LocalEmbedder()
    if models.batching is not None:
        return OpenAIEmbedder(models.form, models.cache, BatchEmbeddings(models.form, models.batching))
    return OpenAIEmbedder(models.form, models.cache, LiveEmbeddings(models.connection, models.form, models.cache))
