"""The data types that all packages share: records, extractions and plans.

A `Record` is one thing that arrived. An `Extraction` is what the record states: entities, claims and text.
A `Plan` is one attempt (one saga) to make a record's new version visible in all four stores.

Identifiers are UUID version 5 (RFC 9562) in text form, made from names, so the same thing has the
same id in every run and process. Times are aware datetimes in UTC.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha1
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    """A matrix of vectors, one per row: shape (texts, dimensions), float32, rows of length one."""

JsonObject = Mapping[str, Any]

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:apex:memory")
_NAMESPACE_BYTES = NAMESPACE.bytes
_VARIANT = {digit: f"{int(digit, 16) & 0x3 | 0x8:x}" for digit in "0123456789abcdef"}
"""The first digit of a UUID's fourth group, by what the hash has there."""
DEFAULT_NAMESPACE = "apex"
"""The namespace unless a setting names another. Ids contain the namespace, so two memories can share a server."""


def named_uuid(*parts: str) -> str:
    """A UUIDv5 in text form from an ordered list of names; no two lists share one."""
    name = "".join([f"{len(part)}:{part}" for part in parts])
    # As `uuid.uuid5`, at half of its cost: an ingest makes some twenty of these for a record.
    text = sha1(_NAMESPACE_BYTES + name.encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


class EntityType(StrEnum):
    """All types of entities. `VALUE` is the node of a plain value such as a status; no entity for users."""

    VEHICLE = "Vehicle"
    DRIVER = "Driver"
    SHIPMENT = "Shipment"
    CUSTOMER = "Customer"
    CARRIER = "Carrier"
    LOCATION = "Location"
    STOP = "Stop"
    GEOFENCE = "Geofence"
    ORDER = "Order"
    REFERENCE = "Reference"
    MESSAGE = "Message"
    CONVERSATION = "Conversation"
    PERSON = "Person"
    DOCUMENT = "Document"
    ALERT = "Alert"
    VALUE = "Value"


class Predicate(StrEnum):
    """All relations between entities."""

    LOCATED_AT = "LOCATED_AT"
    HAS_ENGINE_STATE = "HAS_ENGINE_STATE"
    INSIDE_GEOFENCE = "INSIDE_GEOFENCE"
    DRIVES = "DRIVES"
    FOR_CUSTOMER = "FOR_CUSTOMER"
    HAULED_BY = "HAULED_BY"
    ASSIGNED_DRIVER = "ASSIGNED_DRIVER"
    HAS_STATUS = "HAS_STATUS"
    ORIGIN = "ORIGIN"
    DESTINATION = "DESTINATION"
    HAS_STOP = "HAS_STOP"
    AT = "AT"
    HAS_REFERENCE = "HAS_REFERENCE"
    MANAGED_BY = "MANAGED_BY"
    SENT_BY = "SENT_BY"
    SENT_TO = "SENT_TO"
    CC = "CC"
    IN_CONVERSATION = "IN_CONVERSATION"
    REPLIES_TO = "REPLIES_TO"
    HAS_ATTACHMENT = "HAS_ATTACHMENT"
    MENTIONS = "MENTIONS"
    ABOUT = "ABOUT"


FUNCTIONAL = frozenset(
    {
        Predicate.LOCATED_AT,
        Predicate.HAS_ENGINE_STATE,
        Predicate.INSIDE_GEOFENCE,
        Predicate.DRIVES,
        Predicate.HAULED_BY,
        Predicate.ASSIGNED_DRIVER,
        Predicate.HAS_STATUS,
    }
)
"""Predicates with one current value at a time: a new value closes the one before it."""


NOTHING = ""
"""The object of a claim that a functional predicate has no value from then on: the vehicle is inside no geofence. It
ends the value before, and is no fact itself.
"""


class RecordKind(StrEnum):
    """`EVENT`: it happened once (a ping, a webhook event, a message). `STATE`: what a source states of a thing as of a
    time (a shipment, a vehicle row, a document); a record of this kind has versions.
    """

    EVENT = "event"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it arrived: identity, payload, hash.

    `payload` is plain JSON data (documents: see `formats.content`). `content_hash` is the
    BLAKE2b-256 of the canonical JSON (see `extract.identity`). `observed_at` is when the input was
    staged; it is the event time of a payload for which nothing gives a time. `locator` is the position in the input
    (`orders.json:3`), for messages; `size` is about the number of bytes there.
    `namespace` is the memory that the record belongs to.

    `as_of` is the time of the envelope (`time_extracted`, an SNS `Timestamp`) or of the file: it counts where the
    payload has no time of its own. `ended` marks a tombstone: the source says that the thing is gone. `notes` say what
    the reader left out or assumed; they are shown with the record's result.
    `collection` is, for other JSON, the name of the list, table, stream or file that the payload stood in, and
    `id_fields` names the fields that identify it there, where a connector says it. `looks_like` is set where no source
    was named and none knows the shape: the nearest source, "" where none is near.

    `exported` is set for what comes out of an export: no rule and no model decides about it again.

    `stored_id` is the record id where it does not follow from the identity: of a document, which the memory finds by
    its content or its place, and of a record whose external id is unique by construction.
    """

    source: str
    data_type: str
    external_id: str
    payload: JsonObject
    content_hash: str
    observed_at: datetime
    locator: str
    size: int = field(default=0, compare=False)
    namespace: str = DEFAULT_NAMESPACE
    as_of: datetime | None = None
    ended: bool = False
    notes: tuple[str, ...] = field(default=(), compare=False)
    collection: str = field(default="", compare=False)
    id_fields: tuple[str, ...] = field(default=(), compare=False)
    looks_like: str | None = field(default=None, compare=False)
    stored_id: str | None = None
    exported: Exported | None = field(default=None, compare=False)

    @property
    def record_id(self) -> str:
        return self.stored_id or record_id(self.source, self.data_type, self.external_id, self.namespace)


def record_id(source: str, data_type: str, external_id: str, namespace: str = DEFAULT_NAMESPACE) -> str:
    """The id of a record in all four stores."""
    return _record_uuid(namespace, source, data_type, external_id)


# The stages ask for the id of a record some fifteen times.
@lru_cache(maxsize=8192)
def _record_uuid(namespace: str, source: str, data_type: str, external_id: str) -> str:
    return named_uuid("record", namespace, source, data_type, external_id)


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing as one record describes it.

    `keys` identify it (`"vehicle:vin:1XKYD49X7PJ304417"`, made by `extract.keys`), the preferred one first, never
    empty. Any of them, once known, reaches the known node; two that reach two nodes make them one.
    `names` are weaker: they reach a known node only when no key does, and become aliases where they are still free.
    `hints` are looked up like names but never become aliases: a bare name that may be known from elsewhere.
    `certain` is false for things only mentioned in free text: their spelling never replaces that of a system of record.
    """

    type: EntityType
    keys: tuple[str, ...]
    name: str
    names: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    certain: bool = True

    @property
    def key(self) -> str:
        """The preferred key: what claims of the same extraction refer to."""
        return self.keys[0]


@dataclass(frozen=True, slots=True)
class Claim:
    """One record's statement that `subject PREDICATE object` holds from `valid_at` on.

    `subject` and `object` are preferred keys of entities of the same extraction; `object` may be `NOTHING`.
    `sentence` is the claim in plain words ("Vehicle TRUCK-6520 is at Chicago, IL") without a time, for it is the text
    of every interval of this fact. `invalid_at` is set only where the record itself states an end. What is stored as a
    *fact* (an interval with evidence) is computed from all records' claims: see `timeline`. `certain` is false for what
    a model extracted from free text: it never changes what a system of record states.
    """

    subject: str
    predicate: Predicate
    object: str
    sentence: str
    valid_at: datetime
    invalid_at: datetime | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of a text that may name something: "Lakeshore Haulage", "LD-40512".

    `subject` is the key of the entity whose text it is. `key` is that of `keys.said`. If the memory knows one thing
    that is called so, now or later, the subject mentions it; else the phrase is no entity and no fact. `attributes` are
    those of the mention: by which rule, and where in the text.
    """

    subject: str
    key: str
    text: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a record states: its time, its text, the chunks to embed (one or more), entities and claims.

    `phrases` are what its text may name besides.

    `chunk_places` says where each chunk is in its file ("rate-con.pdf, page 2"); empty where there is nothing to say.

    `event_time` is when an event happened, and the as-of time of a state. A claim whose `valid_at` equals it has no
    time of its own. `dated` is false where nothing gives a time, so that it is when the record was staged. `whole` is
    false for a partial record, such as a row of a list or the preview of a message: it ends nothing by silence.
    `ended` is set for a tombstone: everything that the record said ends, mentions too.
    `notes` say what was cut or left out; they are shown with the record's result.
    `llm_calls`, `tokens` and `cost_usd` are what this run paid for it: zero for an extraction of an earlier run.
    """

    event_time: datetime
    title: str
    text: str
    chunks: tuple[str, ...]
    entities: tuple[Entity, ...]
    claims: tuple[Claim, ...]
    llm_calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    kind: RecordKind = RecordKind.STATE
    whole: bool = True
    dated: bool = True
    notes: tuple[str, ...] = ()
    ended: bool = False
    chunk_places: tuple[str, ...] = ()
    phrases: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export states of a record: a version as it was committed, or hashes of content that was forgotten.

    `extraction` has no chunks, and is None for forgotten content. `again`: it took the place of a version with the same
    content. `places` are where a document is, as `document_place` has them; with its last version only.
    """

    extraction: Extraction | None = None
    again: bool = False
    places: tuple[JsonObject, ...] = ()
    forgotten: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Embedded:
    """An extraction with its vectors: one row per chunk, per entity name and per claim's sentence, in their order.

    `model` names the model of the chunks' vectors (`Embedder.name`). Those of names and sentences are of the memory's
    own model in every record; None where the graph holds no vectors.
    """

    extraction: Extraction
    model: str
    chunk_vectors: Vectors
    entity_vectors: Vectors | None = None
    claim_vectors: Vectors | None = None


@dataclass(frozen=True, slots=True)
class RecordVersion:
    """One version of a record: what it states. `embedded` is None where its vectors are not at hand."""

    saga_id: str
    extraction: Extraction
    embedded: Embedded | None = None

    @property
    def order(self) -> tuple[datetime, bool]:
        """Versions of a state follow each other in this order: by as-of time; a partial one is before a whole one."""
        return self.extraction.event_time, self.extraction.whole


class Position(StrEnum):
    """Where a new version stands among the versions of its record.

    `FIRST`: there are no others. `SUCCEEDS`: it is later than all others. `CORRECTS`: it replaces one of the same time.
    `LATE`: it is earlier than the current version.
    """

    FIRST = "first"
    SUCCEEDS = "succeeds"
    CORRECTS = "corrects"
    LATE = "late"


class PlanKind(StrEnum):
    """`WRITE` makes a new version visible; `FORGET` makes the record disappear, by the same saga."""

    WRITE = "write"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Superseded:
    """A version that readers no longer see after a plan: its saga id, how many vector points it has, and their model.

    `model` is None where it is not known: the points may be of any model.
    """

    saga_id: str
    chunks: int
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One attempt to commit one record: everything the stores need, decided before any of them is changed.

    `epoch` is the fencing token given by Postgres: every store refuses a plan whose epoch is older than one it has
    seen for the record. `embedded` and `record` are None for `FORGET`, and after a crash for sagas taken up from the
    journal (no step after the pivot needs them). `model` names the model of its vectors, None where it is not known.

    `history` holds the record's other versions that count. `current` and `shown` say whether this version becomes the
    current one, and whether readers see its text: that of the current version, and of the last whole one beside a
    partial current one. `states` is false for a version that is kept and states nothing: the preview of a message that
    is there in full.
    """

    saga_id: str
    record_id: str
    epoch: int
    revision: int
    kind: PlanKind
    group_id: str
    chunks: int
    superseded: tuple[Superseded, ...] = ()
    record: Record | None = None
    embedded: Embedded | None = None
    model: str | None = None
    position: Position = Position.FIRST
    history: tuple[RecordVersion, ...] = ()
    current: bool = True
    shown: bool = True
    states: bool = True

    def versions(self) -> list[RecordVersion]:
        """All versions of the record that count after this plan, the earliest first; none for `FORGET`."""
        own = []
        if self.embedded is not None and self.states:
            own = [RecordVersion(self.saga_id, self.embedded.extraction, self.embedded)]
        return sorted([*self.history, *own], key=lambda version: version.order) if self.history else own

    def point_ids(self) -> list[str]:
        """The ids of this attempt's vector points."""
        return point_ids(self.saga_id, self.chunks)


def point_ids(saga_id: str, chunks: int) -> list[str]:
    """Ids of the vector points of one attempt: UUIDv5 of saga and position, so no attempt touches another's."""
    return [named_uuid("point", saga_id, str(index)) for index in range(chunks)]
