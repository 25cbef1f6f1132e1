"""The models: the embedder, and the language model where one is configured. One free request, nothing is paid."""

from __future__ import annotations

from apex_cli.config import Settings
from apex_cli.doctor.check import Check, State
from apex_cli.errors import ApexError


async def embedder(settings: Settings) -> Check:
    """Whether texts can be embedded; a server's model is not asked for a vector, which would cost."""
    if settings.embedder != "local":
        return Check("embedder", State.NOTE, f"{settings.embedding_model} at {settings.openai_base_url}")
    from apex_cli.embed.local import LocalEmbedder

    local = LocalEmbedder()
    try:
        await local.embed(["apex"])
    except ApexError as error:
        return Check("embedder", State.FAILED, error.message, error.hint)
    facts = {"model": local.name, "dimensions": local.dimensions}
    return Check("embedder", State.OK, f"{local.name}, {local.dimensions} dimensions", facts=facts)


async def language_model(settings: Settings) -> Check:
    """Whether the server is there, takes the key and has the models."""
    if not settings.has_model and settings.embedder == "local":
        return Check(
            "model", State.NOTE, "none: rules alone read free text; OPENAI_API_KEY or OPENAI_BASE_URL sets one"
        )
    from apex_cli.llm.models import open_models

    try:
        async with open_models(settings) as models:
            await models.check()
            name = models.model.name
    except ApexError as error:
        return Check("model", State.FAILED, error.message, error.hint)
    return Check("model", State.OK, name, facts={"model": name})
