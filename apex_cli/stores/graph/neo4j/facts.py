"""What a server tells of itself."""

from __future__ import annotations

import re
from typing import Any

from apex_cli.stores.clock_skew import clock_skew
from apex_cli.stores.graph.neo4j import schema
from apex_cli.stores.graph.neo4j.schema import Ask

_KERNEL = """CALL dbms.components() YIELD name, versions, edition WHERE name = 'Neo4j Kernel'
    RETURN versions[0] AS version, edition"""
_NOW = "RETURN datetime().epochMillis AS now"


async def kernel(ask: Ask) -> dict[str, Any]:
    """`version` and `edition`."""
    (row,) = await ask(_KERNEL)
    return dict(row)


def too_old(version: str) -> bool:
    """Whether a release such as `5.26.1`, `2025.06.0` or `5.27-aura` lacks what the statements need (5.26 has it)."""
    major, minor = re.findall(r"\d+", version)[:2]
    return (int(major), int(minor)) < (5, 26)


async def facts(ask: Ask) -> dict[str, Any]:
    """For `apex doctor`: `version`, `edition`, `schema_missing` (names of constraints and indexes, normally none) and
    `clock_skew_seconds` (server ahead of us).
    """

    async def now() -> float:
        (row,) = await ask(_NOW)
        return float(row["now"]) / 1000

    missing = await schema.missing(ask)
    return {**await kernel(ask), "schema_missing": missing, "clock_skew_seconds": await clock_skew(now)}
