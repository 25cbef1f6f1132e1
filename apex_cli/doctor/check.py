"""The result of one check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class CheckStatus(StrEnum):
    """`NOTE`: worth knowing, nothing is wrong. `SKIPPED`: could not be checked now."""

    OK = "ok"
    NOTE = "note"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked. `facts` are for machines, `detail` is for people. Secrets are not masked here."""

    name: str
    status: CheckStatus
    detail: str
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
