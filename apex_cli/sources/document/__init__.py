"""Documents: text with its structure, whole files of a format known to `documents`."""

from __future__ import annotations

from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source


class _Document(Source):
    """`reading` makes its records (`formats.content`)."""

    name = "document"
    title = "documents"
    data_types = ("document",)
    text_types = frozenset(data_types)
    id_field = "path"
    specificity = 0
    reads_documents = True

    def matches(self, payload: JsonObject) -> bool:  # noqa: ARG002 - a document is no JSON
        return False

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.document import mapping

        return mapping.extract(record)

    def prose(self, record: Record) -> str:
        from apex_cli.sources.document import mapping

        return mapping.prose(record)


SOURCE = _Document()
