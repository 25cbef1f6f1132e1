"""Which source an object is most like, by the names of its fields: a hint for the user, never a decision."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from apex_cli.extract.field_names import snake
from apex_cli.model import JsonObject
from apex_cli.sources.source import Source

LEAST_SHARE = 0.3
"""The share of the object's names that the source must have."""
LEAST_SHARE_OF_TYPED = 0.5
"""The same of an object that says what it is: `"type": "purchase_order"` with an origin and a destination is an order
that shares names with a shipment, and no shipment that is written in another way."""
LEAST_NAMES = 2
_SAYS_WHAT_IT_IS = ("type", "kind", "object", "record_type")
_MOST_NAMES = 200


def nearest(payload: JsonObject, sources: Sequence[Source]) -> str | None:
    """The name of the source whose typical names have the largest share of the object's own; None for none near."""
    is_typed = any(isinstance(value, str) and value for key in _SAYS_WHAT_IT_IS if (value := payload.get(key)))
    return _nearest(tuple(payload), is_typed, tuple(sources))


@lru_cache(maxsize=1024)
def _nearest(fields: tuple[str, ...], is_typed: bool, sources: tuple[Source, ...]) -> str | None:
    names = {snake(name) for name in fields[:_MOST_NAMES]}
    shared = {source.name: len(names & source.typical_fields) for source in sources}
    share = LEAST_SHARE_OF_TYPED if is_typed else LEAST_SHARE
    best = max(shared, key=shared.__getitem__, default=None)
    if best is None or shared[best] < max(LEAST_NAMES, share * len(names)):
        return None
    return best
