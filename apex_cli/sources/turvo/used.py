"""What of a record its text does not repeat: fields that the mapping reads into other words, and what says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apex_cli.model import JsonObject

_LEVELS = 32


_STOP = "sequence appointment po_numbers attributes.arrival attributes.departed"


def _paths(around: str, names: str) -> Iterable[str]:
    return (f"{around}{name}" for name in names.split())


OF_SHIPMENT = frozenset(
    (
        *_paths(
            "",
            """
            turvo_type tenant_id event_time event_payload created_at created created_date created_on date_created
            updated_at last_updated_on updated last_updated last_updated_at updated_on updated_date last_modified
            last_modified_on modified_at timestamp id turvo_id status_time status_date status_updated_at
            status_history pickup_time delivery_time start_date end_date net_customer_costs net_carrier_costs
            net_revenue margin po_numbers bol_number pro_number container_number seal_number invoice_number
            pickup_number carrier_mc carrier_dot driver_phone driver_email weight quantity qty rate lane
            """,
        ),
        *_paths("status.", "code key value last_updated_on updated_at updated time date timestamp"),
        *_paths("equipment.", "weight temp shipment_length"),
        *_paths("carriers.", "mc dot mc_number dot_number started_at ended_at deleted created_at"),
        *_paths("customer_order.", "created created_date created_at total_miles costs.total_amount costs.sub_total"),
        *_paths("customer_order.items.", "qty quantity net_weight weight value total_value currency"),
        *_paths("customer_order.external_ids.", "type value copy_to_carrier_order"),
        *_paths("carrier_order.", "created created_date created_at costs.total_amount costs.sub_total"),
        *_paths("carrier_order.external_ids.", "type value copy_to_carrier_order"),
        *_paths("carrier_order.carrier.", "mc_number dot_number"),
        *_paths("carrier_order.drivers.", "segment_id segment_sequence context_type context.phones phone email"),
        *_paths("external_ids.", "type value"),
        *_paths("global_route.", _STOP),
        *_paths("global_route.", "stop_type time_zone segment_id segment_sequence customer_order"),
        *_paths("global_route.", "carrier_order fragment_distance stop_level_fragment_distance eta_to_stop.eta_value"),
        *_paths("global_route.address.", "city state country_code lat lon"),
        *_paths("stops.", f"{_STOP} time_zone city state"),
        *_paths("origin.", "city state lat lng latitude longitude"),
        *_paths("destination.", "city state lat lng latitude longitude"),
    )
)
OF_PARTY = frozenset(
    _paths(
        "",
        "turvo_type id name created created_date created_at updated updated_date updated_at last_updated_on owner "
        "parent_account mc_number dot_number status.code",
    )
)


def left(payload: JsonObject, text: str) -> dict[str, Any]:
    """The payload without what says nothing in a text, or nothing new.

    That is the key of `{"key", "value"}`, what is false, whether something is deleted, numbers of rows (integers named
    `id` or `…_id`, inside of something), and what the text has word by word already. What is below 32 levels stays.
    """
    return {name: _left(value, text, _LEVELS) for name, value in payload.items() if not _said(value, text)}


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
    """Whether a text has the value as whole words."""
    if not isinstance(value, str) or not value:
        return False
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        if not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum():
            return True
        start = text.find(value, end)
    return False
