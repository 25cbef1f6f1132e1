"""What a check says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

STORES = {"graph": "graph_url", "postgres": "postgres_url", "vectors": "qdrant_url", "cache": "redis_url"}
"""The four stores in the order in which they are looked at, and the setting that says where each is."""


class State(StrEnum):
    """`NOTE`: worth knowing, nothing wrong. `SKIPPED`: could not be looked at now."""

    OK = "ok"
    NOTE = "note"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `facts` are for machines, `detail` for people; secrets are not masked here."""

    name: str
    state: State
    detail: str
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
