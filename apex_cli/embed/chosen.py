"""Which models embed: those that the settings name, and those that a memory remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apex_cli.config import Settings
from apex_cli.embed.e5 import E5Embedder
from apex_cli.embed.embedder import Embedder, dimensions_of
from apex_cli.embed.local import LocalEmbedder
from apex_cli.errors import EmbedError

if TYPE_CHECKING:
    from apex_cli.llm.models import Models
    from apex_cli.model import Vectors

_LOCAL: tuple[type[Embedder], ...] = (LocalEmbedder, E5Embedder)
"""Models that need no server."""


@dataclass(frozen=True, slots=True)
class Embedders:
    """The models that the settings name. `text` is None where they name none: then the memory's own counts."""

    own: Embedder
    text: Embedder | None

    def named(self, name: str) -> Embedder:
        """The model of this name; one that refuses every text where the settings do not say how it is reached."""
        for each in (self.own, self.text):
            if each is not None and each.name == name:
                return each
        return next((model() for model in _LOCAL if model.name == name), UnreachableEmbedder(name))


class UnreachableEmbedder(Embedder):
    """A server's model that records have vectors of, and that no setting names any more."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dimensions = dimensions_of(name)

    async def embed(self, texts: Sequence[str]) -> Vectors:  # noqa: ARG002 - it takes none
        """Raises `EmbedError`."""
        raise EmbedError(
            f"the settings do not name {self.name}, which has embedded text of this memory",
            hint="set APEX_TEXT_EMBEDDER and APEX_EMBEDDING_MODEL as they were, or move the text by `apex reembed`",
        )


@asynccontextmanager
async def open_embedders(settings: Settings, models: Models | None) -> AsyncIterator[Embedders]:
    """The models of the settings. Opens models of a server where it needs some and gets none."""
    async with AsyncExitStack() as stack:
        known: dict[str | None, Embedder] = {"local": LocalEmbedder(), "e5": E5Embedder()}
        if settings.embeds_by_server:
            from apex_cli.embed.openai import open_embedder

            known["openai"] = await stack.enter_async_context(open_embedder(await _opened(stack, settings, models)))
        yield Embedders(known[settings.embedder], known.get(settings.text_embedder))


async def _opened(stack: AsyncExitStack, settings: Settings, models: Models | None) -> Models:
    if models is not None and models.embeddings is not None:
        return models
    from apex_cli.llm.models import open_models

    return await stack.enter_async_context(open_models(settings))
