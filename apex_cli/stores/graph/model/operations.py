"""One transaction of a graph, as `model` uses it: what it reads and writes, by name, and the engine that runs it.

Each engine has one statement for every operation.

Keys, columns and answers are the same on all engines. Vectors are float32. Times are aware and in UTC in answers,
and whole microseconds since 1970 in rows to write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal, Protocol, TypeVar

from apex_cli.errors import StoreTerminal

STORE = "graph"

T = TypeVar("T")
Row = dict[str, Any]

Kind = Literal["text", "texts", "time", "vector", "int", "ints", "bool"]
Columns = Mapping[str, Kind]
"""Column names in the order of a row's values, and their types."""


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """One kind of read. `answer` names the columns of its rows, `times` those of them that are times."""

    name: str
    answer: tuple[str, ...]
    times: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """One kind of row to write."""

    name: str
    columns: Columns


_ENTITY = ("id", "name", "labels", "aliases", "attributes")
_FACT = ("id", "predicate", "sentence", "valid_at", "invalid_at", "records", "attributes")
_ENDS = ("subject_id", "subject", "object_id", "object")
_LASTS = ("valid_at", "invalid_at")

# Look-ups: rows for those of many keys that are there.
RECORDS = Query("records by id", ("record", "epoch", "saga", "present", "claims"))
MARKERS = Query("markers by record", ("record", "saga"))
ALIASES = Query("aliases by key", ("key", "entity"))
USED_ENTITY_IDS = Query("entity ids in use", ("uuid",))
OBSERVATIONS_BY_RECORD = Query("observations by record", ("record", "node", "observation"))
OBSERVATIONS_BY_NODE = Query("observations by entity", ("record", "node", "observation"))
NODES = Query("entities by id", ("uuid", "name", "labels", "attributes", "state"))
PAGES = Query("pages of evidence by name", ("page", "evidence", "page_starts"))
FACT_TEXTS = Query("texts of facts", ("uuid", "sentence", "attributes"))
ENTITIES = Query("entities in full by id", _ENTITY)
MENTIONED_ENTITIES = Query("entities by record", ("record", *_ENTITY))
FACTS = Query("facts by id", (*_FACT, *_ENDS), _LASTS)
# Those of functional predicates, and stops.
STATEMENTS = Query("what is stated of entities, by id", (*_FACT, *_ENDS), _LASTS)

# Look-ups of an engine that holds vectors.
NAME_VECTORS = Query("vectors of names", ("uuid", "name", "vector"))
FACT_VECTORS = Query("vectors of facts", ("uuid", "sentence", "vector"))

# Questions to an engine that holds vectors, about anything: `$limit` rows at most.
NAMES_WITHOUT_VECTOR = Query("names without a vector", ("uuid", "labels", "name"))
FACTS_WITHOUT_VECTOR = Query("facts without a vector", ("uuid", "sentence"))

# Questions about one entity: `$text` is an id, or a name in lower case; `$limit` rows at most.
FACTS_AS_SUBJECT = Query("facts by subject", (*_FACT, *_ENDS), _LASTS)
FACTS_AS_OBJECT = Query("facts by object", (*_FACT, *_ENDS), _LASTS)
ENTITIES_BY_NAME = Query("entities by name", _ENTITY)
ENTITIES_BY_PART = Query("entities by part of the name", _ENTITY)
NEWEST_RECORDS = Query("newest records by entity", ("record",))
ALIASES_BY_VALUE = Query("aliases by value", ("key", "entity"))
ALIASES_BY_BEGINNING = Query("aliases by beginning", ("key", "entity"))
# `$text` is the beginning of a name in lower case, `$kind` a type of entity or empty.
ENTITIES_BY_BEGINNING = Query("entities by beginning of the name", _ENTITY)

# Questions about facts: those that begin last, of those that begin not later than `$at`. `$text` is a predicate.
FACTS_THEN = Query("facts that hold at a time", (*_FACT, *_ENDS), _LASTS)
# Mentions that state a status, and facts of functional predicates that only free text supports. `$text` is `MENTIONS`.
FREE_TEXT_CLAIMS = Query("what free text claims", (*_FACT, *_ENDS), _LASTS)

# Scans of everything, and counts of it.
ALL_RECORDS = Query("all records", ("id", "present", "claims"))
ALL_EPISODES = Query("all episodes", ("id",))
ALL_PAGES = Query("all pages", ("page", "evidence", "page_starts"))
ALL_FACTS = Query("all facts", ("id", "predicate", "valid_at", "invalid_at", "records"), _LASTS)
ALL_SUBJECTS = Query("all subjects of facts", ("fact", "node"))
ALL_OBJECTS = Query("all objects of facts", ("fact", "node"))
ALL_NODES = Query("all entities", ("id", "name", "attributes", "aliases", "state"))
ALL_MENTIONS = Query("all mentions", ("record", "node", "observation"))
ALL_ALIASES = Query("all aliases", ("key", "entity"))
ALL_MARKERS = Query("all markers", ("record", "saga", "mentions"))
COUNT_RECORDS = Query("number of records", ("n",))
COUNT_ENTITIES = Query("number of entities", ("n",))
COUNT_FACTS = Query("number of facts", ("n",))
COUNT_TYPES = Query("number of entities by labels", ("labels", "n"))
SCANS = (
    *(ALL_RECORDS, ALL_EPISODES, ALL_PAGES, ALL_FACTS, ALL_SUBJECTS, ALL_OBJECTS, ALL_NODES, ALL_MENTIONS, ALL_ALIASES),
    *(ALL_MARKERS, COUNT_RECORDS, COUNT_ENTITIES, COUNT_FACTS, COUNT_TYPES),
)

_KINDS: Columns = {
    **dict.fromkeys(("labels", "aliases", "entity_edges", "episodes", "evidence"), "texts"),
    **dict.fromkeys(("created_at", "valid_at", "invalid_at", "expired_at", "reference_time"), "time"),
    **{"vector": "vector", "epoch": "int", "page_starts": "ints", "present": "bool"},
}
"""The type of each column that is not a text, the same in every write."""


def _write(name: str, columns: str) -> Write:
    return Write(name, {column: _KINDS.get(column, "text") for column in columns.split()})


# Insertions: the row is not there yet, what it refers to is.
NEW_ENTITY = _write("insert entities", "uuid name group_id labels created_at summary attributes aliases state")
NEW_EPISODE = _write(
    "insert episodes", "uuid name source source_description content valid_at group_id created_at entity_edges"
)
NEW_MENTION = _write("insert mentions", "record node uuid group_id created_at observation")
NEW_FACT = _write(
    "insert facts",
    "uuid group_id created_at name fact attributes valid_at reference_time episodes invalid_at expired_at "
    "subject object",
)
NEW_ALIAS = _write("insert aliases", "key entity value")
NEW_PAGE = _write("insert pages", "page evidence page_starts")
NEW_RECORD = _write("insert records", "record epoch saga present claims")

# Changes and deletions: the row is there.
SET_STATE = _write("set states of entities", "k state")
SET_DISPLAY = _write("set displayed fields of entities", "k name summary attributes aliases")
SET_EPISODE = _write("set episodes", "k name source source_description content valid_at")
SET_OBSERVATION = _write("set observations", "record node observation")
SET_ENDS = _write("set ends of facts", "k episodes invalid_at expired_at")
SET_FACT_TEXT = _write("set texts of facts", "k fact attributes")
SET_ALIAS = _write("set aliases", "k entity")
SET_PAGE = _write("set pages", "k evidence page_starts")
SET_PAGE_STARTS = _write("set starts of later pages", "k page_starts")
SET_RECORD = _write("set records", "k epoch saga present claims")
SET_CLAIMS = _write("set claims", "k claims")
SET_FENCE = _write("set fences", "k epoch")
DELETE_ENTITY = _write("delete entities", "k")
DELETE_EPISODE = _write("delete episodes", "k")
DELETE_MENTION = _write("delete mentions", "record node")
DELETE_FACT = _write("delete facts", "k")
DELETE_ALIAS = _write("delete aliases", "k")
DELETE_PAGE = _write("delete pages", "k")

# Changes of an engine that holds vectors. A text that changes loses its vector by itself.
SET_NAME_VECTOR = _write("set vectors of names", "k vector")
SET_FACT_VECTOR = _write("set vectors of facts", "k vector")


class GraphTransaction(Protocol):
    """Reads see what the transaction wrote. Without keys or rows, no statement runs.

    Synchronous: a job runs in a thread of its own, so that its Python does not block the event loop.
    """

    holds_vectors: bool
    """Whether the graph holds the vectors of names and facts, see `vectors`."""

    def look_up(self, what: Query, keys: Iterable[str]) -> list[Row]:
        """Rows of a look-up for those of the keys that are there; keys may repeat."""

    def ask(
        self, what: Query, text: str, limit: int | None = None, kind: str | None = None, at: datetime | None = None
    ) -> list[Row]:
        """Rows of a question about one entity, about those of a kind, or about facts."""

    def scan(self, what: Query) -> Iterator[list[Row]]:
        """Rows of one of `SCANS`, some at a time."""

    def write(self, what: Write, rows: Sequence[Sequence[Any]]) -> None:
        """Write rows by their columns. Raises `StoreTerminal` if a row, or an end of its relation, is not there."""


class Access(Enum):
    """What a job needs of its transaction."""

    WRITE = "write"
    """Alone on its graph from the first read on; committed at the end."""

    EXACT = "exact"
    """Reads that must fit together: no other job's changes come between them."""

    PATIENT = "patient"
    """As `EXACT`, without a time limit; other jobs wait meanwhile."""

    PLAIN = "plain"
    """Reads without a time limit, which may see another job's commit half-way through."""


Job = Callable[[GraphTransaction], T]
"""Has no side effects outside the transaction: an engine may run it again from the start."""


class GraphEngine(Protocol):
    """Runs jobs, each in one transaction. Raises `StoreError`s only."""

    holds_vectors: bool
    """Whether its graph holds the vectors of names and facts, see `vectors`."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def run(self, job: Job[T], access: Access) -> T: ...


def expect(met: int, rows: Sequence[object]) -> None:
    """Raise `StoreTerminal` unless every row matched something: else the graph is not what the job read."""
    if met != len(rows):
        raise StoreTerminal(STORE, f"{met} of {len(rows)} rows were there to change", hint="run `apex verify`")
