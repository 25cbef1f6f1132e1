"""Front: conversations, teammates' comments, and events without a message.

A comment is what teammates write to each other about a conversation. It is no message: no one sent it to anyone. Its
text is found by a search, and its identifiers lead to it; it claims nothing. The same holds for other events, such as
"assign" and "archive", and for a conversation, whose state (status, assignee, tags) is text and attributes.
"""

from __future__ import annotations

from apex_cli.extract import clean, fields, mentions, message_text, timestamps
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.model import Entity, Extraction, JsonObject, Record, RecordKind
from apex_cli.sources.frontapp import parts, shapes

_MAX_TEXT = 200_000
_STATE = ("status", "status_category")
_USED = frozenset(
    (
        "id", "subject", "assignee", "recipient", "created_at", "updated_at", "waiting_since", "emitted_at",
        "type", "body", "posted_at", "author", "last_message", "conversation.id", "conversation.subject",
        "conversation.assignee", "conversation.recipient", "conversation.created_at", "conversation.updated_at",
        "conversation.waiting_since", "conversation.last_message", "conversation.type", "target.data.body",
        "target.data.author", "target.data.posted_at",
    )
)  # fmt: skip


def extract(record: Record) -> Extraction:
    """One conversation (a state), or one comment or other event. Raises ExtractError `unreadable_time`."""
    payload = parts.tree(record)
    if record.data_type == "conversation":
        return _conversation(record, payload)
    if record.data_type == "comment":
        return _comment(record, payload)
    return _event(record, payload)


def prose(record: Record) -> str:
    """The text of a comment; nothing for the others."""
    return _comment_text(_comment_of(parts.tree(record))) if record.data_type == "comment" else ""


def _conversation(record: Record, payload: JsonObject) -> Extraction:
    own_time = timestamps.read(payload, "updated_at", "created_at")
    builder = Builder.of(record, own_time, kind=RecordKind.STATE)
    subject = clean.line(fields.scalar(payload.get("subject")) or "")
    found = parts.conversation(builder, {}, payload)
    assert found is not None, "the shape of a conversation has an id"
    name = found[1]
    state = {key: clean.line(value) for key in _STATE if (value := fields.scalar(payload.get(key)))}
    known = builder.known(found[0])
    builder.add(Entity(known.type, known.keys, known.name, names=known.names, attributes=state))
    title = f'Conversation {name} "{subject}"' if subject else f"Conversation {name}"
    people = [*_person(builder, record, payload, "assignee", "assigned to"), *_recipient(builder, record, payload)]
    return _built(
        builder, record, payload, title, [title, *people, f"as of {timestamps.to_minute(builder.event_time)}"]
    )


def _comment(record: Record, payload: JsonObject) -> Extraction:
    comment = _comment_of(payload)
    own_time = timestamps.read(comment, "posted_at") or timestamps.read(payload, "emitted_at")
    builder = Builder.of(record, own_time, kind=RecordKind.EVENT, whole=comment.get("body") is not None)
    text = _comment_text(comment)
    author = _person(builder, record, comment, "author", "by")
    found = parts.conversation(builder, comment, parts.part(payload, "conversation"))
    title = f"Comment {clean.line(record.external_id)}"
    where = [f"on {_called(builder, found[0])}"] if found else []
    head = [title, *author, *where, f"at {timestamps.to_minute(builder.event_time)}"]
    return _built(builder, record, payload, title, head, text)


def _event(record: Record, payload: JsonObject) -> Extraction:
    builder = Builder.of(record, timestamps.read(payload, "emitted_at"), kind=RecordKind.EVENT)
    kind = clean.line(fields.scalar(payload.get("type")) or "event").replace("_", " ")
    around = parts.part(payload, "conversation")
    found = parts.conversation(builder, {}, around)
    title = f"Front event {clean.line(record.external_id)}: {kind}"
    what = [f"{title} of {_called(builder, found[0])}"] if found else [title]
    source = parts.part(payload, "source")
    people = [
        *(
            _person(builder, record, source, "data", "by")
            if parts.part(source, "meta").get("type") == "teammate"
            else ()
        ),
        *_person(builder, record, around, "assignee", "assigned to"),
        *_recipient(builder, record, around),
    ]
    return _built(builder, record, payload, title, [*what, *people, f"at {timestamps.to_minute(builder.event_time)}"])


def _built(
    builder: Builder, record: Record, payload: JsonObject, title: str, head: list[str], text: str = ""
) -> Extraction:
    """The extraction, with the entities that its text and the conversation's subject name."""
    phrases, note = parts.rest(payload, _USED)
    if note:
        builder.note(note)
    sentence = clean.joined(head)
    for match in mentions.find(f"{sentence}\n{text}"):
        mentioned = mentions.entity(match, record.source)
        if mentioned is not None and not builder.has(mentioned):
            builder.add(mentioned)
    whole = f"{sentence}: {text}" if text else f"{sentence}."
    return builder.build(title, f"{whole}\n\n{clean.joined(phrases)}." if phrases else whole)


def _called(builder: Builder, conversation: EntityRef) -> str:
    known = builder.known(conversation)
    subject = known.attributes.get("subject")
    return f'conversation {known.name} "{subject}"' if subject else f"conversation {known.name}"


def _comment_of(payload: JsonObject) -> JsonObject:
    return shapes.target(payload)[1] if shapes.shape_of(payload) == "event" else payload


def _comment_text(comment: JsonObject) -> str:
    return clean.prose(message_text.visible_text(parts.body(comment.get("body"))), _MAX_TEXT)


def _person(builder: Builder, record: Record, payload: JsonObject, name: str, phrase: str) -> list[str]:
    contact = parts.teammate(payload.get(name))
    if contact is None or parts.person(builder, record.source, contact) is None:
        return []
    return [f"{phrase} {contact.describe()}"]


def _recipient(builder: Builder, record: Record, conversation: JsonObject) -> list[str]:
    recipient = parts.part(conversation, "recipient")
    handle = fields.pick(recipient, "handle")
    contact = parts.teammate(recipient) if recipient else None
    if contact is None or parts.person(builder, record.source, contact, handle) is None:
        return []
    return [f"with {contact.describe() or clean.line(handle or '')}"]
