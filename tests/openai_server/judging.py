"""Graphiti's questions that are not lists of names: the same thing? the same fact? since when? in short?

Each function answers one field of a response model, from the prompt's marked sections (graphiti-core 0.31.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.openai_server.prompt import Prompt, unwrap
from tests.openai_server.reading import names, normal, sentences
from tests.openai_server.relations import Relation, bounds, relations

_CHANGE = re.compile(r"\b(?:no longer|instead|now|moved to|replaced|switched)\b", re.IGNORECASE)
_CHARACTERS = 500
"""The length of a summary at most; Graphiti allows more."""


def resolutions(prompt: Prompt) -> list[dict[str, Any]]:
    """`NodeResolutions`: one for each of ENTITIES; the candidate of the same normal name, or -1."""
    return [_resolution(row, prompt) for row in prompt.rows("ENTITIES")]


def _resolution(row: dict[str, Any], prompt: Prompt) -> dict[str, Any]:
    wanted = normal(str(row.get("name", "")))
    same = [one for one in prompt.rows("EXISTING ENTITIES") if normal(str(one.get("name", ""))) == wanted]
    return {
        "id": int(row.get("id", 0)),
        "name": str(same[0]["name"] if same else row.get("name", "")),
        "duplicate_candidate_id": int(same[0]["candidate_id"]) if same else -1,
    }


def _single(field: str) -> Callable[[Prompt], Any]:
    """`NodeDuplicate`: the same question about one NEW ENTITY."""

    def answer(prompt: Prompt) -> Any:
        return _resolution(next(iter(prompt.rows("NEW ENTITY")), {}), prompt)[field]

    return answer


def duplicates(prompt: Prompt) -> list[int]:
    """`EdgeDuplicate.duplicate_facts`: those of EXISTING FACTS with the same words."""
    new = normal(prompt.sections.get("NEW FACT", ""))
    return [int(row["idx"]) for row in prompt.rows("EXISTING FACTS") if normal(str(row.get("fact", ""))) == new]


def contradicted(prompt: Prompt) -> list[int]:
    """`EdgeDuplicate.contradicted_facts`: the same relation of the same thing to another, if a change is stated."""
    new_text = prompt.sections.get("NEW FACT", "")
    new = _stated(new_text)
    if new is None or not _CHANGE.search(new_text):
        return []
    rows = prompt.rows("EXISTING FACTS") + prompt.rows("FACT INVALIDATION CANDIDATES")
    return [int(row["idx"]) for row in rows if _replaced(_stated(str(row.get("fact", ""))), new)]


def _stated(fact: str) -> Relation | None:
    return next(iter(relations(fact, names(fact))), None)


def _replaced(old: Relation | None, new: Relation) -> bool:
    return (
        old is not None
        and old.name == new.name
        and normal(old.source.name) == normal(new.source.name)
        and normal(old.target.name) != normal(new.target.name)
    )


def timestamps(prompt: Prompt) -> list[dict[str, str | None]]:
    """`BatchEdgeTimestamps`: one for each of FACTS, in order."""
    found = []
    for row in prompt.rows("FACTS"):
        reference = row.get("reference_time") or row.get("reference time") or ""
        valid, invalid = bounds(str(row.get("fact", "")), str(reference))
        found.append({"valid_at": valid, "invalid_at": invalid})
    return found


def _bound(number: int) -> Callable[[Prompt], Any]:
    """`EdgeTimestamps`: of one FACT."""

    def answer(prompt: Prompt) -> Any:
        return bounds(prompt.sections.get("FACT", ""), prompt.sections.get("REFERENCE TIME", ""))[number]

    return answer


def summaries(prompt: Prompt) -> list[dict[str, str]]:
    """`SummarizedEntities`: for those of ENTITIES that the text says something about."""
    found = []
    for row in prompt.rows("ENTITIES"):
        name = str(row.get("name", ""))
        text = _about(name, str(row.get("summary") or ""), prompt.text)
        if text:
            found.append({"name": name, "summary": text})
    return found


def summary(prompt: Prompt) -> str:
    """`RunSummary`, `EntitySummary`, `SagaSummary`: of the ENTITY if one is named, else of the whole text."""
    row = next(iter(prompt.rows("ENTITY")), {})
    name = str(row.get("name") or unwrap(prompt.sections.get("ENTITY", "")))
    before = str(row.get("summary") or prompt.sections.get("ENTITY CONTEXT", ""))
    text = prompt.text.partition("Summaries:")[2].strip() or prompt.text
    return _about(name, before, text) or " ".join(sentences(unwrap(text)))[:_CHARACTERS]


def _about(name: str, before: str, text: str) -> str:
    new = [one for one in sentences(text) if name and name.casefold() in one.casefold() and one not in before]
    return " ".join([before, *new] if before else new)[:_CHARACTERS]


QUESTIONS: dict[frozenset[str], dict[str, Callable[[Prompt], Any]]] = {
    frozenset({"entity_resolutions"}): {"entity_resolutions": resolutions},
    frozenset({"id", "name", "duplicate_candidate_id"}): {
        field: _single(field) for field in ("id", "name", "duplicate_candidate_id")
    },
    frozenset({"duplicate_facts", "contradicted_facts"}): {
        "duplicate_facts": duplicates,
        "contradicted_facts": contradicted,
    },
    frozenset({"valid_at", "invalid_at"}): {"valid_at": _bound(0), "invalid_at": _bound(1)},
    frozenset({"timestamps"}): {"timestamps": timestamps},
    frozenset({"summaries"}): {"summaries": summaries},
    frozenset({"summary"}): {"summary": summary},
}
"""By the set of a response model's fields."""
