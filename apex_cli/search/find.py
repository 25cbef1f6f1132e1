"""Asks the stores what a question finds, and shows the best of it. See the package for the parts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from apex_cli.errors import ApexError, RecordError, RunHalted, StoreError
from apex_cli.search import passages
from apex_cli.search.passages import stem
from apex_cli.search.question import Aim, Name, SearchQuestion, understand
from apex_cli.search.ranking import Named, Near, Ranking, rank
from apex_cli.stores.postgres.record_search import NamedRecord, ShownVersion
from apex_cli.stores.views import ANY_RECORD, EntityView, GraphView, RecordFilter
from apex_cli.text_cleaning import replace_unencodable
from apex_cli.whole_reads import Differences, read_whole

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

T = TypeVar("T")

_DEPTH = 50
"""Hits that each part gives, at least."""
_COMPARED = 100
"""Of the nearest texts so many are compared word by word, if the model does that."""
_MENTIONS = 2_000
"""Of a thing that is named, its newest records, at most."""
_MOST_THINGS = 8
_PAGE = 50
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A record found. `matched_by` lists the parts of the search that found it: `vector`, `keyword`, `graph`.

    `place` is where `text` is in its file ("rate-con.pdf, page 2"); empty where there is nothing to say. `matched` are
    the words of the question in `text`, as they are written there. `event_time` is that of the version that is shown.
    """

    rank: int
    score: float
    record_id: str
    source: str
    data_type: str
    external_id: str
    event_time: datetime
    text: str
    matched_by: tuple[str, ...]
    matched: tuple[str, ...]
    place: str = ""


@dataclass(frozen=True, slots=True)
class FailedPart:
    """A part of a search that could not answer, and why."""

    part: str
    error: ApexError


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits, best first, of all parts but those in `left_out`. `respelt` are words of the question that no record
    has, each with the word that was looked for instead.
    """

    hits: Sequence[SearchHit]
    left_out: Sequence[FailedPart] = ()
    respelt: Mapping[str, str] = field(default_factory=dict)


async def search(stores: Stores, text: str, *, limit: int = 10, where: RecordFilter = ANY_RECORD) -> SearchResult:
    """Records that fit `text`: by meaning, by words and by the things that it names. `ranking` says in which order.

    A part that fails is left out and named in the result. Raises an `ApexError` when no part answers, or when
    PostgreSQL cannot say which versions are current.
    """
    text = replace_unencodable(text)
    spelt = await _answer(stores.catalog.respelt(text))
    respelt = {} if isinstance(spelt, ApexError) else spelt
    question = understand(_replaced(text, respelt))
    depth = max(_DEPTH, limit * 5)

    async def join(found: tuple[Ranking, list[FailedPart]]) -> tuple[SearchResult, Differences]:
        ranking, left_out = found
        shown = await _best(stores, ranking, limit, where)
        hits = [_hit(place, one, ranking, question) for place, one in enumerate(shown, 1)]
        differing = frozenset(
            (one.record_id, one.marker, saga_id)
            for one in shown
            for saga_id in ranking.sagas.get(one.record_id, set()) - {one.marker, *one.sagas}
            if where.at is None
        )
        return SearchResult(hits, left_out, respelt), differing

    result, _ = await read_whole(stores.journal, partial(_find, stores, question, depth, where), join)
    return result


def _replaced(text: str, words: Mapping[str, str]) -> str:
    """The text with these words in place of others, whole words only."""
    return re.sub(r"[^\W\d_]+", lambda match: words.get(match.group(), match.group()), text)


async def _find(
    stores: Stores, question: SearchQuestion, depth: int, where: RecordFilter
) -> tuple[Ranking, list[FailedPart]]:
    """What the parts find together, and the parts that could not answer."""
    models = list(stores.vectors.models)
    words, named, near = await asyncio.gather(
        _answer(stores.catalog.search(question.text, limit=depth, where=where)),
        _answer(_by_name(stores, question, depth, where)),
        asyncio.gather(*(_answer(_by_meaning(stores, model, question, depth, where)) for model in models)),
    )
    answers = [("keyword", words), ("graph", named), *(("vector", each) for each in near)]
    left_out = [FailedPart(part, answer) for part, answer in answers if isinstance(answer, ApexError)]
    if len(left_out) == len(answers):
        raise next((part.error for part in left_out if isinstance(part.error, StoreError)), left_out[0].error)
    ranking = rank(
        words=[] if isinstance(words, ApexError) else words,
        named=[] if isinstance(named, ApexError) else named,
        near=[each for each in near if not isinstance(each, ApexError)],
        only_ids=question.is_only_ids,
    )
    return ranking, left_out


async def _answer(part: Awaitable[T]) -> T | ApexError:
    """The hits of a part, or the error of its store or of the embedding model."""
    try:
        return await part
    except (StoreError, RecordError, RunHalted) as error:
        return error


async def _by_meaning(stores: Stores, model: str, question: SearchQuestion, depth: int, where: RecordFilter) -> Near:
    embedder = stores.embedding.models[model]
    vector = (await embedder.question(question.text)).tolist()
    hits = await stores.vectors.search(model, vector, limit=max(depth, _COMPARED), where=where)
    close = await embedder.closeness(question.aim().rest, [hit.text for hit in hits])
    is_led = stores.embedding.text is not stores.embedding.embedder
    leads = is_led and model == stores.embedding.text.name
    return Near(hits, embedder.noise, embedder.sure, leads=leads, closeness=close)


async def _by_name(stores: Stores, question: SearchQuestion, depth: int, where: RecordFilter) -> list[Named]:
    """The records of each thing that the question names."""
    keys = {name: name.keys() for name in question.names}
    known, with_id = await asyncio.gather(
        stores.graph.named(list(dict.fromkeys(key for each in keys.values() for key in each))),
        stores.catalog.with_id([name.text.lower() for name in question.names]),
    )
    things: dict[Name, tuple[list[EntityView], Sequence[str]]] = {}
    for name in question.names:
        entities = list({one.id: one for key in keys[name] for one in known.get(key, ())}.values())
        records = with_id.get(name.text.lower(), ())
        longer = [set(other.words) for other in things]
        if (entities or records) and not any(set(name.words) <= words for words in longer):
            things[name] = (entities, records)
    aim = question.aim(things)
    rest = {stem(word) for word in aim.rest}
    chosen = list(things.items())[:_MOST_THINGS]
    found = await asyncio.gather(*(_records_of(stores, aim, name, *thing, depth, where) for name, thing in chosen))
    named = []
    for (name, _), ordered in zip(chosen, found, strict=True):
        if not ordered:
            continue
        called = rest & frozenset[str]().union(*(aim.kind_words(one.data_type) for one in ordered))
        # "latest fuel stop": the word that is left ("stop") does not undo the order of what is fuel.
        is_all = rest <= called or (aim.is_newest and bool(called))
        named.append(
            Named(
                [one.record_id for one in ordered],
                frozenset(one.record_id for one in ordered if one.is_about),
                decides=is_all or name.is_identifier,
                is_all=is_all,
            )
        )
    return named


async def _records_of(
    stores: Stores,
    aim: Aim,
    name: Name,
    entities: Sequence[EntityView],
    with_name: Sequence[str],
    depth: int,
    where: RecordFilter,
) -> list[NamedRecord]:
    """The records of the thing with this name, best first: see `ranking`. `with_name` have it as their own id."""
    aliases = [alias for one in entities for alias in one.aliases]
    mentioning = await asyncio.gather(*(stores.graph.newest_records(one.id, limit=_MENTIONS) for one in entities))
    mentions = dict.fromkeys([*with_name, *(record for each in mentioning for record in each)])
    # Of a thing that very many records mention, its own may be none of the newest.
    ids = list(dict.fromkeys([name.text.lower(), *(alias.rpartition(":")[2].lower() for alias in aliases)]))
    others = {
        record for each in (await stores.catalog.with_id(ids)).values() for record in each if record not in mentions
    }
    records = await stores.catalog.newest_of([*mentions, *others], ids=ids, aliases=aliases, limit=depth, where=where)
    wanted = [one for one in records if one.record_id in mentions or one.is_about]
    return sorted(wanted, key=lambda one: _order(aim, one))


def _order(aim: Aim, record: NamedRecord) -> tuple[int, ...]:
    """Where a record stands among those of a thing, of which the newest comes first."""
    kind = -len(aim.kind_words(record.data_type))
    states = not aim.relations.isdisjoint(record.predicates)
    if aim.is_newest:
        return kind, not states, not record.is_about
    return kind, not states, not record.has_id, not record.is_titled, not record.is_about


async def _best(stores: Stores, ranking: Ranking, limit: int, where: RecordFilter) -> list[ShownVersion]:
    """The first records of the ranking that readers see, as they see them."""
    best: list[ShownVersion] = []
    ids = ranking.record_ids()
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE]
        shown = await stores.catalog.shown(page, where.at)
        ended = frozenset[str]() if where.ended else await _ended(stores, list(shown), where.at or datetime.now(UTC))
        best += [shown[record_id] for record_id in page if record_id in shown and record_id not in ended]
        if len(best) >= limit:
            break
    return best[:limit]


async def _ended(stores: Stores, record_ids: Sequence[str], now: datetime) -> frozenset[str]:
    """Those of these records whose facts have all ended by then. One without facts has none that ended."""
    views = await stores.graph.read(record_ids)
    return frozenset(record_id for record_id, view in views.items() if view.facts and not _holds_any(view, now))


def _holds_any(view: GraphView, now: datetime) -> bool:
    return any(fact.invalid_at is None or fact.invalid_at > now for fact in view.facts)


def _hit(place: int, shown: ShownVersion, ranking: Ranking, question: SearchQuestion) -> SearchHit:
    point = ranking.points.get(shown.record_id)
    if point is None or point.saga_id not in shown.sagas:
        point = None
    words = question.aim().rest
    piece = passages.around(shown.text if point is None else point.text, words, _SHOWN)
    return SearchHit(
        place,
        round(ranking.scores[shown.record_id], 6),
        shown.record_id,
        shown.source,
        shown.data_type,
        shown.external_id,
        shown.event_time,
        piece,
        tuple(ranking.parts[shown.record_id]),
        passages.matched(words, piece),
        "" if point is None else point.place,
    )
