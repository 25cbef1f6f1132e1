"""Writes records of the memory once more: what readers see of them, by new attempts of the same versions.

Their payloads, entities and claims come from PostgreSQL. No model is asked, but for vectors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from apex_cli.config import Settings
from apex_cli.pipeline.stored_versions import extraction_again, record_of
from apex_cli.results import RecordResult
from apex_cli.saga.coordinator import Coordinator
from apex_cli.sources.registry import is_text
from apex_cli.stores.factory import Stores
from apex_cli.stores.postgres.catalog import StoredVersion


async def write_again(
    settings: Settings, stores: Stores, coordinator: Coordinator, ids: Sequence[str]
) -> list[RecordResult]:
    """Write what readers see of each of these records: first the last whole version, then the current one.

    One result for each version that was written. Raises `EmbedError` before any of them is.
    """
    shown = {one.record_id: one for one in (await stores.catalog.by_id(ids)).values()}
    stored = await stores.catalog.versions([record_id for record_id in ids if record_id in shown])
    base = [one for each in stored.values() for one in each if one.saga_id == shown[one.record_id].base_version]
    current = [one for each in stored.values() for one in each if one.current and one not in base]
    return [
        result
        for versions in (base, current)
        if versions
        for result in await _write(settings, stores, coordinator, versions)
    ]


async def _write(
    settings: Settings, stores: Stores, coordinator: Coordinator, versions: Sequence[StoredVersion]
) -> list[RecordResult]:
    """Write versions once more, at most one of each record."""
    records = [record_of(version, settings.namespace) for version in versions]
    extractions = await asyncio.to_thread(lambda: list(map(extraction_again, versions, records)))
    texts = [is_text(version.source, version.data_type) for version in versions]
    embedded = await stores.embedding.apply(extractions, texts)
    results = await coordinator.write(list(zip(records, embedded, strict=True)), again=True)
    by_id = {version.record_id: version for version in versions}
    return [_named(result, by_id[str(result.record_id)]) for result in results]


def _named(result: RecordResult, version: StoredVersion) -> RecordResult:
    return replace(
        result,
        source=version.source,
        data_type=version.data_type,
        external_id=version.external_id,
        locator=f"{version.source}:{version.external_id}",
        vectors=version.chunks,
        stage=None if result.error is None else "commit",
    )
