"""`apex doctor`: checks everything that a run needs, and says what to do where a check fails. It changes nothing.

The order is: this machine, the stores, the models. Nothing is created: no home, no collection, no schema. The embedded
servers of a home that exists are started, because only a server can answer for its data; they stop again. The models
get one request that costs nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from apex_cli.config import Settings
from apex_cli.doctor.machine import Check, CheckStatus, extras, machine_checks
from apex_cli.doctor.servers import store_checks
from apex_cli.errors import ApexError, ConfigError, Locked, StoreUnavailable
from apex_cli.stores.views import Probe

__all__ = ["Check", "CheckStatus", "examine"]


async def examine(settings: Settings) -> AsyncGenerator[Check, None]:
    """Every check, as soon as it is done."""
    for check in machine_checks(settings):
        yield check
    async for check in _stores(settings):
        yield check
    yield await _embedder(settings, "embedder", settings.embedder)
    if settings.text_embedder is not None:
        yield await _embedder(settings, "text embedder", settings.text_embedder)
    yield await _language_model(settings)
    for check in extras():
        yield check


async def _stores(settings: Settings) -> AsyncGenerator[Check, None]:
    from apex_cli.stores.backends import uses_home
    from apex_cli.stores.factory import probe_stores

    try:
        probes = await probe_stores(settings)
        free = "no other run uses the home" if uses_home(settings) else "not needed: no store is in the home"
        yield Check("lock", CheckStatus.OK, free)
        for check in _of_probes(settings, probes):
            yield check
    except Locked as error:
        yield Check("lock", CheckStatus.NOTE, error.message, error.hint)
        for check in await _ask_holder(settings):
            yield check
    except (ConfigError, StoreUnavailable) as error:
        yield Check("stores", CheckStatus.FAILED, error.message, error.hint)


def _of_probes(settings: Settings, probes: Sequence[Probe]) -> Iterator[Check]:
    for probe in probes:
        if probe.error is not None:
            yield Check(probe.store, CheckStatus.FAILED, probe.error.message, probe.error.hint)
        else:
            yield from store_checks(settings, probe.store, probe.facts)


async def _ask_holder(settings: Settings) -> list[Check]:
    """The checks of stores that another run has open, as that run answers."""
    from apex_cli.readers.client import NoAnswer, Refused, SocketReader
    from apex_cli.stores.backends import ALL

    try:
        return list(_of_probes(settings, await SocketReader(settings).check()))
    except NoAnswer:
        why = "not checked while another run opens or closes them"
    except Refused as error:
        why = f"not checked: the run that has them {error}"
    return [Check(backends.store, CheckStatus.SKIPPED, why) for backends in ALL]


async def _embedder(settings: Settings, check: str, which: str) -> Check:
    """Whether texts can be embedded. The model of a server is not asked for a vector, because that costs."""
    if which == "openai":
        return Check(check, CheckStatus.NOTE, f"{settings.embedding_model} at {settings.openai_base_url}")
    from apex_cli.embed.e5 import E5Embedder
    from apex_cli.embed.local import LocalEmbedder

    model = E5Embedder() if which == "e5" else LocalEmbedder()
    try:
        await model.embed(["apex"])
    except ApexError as error:
        return Check(check, CheckStatus.FAILED, error.message, error.hint)
    facts = {"model": model.name, "dimensions": model.dimensions}
    return Check(check, CheckStatus.OK, f"{model.name}, {model.dimensions} dimensions", facts=facts)


async def _language_model(settings: Settings) -> Check:
    """Whether the server answers, accepts the key and has the models."""
    if not settings.has_model and not settings.embeds_by_server:
        none = "none: rules alone read free text; OPENAI_API_KEY or OPENAI_BASE_URL sets one"
        return Check("model", CheckStatus.NOTE, none)
    from apex_cli.llm.models import open_models

    try:
        # Models keep their cache in the home. They get another one here, because nothing may be created.
        with TemporaryDirectory(prefix="apex-") as scratch:
            async with open_models(replace(settings, home=Path(scratch))) as models:
                await models.check()
                name = models.model.name
    except ApexError as error:
        return Check("model", CheckStatus.FAILED, error.message, error.hint)
    return Check("model", CheckStatus.OK, name, facts={"model": name})
