"""Front: a message, its people, its thread, and what its own text mentions."""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, contacts, entities, fields, keys, mentions, message_text, timestamps
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.extract.contacts import Contact
from apex_cli.model import Entity, EntityType, Extraction, JsonObject, Predicate, Record

_BODY_LIMIT = 200_000


def extract(record: Record) -> Extraction:
    """One message. Quoted mail and legal small print belong to neither its text nor its claims.

    A status that a message states is not a fact: the message only mentions its shipment.
    Raises ExtractError `no_message` without a message id.
    """
    payload = record.payload
    builder = Builder(
        timestamps.event_time(record, timestamps.first(payload.get("sent_at"), timestamps.from_fields(payload)))
    )
    entity = _message(record)
    message = builder.add(entity)
    people = [
        *_people(builder, message, record.source, Predicate.SENT_BY, _senders(payload)),
        *_people(builder, message, record.source, Predicate.SENT_TO, contacts.parse_all(payload.get("to"))),
        *_people(builder, message, record.source, Predicate.CC, contacts.parse_all(payload.get("cc"))),
    ]
    thread = [*_thread(builder, message, payload), *_attachments(builder, message, record, entity.name)]
    subject, body = _subject(payload), _body(payload)
    mentions.add(builder, message, prose(record), record.source)
    name = f'Message {entity.name} "{subject}"' if subject else f"Message {entity.name}"
    head = clean.joined([name, *people, f"on {timestamps.to_minute(builder.event_time)}", *thread])
    return builder.build(subject or f"Message {entity.name}", f"{head}: {body}" if body else f"{head}.")


def prose(record: Record) -> str:
    """Subject and body as the sender wrote them: no markup, no quoted mail, no legal small print."""
    return f"{_subject(record.payload)}\n{_body(record.payload)}"


def _message(record: Record) -> Entity:
    own_id = fields.pick(record.payload, "message_id")
    if own_id is None:
        raise ExtractError("no message_id", hint="give the message's id", code="no_message")
    subject = _subject(record.payload)
    attributes = {"subject": subject} if subject else {}
    return Entity(EntityType.MESSAGE, (keys.message(own_id),), clean.line(own_id), attributes=attributes)


def _subject(payload: JsonObject) -> str:
    return clean.line(fields.scalar(payload.get("subject")) or "")


def _body(payload: JsonObject) -> str:
    body = payload.get("body")
    text = body[:_BODY_LIMIT] if isinstance(body, str) else ""
    return clean.prose(
        message_text.without_quotes(clean.prose(message_text.visible_text(text), _BODY_LIMIT)), _BODY_LIMIT
    )


def _senders(payload: JsonObject) -> list[Contact]:
    sender = contacts.parse(payload.get("sender"))
    name = fields.pick(payload, "sender_name")
    if sender is None:
        return [Contact(name)] if name else []
    return [Contact(sender.name or name, sender.email, sender.phone)]


def _people(
    builder: Builder, message: EntityRef, source: str, predicate: Predicate, people: list[Contact]
) -> list[str]:
    relation = {Predicate.SENT_BY: "from", Predicate.SENT_TO: "to"}.get(predicate, "copied to")
    names = []
    for contact in people:
        person = entities.human("person", source, contact)
        if person is not None:
            builder.claim(message, predicate, builder.add(person))
            names.append(contact.describe())
    return [f"{relation} {' and '.join(names)}"] if names else []


def _thread(builder: Builder, message: EntityRef, payload: JsonObject) -> list[str]:
    phrases = []
    conversation = fields.pick(payload, "conversation_id")
    if conversation:
        name = clean.line(conversation)
        node = builder.add(Entity(EntityType.CONVERSATION, (keys.conversation(conversation),), name))
        builder.claim(message, Predicate.IN_CONVERSATION, node)
        phrases.append(f"in conversation {name}")
    earlier = fields.pick(payload, "in_reply_to")
    if earlier:
        name = clean.line(earlier)
        node = builder.add(Entity(EntityType.MESSAGE, (keys.message(earlier),), name, certain=False))
        builder.claim(message, Predicate.REPLIES_TO, node)
        phrases.append(f"in reply to {name}")
    return phrases


def _attachments(builder: Builder, message: EntityRef, record: Record, message_id: str) -> list[str]:
    names = []
    for attachment in fields.objects(record.payload.get("attachments")):
        filename = fields.pick(attachment, "filename", "name")
        metadata = attachment.get("metadata")
        inline = isinstance(metadata, Mapping) and metadata.get("is_inline") is True
        if filename is None or inline:
            continue
        name = clean.line(filename)
        key = keys.document_attachment(record.source, message_id, filename)
        builder.claim(message, Predicate.HAS_ATTACHMENT, builder.add(Entity(EntityType.DOCUMENT, (key,), name)))
        names.append(name)
    return [f"with attachment {' and '.join(names)}"] if names else []
