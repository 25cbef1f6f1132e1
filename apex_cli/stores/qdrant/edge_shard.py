"""How a shard of qdrant-edge is laid out: see `edge` for the reasons."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from apex_cli.stores.qdrant import points

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard

_SEGMENT_KB = 12_000
"""Segments with vectors of this size are not merged any more, however many there are."""
_SEGMENTS = 8
"""If there are more segments than these, small ones are merged."""


def new_shard(path: Path, dimensions: int) -> EdgeShard:
    """An empty shard in this folder, in place of whatever was there."""
    from qdrant_edge import (
        DatetimeIndexParams,
        Distance,
        EdgeConfig,
        EdgeOptimizersConfig,
        EdgeShard,
        EdgeVectorParams,
        HnswIndexConfig,
        IntegerIndexParams,
        KeywordIndexParams,
        ScalarQuantizationConfig,
        ScalarType,
        UpdateOperation,
        VectorStorageDatatype,
    )

    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True, mode=0o700)
    # All of it on disk: read into memory at the start, 100,000 points take 0.5 processor seconds and 160 MB more.
    params = EdgeVectorParams(
        size=dimensions,
        distance=Distance.Cosine,
        on_disk=True,
        datatype=VectorStorageDatatype.Float16,
        quantization_config=ScalarQuantizationConfig(ScalarType.Int8, quantile=0.99, always_ram=False),
    )
    no_graph = HnswIndexConfig(m=0, ef_construct=100, full_scan_threshold=10_000)
    optimizers = EdgeOptimizersConfig(max_segment_size=_SEGMENT_KB, default_segment_number=_SEGMENTS)
    config = EdgeConfig(vectors=params, hnsw_config=no_graph, on_disk_payload=True, optimizers=optimizers)
    shard = EdgeShard.create(str(path), config)
    for field in points.KEYWORD_FIELDS:
        shard.update(UpdateOperation.create_field_index(field, KeywordIndexParams(on_disk=True)))
    visible = IntegerIndexParams(lookup=True, range=False, on_disk=True)
    shard.update(UpdateOperation.create_field_index("visible", visible))
    shard.update(UpdateOperation.create_field_index("event_time", DatetimeIndexParams(on_disk=True)))
    return shard
