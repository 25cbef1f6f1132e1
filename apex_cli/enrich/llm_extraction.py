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

MOST_ENTITIES = 200
MOST_RELATIONS = 400
LONGEST_NAME = 200
LONGEST_TEXT = 500
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=366 * 3)
_TOKEN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class LLMEntity:
    """Something that the text names; `type` is None for what fits no type of the closed list."""

    name: str
    type: EntityType | None


@dataclass(frozen=True, slots=True)
class LLMRelation:
    """One relation between two entities, by their positions. `text` is the model's; a time not stated is None."""

    subject: int
    relation: str
    object: int
    text: str
    valid_at: datetime | None = None
    invalid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LLMExtraction:
    """A model's whole answer about one text."""

    entities: tuple[LLMEntity, ...] = ()
    relations: tuple[LLMRelation, ...] = ()


def keep_grounded(answer: LLMExtraction, text: str, event_time: datetime) -> LLMExtraction:
    """The part of an answer that the text supports."""
    tokens = _tokens(text)
    kept: dict[int, int] = {}
    entities: list[LLMEntity] = []
    for position, entity in enumerate(answer.entities):
        name = clean.line(entity.name, LONGEST_NAME)
        if len(entities) < MOST_ENTITIES and _is_in(name, tokens):
            kept[position] = len(entities)
            entities.append(LLMEntity(name, entity.type))
    relations = [
        LLMRelation(
            kept[relation.subject],
            relation.relation,
            kept[relation.object],
            clean.line(relation.text, LONGEST_TEXT),
            _plausible(relation.valid_at, event_time),
            _plausible(relation.invalid_at, event_time),
        )
        for relation in answer.relations
        if relation.subject in kept and relation.object in kept and relation.subject != relation.object
    ]
    return LLMExtraction(tuple(entities), tuple(relations[:MOST_RELATIONS]))


def _is_in(name: str, tokens: str) -> bool:
    """Whether the text has the tokens of the name one after the other, in any case and punctuation."""
    wanted = _tokens(name)
    return bool(wanted.strip()) and wanted in tokens


def _tokens(text: str) -> str:
    return f" {' '.join(_TOKEN.findall(text.casefold()))} "


def _plausible(moment: datetime | None, event_time: datetime) -> datetime | None:
    """The time in UTC, where it is from 1990 to three years after the event."""
    if moment is None:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment if _EARLIEST <= moment <= event_time + _AHEAD else None
