"""What of a record its text does not repeat: fields that the mapping reads into other words, and what says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apex_cli.model import JsonObject

_LEVELS = 32
_SMALL = 1_000


_TIMES = """
    created_at created created_date created_on date_created updated_at last_updated_on updated last_updated
    last_updated_at updated_on updated_date last_modified last_modified_on modified_at
"""
_STATUS_TIMES = "status_time status_date status_updated_at"
_STOP = "sequence appointment attributes.arrival attributes.departed time_zone"


def _paths(around: str, names: str) -> Iterable[str]:
    return (f"{around}{name}" for name in names.split())


OF_SHIPMENT = frozenset(
    (
        *_paths(
            "",
            """
            turvo_type tenant_id event_time event_payload id turvo_id timestamp pickup_time delivery_time lane.start
            lane.end start_date.date start_date.time_zone end_date.date end_date.time_zone
            """,
        ),
        *_paths("", _TIMES),
        *_paths("", _STATUS_TIMES),
        *_paths("status.", f"code key value date time timestamp {_TIMES}"),
        *_paths("status_history.", f"code key value status date time timestamp fragment_id last_updated_by {_TIMES}"),
        *_paths("status_history.", _STATUS_TIMES),
        *_paths("equipment.", "weight temp shipment_length"),
        *_paths("margin.", "min_pay"),
        *_paths("carriers.", f"mc dot mc_number dot_number started_at ended_at {_TIMES}"),
        *_paths("", "carrier_mc carrier_dot driver_phone"),
        *_paths("customer_order.", _TIMES),
        *_paths("customer_order.", "external_ids.type external_ids.copy_to_carrier_order costs.sub_total"),
        *_paths("carrier_order.", _TIMES),
        *_paths("carrier_order.", "external_ids.type external_ids.copy_to_carrier_order costs.sub_total"),
        *_paths("carrier_order.carrier.", "mc_number dot_number"),
        *_paths("carrier_order.drivers.", "segment_id segment_sequence context_type context.phones phone email"),
        *_paths("external_ids.", "type"),
        *_paths("global_route.", f"{_STOP} stop_type segment_id segment_sequence customer_order carrier_order"),
        *_paths("global_route.", "fragment_distance stop_level_fragment_distance eta_to_stop.eta_value"),
        *_paths("global_route.address.", "city state country_code lat lon"),
        *_paths("stops.", f"{_STOP} city state"),
        *_paths("origin.", "city state lat lng latitude longitude"),
        *_paths("destination.", "city state lat lng latitude longitude"),
    )
)
OF_PARTY = frozenset((*_paths("", _TIMES), *_paths("", "turvo_type id mc_number dot_number status.code")))


def left(payload: JsonObject, text: str) -> dict[str, Any]:
    """The payload without what says nothing in a text, or nothing new.

    That is the key of `{"key", "value"}`, what is false, whether something is deleted, numbers of rows (integers named
    `id` or `…_id`, inside of something), and what the text has as whole words already: texts, and numbers that are not
    small. What is below 32 levels stays.
    """
    return {
        name: _left(value, text, _LEVELS)
        for name, value in payload.items()
        if value is not False and not _said(value, text)
    }


def _left(value: Any, text: str, levels: int) -> Any:
    if not levels:
        return value
    if isinstance(value, dict):
        return {
            name: _left(inside, text, levels - 1)
            for name, inside in value.items()
            if not (_is_noise(name, inside, value) or _said(inside, text))
        }
    if isinstance(value, list):
        return [_left(item, text, levels - 1) for item in value if not _said(item, text)]
    return value


def _is_noise(name: str, value: object, around: Mapping[str, Any]) -> bool:
    if value is False or name == "deleted":
        return True
    if name == "key":
        return "value" in around
    return isinstance(value, int) and (name == "id" or name.endswith("_id"))


def _said(value: object, text: str) -> bool:
    """Whether a text has the value as whole words. A small number may stand there for something else."""
    if isinstance(value, float):
        value = str(int(value) if value.is_integer() else value)
    elif isinstance(value, int):
        value = str(value) if abs(value) >= _SMALL else None
    if not isinstance(value, str) or not value:
        return False
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        if not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum():
            return True
        start = text.find(value, end)
    return False
