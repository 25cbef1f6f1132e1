"""Extraction of free text by a language model, with Graphiti's prompts.

ontology        what the model may name: closed lists as Graphiti's custom types
prompting       asks what a text states: entities, then relations
llm_extraction  the answer, the part of it that the text supports, and its entities and claims
resolve         which known entity a bare name is: by rule, then by asking
enricher        the steps for one record, and the cache of their results

Importing this package imports Graphiti (over a second): do so only where a model is configured.
"""

import apex_cli.graphiti  # noqa: F401 - before any module here imports graphiti_core itself
