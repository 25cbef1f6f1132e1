"""Code lists of X12 that the four transaction sets use, as far as motor carriers use them.

Sources: the code sets of data elements 1650 (shipment status), 98 (entity), 128 (reference), 432 (date), 623 (time
code) and 163 (reason for a stop) in public implementation guides for versions 4010 and 5010. A code that is not here is
kept as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.extract.keys import ReferenceKind

STATUS: Mapping[str, str] = {
    "A3": "returned to shipper", "A7": "refused by consignee", "A9": "shipment damaged",
    "AF": "departed pickup location", "AH": "attempted delivery", "AI": "reconsigned", "AJ": "tendered for delivery",
    "AM": "loaded on truck", "AN": "diverted to air carrier", "AP": "delivery not completed", "AR": "rail arrival",
    "AV": "available for delivery", "B6": "estimated to arrive at carrier terminal",
    "BA": "connecting line picked up", "BC": "storage in transit", "C1": "estimated to depart terminal",
    "CA": "cancelled", "CD": "departed delivery location", "CL": "trailer closed out",
    "CP": "completed loading at pickup location", "D1": "completed unloading at delivery location", "I1": "in gate",
    "J1": "delivered to connecting line", "K1": "arrived at customs", "L1": "loading", "OA": "out gate",
    "OO": "paperwork received", "P1": "departed terminal", "PR": "customs hold at in-bond location",
    "R1": "received from prior carrier", "RL": "rail departure", "S1": "trailer spotted at consignee",
    "SD": "shipment delayed", "X1": "arrived at delivery location", "X3": "arrived at pickup location",
    "X4": "arrived at terminal", "X5": "arrived at delivery loading dock", "X6": "en route to delivery location",
    "X8": "arrived at pickup loading dock", "XB": "shipment acknowledged",
}  # fmt: skip
PLANNED: Mapping[str, str] = {
    "AA": "pickup_appointment", "AB": "delivery_appointment", "AC": "estimated_pickup", "AG": "estimated_delivery",
    "X2": "estimated_delivery", "X9": "delivery_appointment", "XA": "pickup_appointment",
}  # fmt: skip
"""Status and appointment codes that say when something is to happen: an attribute of the shipment, and no status."""

REASONS: Mapping[str, str] = {
    "A1": "missed delivery", "A2": "incorrect address", "A5": "unable to locate", "AF": "accident",
    "AG": "consignee related", "AH": "driver related", "AI": "mechanical breakdown", "AJ": "other carrier related",
    "AL": "previous stop", "AM": "shipper related", "AO": "weather or natural disaster",
    "AQ": "recipient unavailable", "AS": "hold due to customs documentation", "AW": "past cut-off time",
    "B5": "held for appointment", "BB": "held per shipper", "BG": "other", "BH": "holiday closed",
    "BS": "refused by customer", "D1": "carrier dispatch error", "NA": "normal appointment", "NS": "normal status",
    "T1": "tractor with sleeper car not available",
}  # fmt: skip

REFERENCES: Mapping[str, ReferenceKind] = {
    "BM": "bol", "MB": "bol", "BL": "bol", "CN": "pro", "PR": "pro", "IK": "invoice", "IV": "invoice", "SN": "seal",
    "PU": "pickup", "P8": "pickup", "RE": "release", "AO": "confirmation", "AW": "awb", "OC": "container",
}  # fmt: skip
ORDERS = frozenset(("PO", "CO", "OQ", "VN", "OP"))
STOP_NUMBER = "QN"
LABELS: Mapping[str, str] = {
    "SI": "Shipper's id", "2I": "Tracking number", "LO": "Load planning number", "CR": "Customer reference",
    "DO": "Delivery order", "EQ": "Equipment number", "MA": "Ship notice", "ZZ": "Mutually defined",
    "DJ": "Delivery ticket", "11": "Account number", "KL": "Contract number", "CT": "Contract number",
    "TN": "Transaction reference",
}  # fmt: skip

ROLES: Mapping[str, str] = {
    "SH": "shipper", "SF": "ship from", "CN": "consignee", "ST": "ship to", "BT": "bill to", "CA": "carrier",
    "BY": "buyer", "BS": "bill and ship to", "LW": "customer", "PW": "pickup address",
    "PF": "party to receive freight bill", "PU": "pickup party", "RE": "remit to", "SE": "seller", "VN": "vendor",
    "WH": "warehouse", "XU": "agent", "MA": "mailing address",
}  # fmt: skip
CUSTOMERS = ("BT", "BS", "PF", "LW")
"""Roles of the one who pays for the freight, the surest first."""

LOADING = frozenset(("LD", "CL", "PL", "PA", "AL"))
UNLOADING = frozenset(("UL", "CU", "PU", "DT", "CN"))
STOPS: Mapping[str, str] = {
    "AL": "Advance loading", "CL": "Complete load", "CN": "Consolidate", "CU": "Complete unload",
    "DR": "Drop trailer", "DT": "Drop trailer", "HT": "Heat the shipment", "IN": "Inspection", "LD": "Load",
    "LE": "Spot for load", "PA": "Pick-up pre-loaded equipment", "PL": "Part load", "PU": "Part unload",
    "RT": "Retention of trailer", "SL": "Spot for load", "SU": "Spot for unload", "TL": "Transload", "UL": "Unload",
    "WL": "Weigh loaded",
}  # fmt: skip

DATES: Mapping[str, str] = {
    "02": "requested_delivery", "10": "requested_pickup", "11": "shipped_at", "17": "estimated_delivery",
    "35": "delivered_at", "37": "not_before", "38": "not_after", "53": "not_before", "54": "not_after",
    "64": "must_respond_by", "68": "requested_delivery", "69": "appointment", "70": "appointment",
    "77": "appointment", "78": "appointment", "86": "picked_up_at", "AG": "estimated_delivery", "EP": "not_before",
    "LP": "not_after",
}  # fmt: skip
"""What a date of G62 is for: names of attributes."""
APPOINTMENT_DATES = ("appointment", "requested_pickup", "requested_delivery", "not_before", "not_after")

PURPOSES: Mapping[str, str] = {
    "00": "original", "01": "cancellation", "03": "delete", "04": "change", "05": "replace", "06": "confirmation",
    "49": "original, no response necessary",
}  # fmt: skip
CANCELLED = frozenset(("01", "03"))
WHOLE = frozenset(("00", "05", "49"))

ANSWERS: Mapping[str, str] = {
    "A": "tender_accepted", "B": "tender_accepted", "C": "tender_cancelled", "D": "tender_rejected",
    "E": "tender_accepted_with_exceptions", "R": "tender_withdrawn", "V": "tender_accepted_conditionally",
}  # fmt: skip
ACCEPTED = frozenset(("A", "B", "E", "V"))

ZONES: Mapping[str, str] = {
    "ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles",
    "AT": "America/Halifax", "NT": "America/St_Johns", "UT": "UTC", "GM": "UTC", "ES": "-05:00", "ED": "-04:00",
    "CS": "-06:00", "CD": "-05:00", "MS": "-07:00", "MD": "-06:00", "PS": "-08:00", "PD": "-07:00", "AS": "-04:00",
    "AD": "-03:00", "NS": "-03:30", "ND": "-02:30",
}  # fmt: skip
LOCAL_TIME = frozenset(("", "LT"))

_OF_STATES = {
    "America/New_York": "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV ON QC",
    "America/Chicago": "AL AR IA IL LA MN MO MS OK WI MB",
    "America/Denver": "CO MT NM UT WY AB",
    "America/Los_Angeles": "CA NV WA",
    "America/Phoenix": "AZ",
    "America/Halifax": "NB NS PE",
    "America/Regina": "SK",
    "Pacific/Honolulu": "HI",
}
STATE_ZONES: Mapping[str, str] = {state: zone for zone, states in _OF_STATES.items() for state in states.split()}
"""The zone of local times in states and provinces that have one zone, but for a few towns at their borders."""

WEIGHT_UNITS: Mapping[str, str] = {"L": "lb", "K": "kg", "E": "ton", "G": "g", "M": "metric ton"}
