"""Any JSON schema filled from a text: required fields, enums and types always; values where the text states them.

A value is taken to be stated when the field's own name stands before it (`Seal No: LS440917` for `seal_number`), or
when its shape is the field's (`email`, `date-time`, `pattern`). Else the field is null if it may be, its default if it
has one, and the emptiest value of its type if it must be there.
"""

from __future__ import annotations

import re
from typing import Any

from tests.openai_server.prompt import Prompt
from tests.openai_server.reading import distinct, names, sentences
from tests.openai_server.relations import utc

Schema = dict[str, Any]
_SHAPES = {
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "phone": re.compile(r"\+?\d[\d ().-]{7,}\d"),
    "date": re.compile(r"(?<![\w-])\d{4}-\d\d-\d\d(?![\d-])"),
}
_PROSE = ("summary", "description", "text", "fact", "answer", "reason", "comment", "explanation", "content")
_DEEP = 8
"""From here on, optional fields are left out: a schema may contain itself."""
_NUMBER = r"-?\d+(?:,\d{3})*(?:\.\d+)?"


def resolved(schema: Schema, prompt: Prompt) -> Schema:
    """The schema with a reference to `$defs` looked up, and of alternatives the first that is not null."""
    if "$ref" in schema:
        return resolved(prompt.definitions.get(schema["$ref"].rpartition("/")[2], {}), prompt)
    if one := schema.get("allOf"):
        return resolved({**one[0], **{key: value for key, value in schema.items() if key != "allOf"}}, prompt)
    choices = schema.get("anyOf") or schema.get("oneOf") or []
    for choice in choices:
        if choice.get("type") != "null":
            return resolved({"default": schema["default"], **choice} if "default" in schema else choice, prompt)
    return schema


def nullable(schema: Schema) -> bool:
    """Whether null is an instance."""
    kinds = schema.get("type")
    choices = schema.get("anyOf") or schema.get("oneOf") or []
    return kinds == "null" or (isinstance(kinds, list) and "null" in kinds) or any(map(nullable, choices))


def filled(schema: Schema, prompt: Prompt, field: str = "", *, depth: int = 0) -> Any:
    """An instance of `schema` from the prompt's text; `field` is the name that it will stand under."""
    plain = resolved(schema, prompt)
    kind = _kind(plain)
    if "const" in plain:
        return plain["const"]
    if plain.get("enum"):
        return _chosen(plain["enum"], schema, prompt)
    if kind == "object":
        return {
            name: filled(inner, prompt, name, depth=depth + 1)
            for name, inner in (plain.get("properties") or {}).items()
            if depth < _DEEP or name in plain.get("required", ())
        }
    if kind == "array":
        return _array(plain, prompt, field, depth)
    return _plain(kind, plain, schema, prompt, field)


def _kind(schema: Schema) -> str:
    kinds = schema.get("type") or ("object" if "properties" in schema else "string")
    return next((kind for kind in kinds if kind != "null"), "null") if isinstance(kinds, list) else str(kinds)


def _chosen(options: list[Any], schema: Schema, prompt: Prompt) -> Any:
    """The option whose words the text has, the longest; else null, the default or the first."""
    words = _spaced(prompt.text)
    stated = [one for one in options if isinstance(one, str) and f" {_spaced(one)} " in f" {words} "]
    if stated:
        return max(stated, key=len)
    if nullable(schema) or None in options:
        return None
    return schema.get("default", options[0])


def _spaced(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).casefold()))


def _array(schema: Schema, prompt: Prompt, field: str, depth: int) -> list[Any]:
    items = schema.get("items") or {}
    least = int(schema.get("minItems", 0))
    found: list[Any] = []
    if _kind(resolved(items, prompt)) == "string" and "enum" not in resolved(items, prompt):
        found = [one.name for one in distinct(names(prompt.text))]
    while len(found) < least:
        found.append(filled(items, prompt, field, depth=depth + 1))
    return found[: schema.get("maxItems")]


def _plain(kind: str, plain: Schema, schema: Schema, prompt: Prompt, field: str) -> Any:
    found = _stated(field, kind, plain, prompt, free=nullable(schema))
    if found is not None or nullable(schema):
        return found
    return schema.get("default", plain.get("default", _emptiest(kind, plain, prompt)))


def _stated(field: str, kind: str, schema: Schema, prompt: Prompt, *, free: bool) -> Any:
    """What the text states for a field of a plain type; None when it does not."""
    words = _spaced(field).split()
    label = r"\W{0,2}".join(map(re.escape, words)).replace("number", "(?:number|no|#)")
    if not words or kind == "null":
        return None
    if kind == "string":
        text = _text(words, label, schema, prompt, free=free)
        return None if text is None else _fitting(text, schema)
    if kind == "boolean":
        return True if re.search(rf"\b{label}\b", prompt.text, re.IGNORECASE) else None
    found = re.search(rf"\b{label}\b\W{{0,3}}(?:is |of )?({_NUMBER})", prompt.text, re.IGNORECASE)
    number = float(found[1].replace(",", "")) if found else None
    if number is None or not _within(number, schema):
        return None
    return int(number) if kind == "integer" else number


def _text(words: list[str], label: str, schema: Schema, prompt: Prompt, *, free: bool) -> str | None:
    """A string by its shape, by its label, or, where there must be one, by what its name asks for."""
    text = prompt.text
    shapes = [pattern for shape, pattern in _SHAPES.items() if shape in words or schema.get("format") == shape]
    if schema.get("pattern"):
        shapes.append(re.compile(schema["pattern"].strip("^$")))
    if schema.get("format") == "date-time":
        return utc(text)
    if shapes:
        return next((match[0] for match in (shape.search(text) for shape in shapes) if match), None)
    if any(word in _PROSE for word in words):
        return " ".join(sentences(text)[:2])
    if match := re.search(rf"\b{label}\b[^\S\n]*(?::|#|=|\bis\b)[^\S\n]*([^\n,;.]+)", text, re.IGNORECASE):
        return match[1].strip()
    first = None if free or words[-1] not in ("name", "title") else next(iter(names(text)), None)
    return first.name if first else None


def _within(number: float, schema: Schema) -> bool:
    return bool(schema.get("minimum", number) <= number <= schema.get("maximum", number))


def _fitting(text: str, schema: Schema) -> str | None:
    text = text[: schema.get("maxLength")]
    return text if text and len(text) >= schema.get("minLength", 0) else None


def _emptiest(kind: str, schema: Schema, prompt: Prompt) -> Any:
    if kind in ("integer", "number"):
        return schema.get("minimum", min(0, schema.get("maximum", 0)))
    if kind == "boolean":
        return False
    if kind == "null":
        return None
    if schema.get("format") == "date-time":
        return "1970-01-01T00:00:00Z"
    if schema.get("format") == "date":
        return "1970-01-01"
    least = int(schema.get("minLength", 0))
    return prompt.text[:least].ljust(least, "-")
