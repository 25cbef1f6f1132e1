"""The shapes of `shapes`, made of what the memory answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from apex_cli.answers import Answer, AnsweredFact, Contradiction
from apex_cli.cli import answering
from apex_cli.cli.agents import shapes
from apex_cli.cli.output import redact
from apex_cli.errors import ApexError
from apex_cli.extract.timestamps import rfc3339
from apex_cli.inventory import EntityList, Neighbourhood, Overview
from apex_cli.payloads import leaves
from apex_cli.queries import AmbiguousEntity, RecordHistory, RecordView
from apex_cli.results import RecordStatus
from apex_cli.search.find import SearchResult
from apex_cli.stores.postgres.inventory import RecordList
from apex_cli.stores.views import EntityView, FactView

_RECORDS_OF_A_FACT = 5
_KEYS = 12
_CHANGES = 40
_VERSIONS = 50
_FIELDS = 200
_FACTS_OF_A_RECORD = 50
TEXT_PAGE = 8_000
"""Characters of a record's text in one answer."""


def search(found: SearchResult, limit: int) -> shapes.SearchShape:
    """Hits; a part of the search that failed is left out and named."""
    hits = [
        shapes.HitShape(
            rank=hit.rank,
            record=f"{hit.source}:{hit.external_id}",
            record_id=hit.record_id,
            type=hit.data_type,
            time=hit.event_time,
            place=hit.place,
            text=hit.text,
            matched_by=list(hit.matched_by),
        )
        for hit in found.hits
    ]
    left_out = [f"the {one.part} part of the search failed: {redact(one.error.message)}" for one in found.left_out]
    if len(hits) == limit:
        left_out.append(f"there may be more than {limit:,} hits: ask with a larger limit, or narrow it")
    return shapes.SearchShape(hits=hits, respelt=dict(found.respelt), left_out=left_out)


def facts(answer: Answer, limit: int, known_at: datetime | None = None) -> shapes.FactsShape:
    """What holds, what begins later, what held (the newest first), and mentions: `limit` facts in this order."""
    parts = (answer.now, answer.later, answer.history, answer.mentions)
    every = [_answered(one, answer.at) for part in parts for one in reversed(part.facts)]
    gone = sum(part.left_out for part in parts) + max(0, len(every) - limit)
    left_out = [f"{gone:,} more facts: {shapes.FactsShape.cut['facts']}"] if gone else []
    if answer.differing:
        left_out.append(f"the stores hold different versions of {answer.differing:,} records: `apex verify` shows them")
    return shapes.FactsShape(
        entity=entity(answer.entity, whole=True),
        at=answer.at,
        known_at=known_at,
        facts=every[:limit],
        contradictions=[_contradiction(one) for one in answer.contradictions],
        maybe_the_same=[entity(each) for each in answer.candidates],
        left_out=left_out,
    )


def history(found: RecordHistory, known_at: datetime | None = None) -> shapes.HistoryShape:
    """The versions, the latest first, each with its changes. `known_at` is what was asked for."""
    first = found.versions[0].version
    left_out = []
    versions = []
    for view in reversed(found.versions[-_VERSIONS:]):
        version, changes = view.version, view.changes
        if len(changes) > _CHANGES:
            when = rfc3339(version.event_time)
            left_out.append(f"{len(changes) - _CHANGES:,} more changes of the version as of {when}: `apex history`")
        versions.append(
            shapes.VersionShape(
                as_of=version.event_time,
                written_at=version.written_at,
                current=version.current,
                kind=version.kind,
                whole=version.whole,
                replaced=version.replaced_by is not None,
                title=version.title or version.text[:200],
                changes=[
                    shapes.ChangeShape(path=one.path, before=_clipped(one.before), after=_clipped(one.after))
                    for one in changes[:_CHANGES]
                ],
            )
        )
    if len(found.versions) > _VERSIONS:
        left_out.append(f"{len(found.versions) - _VERSIONS:,} earlier versions: `apex history` shows them")
    return shapes.HistoryShape(
        record=f"{first.source}:{first.external_id}",
        record_id=first.record_id,
        type=first.data_type,
        known_at=known_at,
        versions=versions,
        left_out=left_out,
    )


def record(view: RecordView, text_from: int) -> shapes.RecordShape:
    """One record. Its text comes in pages of `TEXT_PAGE` characters."""
    version = view.version
    name = f"{version.source}:{version.external_id}"
    # Where the blocks of a document begin says nothing to a reader, and its text is shown by itself.
    plain = {path: value for path, value in version.payload.items() if path != "blocks" and value != version.text}
    fields = [(path, value) for path, value in leaves(plain) if not isinstance(value, str) or len(value) <= TEXT_PAGE]
    until = text_from + TEXT_PAGE
    left_out = []
    if until < len(version.text):
        left_out.append(f"{len(version.text) - until:,} more characters of text: ask with text_from={until}")
    if len(fields) > _FIELDS:
        left_out.append(f"{len(fields) - _FIELDS:,} more fields: `apex get` shows them")
    if view.differing:
        left_out.append(f"another version is in {', '.join(view.differing)}: `apex verify` compares all records")
    stated = () if view.graph is None else view.graph.facts
    things = () if view.graph is None else view.graph.entities
    if len(stated) > _FACTS_OF_A_RECORD:
        left_out.append(f"{len(stated) - _FACTS_OF_A_RECORD:,} more facts: facts shows them by thing")
    if len(things) > _FACTS_OF_A_RECORD:
        left_out.append(f"{len(things) - _FACTS_OF_A_RECORD:,} more things: facts shows them")
    now = datetime.now(UTC)
    return shapes.RecordShape(
        record=name,
        record_id=version.record_id,
        type=version.data_type,
        title=version.title,
        time=version.event_time,
        dated=version.dated,
        first_seen=version.first_seen,
        revision=version.revision,
        fields=[shapes.FieldShape(path=path, value=value) for path, value in fields[:_FIELDS]],
        text=version.text[text_from:until],
        text_from=text_from,
        text_next=until if until < len(version.text) else None,
        text_length=len(version.text),
        places=[place.shown for place in view.places[:20]],
        entities=[entity(each) for each in things[:_FACTS_OF_A_RECORD]],
        facts=[_fact(fact, now, [name], len(fact.records)) for fact in stated[:_FACTS_OF_A_RECORD]],
        left_out=left_out,
    )


def neighbours(found: Neighbourhood, at: datetime) -> shapes.NeighboursShape:
    """The neighbours with the facts that join them, each with the names of its newest records."""
    joined = [
        shapes.NeighbourShape(
            entity=entity(one.entity), facts=[_joining(fact, at, found.names) for fact in one.facts[-10:]]
        )
        for one in found.neighbours
    ]
    asked = shapes.NeighboursShape.cut["neighbours"]
    left_out = [f"{found.left_out:,} more neighbours: {asked}"] if found.left_out else []
    more = sum(max(0, len(one.facts) - 10) for one in found.neighbours)
    left_out += [f"{more:,} more facts that join them: facts shows them"] if more else []
    return shapes.NeighboursShape(entity=entity(found.entity, whole=True), at=at, neighbours=joined, left_out=left_out)


def status(found: Overview) -> shapes.StatusShape:
    """The overview."""
    return shapes.StatusShape(
        records=found.records,
        groups=[
            shapes.GroupShape(
                source=one.source,
                type=one.data_type,
                records=one.records,
                first=one.first,
                last=one.last,
                last_arrival=one.last_arrival,
            )
            for one in found.groups
        ],
        entities=dict(found.entities),
        facts=found.facts,
        runs=[
            shapes.RunShape(
                run_id=str(run.run_id),
                verb=run.verb,
                started_at=run.started_at,
                finished_at=run.finished_at,
                exit_code=run.exit_code,
                counts={name.value: count for name in RecordStatus if (count := (run.summary or {}).get(name.value))},
            )
            for run in found.runs
        ],
        open_sagas=sum(one.sagas for one in found.open_sagas),
    )


def records(found: RecordList) -> shapes.RecordListShape:
    """A list of records."""
    listed = [
        shapes.ListedShape(
            record=f"{one.source}:{one.external_id}",
            record_id=one.record_id,
            type=one.data_type,
            time=one.event_time,
            dated=one.dated,
            title=one.title,
            versions=one.versions,
        )
        for one in found.records
    ]
    gone = found.total - len(listed)
    left_out = [f"{gone:,} more records: {shapes.RecordListShape.cut['records']}"] if gone else []
    return shapes.RecordListShape(records=listed, total=found.total, left_out=left_out)


def entities(found: EntityList) -> shapes.EntityListShape:
    """A list of things."""
    left_out = [f"there are more: {shapes.EntityListShape.cut['entities']}"] if found.more else []
    return shapes.EntityListShape(entities=[entity(each) for each in found.entities], left_out=left_out)


def entity(view: EntityView, *, whole: bool = False) -> shapes.EntityShape:
    """A thing; `whole` with its attributes."""
    attributes = dict(view.attributes) if whole else {}
    return shapes.EntityShape(
        id=view.id, name=view.name, type=view.type, keys=list(view.aliases[:_KEYS]), attributes=attributes
    )


def error(found: ApexError) -> shapes.ErrorShape:
    """An error of apex, its secrets masked."""
    several = found.candidates if isinstance(found, AmbiguousEntity) else ()
    return shapes.ErrorShape(
        code=found.code,
        message=redact(found.message),
        hint=None if found.hint is None else redact(found.hint),
        candidates=[entity(each) for each in several[:20]],
    )


def _answered(one: AnsweredFact, at: datetime) -> shapes.FactShape:
    shown = _fact(one.fact, at, one.sources[:_RECORDS_OF_A_FACT], len(one.fact.records))
    return shown.model_copy(update={"last_seen": one.last_seen})


def _joining(fact: FactView, at: datetime, names: Mapping[str, str]) -> shapes.FactShape:
    known = [names[record] for record in reversed(fact.records) if record in names]
    return _fact(fact, at, known[:_RECORDS_OF_A_FACT], len(fact.records))


def _fact(fact: FactView, at: datetime, records: Iterable[str], count: int) -> shapes.FactShape:
    return shapes.FactShape(
        subject=fact.subject,
        predicate=fact.predicate,
        object=fact.object,
        valid_at=fact.valid_at,
        invalid_at=fact.invalid_at,
        current=fact.holds(at),
        certain=fact.certain,
        attributes={name: value for name, value in fact.attributes.items() if name not in ("rule", "span")},
        records=list(records),
        record_count=count,
    )


def _contradiction(one: Contradiction) -> shapes.ContradictionShape:
    both = [*one.fact.sources[:_RECORDS_OF_A_FACT], *one.other.sources[:_RECORDS_OF_A_FACT]]
    return shapes.ContradictionShape(sentence=answering.sentence(one), records=list(dict.fromkeys(both)))


def _clipped(text: str | None) -> str | None:
    return text if text is None or len(text) <= 300 else f"{text[:300]}…"
