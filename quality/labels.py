"""Reads the labelled texts.

`texts/NAME.txt` is the text; `texts/NAME.json` has `kind` (`email` or `document`), `shows` (why it is in the set),
`entities` as `[type, name, id…]` and `facts` as `[subject, predicate, object]`. Types and predicates are the closed
lists of the domain; `@self` is the message or document.

What is labelled is what the text itself claims: not what it quotes of an earlier message, not the legal text under a
signature, not what an instruction hidden in it would have a reader believe. Names inside a quoted reply or a legal text
are labelled nowhere, so finding them is an error. Sender and receivers are facts of the message (SENT_BY, SENT_TO, CC),
for the header lines are part of the text here. Everything else named is MENTIONS, or HAS_REFERENCE for the orders and
references of a document; drivers have facts of their own (ASSIGNED_DRIVER, DRIVES) instead. What a text states of a
shipment, a vehicle or a driver is labelled too, except for what became of a shipment ("delivered"): that is for the
system of record to say. Receivers and shippers are customers. Parties that are neither customer nor carrier (a customs
broker, an unloading service) have no type and are labelled nowhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Literal

from quality.scoring import Entity, Fact

FOLDER = Path(__file__).parent / "texts"


@dataclass(frozen=True)
class Labelled:
    """One text and what is to be found in it."""

    name: str
    kind: Literal["email", "document"]
    shows: str
    text: str
    entities: tuple[Entity, ...]
    facts: tuple[Fact, ...]

    def headers(self) -> EmailMessage:
        """An e-mail's header fields (RFC 5322); of a document, none."""
        head = self.text.partition("\n\n")[0] if self.kind == "email" else ""
        parsed = message_from_string(head + "\n\n", policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def body(self) -> str:
        """An e-mail's text below the header; a document as a whole."""
        return self.text.partition("\n\n")[2] if self.kind == "email" else self.text


def load(folder: Path = FOLDER) -> list[Labelled]:
    """All labelled texts of a folder, by name. Raises OSError, KeyError or ValueError when labels are missing."""
    found = []
    for path in sorted(folder.glob("*.txt")):
        labels = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        text = path.read_text(encoding="utf-8")
        entities = tuple(Entity(kind, name, tuple(ids)) for kind, name, *ids in labels["entities"])
        facts = tuple(Fact(*fact) for fact in labels["facts"])
        found.append(Labelled(path.stem, labels["kind"], labels["shows"], text, entities, facts))
    return found
