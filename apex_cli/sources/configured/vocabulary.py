"""The closed lists of a configured source: keys of each type of entity, and the ends of each predicate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from apex_cli.extract import keys
from apex_cli.model import EntityType, Predicate

_T = EntityType
KEYS: Mapping[EntityType, tuple[str, ...]] = {
    _T.VEHICLE: ("unit", "fleet", "vin", "id", "samsara"),
    _T.DRIVER: ("id", "phone", "email"),
    _T.SHIPMENT: ("number", "id", "turvo"),
    _T.CUSTOMER: ("id", "turvo"),
    _T.CARRIER: ("id", *get_args(keys.DocketKind), "turvo"),
    _T.LOCATION: ("address_id", "text", "city", "state", "country", "latitude", "longitude"),
    _T.STOP: ("shipment", "id"),
    _T.GEOFENCE: ("id",),
    _T.ORDER: ("number",),
    _T.REFERENCE: get_args(keys.ReferenceKind),
    _T.MESSAGE: ("id",),
    _T.CONVERSATION: ("id",),
    _T.PERSON: ("email", "phone"),
    _T.DOCUMENT: ("id",),
    _T.ALERT: ("id",),
}
"""The keys of each type that a source may give. `Value` is made by a fact's `value` alone."""

NAMED = frozenset((_T.DRIVER, _T.CUSTOMER, _T.CARRIER, _T.PERSON, _T.GEOFENCE))
"""Types of which a name alone is known within its source."""

_MENTIONED = tuple(kind for kind in KEYS if kind not in (_T.STOP, _T.MESSAGE, _T.CONVERSATION, _T.ALERT))
RELATIONS: Mapping[Predicate, tuple[tuple[EntityType, ...], tuple[EntityType, ...]]] = {
    Predicate.LOCATED_AT: ((_T.VEHICLE,), (_T.LOCATION,)),
    Predicate.HAS_ENGINE_STATE: ((_T.VEHICLE,), (_T.VALUE,)),
    Predicate.INSIDE_GEOFENCE: ((_T.VEHICLE,), (_T.GEOFENCE,)),
    Predicate.DRIVES: ((_T.DRIVER,), (_T.VEHICLE,)),
    Predicate.FOR_CUSTOMER: ((_T.SHIPMENT,), (_T.CUSTOMER,)),
    Predicate.HAULED_BY: ((_T.SHIPMENT,), (_T.CARRIER,)),
    Predicate.ASSIGNED_DRIVER: ((_T.SHIPMENT,), (_T.DRIVER,)),
    Predicate.HAS_STATUS: ((_T.SHIPMENT,), (_T.VALUE,)),
    Predicate.ORIGIN: ((_T.SHIPMENT,), (_T.LOCATION,)),
    Predicate.DESTINATION: ((_T.SHIPMENT,), (_T.LOCATION,)),
    Predicate.HAS_STOP: ((_T.SHIPMENT,), (_T.STOP,)),
    Predicate.AT: ((_T.STOP,), (_T.LOCATION,)),
    Predicate.HAS_REFERENCE: ((_T.SHIPMENT, _T.DOCUMENT, _T.MESSAGE), (_T.ORDER, _T.REFERENCE)),
    Predicate.MANAGED_BY: ((_T.SHIPMENT,), (_T.PERSON,)),
    Predicate.SENT_BY: ((_T.MESSAGE,), (_T.PERSON,)),
    Predicate.SENT_TO: ((_T.MESSAGE,), (_T.PERSON,)),
    Predicate.CC: ((_T.MESSAGE,), (_T.PERSON,)),
    Predicate.IN_CONVERSATION: ((_T.MESSAGE,), (_T.CONVERSATION,)),
    Predicate.REPLIES_TO: ((_T.MESSAGE,), (_T.MESSAGE,)),
    Predicate.HAS_ATTACHMENT: ((_T.MESSAGE,), (_T.DOCUMENT,)),
    Predicate.MENTIONS: ((_T.MESSAGE, _T.DOCUMENT), _MENTIONED),
    Predicate.ABOUT: ((_T.ALERT,), (_T.VEHICLE,)),
}
"""Types of the subject and of the object of each predicate."""
VALUES = frozenset(predicate for predicate, (_, objects) in RELATIONS.items() if objects == (_T.VALUE,))
"""Predicates whose object is a plain word, such as a status."""
