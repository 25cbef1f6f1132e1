"""The texts in a memory among other records, and where each question finds its text."""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from apex_cli.config import load as load_settings
from apex_cli.pipeline.context import IngestRequest, Stop
from apex_cli.pipeline.ingest import ingest
from apex_cli.results import RecordStatus
from apex_cli.search.find import search
from apex_cli.stores.factory import Stores, open_stores
from quality.meaning.cut_off import CutOff, load_held_out, measure_cut_off
from quality.records.memory import Results
from tests.generate import records

TEXTS = Path(__file__).parent / "texts.toml"
_MOST = 50
"""Records that a question may find."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One text, and the question that it alone answers. `asked_in` is the language of the question."""

    name: str
    kind: str
    subject: str
    body: str
    question: str
    language: str
    asked_in: str


@dataclass(frozen=True, slots=True)
class Ranks:
    """Of one embedding model: where each question finds its text, from 1; None where it does not.

    By vectors alone, and by `apex search`. `seconds` are processor seconds of embedding one of the texts. `cut_off` is
    of the questions that are held out.
    """

    model: str
    by_vectors: Sequence[int | None]
    by_search: Sequence[int | None]
    seconds: float
    cut_off: CutOff


def load(path: Path = TEXTS) -> list[Asked]:
    """All texts. Raises OSError, KeyError or ValueError where the file is wrong."""
    found = []
    for each in tomllib.loads(path.read_text(encoding="utf-8"))["text"]:
        language = each.get("language", "en")
        text = (each["name"], each["kind"], each.get("subject", ""), each["body"], each["question"])
        found.append(Asked(*text, language, each.get("asked_in", language)))
    return found


def hits(ranks: Sequence[int | None], at: int) -> int:
    """How many questions find their text among the first `at`."""
    return sum(rank is not None and rank <= at for rank in ranks)


async def measure(asked: Sequence[Asked], embedder: str, home: Path, *, others: int, seed: int) -> Ranks:
    """Ingest the texts among other records into a new memory, and ask every question.

    Raises `ApexError` where the memory cannot be made, `ValueError` where a record of it fails.
    """
    # Nothing of this machine's environment counts: no model, no server.
    settings = load_settings({"home": home, "text_embedder": embedder}, cwd=home.parent, environ={})
    results = Results()
    await ingest(settings, IngestRequest((str(_written(asked, home.parent / "in", others, seed)),)), results, Stop())
    if results.failures or results.statuses.keys() - {RecordStatus.COMMITTED.value}:
        raise ValueError(f"the records came to {dict(results.statuses)}: {results.failures[:3]}")
    async with open_stores(settings) as stores:
        names = await _names(stores)
        model = stores.embedding.text
        by_vectors, by_search = [], []
        for one in asked:
            vector = (await model.question(one.question)).tolist()
            near = await stores.vectors.search(model.name, vector, limit=_MOST)
            by_vectors.append(_rank(one.name, [names[hit.record_id] for hit in near]))
            found = (await search(stores, one.question, limit=_MOST)).hits
            by_search.append(_rank(one.name, [names[hit.record_id] for hit in found]))
        cut_off = await measure_cut_off(stores, names, load_held_out())
        started = time.process_time()
        await model.embed([f"{one.subject}: {one.body}" for one in asked])
        seconds = (time.process_time() - started) / len(asked)
        return Ranks(model.name, by_vectors, by_search, seconds, cut_off)


def _rank(name: str, found: Sequence[str]) -> int | None:
    # A record may be found by several of its pieces: it counts once.
    distinct = list(dict.fromkeys(found))
    return distinct.index(name) + 1 if name in distinct else None


async def _names(stores: Stores) -> dict[str, str]:
    """The name of each record's text, by record id; of other records the external id."""
    ids = [one.record_id async for batch in stores.catalog.expected() for one in batch]
    versions = (await stores.catalog.by_id(ids)).values()
    return {
        one.record_id: PurePosixPath(str(one.payload["path"])).stem if one.source == "document" else one.external_id
        for one in versions
    }


def _written(asked: Sequence[Asked], folder: Path, others: int, seed: int) -> Path:
    """The texts and the other records as files. Generated messages say what some texts say, so there are none."""
    folder.mkdir(exist_ok=True)
    mails = [_mail(one) for one in asked if one.kind == "mail"]
    lines = [
        json.dumps(payload)
        for payload in (*mails, *(each for each in records(others, seed) if "message_id" not in each))
    ]
    (folder / "records.jsonl").write_text("\n".join(lines), encoding="utf-8")
    for one in asked:
        if one.kind == "document":
            (folder / f"{one.name}.md").write_text(one.body, encoding="utf-8")
    return folder


def _mail(one: Asked) -> dict[str, Any]:
    """As Front gives it."""
    return {
        "message_id": one.name,
        "subject": one.subject,
        "body": one.body,
        "sender": "dispatch@lakeshore-haulage.example",
        "to": ["desk@acme-brokerage.example"],
        "sent_at": "2026-02-10T15:00:00Z",
    }
