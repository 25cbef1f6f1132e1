"""Extraction by rules: no model, no network, the same answer every time.

Each source has a function from `Record` to `Extraction`; a record of an unknown source is read as any JSON.
"""

from __future__ import annotations

from collections.abc import Callable

from apex_cli.model import Extraction, Record
from apex_cli.sources.document import mapping as document
from apex_cli.sources.frontapp import mapping as frontapp
from apex_cli.sources.json import mapping as json
from apex_cli.sources.samsara import mapping as samsara
from apex_cli.sources.turvo import mapping as turvo

RULES_VERSION = "rules-2"
"""Changes whenever the same record may yield another extraction: part of the key under which results are kept."""

_RULES: dict[str, Callable[[Record], Extraction]] = {
    "samsara": samsara.extract,
    "turvo": turvo.extract,
    "frontapp": frontapp.extract,
    "document": document.extract,
    "json": json.extract,
}

_PROSE: dict[str, Callable[[Record], str]] = {"frontapp": frontapp.prose, "document": document.prose}


def prose(record: Record) -> str:
    """The free text of a record, which rules read for identifiers only; empty for structured records."""
    return _PROSE[record.source](record) if record.source in _PROSE else ""


def extract(record: Record) -> Extraction:
    """What the record says. Pure and synchronous; never touches a store, a file or the clock.

    Raises ExtractError (`no_vehicle`, `bad_position`) where nothing sound can be said.
    """
    return _RULES.get(record.source, json.extract)(record)
