"""What the model says of one text, as plain data that nothing has believed yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apex_cli.model import EntityType


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
