"""What a search of running text finds: an identifier with its span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from apex_cli.extract import keys

Kind = (
    Literal["vin", "unit", "unit number", "shipment", "order", "email", "phone", "place", "customer", "carrier"]
    | keys.DocketKind
    | keys.ReferenceKind
)


@dataclass(frozen=True, slots=True)
class IdentifierMatch:
    """One identifier in a text.

    `value` is the identifier bare (what its key is made of), `text` as people write it, `start` and `end` its span.
    `checked` says that a check digit confirms it.
    """

    kind: Kind
    value: str
    text: str
    start: int
    end: int
    checked: bool = False
