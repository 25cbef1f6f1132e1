"""What the saga asks of the journal: steps 1, 2 and 5, and recovery. The stores are in `protocol`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from apex_cli.model import Embedded, Plan, Record
from apex_cli.stores.protocol import Store


class SagaState(StrEnum):
    """The state of a saga: `PREPARED → COMMITTED → DONE`. The first three are open.

    A saga that is published stays `COMMITTED` until all stores have put it on the disk.

    Where it is unknown whether the pivot was passed, recovery settles it: `PREPARED → RESOLVING → COMMITTED | ABORTED`.
    """

    PREPARED = "PREPARED"
    RESOLVING = "RESOLVING"
    COMMITTED = "COMMITTED"
    DONE = "DONE"
    ABORTED = "ABORTED"


@dataclass(frozen=True, slots=True)
class OpenSaga:
    """A saga that is neither done nor aborted. `plan` has no record and no vectors: those are made again if need be."""

    plan: Plan
    state: SagaState


@dataclass(frozen=True, slots=True)
class Begun:
    """The result of beginning a batch.

    `plans` are journalled, one for each record that can go on. `unchanged` are ids of records that have this content
    already. `busy` are ids of records with an open saga, which must be settled first. `forgotten` are ids of records
    whose content was forgotten. `conflicts` are ids of records that are another thing: new content and old share
    neither shape nor fields.
    """

    plans: Sequence[Plan]
    unchanged: frozenset[str]
    busy: frozenset[str]
    forgotten: frozenset[str] = frozenset()
    conflicts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class KnownContent:
    """What the memory has of some records, as pairs of record id and content hash.

    `unchanged`: content of the current version, and of all versions that have a time of their own. `forgotten`: content
    that was forgotten. `replaced`: content without a time of its own that another version followed.
    """

    unchanged: frozenset[tuple[str, str]]
    forgotten: frozenset[tuple[str, str]]
    replaced: frozenset[tuple[str, str]] = frozenset()


KnownVersions = frozenset[tuple[str, str, datetime, datetime]]
"""Record id, content hash, when it was staged, and its as-of time."""


class Journal(Store, Protocol):
    """Steps 1, 2 and 5 of the saga, and recovery. Every method takes a batch and is one transaction."""

    async def known(self, record_ids: Sequence[str]) -> KnownContent:
        """The content that the memory has, or has forgotten, of these records."""

    async def known_versions(self, record_ids: Sequence[str]) -> KnownVersions:
        """The versions that the memory has of these records, those that were replaced, too."""

    async def note_forgotten(self, records: Sequence[Record]) -> None:
        """Note that the content that these records name (`Exported.forgotten`) is not to be taken. Idempotent.

        What the memory has of it stays.
        """

    async def begin_write(
        self, items: Sequence[tuple[Record, Embedded]], *, run_id: str | None, group_id: str, again: bool = False
    ) -> Begun:
        """Lock the record rows, raise their epochs, and journal a PREPARED saga and version for each changed record.

        Where a version stands among those of its record: see `versions.place`. With `again` known and forgotten content
        is taken too. A record may appear once in a batch. Not idempotent:
        recovery settles a batch whose outcome is unknown.
        """

    async def begin_forget(
        self, record_ids: Sequence[str], *, run_id: str | None, group_id: str, lasting: bool = True
    ) -> Begun:
        """The same for records to forget. `unchanged` are those with no current version.

        `lasting`: their content is not taken again.
        """

    async def abort(self, plans: Sequence[Plan], error: str) -> None:
        """PREPARED → ABORTED for sagas that certainly did not pass the pivot. Their versions are removed."""

    async def commit(self, plans: Sequence[Plan]) -> frozenset[str]:
        """PREPARED → COMMITTED and the version made current, where the record's epoch is still the plan's.

        Returns the saga ids that are committed afterwards (now or earlier). Another process has claimed the others.
        Idempotent.
        """

    async def done(self, plans: Sequence[Plan]) -> None:
        """COMMITTED → DONE, for what is on the disk in every store.

        All versions of a forgotten record are removed, if `lasting` their hashes remembered.

        Idempotent.
        """

    async def open_sagas(self, record_ids: Sequence[str] | None = None) -> Sequence[OpenSaga]:
        """Open sagas, of all records or of these, oldest first."""

    async def claim(self, sagas: Sequence[OpenSaga]) -> Mapping[str, int]:
        """Claim undecided sagas: → RESOLVING, under a raised epoch. Returns record id → that epoch."""

    async def resolve(self, sagas: Sequence[OpenSaga], epochs: Mapping[str, int], committed: frozenset[str]) -> None:
        """RESOLVING → COMMITTED for the saga ids in `committed`, else → ABORTED.

        A saga whose record has a newer epoch than `epochs` says is left as it is.
        """
