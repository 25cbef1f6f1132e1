"""The oracle notices damage in each store."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import tampering
from tests.acceptance.apex import new_home, run
from tests.faults.oracle import compare_stores, current_versions, differences
from tests.faults.scenario import fault_scenario
from tests.faults.stored import Stored, read_stores

Change = Callable[[Stored], Any]


@pytest.fixture(scope="module")
def home(short_tmp: Path) -> Iterator[Path]:
    with new_home(short_tmp) as place:
        scenario = fault_scenario(place, 1)
        scenario.ingest().expect(0)
        yield place


def first_version(stored: Stored) -> dict[str, Any]:
    return next(iter(current_versions(stored).values()))


def first_entry(stored: Stored) -> dict[str, str]:
    return next(iter(stored.cache.values()))


def last_status(stored: Stored) -> dict[str, Any]:
    """The fact of an updated record: the second interval of its timeline."""
    facts = [fact for fact in stored.graph["facts"] if fact["predicate"] == "HAS_STATUS"]
    return max(facts, key=lambda fact: fact["valid_at"])


def stale_value(stored: Stored) -> None:
    entry = first_entry(stored)
    entry["value"] = json.dumps({**json.loads(entry["value"]), "content_hash": "other"})


DAMAGES: dict[str, Change] = {
    "journal: an open saga": lambda stored: stored.postgres["sagas"][0].update(state="COMMITTED"),
    "postgres: no current version": lambda stored: stored.postgres["versions"].clear(),
    "postgres: a forgotten record's version": lambda stored: stored.postgres["records"][0].update(current_saga=None),
    "postgres: an aborted version": lambda stored: stored.postgres["sagas"][0].update(state="ABORTED"),
    "vectors: a point is missing": lambda stored: stored.points.pop(),
    "vectors: a point twice": lambda stored: stored.points.append(stored.points[0]),
    "vectors: a hidden point": lambda stored: stored.points[0].update(visible=0),
    "vectors: a point of another saga": lambda stored: stored.points[0].update(saga_id="other"),
    "vectors: a point of no record": lambda stored: stored.points[0].update(record_id="other"),
    "vectors: another text": lambda stored: stored.points[0].update(text="unheard-of words"),
    "cache: an entry of another saga": lambda stored: first_entry(stored).update(saga="other"),
    "cache: an entry of other content": stale_value,
    "cache: a tombstone": lambda stored: first_entry(stored).pop("value"),
    "cache: an entry of no record": lambda stored: stored.cache.update({"rec:other": first_entry(stored)}),  # type: ignore[attr-defined]
    "cache: prepared": lambda stored: stored.cache.update({"prep:other": {}}),  # type: ignore[attr-defined]
    "graph: another marker": lambda stored: stored.graph["records"][0].update(saga="other"),
    "graph: not present": lambda stored: stored.graph["records"][0].update(present=False),
    "graph: an old fence": lambda stored: stored.graph["records"][0].update(epoch=0),
    "graph: no episode": lambda stored: stored.graph["episodes"].pop(),
    "graph: an episode of no record": lambda stored: stored.graph["episodes"].append({"record": "other"}),
    "graph: an entity is missing": lambda stored: stored.graph["entities"].pop(),
    "graph: an orphan": lambda stored: stored.graph["entities"].append({"entity": "other", "name": "Other"}),
    "graph: no evidence": lambda stored: stored.graph["pages"][0]["evidence"].clear(),
    "graph: evidence of no record": lambda stored: stored.graph["pages"][0]["evidence"].append("1||other|other"),
    "graph: a fact is missing": lambda stored: stored.graph["facts"].pop(),
    "graph: a fact of no record": lambda stored: stored.graph["facts"][0]["records"].append("other"),
    "graph: a fact begins early": lambda stored: last_status(stored).update(valid_at=1),
    "graph: a fact twice": lambda stored: stored.graph["facts"].append(stored.graph["facts"][0]),
    "graph: a claim without evidence": lambda stored: first_version(stored)["extraction"]["claims"].pop(),
}


@pytest.fixture(scope="module")
def sound(home: Path) -> Stored:
    return asyncio.run(compare_stores(home))


@pytest.mark.parametrize("damage", DAMAGES)
async def test_damaged_rows_are_noticed(sound: Stored, damage: str) -> None:
    damaged = Stored(**{field.name: copy.deepcopy(getattr(sound, field.name)) for field in fields(Stored)})
    DAMAGES[damage](damaged)
    found = list(differences(damaged))
    assert found
    assert any(problem.startswith(("graph", damage.split(":", maxsplit=1)[0])) for problem in found), found


@pytest.mark.embedded
async def test_damage_in_each_real_store_is_noticed(home: Path) -> None:
    stored = await compare_stores(home)
    records = iter(sorted(current_versions(stored)))
    damages = {
        "vectors": tampering.hidden_points,
        "cache": tampering.stale_cache,
        "graph": tampering.no_facts,
        "postgres": tampering.lost_version,
    }
    harmed = {store: (damage, next(records)) for store, damage in damages.items()}
    # In a thread of its own, because `tamper` runs an event loop.
    await asyncio.to_thread(tampering.tamper, home, *harmed.values())
    found = list(differences(await read_stores(home)))
    for store, (_, record) in harmed.items():
        assert any(problem.startswith(store) and record in problem for problem in found), (store, found)
    assert run(home, "verify").exit == 3
