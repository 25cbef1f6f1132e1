"""The text of a record: phrases joined, and claims as sentences ("Vehicle TRUCK-6520 is at Chicago, IL.")."""

from __future__ import annotations

from collections.abc import Iterable

from apex_cli.model import Entity, EntityType, Predicate

_TEMPLATES = {
    Predicate.LOCATED_AT: "{subject} is at {object}.",
    Predicate.HAS_ENGINE_STATE: "{subject} has engine state {object}.",
    Predicate.INSIDE_GEOFENCE: "{subject} is inside {object}.",
    Predicate.DRIVES: "{subject} drives {object}.",
    Predicate.FOR_CUSTOMER: "{subject} is for {object}.",
    Predicate.HAULED_BY: "{subject} is hauled by {object}.",
    Predicate.ASSIGNED_DRIVER: "{subject} is assigned to {object}.",
    Predicate.HAS_STATUS: "{subject} has status {object}.",
    Predicate.ORIGIN: "{subject} starts from {object}.",
    Predicate.DESTINATION: "{subject} goes to {object}.",
    Predicate.HAS_STOP: "{subject} has {object}.",
    Predicate.AT: "{subject} is at {object}.",
    Predicate.HAS_REFERENCE: "{subject} has {object}.",
    Predicate.MANAGED_BY: "{subject} is managed by {object}.",
    Predicate.SENT_BY: "{subject} was sent by {object}.",
    Predicate.SENT_TO: "{subject} was sent to {object}.",
    Predicate.CC: "{subject} was copied to {object}.",
    Predicate.IN_CONVERSATION: "{subject} is part of {object}.",
    Predicate.REPLIES_TO: "{subject} replies to {object}.",
    Predicate.HAS_ATTACHMENT: "{subject} has attached {object}.",
    Predicate.MENTIONS: "{subject} mentions {object}.",
    Predicate.ABOUT: "{subject} is about {object}.",
}
_CLEAR_ALONE = frozenset({EntityType.LOCATION, EntityType.VALUE, EntityType.PERSON})
_KINDS = {EntityType.ORDER: "PO"}
_ABBREVIATIONS = frozenset({"bol", "pro", "sscc", "awb", "imo"})


def sentence(subject: Entity, predicate: Predicate, obj: Entity) -> str:
    """The claim as a sentence."""
    # Names may hold braces: the template is filled once, its fillings are never read as templates.
    text = _TEMPLATES[predicate].format(subject=describe(subject), object=describe(obj))
    return text[0].upper() + text[1:]


def describe(entity: Entity) -> str:
    """The name, with the kind before it where the name alone is not clear: "vehicle 6520"."""
    if entity.type in _CLEAR_ALONE:
        return entity.name
    kind = _KINDS.get(entity.type, entity.type.value.lower())
    if entity.type is EntityType.REFERENCE:
        kind = str(entity.attributes.get("kind", kind))
        kind = kind.upper() if kind in _ABBREVIATIONS else kind
    # Not "BOL BOL-5521".
    return entity.name if entity.name.casefold().startswith(f"{kind.casefold()}-") else f"{kind} {entity.name}"


def joined(phrases: Iterable[str | None]) -> str:
    """The phrases that are not empty, with commas between."""
    return ", ".join(phrase for phrase in phrases if phrase)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters; what was cut is marked."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
