"""Lists of things and of facts, known by the shape of their items' schema, whatever the request calls them.

An item that has a name and no ends is a thing, with a type if asked for; one with two ends and a relation is a fact.
Graphiti's `ExtractedEntities`, `ExtractedEdges` and `CombinedExtraction` are such lists, and so are other people's.
"""

from __future__ import annotations

from typing import Any

from tests.openai_server.filling import Schema, filled, nullable, resolved
from tests.openai_server.prompt import Prompt
from tests.openai_server.reading import Named, distinct, listed, names
from tests.openai_server.relations import FactType, Relation, bounds, fitted, relations

_NAMES = ("name", "entity", "entity_name")
_SOURCES = ("source_entity_name", "source", "subject", "from", "head")
_TARGETS = ("target_entity_name", "target", "object", "to", "tail")
_RELATIONS = ("relation_type", "predicate", "relation", "type", "name")
_TYPES = ("entity_type", "type", "kind", "label")
_FACTS = ("fact", "sentence", "evidence", "quote", "text")
_OTHER_NAMES = {
    "Driver": ("Person", "Contact"),
    "Person": ("Contact", "Driver"),
    "Customer": ("Organization", "Company", "Shipper"),
    "Carrier": ("Organization", "Company"),
    "Order": ("Reference", "PurchaseOrder"),
    "Location": ("Place", "City"),
    "Vehicle": ("Truck",),
}
"""What other ontologies call the kinds that the reader knows."""


def list_of(schema: Schema, prompt: Prompt) -> list[Any] | None:
    """The things or facts of the prompt's text as items of `schema`, a list's; None when it lists neither."""
    item = resolved(schema.get("items") or {}, prompt)
    fields = item.get("properties") or {}
    if _one_of(_SOURCES, fields) and _one_of(_TARGETS, fields):
        types, strict = _fact_types(prompt, fields)
        return [_fact_item(one, item, prompt) for one in fitted(_facts(prompt), types, strict=strict)]
    if _one_of(_NAMES, fields):
        things = (_thing_item(one, item, prompt) for one in distinct(names(prompt.text)))
        return [thing for thing in things if thing is not None]
    return None


def _one_of(wanted: tuple[str, ...], fields: dict[str, Any]) -> str:
    return next((name for name in wanted if name in fields), "")


def _facts(prompt: Prompt) -> list[Relation]:
    """Between the things that the prompt lists, if it does, else between all."""
    known = [
        (str(row["name"]), next((kind for kind in row.get("entity_types") or () if kind != "Entity"), "Entity"))
        for row in prompt.rows("ENTITIES")
        if row.get("name")
    ]
    if "ENTITIES" not in prompt.sections:
        return relations(prompt.text, names(prompt.text))
    wanted = {name for name, _ in known}
    found = relations(prompt.text, listed(prompt.text, known))
    return [one for one in found if one.source.name in wanted and one.target.name in wanted]


def _fact_types(prompt: Prompt, fields: dict[str, Any]) -> tuple[list[FactType], bool]:
    """The relations that the prompt lists, or the schema's enum does; and whether there may be no other."""
    named = resolved(fields.get(_one_of(_RELATIONS, fields)) or {}, prompt).get("enum")
    if named:
        return [FactType(str(name)) for name in named], True
    rows = prompt.rows("FACT TYPES")
    types = [
        FactType(str(row.get("fact_type_name")), tuple((a, b) for a, b in row.get("fact_type_signatures") or ()))
        for row in rows
    ]
    return types, "Do not derive a new" in prompt.user


def _fact_item(one: Relation, item: Schema, prompt: Prompt) -> dict[str, Any]:
    fields = item["properties"]
    valid, invalid = bounds(one.sentence, prompt.sections.get("REFERENCE TIME", ""))
    known: dict[str, Any] = {
        _one_of(_SOURCES, fields): one.source.name,
        _one_of(_TARGETS, fields): one.target.name,
        _one_of(_RELATIONS, fields): one.name,
        _one_of(_FACTS, fields): one.sentence,
        "valid_at": valid,
        "invalid_at": invalid,
    }
    return _completed(known, item, prompt)


def _thing_item(one: Named, item: Schema, prompt: Prompt) -> dict[str, Any] | None:
    """None for a thing that is of none of the types that it must be of one of."""
    fields = item["properties"]
    known: dict[str, Any] = {_one_of(_NAMES, fields): one.name}
    if "entity_type_id" in fields:
        known["entity_type_id"] = _type_id(one.kind, prompt)
    if kind := _one_of(_TYPES, fields):
        options = resolved(fields[kind], prompt).get("enum")
        known[kind] = _type_name(one.kind, options) if options else one.kind
        if known[kind] is None and not nullable(fields[kind]):
            return None
    return _completed(known, item, prompt)


def _completed(known: dict[str, Any], item: Schema, prompt: Prompt) -> dict[str, Any]:
    """The item with its other fields as the schema asks; episodes are numbered from 0, and one is the rule."""
    known["episode_indices"] = [0]
    return {
        name: known[name] if name in known else filled(schema, prompt, name)
        for name, schema in item["properties"].items()
    }


def _type_id(kind: str, prompt: Prompt) -> int:
    """The number of the kind among the prompt's ENTITY TYPES; 0, which is Graphiti's plain entity, when none fits."""
    rows = prompt.rows("ENTITY TYPES")
    names_of = {str(row.get("entity_type_name")): int(row.get("entity_type_id", 0)) for row in rows}
    return names_of.get(str(_type_name(kind, list(names_of))), 0)


def _type_name(kind: str, options: list[Any]) -> Any:
    """The option that the kind goes by; None when there is none."""
    by_name = {str(option).casefold(): option for option in options}
    for name in (kind, *_OTHER_NAMES.get(kind, ()), "Entity", "Other"):
        if name.casefold() in by_name:
            return by_name[name.casefold()]
    return None
