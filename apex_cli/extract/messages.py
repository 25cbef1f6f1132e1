"""What a message of any source states: its people, its thread, what is attached to it, and what its text mentions.

A message is known by every id that it has: Front's `msg_1` and the Message-ID of the mail are one message, so that the
same mail from Front and from a mail file is one thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apex_cli.extract import clean, keys, mentions, message_text, timestamps
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.model import Entity, EntityType, Extraction, Predicate

MAX_TEXT = 200_000
"""Characters of the sender's own text that are read."""
_ROLES: Mapping[str, tuple[Predicate, str]] = {
    "from": (Predicate.SENT_BY, "from"),
    "to": (Predicate.SENT_TO, "to"),
    "cc": (Predicate.CC, "copied to"),
    "bcc": (Predicate.CC, "copied to"),
}


def bare_id(message_id: str) -> str:
    """`<1@example.com>`, as mail writes its ids, and `1@example.com` are one."""
    is_bracketed = message_id.startswith("<") and message_id.endswith(">")
    return (message_id[1:-1].strip() if is_bracketed else "") or message_id


def entity(
    ids: Sequence[str], subject: str = "", attributes: Mapping[str, Any] | None = None, *, certain: bool = True
) -> Entity:
    """A message, called by the first of its ids. One that is not certain is only named by another message."""
    known = ({"subject": subject} if subject else {}) | dict(attributes or {})
    found = tuple(dict.fromkeys(keys.message(bare_id(each)) for each in ids))
    return Entity(EntityType.MESSAGE, found, clean.line(ids[0]), attributes=known, certain=certain)


def conversation(ids: Sequence[str], subject: str = "") -> Entity:
    """A conversation, called by the first of its ids."""
    return Entity(
        EntityType.CONVERSATION,
        (keys.conversation(ids[0]),),
        clean.line(ids[0]),
        names=tuple(keys.conversation(other) for other in ids[1:]),
        attributes={"subject": subject} if subject else {},
    )


class MessageClaims:
    """Claims for one message, and the phrases of its text that say the same."""

    def __init__(self, builder: Builder, node: Entity, source: str) -> None:
        self._builder = builder
        self._source = source
        self._node = builder.add(node)
        self._people: dict[str, dict[str, None]] = {}
        self._thread: list[str] = []
        self._attached: list[str] = []

    def person(self, role: str, found: EntityRef | None, described: str) -> None:
        """Someone with the role `from`, `to`, `cc`, `bcc`; of any other role the text says that replies go to them."""
        if found is None:
            return
        predicate, phrase = _ROLES.get(role, (None, "replies go to"))
        if predicate is not None:
            attributes = {"role": role} if role == "bcc" else None
            self._builder.claim(self._node, predicate, found, attributes=attributes)
        self._people.setdefault(phrase, {})[described] = None

    def in_conversation(self, found: EntityRef) -> None:
        """The conversation that it is part of."""
        self._builder.claim(self._node, Predicate.IN_CONVERSATION, found)
        self._thread.append(f"in conversation {self._builder.known(found).name}")

    def replies_to(self, message_id: str) -> None:
        """The message that it answers."""
        replied = self._builder.add(entity((message_id,), certain=False))
        self._builder.claim(self._node, Predicate.REPLIES_TO, replied)
        self._thread.append(f"in reply to {clean.line(message_id)}")

    def attached(self, thing: Entity, name: str) -> None:
        """A file or a message that is attached to it."""
        self._builder.claim(self._node, Predicate.HAS_ATTACHMENT, self._builder.add(thing))
        self._attached.append(name)

    def build(self, subject: str, body: str, more: Iterable[str] = ()) -> Extraction:
        """The extraction. `body` is the sender's own text, `more` are phrases that go at the end."""
        mentions.add(self._builder, self._node, f"{subject}\n{body}", self._source)
        called = f"Message {self._builder.known(self._node).name}"
        head = clean.joined(
            [
                f'{called} "{subject}"' if subject else called,
                *(f"{phrase} {' and '.join(people)}" for phrase, people in self._people.items()),
                f"on {timestamps.to_minute(self._builder.event_time)}",
                *self._thread,
                f"with attachment {' and '.join(self._attached)}" if self._attached else "",
            ]
        )
        text = f"{head}: {body}" if body else f"{head}."
        rest = clean.joined(more)
        return self._builder.build(subject or called, f"{text}\n\n{rest}." if rest else text)


def own_text(body: str, subject: str, *, is_reply: bool) -> str:
    """The sender's own text of a body, HTML or plain, made fit to store."""
    return clean.prose(message_text.own_text(body, subject, is_reply=is_reply), MAX_TEXT)
