"""Front: a message, its people, its conversation, and what its own text mentions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, contacts, fields, keys, messages, timestamps
from apex_cli.extract.builder import Builder
from apex_cli.extract.contacts import Contact
from apex_cli.extract.messages import MessageClaims
from apex_cli.extract.remaining import remaining_phrases
from apex_cli.model import Entity, EntityType, Extraction, JsonObject, Record, RecordKind
from apex_cli.sources.frontapp import parts, shapes

_MESSAGE_ID = re.compile(r"<?[^\s<>@]{1,500}@[^\s<>@]{1,300}>?")
_ORDINARY = frozenset(("inbound", "outbound", "out_reply", "forward"))
"""Types of events that say no more of a message than the message does."""
_USED = frozenset(
    (
        "message_id", "id", "subject", "body", "text", "blurb", "recipients", "author", "created_at", "draft_mode",
        "is_draft", "is_inbound", "sender", "sender_name", "from", "to", "cc", "bcc", "reply_to", "conversation_id",
        "in_reply_to", "attachments", "sent_at", "links", "timestamp", "date", "conversation.id",
        "conversation.subject", "conversation.recipient", "conversation.created_at", "conversation.updated_at",
        "conversation.waiting_since", "conversation.last_message", "conversation.type", "emitted_at",
        "metadata.external_id", "metadata.headers", "internet_message_id",
    )
)  # fmt: skip

_USED_FLAT = _USED - {"id", "text", "blurb", "links"}


@dataclass(frozen=True, slots=True)
class _Message:
    """The parts of a record: the message's fields, its conversation's, and the record's without these."""

    fields: JsonObject
    conversation: JsonObject
    around: JsonObject


def extract(record: Record) -> Extraction:
    """One message, an event at the time it was sent. Quoted mail and legal small print are not part of it.

    A status that a message states is not a fact: the message only mentions its shipment. A preview, which has no text
    or no people, is partial. Raises ExtractError `no_message` without a message id, and `unreadable_time`.
    """
    message = _message(record)
    fields_ = message.fields
    sent = timestamps.read(fields_, "sent_at") or timestamps.own_time(fields_)
    own_time = sent or timestamps.read(message.around, "emitted_at")
    builder = Builder.of(record, own_time, kind=RecordKind.EVENT, whole=_is_whole(fields_))
    ids = _ids(fields_)
    subject = _subject(message)
    claims = MessageClaims(builder, messages.entity(ids, subject), record.source)
    _people(builder, claims, record.source, fields_)
    _thread(builder, claims, message)
    _attachments(claims, record.source, fields_, ids[0])
    return claims.build(subject, _body(message), _rest(builder, message))


def prose(record: Record) -> str:
    """Subject and body as the sender wrote them: no markup, no quoted mail, no legal small print."""
    message = _message(record)
    return f"{_subject(message)}\n{_body(message)}"


def _message(record: Record) -> _Message:
    payload = parts.tree(record)
    if shapes.shape_of(payload) != "event":
        conversation = parts.part(payload, "conversation")
        return _Message(payload, conversation, {"conversation": conversation})
    _, target = shapes.target(payload)
    conversation = parts.part(payload, "conversation")
    last = parts.part(conversation, "last_message")
    found = {**target, **{key: value for key, value in last.items() if target.get(key) is None}}
    same = last.get("id") == target.get("id")
    around = {key: value for key, value in payload.items() if key not in ("id", "type", "target")}
    kind = fields.scalar(payload.get("type"))
    if kind not in _ORDINARY:
        around["event"] = kind
    return _Message(found if same else target, conversation, around)


def _ids(message: JsonObject) -> list[str]:
    """Front's own id, then the Message-ID of the mail where Front gives it."""
    own_id = fields.pick(message, "message_id", "id")
    if own_id is None:
        raise ExtractError("no message_id", hint="give the message's id", code="no_message")
    given = (fields.pick(message, "internet_message_id"), *_of_mail(message, "message_id", "external_id"))
    return [own_id, *(each for each in given if each and _MESSAGE_ID.fullmatch(each))]


def _of_mail(message: JsonObject, name: str, other: str = "") -> list[str]:
    """What the headers of the mail say, as Front passes them on in `metadata`; nothing for other channels."""
    if (fields.scalar(message.get("type")) or "email") != "email":
        return []
    metadata = parts.part(message, "metadata")
    found = (fields.pick(parts.part(metadata, "headers"), name), fields.pick(metadata, other))
    return [each for each in found if each]


def _subject(message: _Message) -> str:
    given = (fields.scalar(part.get("subject")) for part in (message.fields, message.conversation))
    return next((line for one in given if one and (line := clean.line(one))), "")


def _is_whole(message: JsonObject) -> bool:
    """Whether a message is more than a preview. A flat record is all that there is."""
    if message.get("message_id") is not None:
        return True
    return message.get("recipients") is not None and (
        message.get("body") is not None or message.get("text") is not None
    )


def _body(message: _Message) -> str:
    """The sender's own text: of the HTML, which marks quotes, else of the plain text, else of the preview."""
    given = (value for name in ("body", "text", "blurb") if isinstance(value := message.fields.get(name), str))
    body = next((value for value in given if value.strip()), "")
    is_reply = fields.pick(message.fields, "in_reply_to") is not None
    is_reply = is_reply or parts.related(message.fields, "message_replied_to") is not None
    return messages.own_text(parts.body(body), _subject(message), is_reply=is_reply)


def _people(builder: Builder, claims: MessageClaims, source: str, message: JsonObject) -> None:
    """Claims the people of a message."""

    def add(role: str, contact: Contact | None, handle: str | None = None) -> None:
        if contact is not None:
            found = parts.person(builder, source, contact, handle)
            claims.person(role, found, contact.describe() or clean.line(handle or ""))

    for contact in _senders(message):
        add("from", contact)
    for recipient in fields.items(message.get("recipients")):
        if isinstance(recipient, Mapping):
            role = (fields.scalar(recipient.get("role")) or "to").casefold()
            add(role, contacts.parse(recipient) or Contact(), fields.scalar(recipient.get("handle")))
    # The teammate who wrote it: what was sent from "ops@" was sent by Priya too.
    add("from", parts.teammate(message.get("author")))
    for role in ("to", "cc", "bcc", "reply_to"):
        for contact in contacts.parse_all(message.get(role)):
            add(role, contact)


def _senders(message: JsonObject) -> list[Contact]:
    """The sender of a flat record."""
    given = message.get("sender") if message.get("sender") is not None else message.get("from")
    found = [contact for contact in contacts.parse_all(given) if contact] if isinstance(given, list) else []
    sender = contacts.parse(given) if not found else found[0]
    name = fields.pick(message, "sender_name")
    if sender is None:
        return [Contact(name)] if name else []
    return [Contact(sender.name or name, sender.email, sender.phone), *found[1:]]


def _thread(builder: Builder, claims: MessageClaims, message: _Message) -> None:
    conversation = parts.conversation(builder, message.fields, message.conversation)
    if conversation:
        claims.in_conversation(conversation[0])
    linked = parts.related(message.fields, "message_replied_to") or fields.pick(message.fields, "in_reply_to")
    answered = linked or next(iter(_of_mail(message.fields, "in_reply_to")), None)
    if answered:
        claims.replies_to(answered)


def _attachments(claims: MessageClaims, source: str, message: JsonObject, message_id: str) -> None:
    """Attachments as documents of which only the name is known. Pictures inside of the text are part of the text."""
    for attachment in fields.objects(message.get("attachments")):
        filename = fields.pick(attachment, "filename", "name")
        if filename is None or parts.part(attachment, "metadata").get("is_inline") is True:
            continue
        name = clean.line(filename)
        key = keys.document_attachment(source, clean.line(message_id), filename)
        claims.attached(Entity(EntityType.DOCUMENT, (key,), name), name)


def _rest(builder: Builder, message: _Message) -> list[str]:
    """What else the record says: tags, inboxes, custom fields, comments."""
    around: dict[str, Any] = {**message.around, **{k: v for k, v in message.fields.items() if k != "conversation"}}
    is_flat = message.fields.get("message_id") is not None
    phrases, note = remaining_phrases(around, _USED_FLAT) if is_flat else parts.rest(around, _USED)
    if note:
        builder.note(note)
    return phrases
