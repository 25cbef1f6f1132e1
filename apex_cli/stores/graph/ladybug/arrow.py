"""Rows of plain values to Arrow tables: how everything in bulk reaches the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from apex_cli.stores.graph.model.operations import Columns, Kind

_TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "texts": pa.list_(pa.string()),
    "time": pa.timestamp("us"),
    "int": pa.int64(),
    "ints": pa.list_(pa.int64()),
    "bool": pa.bool_(),
}


def table(columns: Columns, rows: Sequence[Sequence[Any]]) -> pa.Table:
    """One Arrow table from rows; aware times are kept in UTC, vectors are float32 arrays of one dimension or None."""
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pa.table({name: _array(kind, column) for (name, kind), column in zip(columns.items(), values, strict=True)})


def _array(kind: Kind, values: Sequence[Any]) -> pa.Array:
    return _vectors(values) if kind == "vector" else pa.array(values, _TYPES[kind])


def _vectors(values: Sequence[Any]) -> pa.Array:
    """Lists of float32 without a Python object for each number."""
    sizes = [0 if vector is None else len(vector) for vector in values]
    offsets = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum(sizes, out=offsets[1:])
    held = [np.asarray(vector, dtype=np.float32) for vector in values if vector is not None]
    flat = np.concatenate(held) if held else np.empty(0, dtype=np.float32)
    missing = pa.array([vector is None for vector in values], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat), mask=missing)
