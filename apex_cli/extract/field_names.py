"""Names of fields in one spelling: snake case, whatever the case and the separators they arrived in.

`shipmentId`, `ShipmentID`, `SHIPMENT_ID`, `shipment-id` and `SHIPMENTID` are all `shipment_id`. Words that run together
cannot be divided without knowing them: `RUN_TOGETHER` lists the names of several words that sources read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from apex_cli.extract.identity import slug

_LONGEST_NAME = 80
_MAX_LEVELS = 64
_LEAF = (str, int, float)
_NAMES = """
    address_id bol_number carrier_dot carrier_id carrier_mc carrier_name carrier_order configuration_id
    container_number contributor_user created_at created_at_time created_date created_on custom_attributes custom_id
    customer_id customer_name customer_order delivery_time driver_email driver_id driver_name driver_phone end_date
    ended_at engine_state engine_states entity_type eta_to_stop eta_value event_id event_ms event_name event_payload
    event_time event_type external_ids fault_codes formatted_address formatted_location fragment_distance
    fuel_percent fuel_percents global_route gps_speed_meters_per_second happened_at_time heading_degrees
    incident_url invoice_number last_updated last_updated_on license_plate line_item managed_by message_id
    net_carrier_costs net_customer_costs net_revenue net_weight obd_odometer_meters odometer_miles org_id
    pickup_time po_numbers pro_number radius_meters request_id reverse_geo route_stop_details samsara_id seal_number
    sender_name sent_at shipment_id single_use_location speed_miles_per_hour speed_mph start_date started_at
    static_assigned_driver status_history status_time stop_type time_zone total_amount trailer_number truck_number
    turvo_id turvo_type updated_at updated_at_time updated_on vehicle_id webhook_id
"""
RUN_TOGETHER: Mapping[str, str] = {name.replace("_", ""): name for name in _NAMES.split()}


def snake_keys(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The object with the names of its own fields in snake case, values as they are.

    Of two spellings of one name the first that is not null counts, those with an underscore before them last: the
    `links` of a Front conversation are its own, its `_links` are addresses of the API.
    """
    found: dict[str, Any] = {snake(key): value for key, value in payload.items()}
    if len(found) == len(payload):
        return found
    found = {}
    private = [key for key in payload if key.startswith("_")]
    for key in [*(key for key in payload if key not in private), *private] if private else payload:
        name = snake(key)
        if found.get(name) is None:
            found[name] = payload[key]
    return found


def snake_tree(value: Any, levels: int = _MAX_LEVELS) -> Any:
    """A JSON value with the names of all fields in snake case, down to 64 levels."""
    if value is None or isinstance(value, _LEAF):
        return value
    if levels and isinstance(value, Mapping):
        return {
            name: inside if isinstance(inside, _LEAF) else snake_tree(inside, levels - 1)
            for name, inside in snake_keys(value).items()
        }
    if levels and isinstance(value, list):
        return [snake_tree(item, levels - 1) for item in value]
    return value


@lru_cache(maxsize=8192)
def snake(name: str) -> str:
    """One name in snake case; a name without a letter or digit, or of more than 80 characters, stays as it is."""
    if len(name) > _LONGEST_NAME:
        return name
    known = RUN_TOGETHER.get(name.casefold())
    return known or slug(name, _LONGEST_NAME, split_acronyms=True) or name
