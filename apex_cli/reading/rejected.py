"""What the reading side says of an input, or of a part of it, that it cannot take."""

from __future__ import annotations

from dataclasses import dataclass

from apex_cli.errors import RecordError


@dataclass(frozen=True, slots=True)
class Rejected:
    """One record or one file that fails alone.

    `locator` says where it stood (`orders.json:3`). `raw` holds its bytes, so that it can be kept and tried again
    alone; None where there are none to keep, or more than a record may have.
    """

    locator: str
    error: RecordError
    raw: bytes | None = None
