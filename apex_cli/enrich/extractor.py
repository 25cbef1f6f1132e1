"""Free text of one record, read by the model and added to what the rules say of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from apex_cli.enrich import convert, prompting
from apex_cli.enrich.ontology import ONTOLOGY_VERSION
from apex_cli.enrich.resolve import Known, resolved
from apex_cli.enrich.validate import keep_grounded
from apex_cli.extract.builder import Builder
from apex_cli.llm.protocol import LanguageModel
from apex_cli.llm.usage import ModelUsageMeter
from apex_cli.model import Extraction, Record
from apex_cli.sources.rules import prose

if TYPE_CHECKING:
    from graphiti_core.graphiti_types import GraphitiClients


class ModelExtractor:
    """Reads messages and documents by the model. Structured records are the rules' alone and cost nothing."""

    def __init__(self, model: LanguageModel, known: Known, meter: ModelUsageMeter) -> None:
        self._model = model
        self._known = known
        self._meter = meter
        self.version = f"llm-{ONTOLOGY_VERSION}:{model.name}"

    def wants(self, record: Record) -> bool:
        """Whether there is any text for the model."""
        return bool(prose(record).strip())

    async def enrich(self, record: Record, extraction: Extraction) -> Extraction:
        """The rules' extraction, with what the model reads out of the record's text.

        Three requests at most for a text of one piece: things, relations, and one on names that may be known ones.
        Raises the errors of `LanguageModel.answer`, and `ExtractError`.
        """
        text = prose(record)
        with self._meter.scope() as usage:
            described = f"{record.source} {record.data_type}"
            said = keep_grounded(
                await prompting.read(self._clients, text, extraction.event_time, described), text, extraction.event_time
            )
            found = convert.to_entities(said, record.source)
            found = await resolved(self._clients, self._known, found, record.source, text)
        builder = Builder.resumed(extraction)
        # Messages and documents are the first thing that their rules tell of.
        subject = builder.add(extraction.entities[0])
        convert.add(builder, subject, said, found)
        enriched = builder.build(extraction.title, extraction.text, extraction.chunks)
        return replace(enriched, llm_calls=usage.calls, tokens=usage.tokens, cost_usd=usage.cost)

    @cached_property
    def _clients(self) -> GraphitiClients:
        from apex_cli.enrich.client import clients

        return clients(self._model)
