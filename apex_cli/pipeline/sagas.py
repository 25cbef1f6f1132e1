"""A coordinator over opened stores."""

from __future__ import annotations

from apex_cli.config import Settings
from apex_cli.run_stats import RunStats
from apex_cli.saga.coordinator import Coordinator
from apex_cli.saga.locks import RecordLocks
from apex_cli.saga.participants import Participants, participants
from apex_cli.stores.factory import Stores


def sagas(
    settings: Settings, stores: Stores, *, run_id: str | None, meter: RunStats | None = None
) -> tuple[Coordinator, Participants, RecordLocks]:
    """The saga's parts for one run, which is measured by `meter`."""
    parts = participants(
        journal=stores.journal,
        graph=stores.graph,
        vectors=stores.vectors,
        cache=stores.cache,
        timeout=settings.store_timeout,
        meter=meter,
    )
    locks = RecordLocks(stores.cache, stores.lock_owner)
    return Coordinator(parts, locks, run_id=run_id, group_id=settings.namespace), parts, locks
