"""Extraction of free text by a language model, with Graphiti's prompts.

ontology   what the model may speak of: closed lists as Graphiti's custom types
reading    asks what a text says: things, then relations
validate   what of the answer the text bears out
convert    things to entities with our keys, relations to claims
resolve    which known thing a bare name is: by rule, then by asking
client     our language model as Graphiti's client
extractor  the steps for one record

Graphiti is imported with it: import it only where a model is configured.
"""

import apex_cli.graphiti  # noqa: F401 - before any module here imports graphiti_core itself
