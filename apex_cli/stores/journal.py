"""What the saga asks of its journal: the one place that knows which attempt on a record is the true one.

The journal gives out epochs (fencing tokens), keeps every attempt's plan, and holds the pointer to the current
version. States: `PREPARED → COMMITTED → DONE`, and after doubt `PREPARED → RESOLVING → COMMITTED | ABORTED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from apex_cli.model import Embedded, Plan, Record
from apex_cli.stores.protocol import Store


class SagaState(StrEnum):
    """Where an attempt stands. The first three are open."""

    PREPARED = "PREPARED"
    RESOLVING = "RESOLVING"
    COMMITTED = "COMMITTED"
    DONE = "DONE"
    ABORTED = "ABORTED"


@dataclass(frozen=True, slots=True)
class OpenSaga:
    """An attempt that is neither done nor aborted. `plan` lacks record and vectors: what follows never needs them."""

    plan: Plan
    state: SagaState


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of a batch that asked to begin.

    `plans` are journalled and theirs to carry out. `unchanged` have this content already. `busy` have an open attempt,
    which must be settled before they can begin.
    """

    plans: Sequence[Plan]
    unchanged: frozenset[str]
    busy: frozenset[str]


class Journal(Store, Protocol):
    """Steps 1, 2 and 5 of the saga, and what recovery needs. All methods take batches and are one transaction each."""

    async def current_hashes(self, record_ids: Sequence[str]) -> Mapping[str, str]:
        """Content hash of the current version of each record that has one."""

    async def begin_write(
        self, items: Sequence[tuple[Record, Embedded]], *, run_id: str | None, group_id: str, again: bool = False
    ) -> Begun:
        """Lock the record rows, raise their epochs, and journal a PREPARED saga and version for each changed record.

        With `again` unchanged records get a new version too. A record may appear once in a batch. Not
        idempotent: a batch whose outcome is unknown is left to recovery.
        """

    async def begin_forget(self, record_ids: Sequence[str], *, run_id: str | None, group_id: str) -> Begun:
        """The same for records to be forgotten; `unchanged` are those with nothing to forget."""

    async def abort(self, plans: Sequence[Plan], error: str) -> None:
        """PREPARED → ABORTED for attempts that certainly did not pass the pivot; their versions are dropped."""

    async def commit(self, plans: Sequence[Plan]) -> frozenset[str]:
        """PREPARED → COMMITTED and the record's pointer moved, where the epoch is still the plan's.

        Returns the saga ids that are committed afterwards (now or earlier); the others were taken over.
        """

    async def done(self, plans: Sequence[Plan]) -> None:
        """COMMITTED → DONE; of a forgotten record no version stays."""

    async def open_sagas(self, record_ids: Sequence[str] | None = None) -> Sequence[OpenSaga]:
        """Open attempts, of all records or of these, oldest first."""

    async def claim(self, sagas: Sequence[OpenSaga]) -> Mapping[str, int]:
        """Take undecided attempts over: → RESOLVING under a raised epoch. Returns record id → that epoch."""

    async def resolve(self, sagas: Sequence[OpenSaga], epochs: Mapping[str, int], committed: frozenset[str]) -> None:
        """RESOLVING → COMMITTED for the saga ids in `committed`, else → ABORTED, where the epoch still holds."""
