"""All checks in their order: this machine, the stores, the models."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from apex_cli.config import Settings
from apex_cli.doctor.check import STORES, Check, State
from apex_cli.doctor.machine import before_the_stores, extras
from apex_cli.doctor.models import embedder, language_model
from apex_cli.doctor.servers import judged
from apex_cli.errors import ConfigError, Locked, StoreUnavailable


async def examine(settings: Settings) -> AsyncGenerator[Check, None]:
    """Every check, as it is done. Makes the home if there is none and starts the embedded stores; changes no data."""
    for check in before_the_stores(settings):
        yield check
    async for check in _stores(settings):
        yield check
    yield await embedder(settings)
    yield await language_model(settings)
    for check in extras():
        yield check


async def _stores(settings: Settings) -> AsyncGenerator[Check, None]:
    from apex_cli.stores.backends import uses_home
    from apex_cli.stores.factory import probe_stores

    try:
        probes = await probe_stores(settings)
        free = "no other run holds the home" if uses_home(settings) else "not needed: no store is in the home"
        yield Check("lock", State.OK, free)
        for probe in probes:
            if probe.error is not None:
                yield Check(probe.store, State.FAILED, probe.error.message, probe.error.hint)
                continue
            for check in judged(settings, probe.store, probe.facts):
                yield check
    except Locked as error:
        yield Check("lock", State.NOTE, error.message, error.hint)
        for name in STORES:
            yield Check(name, State.SKIPPED, "not looked at while another run holds the home")
    except (ConfigError, StoreUnavailable) as error:
        yield Check("stores", State.FAILED, error.message, error.hint)
