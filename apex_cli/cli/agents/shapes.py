"""What the tools answer: the fields of each answer, and the same as text.

Payloads come from anyone, so every text is made safe when it is put into a field: control and format characters are
escaped, and a long text is cut. An answer is cut to `MOST_BYTES`: an agent reads all of it, and pays for it. What is
left out is said in `left_out`, with how to ask for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, Field

from apex_cli.cli.output import clean, clean_lines
from apex_cli.extract.timestamps import rfc3339

MOST_BYTES = 32 * 1024
"""Of an answer's fields as JSON. Its text has about the same."""
_LONGEST_NAME = 1_000
_LONGEST_TEXT = 8_000
_MOST_VALUES = 50


def _name(text: str) -> str:
    shown = clean(text[:_LONGEST_NAME])[:_LONGEST_NAME]
    return shown if len(text) <= _LONGEST_NAME else f"{shown}…"


def _text(text: str) -> str:
    shown = clean_lines(text[:_LONGEST_TEXT])
    return shown if len(text) <= _LONGEST_TEXT else f"{shown}…"


def _safe(value: Any) -> Any:
    """A JSON value of a payload with every text in it made safe, and long lists cut."""
    if isinstance(value, str):
        return _name(value)
    if isinstance(value, Mapping):
        return {_name(str(name)): _safe(each) for name, each in list(value.items())[:_MOST_VALUES]}
    if isinstance(value, list | tuple):
        return [_safe(each) for each in value[:_MOST_VALUES]]
    return value if isinstance(value, bool | int | float | None) else _name(str(value))


Name = Annotated[str, AfterValidator(_name)]
"""One line."""
Text = Annotated[str, AfterValidator(_text)]
"""Lines."""
Values = Annotated[dict[str, Any], AfterValidator(_safe)]
"""Fields of a payload or attributes: what they are depends on the record."""
Record = Annotated[Name, Field(description="A record as source:external_id, which `get` and `history` take.")]


class ToolAnswer(BaseModel, ABC):
    """An answer. `cut` names its lists that may be shortened, from their ends, and how to ask for what is left out."""

    cut: ClassVar[Mapping[str, str]] = {}

    left_out: list[Name] = Field(default=[], description="What this answer does not show, and how to ask for it.")

    @abstractmethod
    def lines(self) -> Iterator[str]:
        """The answer for a reader of text; lines as they are in the fields."""

    def as_text(self) -> str:
        """All lines, then what is left out."""
        return "\n".join([*self.lines(), *(f"Left out: {each}" for each in self.left_out)])

    def bounded(self) -> None:
        """Shorten the longest of the lists that may be, until the answer has `MOST_BYTES` at most."""
        gone = dict.fromkeys(self.cut, 0)
        while self.cut and len(self.model_dump_json()) > MOST_BYTES:
            longest = max(self.cut, key=lambda name: len(getattr(self, name)))
            items: list[Any] = getattr(self, longest)
            if not items:
                break
            take = max(1, len(items) // 8)
            del items[-take:]
            gone[longest] += take
        self.left_out += [f"{count:,} more {name}: {self.cut[name]}" for name, count in gone.items() if count]


class EntityShape(BaseModel):
    """A thing: `id` names it for sure, `name` may name several."""

    id: Name
    name: Name
    type: Name
    keys: list[Name] = Field(default=[], description="Its ids and aliases, such as vehicle:vin:1XK….")
    attributes: Values = {}

    def line(self) -> str:
        return f"{self.type} {self.name} [{self.id}]"


class FactShape(BaseModel):
    """What held from `valid_at` until `invalid_at` (null: it has no end yet), and the records that say so."""

    subject: Name
    predicate: Name
    object: Name
    valid_at: datetime
    invalid_at: datetime | None
    current: bool = Field(description="Whether it holds now, or at the time that was asked for.")
    certain: bool = Field(default=True, description="False for what a language model read in free text.")
    last_seen: datetime | None = Field(
        default=None, description="When a record last stated it. A position is only as new."
    )
    attributes: Values = {}
    records: list[Record] = Field(default=[], description="The newest records that support it, as source:external_id.")
    record_count: int = 0

    def line(self) -> str:
        until = "" if self.invalid_at is None else f" until {rfc3339(self.invalid_at)}"
        seen = "" if self.last_seen is None else f", last seen {rfc3339(self.last_seen)}"
        holds = "" if self.current else "(not current) "
        doubt = "" if self.certain else ", as a model read in free text"
        values = "".join(f", {name} {value}" for name, value in list(self.attributes.items())[:6])
        what = f"{holds}{self.subject} {self.predicate} {self.object}{values}{doubt}"
        return f"{what}: since {rfc3339(self.valid_at)}{until}{seen} {sources(self.records, self.record_count)}"


class HitShape(BaseModel):
    """A record that was found. `text` is the passage, `place` where it is in its file, `time` the event's."""

    rank: int
    record: Record
    record_id: Name
    type: Name
    time: datetime
    place: Name = ""
    text: Text
    matched_by: list[Name]


class SearchShape(ToolAnswer):
    """Records found, best first."""

    cut = {"hits": "ask with a smaller limit, or narrow it by source, type, after or before"}

    hits: list[HitShape]
    respelt: dict[Name, Name] = Field(description="Words that no record has, each with the word looked for instead.")

    def lines(self) -> Iterator[str]:
        yield from (f"No record has {word!r}; looked for {instead!r}." for word, instead in self.respelt.items())
        if not self.hits:
            yield "Nothing found."
        for hit in self.hits:
            place = f", {hit.place}" if hit.place else ""
            # On one line: a text with lines of its own could look like another hit.
            yield f"{hit.rank}. [{hit.record}] {hit.type} of {rfc3339(hit.time)}{place}: {' '.join(hit.text.split())}"


class ContradictionShape(BaseModel):
    """A record that does not go with what holds: it changes nothing, and stands beside it."""

    sentence: Name
    records: list[Record] = Field(description="The records on both sides, as source:external_id.")


class FactsShape(ToolAnswer):
    """What is known of one thing: what holds first, then what held, newest first."""

    cut = {
        "facts": "ask with `predicate`, or with `at` for what held then",
        "contradictions": "ask with `predicate`",
        "maybe_the_same": "list_entities finds them",
    }

    entity: EntityShape
    at: datetime = Field(description="The time that `current` is about.")
    known_at: datetime | None = Field(description="The answer is by what the memory knew then; null: now.")
    facts: list[FactShape]
    contradictions: list[ContradictionShape] = []
    maybe_the_same: list[EntityShape] = Field(default=[], description="Other things that are likely the same one.")

    def lines(self) -> Iterator[str]:
        known = "" if self.known_at is None else f", by what was known at {rfc3339(self.known_at)}"
        yield f"{self.entity.line()} at {rfc3339(self.at)}{known}"
        yield from (f"- {fact.line()}" for fact in self.facts)
        if not self.facts:
            yield "No such facts."
        yield from (f"Contradiction: {one.sentence} {sources(one.records)}" for one in self.contradictions)
        yield from (f"Maybe the same: {each.line()}" for each in self.maybe_the_same)


class ChangeShape(BaseModel):
    """A field that differs from the version before. Values are JSON; null where there is none."""

    path: Name
    before: Name | None
    after: Name | None


class VersionShape(BaseModel):
    """One content of a record, as of a time; `written_at` is when the memory took it."""

    as_of: datetime
    written_at: datetime
    current: bool
    kind: Name
    whole: bool = Field(description="False for a partial version, which says only what it says.")
    replaced: bool = Field(description="A correction replaced it.")
    title: Name
    changes: list[ChangeShape]


class HistoryShape(ToolAnswer):
    """The versions of a record, the latest first. `known_at`: as the memory knew it then."""

    cut = {"versions": "get shows the current version"}

    record: Record
    record_id: Name
    type: Name
    known_at: datetime | None
    versions: list[VersionShape]

    def lines(self) -> Iterator[str]:
        known = "" if self.known_at is None else f", as it was known at {rfc3339(self.known_at)}"
        yield f"{self.type} [{self.record}]{known}"
        for one in self.versions:
            state = "current" if one.current else "replaced by a correction" if one.replaced else "earlier"
            yield f"- as of {rfc3339(one.as_of)}, {state}, written {rfc3339(one.written_at)}: {one.title}"
            yield from (f"  {each.path}: {each.before} -> {each.after}" for each in one.changes)


class FieldShape(BaseModel):
    """One value of a payload, and its path, such as `stops[0].city`."""

    path: Name
    value: Annotated[Any, AfterValidator(_safe)]


class RecordShape(ToolAnswer):
    """One record: its fields, its text from `text_from` on, and what it says of which things."""

    cut = {"facts": "facts shows them by thing", "entities": "facts shows what it mentions", "fields": "`apex get`"}

    record: Record
    record_id: Name
    type: Name
    title: Name
    time: datetime = Field(description="When it happened, or as of when it holds.")
    dated: bool = Field(description="False: it gives no time, and this is when it arrived.")
    first_seen: datetime
    revision: int = Field(description="How often it was committed: history shows its versions.")
    fields: list[FieldShape] = Field(description="The fields of the payload.")
    text: Text
    text_from: int = 0
    text_next: int | None = Field(
        description="Ask with this `text_from` for the rest of the text; null: there is none."
    )
    text_length: int
    places: list[Name] = Field(default=[], description="Where the document was found.")
    entities: list[EntityShape] = []
    facts: list[FactShape] = []

    def lines(self) -> Iterator[str]:
        yield f"{self.type} [{self.record}] {self.title}, of {rfc3339(self.time)}, record {self.record_id}"
        yield from (f"at {place}" for place in self.places)
        yield from (f"{field.path}: {field.value}" for field in self.fields)
        until = self.text_length if self.text_next is None else self.text_next
        yield f"Text (characters {self.text_from:,} to {until:,} of {self.text_length:,}):"
        yield from (f"| {line}" for line in self.text.splitlines())
        yield from (f"- {fact.line()}" for fact in self.facts)
        yield from (f"mentions {each.line()}" for each in self.entities)


class NeighbourShape(BaseModel):
    """Another thing, and the facts that join it with the one that was asked for."""

    entity: EntityShape
    facts: list[FactShape]


class NeighboursShape(ToolAnswer):
    """What a thing is joined with at a time."""

    cut = {"neighbours": "ask with a smaller limit, or ask facts with `predicate`"}

    entity: EntityShape
    at: datetime
    neighbours: list[NeighbourShape]

    def lines(self) -> Iterator[str]:
        yield f"{self.entity.line()} at {rfc3339(self.at)}"
        for one in self.neighbours:
            yield f"- {one.entity.line()}"
            yield from (f"  {fact.line()}" for fact in one.facts)
        if not self.neighbours:
            yield "It is joined with nothing."


class GroupShape(BaseModel):
    """The records of one source and type, and the times that they are about."""

    source: Name
    type: Name
    records: int
    first: datetime | None
    last: datetime | None
    last_arrival: datetime


class RunShape(BaseModel):
    """One run: `exit_code` 0 is success, 3 says that some records failed; null while it goes on or where it died."""

    run_id: Name
    verb: Name
    started_at: datetime
    finished_at: datetime | None
    exit_code: int | None
    counts: Values


class StatusShape(ToolAnswer):
    """How much the memory holds, and how its last runs ended."""

    cut = {"groups": "list_records lists the records of one source", "runs": "`apex runs` lists them"}

    records: int
    groups: list[GroupShape]
    entities: Values
    facts: int
    runs: list[RunShape]
    open_sagas: int = Field(description="Records that are being committed, or that a killed run left half-way.")

    def lines(self) -> Iterator[str]:
        yield f"{self.records:,} records, {self.facts:,} facts"
        for one in self.groups:
            span = "" if one.first is None or one.last is None else f", {rfc3339(one.first)} to {rfc3339(one.last)}"
            yield f"- {one.source} {one.type}: {one.records:,}{span}, last arrival {rfc3339(one.last_arrival)}"
        yield "Things: " + (", ".join(f"{count:,} {kind}" for kind, count in self.entities.items()) or "none")
        for run in self.runs:
            end = "no end" if run.exit_code is None else f"exit code {run.exit_code}"
            yield f"- run {run.run_id} {run.verb} of {rfc3339(run.started_at)}: {end} {run.counts or ''}".rstrip()
        if self.open_sagas:
            yield f"{self.open_sagas:,} records are being committed, or were left half-way by a killed run."


class ListedShape(BaseModel):
    """One record in a list."""

    record: Record
    record_id: Name
    type: Name
    time: datetime
    dated: bool = Field(description="False: it gives no time, and this is when it arrived.")
    title: Name
    versions: int


class RecordListShape(ToolAnswer):
    """Records, the newest first; `total` is how many there are."""

    cut = {"records": "ask with `until` set to the time of the last one shown"}

    records: list[ListedShape]
    total: int

    def lines(self) -> Iterator[str]:
        yield f"{len(self.records):,} of {self.total:,} records"
        for one in self.records:
            time = f"{'of' if one.dated else 'without a time, arrived'} {rfc3339(one.time)}"
            yield f"- [{one.record}] {one.type} {time}: {one.title}"


class EntityListShape(ToolAnswer):
    """Things by name."""

    cut = {"entities": "ask with a longer `prefix`"}

    entities: list[EntityShape]

    def lines(self) -> Iterator[str]:
        if not self.entities:
            yield "No such things."
        yield from (f"- {one.line()}" for one in self.entities)


class ErrorShape(BaseModel):
    """Why there is no answer. `candidates` are the things that the name may mean."""

    code: Name
    message: Name
    hint: Name | None
    candidates: list[EntityShape] = []

    def as_text(self) -> str:
        lines = [f"error {self.code}: {self.message}", *([f"hint: {self.hint}"] if self.hint else [])]
        return "\n".join([*lines, *(f"- {each.line()}" for each in self.candidates)])


def sources(records: Sequence[str], count: int = 0) -> str:
    """The records in brackets, as the texts show them: `[turvo:SHIP-1 frontapp:MSG-2] +3 more`."""
    more = count - len(records)
    return f"[{' '.join(records)}]" + (f" +{more:,} more" if more > 0 else "")
