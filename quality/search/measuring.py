"""Asks the questions in a memory of the fixtures among generated records."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apex_cli.config import load as load_settings
from apex_cli.pipeline.context import IngestRequest, Stop
from apex_cli.pipeline.ingest import ingest
from apex_cli.search.find import search
from apex_cli.stores.factory import Stores, open_stores
from quality.records.memory import Results
from tests.generate import records

QUESTIONS = Path(__file__).parent / "questions.toml"
FIXTURES = Path(__file__).parents[2] / "fixtures"
_MOST = 50
"""Records that a question may find."""
_TITLE = "title:"


@dataclass(frozen=True, slots=True)
class SearchCase:
    """One question. `gold` names the records that answer it: any of them."""

    kind: str
    text: str
    gold: Sequence[str]
    held_out: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where the first record that answers a question stands, from 1; None where none is found. `first` is what stands
    first.
    """

    case: SearchCase
    rank: int | None
    first: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Questions, those answered first, those answered among the first five, and the mean reciprocal rank."""

    questions: int
    hit_at_1: int
    hit_at_5: int
    mrr: float


def load(path: Path = QUESTIONS) -> list[SearchCase]:
    """All questions. Raises OSError, KeyError or ValueError where the file is wrong."""
    found = [
        SearchCase(each["kind"], each["text"], tuple(each["gold"]), bool(each.get("held_out", False)))
        for each in tomllib.loads(path.read_text(encoding="utf-8"))["question"]
    ]
    if not all(case.gold for case in found):
        raise ValueError(f"{path}: a question without gold")
    return found


def figures(places: Iterable[Place]) -> Figures:
    """What the places of some questions come to."""
    ranks = [place.rank for place in places]
    inverse = [1 / rank for rank in ranks if rank]
    return Figures(
        len(ranks),
        sum(rank == 1 for rank in ranks),
        sum(rank is not None and rank <= 5 for rank in ranks),
        sum(inverse) / len(ranks) if ranks else 0.0,
    )


async def measure(cases: Sequence[SearchCase], home: Path, *, others: int, seed: int) -> list[Place]:
    """Make the memory in `home`, and ask. Raises `ValueError` where a record that should answer is not there."""
    settings = load_settings({"home": home}, environ={})
    file = home.parent / "generated.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records(others, seed)), encoding="utf-8")
    summary = await ingest(settings, IngestRequest((str(FIXTURES), str(file))), Results(), Stop())
    if summary.exit_code:
        raise ValueError(f"the memory could not be made: {summary.as_json()}")
    async with open_stores(settings, reads=True) as stores:
        known = await _names(stores)
        missing = {name for case in cases for name in case.gold if not _has(known, name)}
        if missing:
            raise ValueError(f"no records {sorted(missing)}")
        return [await _ask(stores, case, known) for case in cases]


async def _ask(stores: Stores, case: SearchCase, known: Mapping[str, tuple[str, str]]) -> Place:
    hits = (await search(stores, case.text, limit=_MOST)).hits
    ranks = (hit.rank for hit in hits if any(_is(known[hit.record_id], name) for name in case.gold))
    return Place(case, next(ranks, None), " ".join(known[hits[0].record_id]) if hits else "")


async def _names(stores: Stores) -> dict[str, tuple[str, str]]:
    """Of each record by its id: its name as `apex get` takes it, and its title."""
    listed = await stores.inventory.records(limit=1_000_000)
    return {one.record_id: (f"{one.source}:{one.external_id}", one.title) for one in listed.records}


def _has(known: Mapping[str, tuple[str, str]], name: str) -> bool:
    return any(_is(one, name) for one in known.values())


def _is(record: tuple[str, str], name: str) -> bool:
    named, title = record
    return title.startswith(name.removeprefix(_TITLE)) if name.startswith(_TITLE) else named == name
