"""What one graph transaction reads and writes, by name. Each engine has one statement for every operation.

Keys, columns and answers are the same on all engines: times are aware and in UTC, vectors are float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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
ALIASES = Query("aliases by key", ("key", "entity"))
USED_ENTITY_IDS = Query("entity ids in use", ("uuid",))
OBSERVATIONS_BY_RECORD = Query("observations by record", ("record", "node", "observation"))
OBSERVATIONS_BY_NODE = Query("observations by entity", ("record", "node", "observation"))
NODES = Query("entities by id", ("uuid", "name", "labels", "attributes", "state"))
PAGES = Query("pages of evidence by name", ("page", "evidence", "page_starts"))
FACT_TEXTS = Query("texts of facts", ("uuid", "sentence", "attributes"))
FACT_VECTORS = Query("vectors of facts", ("uuid", "vector"))
MENTIONED_ENTITIES = Query("entities by record", ("record", *_ENTITY))
FACTS = Query("facts by id", (*_FACT, *_ENDS), _LASTS)
MENTIONING_RECORDS = Query("records by entity", ("node", "record"))
EPISODE_TIMES = Query("times of episodes", ("record", "time"), ("time",))
LOOK_UPS = (
    *(RECORDS, ALIASES, USED_ENTITY_IDS, OBSERVATIONS_BY_RECORD, OBSERVATIONS_BY_NODE, NODES, PAGES),
    *(FACT_TEXTS, FACT_VECTORS, MENTIONED_ENTITIES, FACTS, MENTIONING_RECORDS, EPISODE_TIMES),
)

# Questions about one entity: `$text` is an id, or a name in lower case; `$limit` rows at most.
FACTS_AS_SUBJECT = Query("facts by subject", (*_FACT, *_ENDS), _LASTS)
FACTS_AS_OBJECT = Query("facts by object", (*_FACT, *_ENDS), _LASTS)
ENTITY_BY_ID = Query("entity by id", _ENTITY)
ENTITIES_BY_NAME = Query("entities by name", _ENTITY)
ENTITIES_BY_ALIAS = Query("entities by value of an alias", ("key", *_ENTITY))
QUESTIONS = (FACTS_AS_SUBJECT, FACTS_AS_OBJECT, ENTITY_BY_ID, ENTITIES_BY_NAME, ENTITIES_BY_ALIAS)

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
SCANS = (
    *(ALL_RECORDS, ALL_EPISODES, ALL_PAGES, ALL_FACTS, ALL_SUBJECTS, ALL_OBJECTS, ALL_NODES, ALL_MENTIONS, ALL_ALIASES),
    *(ALL_MARKERS, COUNT_RECORDS, COUNT_ENTITIES, COUNT_FACTS),
)

# Insertions: the row is not there yet, what it refers to is.
NEW_ENTITY = Write(
    "insert entities",
    {
        "uuid": "text",
        "name": "text",
        "group_id": "text",
        "labels": "texts",
        "created_at": "time",
        "vector": "vector",
        "summary": "text",
        "attributes": "text",
        "aliases": "texts",
        "state": "text",
    },
)
NEW_EPISODE = Write(
    "insert episodes",
    {
        "uuid": "text",
        "name": "text",
        "source": "text",
        "source_description": "text",
        "content": "text",
        "valid_at": "time",
        "group_id": "text",
        "created_at": "time",
        "entity_edges": "texts",
    },
)
NEW_MENTION = Write(
    "insert mentions",
    {"record": "text", "node": "text", "uuid": "text", "group_id": "text", "created_at": "time", "observation": "text"},
)
NEW_FACT = Write(
    "insert facts",
    {
        "uuid": "text",
        "group_id": "text",
        "created_at": "time",
        "name": "text",
        "fact": "text",
        "vector": "vector",
        "attributes": "text",
        "valid_at": "time",
        "reference_time": "time",
        "episodes": "texts",
        "invalid_at": "time",
        "expired_at": "time",
        "subject": "text",
        "object": "text",
    },
)
NEW_ALIAS = Write("insert aliases", {"key": "text", "entity": "text", "value": "text"})
NEW_PAGE = Write("insert pages", {"page": "text", "evidence": "texts", "page_starts": "ints"})
NEW_RECORD = Write(
    "insert records", {"record": "text", "epoch": "int", "saga": "text", "present": "bool", "claims": "text"}
)
INSERTIONS = (NEW_ENTITY, NEW_EPISODE, NEW_MENTION, NEW_FACT, NEW_ALIAS, NEW_PAGE, NEW_RECORD)

# Changes and deletions: the row is there.
SET_STATE = Write("set states of entities", {"k": "text", "state": "text"})
SET_DISPLAY = Write(
    "set displayed fields of entities",
    {"k": "text", "name": "text", "summary": "text", "attributes": "text", "aliases": "texts"},
)
SET_NAME_VECTOR = Write("set vectors of names", {"k": "text", "vector": "vector"})
SET_EPISODE = Write(
    "set episodes",
    {
        "k": "text",
        "name": "text",
        "source": "text",
        "source_description": "text",
        "content": "text",
        "valid_at": "time",
    },
)
SET_OBSERVATION = Write("set observations", {"record": "text", "node": "text", "observation": "text"})
SET_ENDS = Write("set ends of facts", {"k": "text", "episodes": "texts", "invalid_at": "time", "expired_at": "time"})
SET_FACT_TEXT = Write("set texts of facts", {"k": "text", "fact": "text", "attributes": "text", "vector": "vector"})
SET_ALIAS = Write("set aliases", {"k": "text", "entity": "text"})
SET_PAGE = Write("set pages", {"k": "text", "evidence": "texts", "page_starts": "ints"})
SET_PAGE_STARTS = Write("set starts of later pages", {"k": "text", "page_starts": "ints"})
SET_RECORD = Write("set records", {"k": "text", "epoch": "int", "saga": "text", "present": "bool", "claims": "text"})
SET_CLAIMS = Write("set claims", {"k": "text", "claims": "text"})
SET_FENCE = Write("set fences", {"k": "text", "epoch": "int"})
DELETE_ENTITY = Write("delete entities", {"k": "text"})
DELETE_EPISODE = Write("delete episodes", {"k": "text"})
DELETE_MENTION = Write("delete mentions", {"record": "text", "node": "text"})
DELETE_FACT = Write("delete facts", {"k": "text"})
DELETE_ALIAS = Write("delete aliases", {"k": "text"})
DELETE_PAGE = Write("delete pages", {"k": "text"})
CHANGES = (
    *(SET_STATE, SET_DISPLAY, SET_NAME_VECTOR, SET_EPISODE, SET_OBSERVATION, SET_ENDS, SET_FACT_TEXT),
    *(SET_ALIAS, SET_PAGE, SET_PAGE_STARTS, SET_RECORD, SET_CLAIMS, SET_FENCE, DELETE_ENTITY, DELETE_EPISODE),
    *(DELETE_MENTION, DELETE_FACT, DELETE_ALIAS, DELETE_PAGE),
)
