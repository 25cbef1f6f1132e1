"""The records as peers take them: what apex's rules find in them, with the ids that apex gives records and entities.

Peers are given this for nothing: neither its time nor its processor seconds count for them, while apex reads, extracts
and resolves within its run. Vectors are not given: each peer embeds with the same local model.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from apex_cli import config
from apex_cli.model import named_uuid
from bench.dataset import Item, placed, prepare


def write(file: Path, target: Path) -> None:
    """Write each record of `file` as a line of `target`; `bench.peers.adapters.shared` has the fields."""
    settings = config.load({"home": target.parent / "none"}, cwd=target.parent, environ={})
    batches, _ = asyncio.run(prepare(settings, file, statements=False))
    with target.open("w", encoding="utf-8") as lines:
        for line in prepared(batches, settings.namespace):
            lines.write(json.dumps(line) + "\n")


def prepared(batches: Sequence[Sequence[Item]], namespace: str) -> Iterator[dict[str, Any]]:
    """The lines: see `bench.peers.adapters.shared`."""
    for _, record, embedded, nodes in placed(batches, namespace):
        extraction = embedded.extraction
        by_key = {entity.key: node for node, entity in zip(nodes, extraction.entities, strict=True)}
        entities = {
            node: {"id": node, "name": entity.name, "type": entity.type.value}
            for node, entity in zip(nodes, extraction.entities, strict=True)
        }
        yield {
            "id": record.record_id,
            "title": extraction.title,
            "text": extraction.text,
            "chunks": list(extraction.chunks),
            "entities": list(entities.values()),
            "facts": [
                {
                    "id": named_uuid("claim", record.record_id, str(place)),
                    "subject": by_key[claim.subject],
                    "predicate": claim.predicate.value,
                    "object": by_key[claim.object],
                    "sentence": claim.sentence,
                    "valid_at": claim.valid_at.isoformat(),
                }
                for place, claim in enumerate(extraction.claims)
            ],
        }
