"""The protocol of the journal: the list of all sagas, and for each record its epoch and its current version.

States of a saga: `PREPARED → COMMITTED → DONE`. Where it is unknown whether the pivot was passed, recovery settles it:
`PREPARED → RESOLVING → COMMITTED | ABORTED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from apex_cli.model import Embedded, Plan, Record
from apex_cli.stores.protocol import Store


class SagaState(StrEnum):
    """The state of a saga. The first three are open."""

    PREPARED = "PREPARED"
    RESOLVING = "RESOLVING"
    COMMITTED = "COMMITTED"
    DONE = "DONE"
    ABORTED = "ABORTED"


@dataclass(frozen=True, slots=True)
class OpenSaga:
    """A saga that is neither done nor aborted. `plan` has no record and no vectors: settling it does not need them."""

    plan: Plan
    state: SagaState


@dataclass(frozen=True, slots=True)
class Begun:
    """The result of beginning a batch.

    `plans` are journalled, one for each record that can go on. `unchanged` are ids of records that have this content
    already. `busy` are ids of records with an open saga, which must be settled first.
    """

    plans: Sequence[Plan]
    unchanged: frozenset[str]
    busy: frozenset[str]


class Journal(Store, Protocol):
    """Steps 1, 2 and 5 of the saga, and recovery. Every method takes a batch and is one transaction."""

    async def current_hashes(self, record_ids: Sequence[str]) -> Mapping[str, str]:
        """Content hash of the current version of each record that has one."""

    async def begin_write(
        self, items: Sequence[tuple[Record, Embedded]], *, run_id: str | None, group_id: str, again: bool = False
    ) -> Begun:
        """Lock the record rows, raise their epochs, and journal a PREPARED saga and version for each changed record.

        With `again` unchanged records get a new version too. A record may appear once in a batch. Not idempotent:
        recovery settles a batch whose outcome is unknown.
        """

    async def begin_forget(self, record_ids: Sequence[str], *, run_id: str | None, group_id: str) -> Begun:
        """The same for records to forget. `unchanged` are those with no current version."""

    async def abort(self, plans: Sequence[Plan], error: str) -> None:
        """PREPARED → ABORTED for sagas that certainly did not pass the pivot. Their versions are removed."""

    async def commit(self, plans: Sequence[Plan]) -> frozenset[str]:
        """PREPARED → COMMITTED and the version made current, where the record's epoch is still the plan's.

        Returns the saga ids that are committed afterwards (now or earlier). Another process has claimed the others.
        Idempotent.
        """

    async def done(self, plans: Sequence[Plan]) -> None:
        """COMMITTED → DONE. All versions of a forgotten record are removed. Idempotent."""

    async def open_sagas(self, record_ids: Sequence[str] | None = None) -> Sequence[OpenSaga]:
        """Open sagas, of all records or of these, oldest first."""

    async def claim(self, sagas: Sequence[OpenSaga]) -> Mapping[str, int]:
        """Claim undecided sagas: → RESOLVING, under a raised epoch. Returns record id → that epoch."""

    async def resolve(self, sagas: Sequence[OpenSaga], epochs: Mapping[str, int], committed: frozenset[str]) -> None:
        """RESOLVING → COMMITTED for the saga ids in `committed`, else → ABORTED.

        A saga whose record has a newer epoch than `epochs` says is left as it is.
        """
