"""How a shard of qdrant-edge is laid out: see `edge` for the reasons."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from apex_cli.files import write_atomic
from apex_cli.stores.qdrant import points

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard

_SEGMENT_KB = 12_000
"""Segments with vectors of this size are not merged any more, however many there are."""
_SEGMENTS = 8
"""If there are more segments than these, small ones are merged."""
_LOG = {"segment_capacity": 2 * 1024**2, "segment_queue_len": 0, "retain_closed": 1}
"""The write-ahead log in files of 2 MB. The engine maps and reads all of them at each start, and keeps one that it is
done with: with its own 32 MB, a search of 100,000 points takes 38 MB more.
"""
_CONFIG, _LOG_FOLDER = "edge_config.json", "wal"


def load_shard(path: Path) -> EdgeShard:
    """The shard in this folder. One of an earlier version gets small files of its log from now on."""
    from qdrant_edge import EdgeShard

    _set_log(path)
    return EdgeShard.load(str(path))


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
    EdgeShard.create(str(path), config).close()
    # Nothing is in its log yet. The files of it would keep their size.
    shutil.rmtree(path / _LOG_FOLDER)
    shard = load_shard(path)
    for field in points.KEYWORD_FIELDS:
        shard.update(UpdateOperation.create_field_index(field, KeywordIndexParams(on_disk=True)))
    visible = IntegerIndexParams(lookup=True, range=False, on_disk=True)
    shard.update(UpdateOperation.create_field_index("visible", visible))
    shard.update(UpdateOperation.create_field_index("event_time", DatetimeIndexParams(on_disk=True)))
    return shard


def _set_log(path: Path) -> None:
    """Write the log's options to the engine's own file, which keeps them: its interface has no names for them."""
    file = path / _CONFIG
    config = json.loads(file.read_bytes())
    if config.get("wal_options") != _LOG:
        write_atomic(file, json.dumps({**config, "wal_options": _LOG}).encode())
