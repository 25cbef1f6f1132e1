"""apex: a batch ingester for freight memory that never leaves half a record behind.

    async with apex_cli.open() as memory:
        found = await memory.search("late because of snow")

The names of `__all__` are stable: see docs/python.md. They are imported when they are first used, so `import apex_cli`
costs nothing. Everything else in this package may change.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apex_cli.api import (
        Answer,
        AnsweredFact,
        ApexError,
        Contradiction,
        EntityList,
        EntityView,
        FactView,
        Ingested,
        Memory,
        Neighbour,
        Neighbourhood,
        Overview,
        RecordHistory,
        RecordLike,
        RecordList,
        RecordResult,
        RecordStatus,
        RecordView,
        RunSummary,
        SearchHit,
        SearchResult,
        open,
    )

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "AnsweredFact",
    "ApexError",
    "Contradiction",
    "EntityList",
    "EntityView",
    "FactView",
    "Ingested",
    "Memory",
    "Neighbour",
    "Neighbourhood",
    "Overview",
    "RecordHistory",
    "RecordLike",
    "RecordList",
    "RecordResult",
    "RecordStatus",
    "RecordView",
    "RunSummary",
    "SearchHit",
    "SearchResult",
    "__version__",
    "open",
]


def __getattr__(name: str) -> Any:
    """One of `__all__`, imported when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("apex_cli.api"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
