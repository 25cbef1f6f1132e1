"""Which source a payload comes from, told by its keys; file names say nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apex_cli.errors import ReadError, UsageError
from apex_cli.model import JsonObject
from apex_cli.sources.frontapp import shape as frontapp
from apex_cli.sources.json import shape as json
from apex_cli.sources.samsara import shape as samsara
from apex_cli.sources.turvo import shape as turvo

AUTO = "auto"
JSON = "json"


@dataclass(frozen=True, slots=True)
class Adapter:
    """One payload shape of one source: how it is recognised, and its data type and external id (None: it has none)."""

    source: str
    matches: Callable[[JsonObject], bool]
    identify: Callable[[JsonObject], tuple[str, str | None]]


ADAPTERS = (
    Adapter("samsara", samsara.matches, samsara.identify),
    Adapter("turvo", turvo.matches, turvo.identify),
    Adapter("frontapp", frontapp.matches, frontapp.identify),
    Adapter(JSON, json.matches, json.identify),
)
"""All shapes, the ones that are recognised by most keys first. A source may have several."""

SOURCES = tuple(dict.fromkeys(adapter.source for adapter in ADAPTERS))


def is_known(payload: JsonObject) -> bool:
    """Whether the payload has the shape of a record of a source of its own."""
    return any(a.source != JSON and a.matches(payload) and a.identify(payload)[1] is not None for a in ADAPTERS)


def classify(payload: JsonObject, source: str = AUTO) -> tuple[str, str, str]:
    """Source, data type and external id of a payload that is not empty.

    `auto` takes the first shape that matches and has an id. A named source takes the payload as its own: raises
    `ReadError` (`missing_id`) when it has no id there, `UsageError` when there is no such source.
    """
    shapes = [adapter for adapter in ADAPTERS if source in (AUTO, adapter.source)]
    if not shapes:
        raise UsageError(f"there is no source {source!r}", hint="one of auto, " + ", ".join(SOURCES))
    fitting = [adapter for adapter in shapes if adapter.matches(payload)]
    for adapter in fitting if source == AUTO else [*fitting, *shapes]:
        data_type, found = adapter.identify(payload)
        if found is not None:
            return adapter.source, data_type, found
    raise ReadError(
        f"the payload has no id that {source} records have", hint="use --source auto or json", code="missing_id"
    )
