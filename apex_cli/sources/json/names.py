"""What the names of JSON fields mean in freight: `customerName` is the name of a customer, `pickup_city` a city."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from apex_cli.extract.identity import slug
from apex_cli.extract.timestamps import TIME_RANK

_LONGEST_NAME = 80

_ROLES = {
    "customer": ("customer", "shipper", "consignee", "bill_to", "client"),
    "carrier": ("carrier", "hauler", "trucking_company"),
    "driver": ("driver",),
    "vehicle": ("vehicle", "truck", "tractor", "power_unit"),
    "shipment": ("shipment", "load"),
    "order": ("order", "po", "purchase_order", "customer_order"),
    "bol": ("bol", "bill_of_lading"),
    "pro": ("pro",),
    "container": ("container",),
    "seal": ("seal",),
    "invoice": ("invoice",),
    "person": ("contact", "person", "user", "manager", "sender", "recipient", "author", "assignee", "dispatcher"),
}
_PARTS = {
    "name": ("name", "full_name", "company_name", "display_name"),
    "id": ("id", "number", "no", "num"),
    "custom_id": ("custom_id",),
    "email": ("email", "e_mail", "mail", "email_address"),
    "phone": ("phone", "phone_number", "mobile", "cell", "tel", "telephone"),
    "vin": ("vin",),
    "unit": ("unit", "unit_number", "unit_name", "unit_id"),
    "mc": ("mc", "mc_number", "mc_no"),
    "dot": ("dot", "usdot", "dot_number", "usdot_number"),
    "city": ("city", "city_name"),
    "state": ("state", "state_code", "province"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng", "long"),
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names}
_PART_OF = {name: part for part, names in _PARTS.items() for name in names}
# Any prefix may stand before these: "pickup_city", "billing_email".
_ANYONES = frozenset(("email", "phone", "city", "state", "latitude", "longitude"))
# And these belong to one role, whatever the object is: the `mc` of an invoice is that of its `carrier_name`.
_OWNER_OF = {"vin": "vehicle", "unit": "vehicle", "mc": "carrier", "dot": "carrier"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a field's name means.

    `text` is the name with spaces; `owner` what stands before the part, which is the same for all parts of one thing
    (`shipper` of `shipper_name`; "" for a part that belongs to the object itself); `role` and `part` are None where
    the name has none; a name that is a role alone (`customer`) has no part. `time_rank` orders the names of event
    times, the best first.
    """

    text: str
    owner: str = ""
    role: str | None = None
    part: str | None = None
    time_rank: int | None = None


@lru_cache(maxsize=4096)
def meaning(name: str) -> Meaning:
    """The meaning of a field's name, however it is cased."""
    snake = slug(name[:_LONGEST_NAME], 2 * _LONGEST_NAME, split_acronyms=True)
    text = snake.replace("_", " ")
    rank = TIME_RANK.get(snake)
    for spelled in (snake, snake.removesuffix("s")):
        if spelled in _ROLE_OF:
            return Meaning(text, spelled, _ROLE_OF[spelled], None, rank)
        if spelled in _PART_OF:
            owner = _OWNER_OF.get(_PART_OF[spelled], "")
            return Meaning(text, owner, owner or None, _PART_OF[spelled], rank)
        owner, part = _split(spelled)
        if part:
            return Meaning(text, owner, _ROLE_OF.get(owner), part, rank)
    last = snake.rpartition("_")[2]
    return Meaning(text, snake, _ROLE_OF.get(last), None, rank)


def _split(name: str) -> tuple[str, str | None]:
    """The longest known part at the end of the name, and what stands before it."""
    tokens = name.split("_")
    for size in range(min(2, len(tokens) - 1), 0, -1):
        owner, part = "_".join(tokens[:-size]), _PART_OF.get("_".join(tokens[-size:]))
        if part and (owner in _ROLE_OF or part in _ANYONES):
            return owner, part
    return name, None
