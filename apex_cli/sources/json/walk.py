"""A walk through JSON of any shape, bounded in depth and in size, that groups the fields of each thing.

`{"invoice_no": "I-7", "carrier_name": "Lakeshore", "mc": "774120", "total": 5}` gives three groups: the object itself
(`invoice` with the part `id`), and `carrier` with the parts `name` and `mc`, which begin alike or belong together.

The names of fields have the meaning that is usual in freight: `customerName` is the name of a customer, `pickup_city` a
city.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from apex_cli.extract import clean, cuts, fields, timestamps
from apex_cli.extract.field_names import snake_keys
from apex_cli.extract.identity import slug
from apex_cli.model import JsonObject

_MOST_NODES = 20_000
_MOST_DEPTH = 32
_PHRASE_LIMIT = 2_000
_LEAF_TEXT_LIMIT = 200_000
_SHORTEST_TEXT = 6
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
    "id": ("number", "no", "num"),
    "row_id": ("id",),
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
    the name has none; a name that is a role alone (`customer`) has no part. `is_time`: whether fields of event times
    have this name.
    """

    text: str
    owner: str = ""
    role: str | None = None
    part: str | None = None
    is_time: bool = False


@dataclass(slots=True)
class Group:
    """The parts of one thing: of an object, or of fields of one object that begin alike. `plain` is the value of a
    field that is named after the role alone (`"carrier": "Lakeshore Haulage"`)."""

    role: str | None
    parts: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Walked:
    """The result of a walk: parts of things, phrases for the text, free text to search, and the best event time of
    the objects inside."""

    groups: list[Group] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    free_text: list[str] = field(default_factory=list)
    time: datetime | None = None
    time_rank: tuple[int, int] = (_MOST_DEPTH, 0)


@dataclass(frozen=True, slots=True)
class _Visit:
    value: object
    name: Meaning
    group: Group | None
    under: str
    depth: int
    in_list: bool


def walk(payload: JsonObject, data_type: str) -> Walked:
    """Goes through the first 20,000 nodes, 32 deep, keys in order of the alphabet: two spellings of one object (JSON
    objects have no order) are walked alike. The root has the role that its data type names."""
    walked = Walked()
    root = meaning(data_type)
    stack = [_Visit(payload, root, None, "", 0, False)]
    for _ in range(_MOST_NODES):
        if not stack:
            break
        visit = stack.pop()
        if not isinstance(visit.value, Mapping | list):
            _leaf(visit, walked)
        elif visit.depth >= _MOST_DEPTH:
            if visit.value:
                cuts.left_out(f"what is deeper than {_MOST_DEPTH} levels")
        elif isinstance(visit.value, Mapping):
            stack.extend(reversed(_inside(visit, visit.value, walked)))
        else:
            items = visit.value[:_MOST_NODES]
            stack.extend(_Visit(item, visit.name, None, visit.under, visit.depth + 1, True) for item in reversed(items))
    if stack:
        left = _count(payload) - _MOST_NODES
        cuts.left_out(f"{left:,} of {left + _MOST_NODES:,} values; a record has {_MOST_NODES:,} at most")
    return walked


def _count(payload: JsonObject) -> int:
    """The number of values in an object: itself, and each field and item."""
    count = 0
    stack: list[object] = [payload]
    while stack:
        value = stack.pop()
        count += 1
        if isinstance(value, Mapping):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return count


def _inside(visit: _Visit, value: JsonObject, walked: Walked) -> list[_Visit]:
    """The fields of an object, each with the group that it belongs to."""
    own = Group(visit.name.role if visit.name.part is None else None)
    # Of a truck, `truck_number` and `vehicle_id` are as much its own as `number` and `id`.
    groups = {"": own, visit.name.owner: own, own.role: own} if own.role else {"": own}
    walked.groups.append(own)
    under = visit.name.text if visit.depth else ""
    if visit.depth and not visit.in_list:
        _keep_time(visit, value, walked)
    visits = []
    for name in sorted(value)[:_MOST_NODES]:
        field_name = meaning(name)
        group = groups.get(field_name.owner)
        if group is None and (field_name.role or field_name.part):
            group = groups[field_name.owner] = Group(field_name.role)
            walked.groups.append(group)
        visits.append(_Visit(value[name], field_name, group, under, visit.depth + 1, visit.in_list))
    return visits


def _leaf(visit: _Visit, walked: Walked) -> None:
    if isinstance(visit.value, bool):
        walked.phrases.append(f"{_label(visit)} {str(visit.value).lower()}")
        return
    text = fields.scalar(visit.value)
    if text is None:
        return
    if len(text) > _PHRASE_LIMIT:
        cuts.left_out(f"the text of {visit.name.text or 'a value'} after its first {_PHRASE_LIMIT:,} characters")
    walked.phrases.append(f"{_label(visit)} {clean.line(text, _PHRASE_LIMIT)}".strip())
    name = visit.name
    if name.part is None and name.role is None:
        if isinstance(visit.value, str) and len(text) >= _SHORTEST_TEXT:
            walked.free_text.append(clean.prose(visit.value, _LEAF_TEXT_LIMIT))
    elif visit.group is not None:
        visit.group.parts.setdefault(name.part or "plain", visit.value)
    else:
        # An item of a list: each is a thing of its own.
        walked.groups.append(Group(name.role, {name.part or "plain": visit.value}))


def _keep_time(visit: _Visit, value: JsonObject, walked: Walked) -> None:
    """The highest in the tree, then the best named, then the earliest; what is in a list is not its owner's time."""
    if visit.depth > walked.time_rank[0] or not any(meaning(name).is_time for name in value):
        return
    found = timestamps.best(snake_keys(value))
    if found is None:
        return
    rank, time = (visit.depth, found[0]), found[1]
    if walked.time is None or (rank, time) < (walked.time_rank, walked.time):
        walked.time, walked.time_rank = time, rank


def _label(visit: _Visit) -> str:
    text = visit.name.text
    return text if not visit.under or text.startswith(visit.under) else f"{visit.under} {text}"


@lru_cache(maxsize=4096)
def meaning(name: str) -> Meaning:
    """The meaning of a field's name, however it is cased."""
    snake = slug(name[:_LONGEST_NAME], 2 * _LONGEST_NAME, split_acronyms=True)
    text = snake.replace("_", " ")
    is_time = snake in timestamps.TIME_RANK
    for spelled in (snake, snake.removesuffix("s")):
        if spelled in _ROLE_OF:
            return Meaning(text, spelled, _ROLE_OF[spelled], None, is_time)
        if spelled in _PART_OF:
            owner = _OWNER_OF.get(_PART_OF[spelled], "")
            return Meaning(text, owner, owner or None, _PART_OF[spelled], is_time)
        owner, part = _split(spelled)
        if part:
            return Meaning(text, owner, _ROLE_OF.get(owner), part, is_time)
    last = snake.rpartition("_")[2]
    return Meaning(text, snake, _ROLE_OF.get(last), None, is_time)


def _split(name: str) -> tuple[str, str | None]:
    """The longest known part at the end of the name, and what stands before it."""
    tokens = name.split("_")
    for size in range(min(2, len(tokens) - 1), 0, -1):
        owner, part = "_".join(tokens[:-size]), _PART_OF.get("_".join(tokens[-size:]))
        if part == "row_id":
            # `load_id` is the id of a load; a bare `id` may be the number of a row.
            part = "id"
        if part and (owner in _ROLE_OF or part in _ANYONES):
            return owner, part
    return name, None
