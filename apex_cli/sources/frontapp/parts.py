"""What all records of Front share: the conversation, teammates and recipients, and the fields that have no use of
their own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from apex_cli.extract import clean, cuts, entities, fields, keys, messages
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.extract.contacts import Contact, parse
from apex_cli.extract.field_names import snake_tree
from apex_cli.extract.remaining import remaining_phrases
from apex_cli.model import JsonObject, Record

_MAX_LEVELS = 12
_MAX_BODY = 1_000_000
# Switches, versions and colours of the program; no person searches for them.
_TECHNICAL = frozenset(
    (
        "meta", "message_uid", "version", "is_admin", "is_available", "is_blocked", "is_private", "is_public",
        "is_visible_in_conversation_lists", "license_type", "highlight", "status_id", "username",
    )
)  # fmt: skip
_OF_THE_PROGRAM = frozenset(("id", "created_at", "updated_at", "type"))
_PARTS = frozenset(("tags", "inboxes", "author", "assignee", "source", "data", "links", "attachments"))


def tree(record: Record) -> dict[str, Any]:
    """The payload with all names in snake case."""
    found: dict[str, Any] = snake_tree(record.payload)
    return found


def part(payload: JsonObject, name: str) -> dict[str, Any]:
    """The object in this field; empty for anything else."""
    value = payload.get(name)
    return dict(value) if isinstance(value, Mapping) else {}


def body(value: object) -> str:
    """The body of a message or comment, HTML or plain: at most a million characters. Empty for anything else."""
    if not isinstance(value, str):
        return ""
    if len(value) > _MAX_BODY:
        cuts.left_out(f"the body after its first {_MAX_BODY:,} characters")
    return value[:_MAX_BODY]


def related(payload: JsonObject, name: str) -> str | None:
    """The id at the end of a link: `{"_links": {"related": {"conversation": "https://…/conversations/cnv_1"}}}`."""
    links = part(payload, "links")
    link = links.get("self") if name == "self" else part(links, "related").get(name)
    if not isinstance(link, str):
        return None
    return clean.line(link[:2000].partition("?")[0].rstrip("/").rpartition("/")[2]) or None


def teammate(value: object) -> Contact | None:
    """A teammate: `{"id": "tea_1", "email", "first_name", "last_name"}`; a name or an address of any other form."""
    if not isinstance(value, Mapping):
        return parse(value)
    names = [name for key in ("first_name", "last_name") if (name := fields.scalar(value.get(key)))]
    found = parse({**value, "name": " ".join(names) or value.get("name") or value.get("username")})
    return found


def person(builder: Builder, source: str, contact: Contact, handle: str | None = None) -> EntityRef | None:
    """The person behind a contact. A `handle` that is no address and no telephone number is an id within the source."""
    found = entities.human("person", source, contact)
    if handle and contact.email is None and contact.phone is None:
        key = keys.source_id("person", source, handle)
        found = entities.named("person", source, contact.name, (key,), label=handle)
    return None if found is None else builder.add(found)


def conversation(builder: Builder, message: JsonObject, around: JsonObject) -> tuple[EntityRef, str] | None:
    """The conversation of a message, comment or event, and its name; None without one.

    `around` is the conversation's own object, which may be empty. Its id of the API begins with `cnv_`. Webhooks of
    2018 have another id there, and that of the API in the links only.
    """
    given = [fields.pick(around, "id"), related(message, "conversation"), related(around, "self")]
    ids = list(dict.fromkeys(one for one in (*given, fields.pick(message, "conversation_id")) if one))
    if not ids:
        return None
    ids.sort(key=lambda one: not one.startswith("cnv_"))
    node = messages.conversation(ids, clean.line(fields.scalar(around.get("subject")) or ""))
    return builder.add(node), node.name


def rest(payload: JsonObject, used: Collection[str]) -> tuple[list[str], str | None]:
    """The phrases of what is left of a payload: tags, inboxes, custom fields. See `remaining_phrases`."""
    return remaining_phrases(_pruned(payload, "", _MAX_LEVELS), used)


def _pruned(payload: JsonObject, name: str, levels: int) -> dict[str, Any]:
    return dict(_kept(payload, name, levels))


def _kept(payload: JsonObject, name: str, levels: int) -> Iterator[tuple[str, Any]]:
    for key, value in payload.items():
        is_link = key == "links" and isinstance(value, Mapping)
        if key in _TECHNICAL or is_link or (key in _OF_THE_PROGRAM and name in _PARTS):
            continue
        if levels and isinstance(value, Mapping):
            yield key, _pruned(value, key, levels - 1)
        elif levels and isinstance(value, list):
            yield key, [_pruned(one, key, levels - 1) if isinstance(one, Mapping) else one for one in value]
        else:
            yield key, value
