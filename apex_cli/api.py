"""The memory for Python programs: `apex_cli.open`. Names and arguments are stable; see docs/python.md.

Questions are those of `readers.protocol`. `Memory.ingest` is `apex ingest -`: the records go through the staging
directory, so none that was taken is lost, whatever happens to the process.
"""

from __future__ import annotations

import gc
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, Self, cast

from apex_cli.answers import Answer, AnsweredFact, Contradiction
from apex_cli.config import SPECS, Settings, load
from apex_cli.errors import ApexError, UsageError, unwrap_single_exception
from apex_cli.input_rules import Naming
from apex_cli.inventory import EntityList, Neighbour, Neighbourhood, Overview
from apex_cli.model import EntityType, Predicate
from apex_cli.pipeline.reading import MemoryReader
from apex_cli.queries import RecordHistory, RecordView
from apex_cli.results import RecordResult, RecordStatus, RunSummary
from apex_cli.search.find import SearchHit, SearchResult
from apex_cli.sources import registry
from apex_cli.stores.postgres.inventory import RecordList
from apex_cli.stores.views import EntityView, FactView, RecordFilter
from apex_cli.units import parse_moment

if TYPE_CHECKING:
    from apex_cli.pipeline.context import InputStream

__all__ = [
    "Answer",
    "AnsweredFact",
    "ApexError",
    "Contradiction",
    "EntityList",
    "EntityView",
    "FactView",
    "Ingested",
    "Memory",
    "Neighbour",
    "Neighbourhood",
    "Overview",
    "RecordHistory",
    "RecordLike",
    "RecordList",
    "RecordResult",
    "RecordStatus",
    "RecordView",
    "RunSummary",
    "SearchHit",
    "SearchResult",
    "open",
]

_STREAM = "records.jsonl"
_JSON = "json"


class RecordLike(Protocol):
    """A record with its source, such as `RecordView.version` and the versions of a `RecordHistory`.

    Its identity is read out of its payload, as always. Of other JSON (`json`), `external_id` gives the collection:
    `invoices#INV-1`.
    """

    @property
    def source(self) -> str:
        """A source of `apex ingest --source`."""

    @property
    def external_id(self) -> str:
        """The source's own id."""

    @property
    def payload(self) -> Mapping[str, Any]:
        """Plain JSON data."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """How each record ended, in the order in which they ended, and the run as a whole.

    `RecordResult.locator` says which one it is: `records.jsonl:3` is the third. A record that holds several gives a
    result for each. Records that earlier runs left staged are taken up, too.
    """

    results: Sequence[RecordResult]
    summary: RunSummary


def open(*, home: str | Path | None = None, **settings: Any) -> Memory:
    """The memory of a home, or of the servers that the settings name: `async with apex_cli.open() as memory`.

    `settings` are those of docs/configuration.md by name: `postgres_url`, `namespace`, `lock_timeout` … They count
    before the environment, `.env` and `apex.toml`. Raises `ConfigError`.
    """
    if unknown := sorted(settings.keys() - SPECS.keys()):
        raise UsageError(f"there are no settings {', '.join(unknown)}", hint="docs/configuration.md lists them")
    found = load({"home": home, **settings})
    registry.configure(found.sources)
    return Memory(found)


class Memory:
    """An open memory. Every question raises an `ApexError` (`code`, `message`, `hint`) where it has no answer.

    Times are `datetime` (UTC where they have no zone) or text such as `2025-10-19` and `2025-10-19T14:30:00Z`. A record
    is named by `source:external_id` or its record id, a thing by any of its names, ids or keys. Questions may be asked
    at once, also while this or another process ingests.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reader = MemoryReader(settings)

    async def __aenter__(self) -> Self:
        await self._reader.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reader.__aexit__(kind, error, trace)

    async def search(
        self,
        question: str,
        *,
        limit: int = 10,
        source: str | None = None,
        type: str | None = None,
        after: datetime | str | None = None,
        before: datetime | str | None = None,
        at: datetime | str | None = None,
        only_current: bool = False,
    ) -> SearchResult:
        """Records by meaning, words and the things that the question names, best first.

        `after` and `before` bound when they happened, `at` asks for the records as they were then. `only_current`
        leaves out records whose facts have all ended.
        """
        where = RecordFilter(
            source, type, after=_moment(after), before=_moment(before), at=_moment(at), ended=not only_current
        )
        return await self._reader.search(_filled(question), limit=_positive(limit), where=where)

    async def facts(
        self,
        entity: str,
        *,
        at: datetime | str | None = None,
        predicate: str | None = None,
        everything: bool = False,
        known_at: datetime | str | None = None,
    ) -> Answer:
        """What is known of a thing: what holds, what held, mentions, contradictions; with `at` only what held then.

        With `known_at` by what the memory knew then: versions that came later are left out. Which things are one is as
        it is now, and what was forgotten since is not known.

        Without `everything` long parts are cut to the newest, and count what is left out.
        """
        relation = None if predicate is None else _one_of(Predicate, predicate, "predicate")
        return await self._reader.facts(
            _filled(entity), at=_moment(at), predicate=relation, everything=everything, known_at=_moment(known_at)
        )

    async def history(self, record: str, *, known_at: datetime | str | None = None) -> RecordHistory:
        """The versions of a record by as-of time, with what changed and when the memory got each one.

        With `known_at` as the memory knew it then, without what came later.
        """
        return await self._reader.history(_filled(record), known_at=_moment(known_at))

    async def get(self, record: str) -> RecordView:
        """What each of the four stores holds of a record; its payload is `version.payload`."""
        return await self._reader.get(_filled(record))

    async def neighbours(self, entity: str, *, at: datetime | str | None = None, limit: int = 50) -> Neighbourhood:
        """What a thing is joined with, at a time or now, and by which facts."""
        return await self._reader.neighbours(_filled(entity), at=_moment(at), limit=_positive(limit))

    async def status(self) -> Overview:
        """How much the memory holds, and how its last runs ended."""
        return await self._reader.overview()

    async def list_records(
        self,
        *,
        source: str | None = None,
        type: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        entity: str | None = None,
        limit: int = 20,
    ) -> RecordList:
        """The newest records by event time: at or after `since`, before `until`, that mention `entity`."""
        return await self._reader.list_records(
            source=source,
            data_type=type,
            since=_moment(since),
            until=_moment(until),
            entity=entity,
            limit=_positive(limit),
        )

    async def list_entities(self, *, type: str | None = None, prefix: str = "", limit: int = 20) -> EntityList:
        """Things by name: of one type, and those whose name begins so, in any case."""
        kind = None if type is None else _one_of(EntityType, type, "type")
        return await self._reader.list_entities(kind=kind, beginning=prefix, limit=_positive(limit))

    async def ingest(
        self,
        records: Iterable[Mapping[str, Any] | RecordLike],
        *,
        source: str = registry.AUTO,
        collection: str | None = None,
        id_field: str | Sequence[str] = (),
        again: bool = False,
        on_result: Callable[[RecordResult], None] | None = None,
    ) -> Ingested:
        """Commit records by the same rules and sagas as `apex ingest -`: payloads of any source, as JSON.

        All of them are in the staging directory before the first one is committed: if the process is killed after
        that, the next ingest commits them. `records` is read once, in another thread. A record that cannot be taken
        fails alone. `on_result` gets each result as it comes, and then `results` is empty.

        Raises `Locked` where another process ingests (see `lock_timeout`), `StartError` where nothing can begin, and
        what `records` raises.
        """
        # Here, for programs that only read: this is what takes long to import.
        from apex_cli import faults
        from apex_cli.pipeline.context import IngestRequest, Stop
        from apex_cli.pipeline.ingest import ingest

        if source not in (registry.AUTO, *registry.names()):
            raise UsageError(f"there is no source {source!r}", hint=f"one of {', '.join(registry.names())}")
        faults.arm(self._settings.fault)
        fields = (id_field,) if isinstance(id_field, str) else tuple(id_field)
        naming = Naming(collection, fields, _STREAM)
        request = IngestRequest(paths=(), again=again, streams=_streams(records, source, naming))
        results: list[RecordResult] = []
        observer = _Results(results.append if on_result is None else on_result)
        with _own_collector():
            try:
                summary = await ingest(self._settings, request, observer, Stop())
            except BaseExceptionGroup as error:
                # What `records` raises comes out of the tasks of the run.
                raise unwrap_single_exception(error) from None
        return Ingested(results, summary)


@dataclass(slots=True)
class _Results:
    """Follows a run: passes on the results of records."""

    take: Callable[[RecordResult], None]

    def phase(self, text: str) -> None:
        """Nothing is shown."""

    def outcome(self, outcome: RecordResult) -> None:
        self.take(outcome)


def _streams(records: Iterable[Mapping[str, Any] | RecordLike], source: str, naming: Naming) -> Iterator[InputStream]:
    """The records as JSON Lines: one stream for each row of records of one source and collection."""
    from apex_cli.pipeline.context import InputStream

    def kind(record: Mapping[str, Any] | RecordLike) -> tuple[str, str | None]:
        if isinstance(record, Mapping) or not hasattr(record, "payload"):
            return source, naming.collection
        own = record.external_id.rpartition("#")[0] if record.source == _JSON else ""
        return record.source, own or naming.collection

    for (own_source, own_collection), some in groupby(records, kind):
        lines = (_line(record) for record in some)
        stream = cast("BinaryIO", _Lines(lines))
        yield InputStream(stream, own_source, replace(naming, collection=own_collection))


def _line(record: Mapping[str, Any] | RecordLike) -> bytes:
    payload = record if isinstance(record, Mapping) else getattr(record, "payload", record)
    try:
        return json.dumps(payload, default=_plain).encode("ascii") + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"a record is no JSON: {error}", hint="records are dictionaries of plain JSON data") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


@dataclass(slots=True)
class _Lines:
    """Lines as a binary file that is read once."""

    lines: Iterator[bytes]
    _rest: io.BytesIO = field(default_factory=io.BytesIO)

    def read(self, size: int) -> bytes:
        """At least one byte while there are any."""
        while not (found := self._rest.read(size)):
            line = next(self.lines, None)
            if line is None:
                return b""
            self._rest = io.BytesIO(line)
        return found


@contextmanager
def _own_collector() -> Iterator[None]:
    """A run sets the garbage collector for its own process (`pipeline.runner.settle_collector`): here it is a guest."""
    thresholds = gc.get_threshold()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def _moment(value: datetime | str | None) -> datetime | None:
    if isinstance(value, str):
        try:
            return parse_moment(value)
        except ValueError as error:
            raise UsageError(str(error)) from error
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _filled(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise UsageError(f"{text[:100]!r} is empty or holds a NUL")
    return text


def _positive(limit: int) -> int:
    if limit < 1:
        raise UsageError(f"a limit is 1 or more, not {limit}")
    return limit


def _one_of(known: Iterable[str], given: str, what: str) -> str:
    """The known word that is given in any case."""
    by_name = {each.casefold(): str(each) for each in known}
    try:
        return by_name[given.strip().casefold()]
    except KeyError:
        raise UsageError(f"there is no {what} {given!r}", hint=f"one of {', '.join(by_name.values())}") from None
