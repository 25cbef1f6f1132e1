"""A message of a mail file: its people, its thread, its attachments, and what its own text mentions."""

from __future__ import annotations

from dataclasses import replace

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, contacts, entities, fields, keys, mail_words, messages, timestamps
from apex_cli.extract.builder import Builder
from apex_cli.extract.messages import MessageClaims
from apex_cli.model import Entity, EntityType, Extraction, JsonObject, Record, RecordKind

_MAX_BODY = 1_000_000


def extract(record: Record) -> Extraction:
    """One message, an event at the time it was sent. Quoted mail and legal small print are not part of it.

    It is known by its Message-ID, as the same message of another source is, and its attachments by their bytes, as
    their own records are. Its conversation is called by the first message of its thread. Raises `ExtractError`
    `no_message` without an id, and `unreadable_time`.
    """
    payload = record.payload
    own_id = fields.scalar(payload.get("message_id"))
    if own_id is None:
        raise ExtractError("no message_id", hint="give the message's id", code="no_message")
    builder = Builder.of(record, timestamps.read(payload, "sent_at"), kind=RecordKind.EVENT)
    subject = _subject(payload)
    said = {name: clean.line(value) for name in ("automatic", "list") if (value := fields.scalar(payload.get(name)))}
    message = MessageClaims(builder, messages.entity((own_id,), subject, said), record.source)
    for role in ("from", "to", "cc", "bcc", "reply_to"):
        for contact in contacts.parse_all(payload.get(role)):
            person = entities.human("person", record.source, contact)
            message.person(role, builder.add(person) if person else None, contact.describe())
    before = fields.scalars(payload.get("references"))
    answered = fields.pick(payload, "in_reply_to")
    root = next(iter(before), answered or own_id)
    # Not by the bare id, which is that of the first message itself.
    thread = f"thread {messages.bare_id(root)}"
    message.in_conversation(builder.add(messages.conversation((thread,), mail_words.topic(subject))))
    if answered:
        message.replies_to(answered)
    for attachment in fields.objects(payload.get("attachments")):
        _attach(message, attachment)
    more = [f"automatic: {said['automatic']}"] if "automatic" in said else []
    more += [f"on the list {said['list']}"] if "list" in said else []
    found = message.build(subject, _body(payload, subject), more)
    return replace(found, claims=(), whole=True) if record.ended else found


def prose(record: Record) -> str:
    """Subject and body as the sender wrote them: no markup, no quoted mail, no legal small print."""
    subject = _subject(record.payload)
    return f"{subject}\n{_body(record.payload, subject)}"


def _subject(payload: JsonObject) -> str:
    return clean.line(fields.scalar(payload.get("subject")) or "")


def _body(payload: JsonObject, subject: str) -> str:
    given = (value for name in ("body", "body_html") if isinstance(value := payload.get(name), str))
    body = next((value for value in given if value.strip()), "")[:_MAX_BODY]
    return messages.own_text(body, subject, is_reply=fields.pick(payload, "in_reply_to") is not None)


def _attach(message: MessageClaims, attachment: JsonObject) -> None:
    """A message and an appointment are things of their own; any other file is a document, known by its bytes."""
    name = clean.line(fields.pick(attachment, "name") or "attachment")
    message_id = fields.pick(attachment, "message_id")
    digest = fields.pick(attachment, "sha256")
    appointments = fields.scalars(attachment.get("appointments"))
    if message_id:
        message.attached(messages.entity((message_id,), certain=False), name)
    for appointment in appointments:
        key = keys.appointment(appointment)
        message.attached(Entity(EntityType.DOCUMENT, (key,), name, certain=False), name)
    if digest and not message_id and not appointments:
        file = (keys.document_file(digest),)
        called = (keys.document_called(name),)
        message.attached(Entity(EntityType.DOCUMENT, file, name, called, certain=False), name)
