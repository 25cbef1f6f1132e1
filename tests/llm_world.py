"""What tests of language models share: settings for the fake OpenAI server, prompts, a manual clock."""

from __future__ import annotations

from pathlib import Path

from apex_cli.config import Settings, load
from apex_cli.llm.protocol import JsonSchema, Message, Prompt
from tests.openai_server import OpenAIServer

ENTITIES = {
    "type": "object",
    "properties": {
        "entities": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "kind": {"type": ["string", "null"]}},
                "required": ["name", "kind"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["entities"],
    "additionalProperties": False,
}
MODEL = "gpt-4.1-mini"


def prompt(
    text: str,
    *,
    name: str = "entities",
    schema: JsonSchema = ENTITIES,
    max_tokens: int = 16_384,
) -> Prompt:
    """A question about the entities of `text`."""
    messages = [Message("system", "List the entities."), Message("user", text)]
    return Prompt(name, messages, schema, "Entities", max_tokens=max_tokens)


def names(answer: object) -> list[str]:
    """The names in an answer to `prompt`."""
    assert isinstance(answer, dict)
    return [entity["name"] for entity in answer["entities"]]


def settings(server: OpenAIServer, home: Path, **variables: str) -> Settings:
    """Settings whose models are the fake server's; `variables` are of the environment."""
    environ = {
        "APEX_HOME": str(home),
        "OPENAI_API_KEY": server.api_key,
        "OPENAI_BASE_URL": server.url,
        "APEX_LLM_MODEL": MODEL,
        "APEX_EMBEDDER": "openai",
        **variables,
    }
    return load(cwd=home, environ=environ)


class Clock:
    """Time that passes only in `sleep`; `slept` lists every wait."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
