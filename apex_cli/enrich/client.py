"""Our language model as Graphiti's client: one question is one request, all else (limits, retries, cache) is below."""

from __future__ import annotations

from functools import cache
from typing import Any

from graphiti_core.graphiti_types import GraphitiClients
from graphiti_core.llm_client import LLMClient
from graphiti_core.llm_client.client import get_extraction_language_instruction
from graphiti_core.llm_client.config import LLMConfig, ModelSize
from graphiti_core.prompts.models import Message as GraphitiMessage
from pydantic import BaseModel

from apex_cli.llm.protocol import JsonSchema, LanguageModel, Message, Prompt, Size


class ModelClient(LLMClient):
    """Passes Graphiti's prompts on, and what the model raises back: retries are made below."""

    def __init__(self, model: LanguageModel) -> None:
        super().__init__(LLMConfig(model=model.name))
        self._model = model

    async def generate_response(
        self,
        messages: list[GraphitiMessage],
        response_model: type[BaseModel] | None = None,
        max_tokens: int | None = None,
        model_size: ModelSize = ModelSize.medium,
        group_id: str | None = None,
        prompt_name: str | None = None,  # noqa: ARG002 - Graphiti's signature
        *,
        attribute_extraction: bool = False,  # noqa: ARG002 - apex has no attributes extracted
        model: str | None = None,
    ) -> dict[str, Any]:
        """One request. Graphiti's own way writes the schema, which is sent anyway, into the prompt as well."""
        messages[0].content += get_extraction_language_instruction(group_id)
        return await self._generate_response(
            messages, response_model, max_tokens or self.max_tokens, model_size, model=model
        )

    async def _generate_response(
        self,
        messages: list[GraphitiMessage],
        response_model: type[BaseModel] | None = None,
        max_tokens: int = 16_384,
        model_size: ModelSize = ModelSize.medium,
        *,
        model: str | None = None,  # noqa: ARG002 - Graphiti's signature
    ) -> dict[str, Any]:
        if response_model is None:
            raise TypeError("every prompt of Graphiti that apex uses has a response model")
        prompt = Prompt(
            name=response_model.__name__,
            messages=[Message(message.role, message.content) for message in messages],
            schema=_schema(response_model),
            schema_name=response_model.__name__,
            max_tokens=max_tokens,
            size=Size.SMALL if model_size is ModelSize.small else Size.MAIN,
        )
        return dict(await self._model.answer(prompt))


@cache
def _schema(response_model: type[BaseModel]) -> JsonSchema:
    """Made once: it takes longer than everything else about a request."""
    return response_model.model_json_schema()


def clients(model: LanguageModel) -> GraphitiClients:
    """What Graphiti's extraction functions take; they need neither a database nor an embedder."""
    return GraphitiClients.model_construct(driver=None, llm_client=ModelClient(model), embedder=None)
