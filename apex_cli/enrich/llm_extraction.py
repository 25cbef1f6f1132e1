"""What a model states about one text, and the part of it that is kept: what the text itself supports, within bounds.

A payload may try to instruct the model. So the answer is never more than a reading of this one text: a name must stand
in the text, an end of a relation must be an entity that is kept, a time must be a plausible one, and there are limits
to the number of everything. What fails is left out; nothing here raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apex_cli.extract import clean
from apex_cli.model import EntityType

MOST_THINGS = 200
MOST_STATEMENTS = 400
LONGEST_NAME = 200
LONGEST_WORDS = 500
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=366 * 3)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class LLMEntity:
    """Something that the text names; `type` is None for what fits no type of the closed list."""

    name: str
    type: EntityType | None


@dataclass(frozen=True, slots=True)
class LLMRelation:
    """One relation between two things, by their positions. `words` are the model's; times are None where unsaid."""

    subject: int
    relation: str
    object: int
    words: str
    valid_at: datetime | None = None
    invalid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LLMExtraction:
    """All that the model says of one text."""

    things: tuple[LLMEntity, ...] = ()
    statements: tuple[LLMRelation, ...] = ()


def keep_grounded(said: LLMExtraction, text: str, event_time: datetime) -> LLMExtraction:
    """The part of an answer that the text bears out."""
    words = _words(text)
    kept: dict[int, int] = {}
    things: list[LLMEntity] = []
    for place, thing in enumerate(said.things):
        name = clean.line(thing.name, LONGEST_NAME)
        if len(things) < MOST_THINGS and _stands_in(name, words):
            kept[place] = len(things)
            things.append(LLMEntity(name, thing.type))
    statements = [
        LLMRelation(
            kept[one.subject],
            one.relation,
            kept[one.object],
            clean.line(one.words, LONGEST_WORDS),
            _sane(one.valid_at, event_time),
            _sane(one.invalid_at, event_time),
        )
        for one in said.statements
        if one.subject in kept and one.object in kept and one.subject != one.object
    ]
    return LLMExtraction(tuple(things), tuple(statements[:MOST_STATEMENTS]))


def _stands_in(name: str, text: str) -> bool:
    """Whether the words of the name stand in the text, one after the other, whatever their case and punctuation."""
    wanted = _words(name)
    return bool(wanted.strip()) and wanted in text


def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _sane(moment: datetime | None, event_time: datetime) -> datetime | None:
    if moment is None:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment if _EARLIEST <= moment <= event_time + _AHEAD else None
