"""Front payloads: messages about the company's shipments, in full, as previews, in webhooks and flat."""

from __future__ import annotations

from datetime import datetime, timedelta

from quality.records.company import Shipment
from quality.records.emission import Emission, Payload, utc
from quality.records.turvo import known

_API = "https://acme-freight.api.frontapp.com"
_DESK = "ops@acme-freight.example"
_SENDERS = (
    ("Dana Okafor", "dispatch@lakeshore-haulage.example"),
    ("José Ñáñez", "jose@aduanas-norte.example"),
    ("Wei Zhang", "wei@bluestem-transit.example"),
)
_SAID = ("{} is loaded, we leave at noon.", "{} delivered, POD follows.", "Driver for {} is two hours late.")


def emit(out: Emission, shipment: Shipment, other: Shipment, number: int) -> None:
    """One message about a shipment; the mail that it quotes is about another one, and is no statement of it."""
    at = shipment.statuses[3][2] + timedelta(minutes=31 + number % 7)
    name, address = _SENDERS[number % len(_SENDERS)]
    said = _SAID[number % len(_SAID)].format(shipment.number)
    gold = out.gold
    if number % 5 == 4:
        _text_message(out, known(out, shipment), said, at, number)
        return
    sender = gold.thing(f"person:{address}", "Person", name, marks=[address])
    shape = number % 4
    own_id = f"MSG-2025-10-06-{number:03}" if shape == 3 else f"msg_4k{number:03}"
    message = gold.thing(f"message:{own_id}", "Message", own_id, marks=[own_id])
    gold.fact(message, "SENT_BY", sender, at)
    gold.fact(message, "MENTIONS", known(out, shipment), at)
    if shape == 3:
        address = f"{name} <{address}>"
        flat = {"message_id": own_id, "subject": "Update", "body": said, "sender": address, "sent_at": utc(at)}
        out.add("front.flat", flat)
        return
    gold.fact(message, "SENT_TO", gold.thing(f"person:{_DESK}", "Person", _DESK, marks=[_DESK]), at)
    conversation = f"cnv_y{number:03}"
    gold.thing(f"conversation:{number}", "Conversation", conversation, marks=[conversation])
    gold.fact(message, "IN_CONVERSATION", f"conversation:{number}", at)
    full = _full(own_id, conversation, at, (name, address), said, other.number)
    if shape == 0:
        out.add("front.page", full)
        out.add("front.webhook", _event(number, conversation, at, {"id": own_id}))
    elif shape == 1:
        out.add("front.page", full)
    else:
        out.add("front.webhook", _event(number, conversation, at, full))


def _text_message(out: Emission, shipment: str, said: str, at: datetime, number: int) -> None:
    """A text message: its sender is a telephone number, which drivers have too; a person, though, is no driver."""
    own_id, conversation, phone = f"msg_4s{number:03}", f"cnv_s{number:03}", "+13125550142"
    full = _full(own_id, conversation, at, ("", phone), said, "nothing")
    handles = [{"handle": phone, "role": "from"}, {"handle": "+13125550199", "role": "to"}]
    out.add("front.page", {**full, "type": "sms", "subject": "", "recipients": handles, "body": said})
    gold = out.gold
    message = gold.thing(f"message:{own_id}", "Message", own_id, marks=[own_id])
    gold.thing(f"conversation:s{number}", "Conversation", conversation, marks=[conversation])
    gold.fact(message, "IN_CONVERSATION", f"conversation:s{number}", at)
    gold.fact(message, "MENTIONS", shipment, at)
    for predicate, one in (("SENT_BY", phone), ("SENT_TO", "+13125550199")):
        gold.fact(message, predicate, gold.thing(f"person:{one}", "Person", one, marks=[one[1:]]), at)


def emit_nothing(out: Emission) -> None:
    """What holds no record: a draft, the test of a webhook, errors, an empty page."""
    at = datetime.fromisoformat("2025-10-08T12:00:00+00:00")
    draft = _full("msg_4k999", "cnv_y999", at, _SENDERS[0], "draft", "none")
    out.add("front.page", {**draft, "draft_mode": "shared"})
    out.add("alone.sync", {"type": "sync", "authorization": {"id": "cmp_7aq2"}})
    out.add("alone.front_error", {"_error": {"status": 404, "title": "Not found", "message": "Conversation not found"}})
    error = {"errorMessage": "Shipment not found", "errorCode": "BAD_REQUEST"}
    out.add("alone.turvo_error", {"Status": "ERROR", "details": error})
    out.add("alone.samsara_error", {"message": "Not authorized", "requestId": "a1b2c3"})
    out.add("alone.empty", {"data": [], "pagination": {"endCursor": "9c2e", "hasNextPage": True}})


def _full(own_id: str, conversation: str, at: datetime, sender: tuple[str, str], said: str, other: str) -> Payload:
    """A message of a list. A quote stands below its text."""
    quote = f'<blockquote type="cite"><div>Where is {other}?</div></blockquote>'
    name, address = sender
    return {
        "_links": {
            "self": f"{_API}/messages/{own_id}",
            "related": {"conversation": f"{_API}/conversations/{conversation}"},
        },
        "id": own_id,
        "type": "email",
        "is_inbound": True,
        "draft_mode": None,
        "error_type": None,
        "created_at": at.timestamp(),
        "subject": "Update",
        "blurb": said[:40],
        "author": None,
        "recipients": [
            {"name": name, "handle": address, "role": "from"},
            {"name": None, "handle": _DESK, "role": "to"},
        ],
        "body": f"<p>{said}</p>{quote}",
        "text": None,
        "attachments": [],
        "metadata": {},
    }


def _event(number: int, conversation: str, at: datetime, message: Payload) -> Payload:
    """The webhook of an application about a message that came in: in full, or a preview of an id."""
    return {
        "type": "inbound_received",
        "authorization": {"id": "cmp_7aq2"},
        "payload": {
            "_links": {"self": f"{_API}/events/evt_4c{number:03}"},
            "id": f"evt_4c{number:03}",
            "type": "inbound",
            "emitted_at": at.timestamp() + 3.5,
            "conversation": {"id": conversation, "subject": "Update", "status": "unassigned"},
            "source": {"_meta": {"type": "inboxes"}, "data": [{"id": "inb_6j90"}]},
            "target": {"_meta": {"type": "message"}, "data": message},
        },
    }
