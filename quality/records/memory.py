"""One memory: a temporary home, the files ingested in one order by the real pipeline, and what readers see of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from apex_cli.answers import answer
from apex_cli.config import Settings, load
from apex_cli.errors import UsageError
from apex_cli.pipeline.context import IngestRequest, Stop
from apex_cli.pipeline.ingest import ingest
from apex_cli.results import RecordResult
from apex_cli.stores.factory import Stores, open_stores
from apex_cli.stores.postgres.catalog import CurrentVersion
from apex_cli.stores.views import EntityView, FactView
from apex_cli.verify import Discrepancy, verify
from quality.records.files import File
from quality.records.gold import Gold, Question
from quality.records.matching import exact, name_of, things_of

_FAILED = frozenset(("failed", "pending"))
_SETTLED = frozenset(("unchanged", "skipped"))


@dataclass(slots=True)
class Results:
    """Follows a run: how many records came to which end, and what failed."""

    statuses: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def phase(self, text: str) -> None:
        """See `Observer`."""

    def outcome(self, outcome: RecordResult) -> None:
        """See `Observer`."""
        self.statuses[outcome.status.value] += 1
        if outcome.status.value in _FAILED:
            self.failures.append(f"{outcome.locator}: {outcome.error}")


@dataclass(frozen=True, slots=True)
class Memory:
    """What readers see: entities by id, facts by id, current versions, and what is wrong.

    `refs` are the gold things of entities (see `matching`). `answers` are, for each question, refs and plain values;
    None where the thing was not found by its name.
    """

    entities: Mapping[str, EntityView]
    facts: Mapping[str, FactView]
    versions: Sequence[CurrentVersion]
    problems: Sequence[Discrepancy]
    results: Results
    refs: Mapping[str, Sequence[str]]
    answers: Sequence[frozenset[str] | None]

    def called(self, exact: Mapping[str, str], id: str, name: str) -> str:
        """The ref of an end of a fact, or its plain value; `?` before what is no one thing."""
        return exact.get(id) or (f"?{name}" if id in self.entities else name)


async def remember(home: Path, runs: Sequence[Sequence[File]], gold: Gold, questions: Sequence[Question]) -> Memory:
    """Ingest the files, one run for each group of them, and read everything back.

    What came in one run comes a second time, which must change nothing.
    """
    # Nothing of this machine's environment counts: no model, no server.
    settings = load({"home": home / "home"}, cwd=home, environ={})
    results = Results()
    for number, files in enumerate(runs):
        await _run(settings, home / f"in{number}", files, results)
    if len(runs) == 1:
        again = Results()
        await _run(settings, home / "in0", runs[0], again)
        changed = again.statuses.keys() - _SETTLED
        results.failures += [f"the second time {again.statuses[one]} records are {one}" for one in sorted(changed)]
    async with open_stores(settings) as stores:
        return await _read(stores, results, gold, questions)


async def _run(settings: Settings, folder: Path, files: Sequence[File], results: Results) -> None:
    paths = [str(file.write(folder)) for file in files]
    summary = await ingest(settings, IngestRequest(tuple(paths)), results, Stop())
    if summary.reason is not None:
        raise summary.reason


async def _read(stores: Stores, results: Results, gold: Gold, questions: Sequence[Question]) -> Memory:
    entities: dict[str, EntityView] = {}
    versions: list[CurrentVersion] = []
    async for batch in stores.catalog.expected():
        ids = [one.record_id for one in batch]
        versions += (await stores.catalog.by_id(ids)).values()
        for view in (await stores.graph.read(ids)).values():
            entities |= {entity.id: entity for entity in view.entities}
    facts: dict[str, FactView] = {}
    for id in entities:
        facts |= {fact.id: fact for fact in await stores.graph.facts(id)}
    report = await verify(stores)
    memory = Memory(entities, facts, versions, report.problems, results, things_of(gold, entities), [])
    refs = exact(memory.refs)
    ids_of = {ref: id for id, ref in refs.items()}
    answers = []
    for question in questions:
        asked = name_of(gold, question.subject) or ids_of.get(question.subject)
        found = None if asked is None else await _facts(stores, asked, question)
        answers.append(found if found is None else frozenset(memory.called(refs, *end) for end in found))
    return replace(memory, answers=answers)


async def _facts(stores: Stores, asked: str, question: Question) -> list[tuple[str, str]] | None:
    """The objects of the facts that hold, as readers get them."""
    try:
        known = await answer(stores, asked, at=question.at, predicate=question.predicate, everything=True)
    except UsageError:
        return None
    facts = [one.fact for one in known.facts]
    return [(fact.object_id, fact.object) for fact in facts if fact.subject_id == known.entity.id]
