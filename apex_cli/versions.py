"""Where a new version of a record stands among those that the memory has.

An event has one version that counts. A state has one for each as-of time, and for each as-of time at most one whole and
one partial version. Later as-of times succeed; the same one is a correction; an earlier one is history that comes late.

    as-of   08:00 whole   12:00 whole   12:00 whole      10:00 whole   13:00 partial
            FIRST         SUCCEEDS      CORRECTS 12:00   LATE          SUCCEEDS
    readers 08:00         12:00         the corrected    the same      13:00, over the corrected 12:00

The result does not depend on the order of arrival, except for corrections, which arrival defines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apex_cli.model import Position, RecordKind, Superseded


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """What decides about one version. `claims` is their number. `replaced` is set for one that was corrected.
    `observed_at` is when it was staged; `model` is that of its vectors."""

    saga_id: str
    content_hash: str
    as_of: datetime
    kind: RecordKind
    whole: bool
    dated: bool
    chunks: int
    claims: int = 0
    replaced: bool = False
    observed_at: datetime | None = None
    model: str | None = None

    @property
    def order(self) -> tuple[datetime, bool]:
        """As `RecordVersion.order`."""
        return self.as_of, self.whole


@dataclass(frozen=True, slots=True)
class Placement:
    """What a new version makes of its record.

    `replaces` is the version that it corrects. `states` is false for a version that is kept and states nothing.
    `current` and `base` are saga ids: what readers see afterwards (see `Plan`). `superseded` are the versions that
    readers no longer see. `others` are the versions that count beside the new one.
    """

    position: Position
    replaces: str | None
    states: bool
    current: str
    base: str
    superseded: tuple[Superseded, ...]
    others: tuple[KnownVersion, ...]


def place(known: Sequence[KnownVersion], new: KnownVersion, *, again: bool = False) -> Placement | None:
    """Where `new` stands among the versions of its record, in order of arrival; None for content that is known.

    Content with a time of its own is known if any version has it, so that overlapping exports settle. Content without
    is known if the current version has it: A, B, A are three versions. `again` takes known content once more.
    """
    counted = sorted((version for version in known if not version.replaced), key=lambda version: version.order)
    same = [version for version in known if version.content_hash == new.content_hash]
    own_time = new.dated or new.kind is RecordKind.EVENT
    if not again and same and (own_time or (counted and counted[-1] in same)):
        return None
    replaced = _replaced(counted, new, same if again else [])
    states = not (new.kind is RecordKind.EVENT and replaced is None and counted)
    others = tuple(version for version in counted if version is not replaced)
    after = sorted([*others, *([new] if states else [])], key=lambda version: version.order)
    current, base = after[-1], _base(after)
    shown = {current.saga_id, base.saga_id}
    before = {version.saga_id: version for version in (counted[-1], _base(counted))} if counted else {}
    return Placement(
        position=_position(counted, replaced, is_latest=current is new),
        replaces=replaced.saga_id if replaced else None,
        states=states,
        current=current.saga_id,
        base=base.saga_id,
        superseded=tuple(
            Superseded(one.saga_id, one.chunks, one.model) for one in before.values() if one.saga_id not in shown
        ),
        others=others,
    )


def _replaced(counted: Sequence[KnownVersion], new: KnownVersion, same: Sequence[KnownVersion]) -> KnownVersion | None:
    """The version that the new one corrects: one of the same content that is taken again, or one of its time."""
    again = [version for version in counted if version in same]
    if again:
        return again[-1]
    if new.kind is RecordKind.EVENT:
        # What a message says in full is not replaced by its preview.
        return counted[-1] if counted and (new.whole or not counted[-1].whole) else None
    return next((version for version in counted if version.order == new.order), None)


def _base(ordered: Sequence[KnownVersion]) -> KnownVersion:
    """The last whole version; where none is whole, the last of those that state most."""
    last = next((version for version in reversed(ordered) if version.whole), None)
    return last or max(ordered, key=lambda version: (version.claims, version.order))


def _position(counted: Sequence[KnownVersion], replaced: KnownVersion | None, *, is_latest: bool) -> Position:
    if not counted:
        return Position.FIRST
    if not is_latest:
        return Position.LATE
    return Position.CORRECTS if replaced else Position.SUCCEEDS
