"""What a memory consists of, in a form in which two memories can be compared: see docs/howto/export-and-import.md.

Left out is how it came to be: saga and run ids, epochs, revisions, when a store was written, and vectors, which follow
from the text. Nodes of the graph are named by all that they are known by, because their ids depend on what came first.
A version that was written once more, by a repair or another embedding model, is one version.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.faults.oracle import compare_stores
from tests.faults.stored import Stored, cached_value

_ATTEMPT = ("saga_id", "epoch", "revision")


async def memory_of(home: Path, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The memory in a home, whose four stores must agree. `env` names its servers, if they are not the profile's."""
    return canonical(await compare_stores(home, env))


def canonical(stored: Stored) -> dict[str, Any]:
    """The memory that these stores hold."""
    return {**_records(stored), **_graph(stored), **_shown(stored)}


def _records(stored: Stored) -> dict[str, Any]:
    rows = stored.postgres
    by_id = {one["saga_id"]: one for one in rows["versions"]}
    versions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in rows["versions"]:
        after = by_id.get(one["replaced_by"])
        if after is None or _identity(after) != _identity(one):
            versions[one["record_id"]].append(_version(one))
    names = {one["record_id"]: (one["source"], one["data_type"], one["external_id"]) for one in rows["records"]}
    forgotten = {(one["record_id"], one["content_hash"]) for one in rows["forgotten"]}
    current = {
        one["record_id"]: [_identity(by_id[one[which]]) for which in ("current_version", "base_version")]
        for one in rows["records"]
        if one["current_saga"]
    }
    known = {*current, *(record for record, _ in forgotten)}
    return {
        "records": {record: name for record, name in names.items() if record in known},
        "versions": dict(versions),
        "current": current,
        "forgotten": sorted(forgotten),
        "places": sorted(tuple(map(str, place.values())) for place in rows["places"]),
    }


def _identity(version: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(version[name] for name in ("content_hash", "event_time", "observed_at", "whole"))


def _version(version: Mapping[str, Any]) -> dict[str, Any]:
    left_out = ("saga_id", "record_id", "replaced_by", "model", "extraction")
    stated = {name: version["extraction"].get(name) for name in ("entities", "claims", "phrases", "ended")}
    own = {name: value for name, value in version.items() if name not in left_out}
    return {**own, "stated": stated, "replaced": version["replaced_by"] is not None}


def _graph(stored: Stored) -> dict[str, Any]:
    graph = stored.graph
    known_by: dict[str, set[str]] = defaultdict(set)
    for row in graph["aliases"]:
        for node in row["entity"].split(" "):
            known_by[node].add(row["key"])
    called = {node: " ".join(sorted(keys)) for node, keys in known_by.items()}

    def timeline(text: str) -> str:
        return "|".join(called.get(part, part) for part in text.split("#", maxsplit=1)[0].split("|"))

    facts = [
        (
            *(called[row["subject"]], row["predicate"], called[row["object"]]),
            *(row["valid_at"], row["invalid_at"], sorted(row["records"]), json.loads(row["attributes"] or "{}")),
        )
        for row in graph["facts"]
    ]
    return {
        "entities": {
            called[row["entity"]]: (row["name"], row["summary"], json.loads(row["attributes"] or "{}"))
            for row in graph["entities"]
        },
        "mentions": sorted((row["record"], called[row["entity"]]) for row in graph["mentions"]),
        "facts": sorted(facts, key=str),
        "evidence": sorted(
            (timeline(row["page"]), "|".join(called.get(part, part) for part in piece.split("|")))
            for row in graph["pages"]
            for piece in row["evidence"]
        ),
    }


def _shown(stored: Stored) -> dict[str, Any]:
    versions = {one["saga_id"]: one for one in stored.postgres["versions"]}
    points = [
        (
            record,
            str(_identity(versions[saga])),
            {name: point[name] for name in sorted(point.keys() - {*_ATTEMPT, "record_id"})},
        )
        for point in stored.points
        for record, saga in [(point["record_id"], point["saga_id"])]
    ]
    cache = {key: cached_value(entry) for key, entry in stored.cache.items()}
    return {
        "points": sorted(points, key=str),
        "cache": {
            key: {name: each for name, each in value.items() if name not in _ATTEMPT}
            for key, value in cache.items()
            if value is not None
        },
    }
