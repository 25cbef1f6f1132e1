"""A request's messages taken apart: instructions, marked sections, the text asked about, the schema asked for."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.openai_server.errors import ApiError, missing

_SECTION = re.compile(r"^[ \t]*<([A-Z][A-Z_ ]*)>[ \t]*\n(.*?)^[ \t]*</\1>", re.DOTALL | re.MULTILINE)
_SCHEMA_IN_PROMPT = re.compile(r"(?:Respond with a )?JSON object in the following format:\s*(?=\{)")
_TEXTS = (
    "CURRENT MESSAGE",
    "CURRENT MESSAGES",
    "TEXT",
    "JSON",
    "MESSAGES",
    "EPISODES",
    "NEW FACT",
    "FACT",
    "FACTS",
    "PASSAGE",
    "MESSAGE",
    "DOCUMENT",
)
"""Sections that hold what is asked about, the first that is there; Graphiti's names, and those one would choose."""


@dataclass(frozen=True)
class Prompt:
    """What is asked. `schema` is None for plain text; `task` its name."""

    system: str
    user: str
    schema: dict[str, Any] | None = None
    task: str = ""
    wants_json: bool = False
    definitions: dict[str, Any] = field(default_factory=dict)
    _rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def sections(self) -> dict[str, str]:
        """`<NAME>…</NAME>` by name, underscores as spaces; of several with one name, the first."""
        found: dict[str, str] = {}
        for name, text in _SECTION.findall(self.user):
            found.setdefault(name.replace("_", " "), text.strip())
        return found

    @cached_property
    def text(self) -> str:
        """The text asked about: of the first section that holds one, else the whole of the user's words."""
        marked = next((self.sections[name] for name in _TEXTS if name in self.sections), None)
        return self.user.strip() if marked is None else unwrap(marked)

    @property
    def whole(self) -> str:
        """All words of the request."""
        return f"{self.system}\n{self.user}"

    def rows(self, section: str) -> list[dict[str, Any]]:
        """The objects of a section that lists objects; one object alone is a list of one, anything else none."""
        if section not in self._rows:
            data = _data(self.sections.get(section, ""))
            self._rows[section] = [row for row in (data if isinstance(data, list) else [data]) if isinstance(row, dict)]
        return self._rows[section]


def _data(text: str) -> Any:
    """A section's JSON, or Python's own notation, which Graphiti writes in places; None for neither."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text.strip())
        except (ValueError, SyntaxError):
            continue
    return None


def unwrap(section: str) -> str:
    """The plain text of a section: JSON strings as lines, objects as one line for each value, other text as it is."""
    try:
        return "\n".join(_lines(json.loads(section)))
    except ValueError:
        pass
    read = []
    for line in section.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            return section
        if isinstance(value, str):
            read.append(value)
    return "\n".join(read)


def _lines(value: Any, label: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _lines(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _lines(inner, label)
    elif value is not None:
        yield f"{label}: {value}" if label else str(value)


def of_responses(body: dict[str, Any]) -> Prompt:
    """From a request to `/v1/responses`. Raises ApiError for what OpenAI would refuse."""
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    form = (body.get("text") or {}).get("format") or {"type": "text"}
    instructions = body.get("instructions") or ""
    return _prompt(items, "input", form, form, instructions)


def of_chat(body: dict[str, Any]) -> Prompt:
    """From a request to `/v1/chat/completions`. Raises ApiError for what OpenAI would refuse."""
    form = body.get("response_format") or {"type": "text"}
    return _prompt(body.get("messages"), "messages", form, form.get("json_schema") or {}, "")


def _prompt(items: Any, param: str, form: dict[str, Any], named: dict[str, Any], instructions: str) -> Prompt:
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise missing(param)
    system = [instructions] if instructions else []
    user: list[str] = []
    for item in items:
        (system if item.get("role") in ("system", "developer") else user).append(_words(item.get("content")))
    asked = "\n".join(user)
    match form.get("type"):
        case "json_schema":
            if not isinstance(named.get("schema"), dict) or not named.get("name"):
                raise missing("schema")
            return Prompt("\n".join(system), asked, named["schema"], named["name"], True, _definitions(named["schema"]))
        case "json_object":
            if "json" not in "\n".join((*system, asked)).lower():
                raise ApiError(400, f"'{param}' must contain the word 'json' in some form to use 'json_object'.")
            plain, schema = _schema_in(asked)
            return Prompt("\n".join(system), plain, schema, (schema or {}).get("title", ""), True, _definitions(schema))
        case "text":
            return Prompt("\n".join(system), asked)
    raise ApiError(400, f"Invalid value: '{form.get('type')}'.", param="format.type")


def _words(content: Any) -> str:
    """A message's content: a string, or parts of text."""
    if isinstance(content, list):
        return "\n".join(part if isinstance(part, str) else str(part.get("text", "")) for part in content)
    return content if isinstance(content, str) else ""


def _schema_in(text: str) -> tuple[str, dict[str, Any] | None]:
    """A schema written into the prompt, and the prompt without it."""
    found = _SCHEMA_IN_PROMPT.search(text)
    if found is None:
        return text, None
    try:
        schema, end = json.JSONDecoder().raw_decode(text, found.end())
    except ValueError:
        return text, None
    return text[: found.start()] + text[end:], schema


def _definitions(schema: dict[str, Any] | None) -> dict[str, Any]:
    return (schema or {}).get("$defs") or {}
