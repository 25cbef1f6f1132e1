"""The claims of a record: what all its versions state together, about nodes in place of keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from apex_cli.errors import StoreTerminal
from apex_cli.extract import keys
from apex_cli.extract.builder import describe, sentence
from apex_cli.extract.signatures import Signature, groups
from apex_cli.model import NOTHING, Claim, Extraction, Predicate, RecordVersion
from apex_cli.stores.graph.model.codec import StoredClaim, dump, micros
from apex_cli.stores.graph.model.facts import (
    CERTAIN,
    NO_ATTRIBUTES,
    Edits,
    FactText,
    entry_of,
    phrase_texts,
    with_sentence,
)
from apex_cli.stores.graph.model.history import VersionClaims, effective
from apex_cli.stores.graph.model.observations import Identified, entities_of
from apex_cli.stores.graph.model.operations import STORE
from apex_cli.stores.graph.model.resolution import Identities, is_unknown

_Statement = tuple[str, str, str, bool, int | None]
"""Subject, predicate, object, certainty; since when, where that matters."""


@dataclass(frozen=True, slots=True)
class Statements:
    """What all versions of a record state together, about things by the record's own names of them; see `history`.

    `texts`: sentence and attributes of each of the `claims`. `phrases`: those of phrases. `things`: by the name of a
    thing its newest signature.
    """

    claims: Sequence[StoredClaim]
    texts: Sequence[tuple[str, str]]
    phrases: AbstractSet[tuple[str, str]]
    things: Mapping[str, Signature]


def statements_of(identified: Identified) -> Statements:
    """What the versions of a record state together."""
    first: dict[_Statement, tuple[str, str]] = {}
    phrases: set[tuple[str, str]] = set()
    versions: list[VersionClaims] = []
    things = _Things(identified)
    for version, signatures in identified:
        extraction = version.extraction
        claims = _named(version, signatures, things)
        versions.append(VersionClaims(micros(extraction.event_time), extraction.whole, claims, extraction.ended))
        for claim, stored in zip(_stated(extraction), claims, strict=True):
            shown = claim.attributes if claim.certain else {**claim.attributes, CERTAIN: False}
            text = claim.sentence, dump(dict(shown)) if shown else NO_ATTRIBUTES
            # The first version that states it gives the text, and its own for each time that it gives.
            first.setdefault(_statement(stored), text)
            first.setdefault(_statement(stored, at=stored.valid_at), text)
            if keys.is_said(claim.object):
                phrases.add(text)
    stated = effective(versions)
    texts = [first.get(_statement(own, at=own.valid_at)) or first[_statement(own)] for own in stated]
    return Statements(stated, texts, phrases, things.signatures)


def claims_of(
    record_id: str, statements: Statements, identities: Identities, edits: Edits, before: Sequence[StoredClaim]
) -> list[StoredClaim]:
    """What a record states, with nodes in place of its own names of things.

    The evidence and the texts go to `edits`. `before` are the record's claims as stored.
    """
    known = {_statement(moved(claim, identities)): claim for claim in before}
    texts, phrases = statements.texts, statements.phrases
    places = {name: (identities.nodes[one], name) for name, one in statements.things.items()} | {NOTHING: (NOTHING, "")}
    found = [
        _placed(own, places, _kept(text, text in phrases)) for own, text in zip(statements.claims, texts, strict=True)
    ]
    evidence = [entry_of(record_id, claim) for claim in found]
    edits.add(entry for entry, claim in zip(evidence, found, strict=True) if not is_unknown(claim.object))
    edits.texts |= phrase_texts(record_id, found)
    for entry, stored, text in zip(evidence, found, texts, strict=True):
        if text in phrases:
            continue
        edits.texts.setdefault(entry, FactText(*text))
        old = known.get(_statement(stored)) if known else None
        if old is not None and not is_unknown(old.object):
            edits.origins.setdefault(entry, entry_of(record_id, old))
    return found


def _stated(extraction: Extraction) -> list[Claim]:
    """The claims of an extraction, and after them those that its phrases are once they name a thing."""
    if not extraction.phrases:
        return list(extraction.claims)
    subjects = {entity.key: describe(entity) for entity in extraction.entities}
    return [
        *extraction.claims,
        *(
            Claim(
                phrase.subject,
                Predicate.MENTIONS,
                phrase.key,
                sentence(subjects[phrase.subject], Predicate.MENTIONS, phrase.text),
                extraction.event_time,
                attributes=phrase.attributes,
            )
            for phrase in extraction.phrases
        ),
    ]


def _kept(text: tuple[str, str], of_phrase: bool) -> str:
    """The attributes that are kept with a claim. That of a phrase has no fact yet, so it keeps its sentence too."""
    said, attributes = text
    if of_phrase:
        return with_sentence(said, attributes)
    return "" if attributes == NO_ATTRIBUTES else attributes


class _Things:
    """The things of one record, all its versions taken together; `signatures` has the newest one of each, by its name.

    Which entities of two versions are one thing follows from this record alone: so what its versions state together
    does not change when another record joins or parts nodes.
    """

    def __init__(self, identified: Identified) -> None:
        # The earliest version comes first, so the newest one stays.
        last = {one: version for version, signatures in identified for one in signatures}
        self._names: dict[Signature, str] = {}
        self.signatures: dict[str, Signature] = {}
        for group in groups(last):
            newest = max(group, key=lambda one: (last[one].order, one))
            name = newest.digest
            self._names |= dict.fromkeys(group, name)
            self.signatures[name] = newest

    def name_of(self, signature: Signature) -> str:
        """The record's own name of the thing: the digest of its newest signature."""
        return self._names[signature]


def _placed(claim: StoredClaim, places: Mapping[str, tuple[str, str]], attributes: str) -> StoredClaim:
    """A claim about things by the record's names, at their nodes, with the attributes that are kept with it."""
    _, predicate, _, valid_at, invalid_at, certain, *_ = claim
    subject, subject_mark = places[claim.subject]
    target, object_mark = places[claim.object]
    return StoredClaim(subject, predicate, target, valid_at, invalid_at, certain, subject_mark, object_mark, attributes)


def moved(claim: StoredClaim, identities: Identities) -> StoredClaim:
    """The claim at the nodes that its entities are now."""
    return claim._replace(
        subject=identities.node_at(claim.subject, claim.subject_mark),
        object=identities.node_at(claim.object, claim.object_mark),
    )


def _statement(claim: StoredClaim, at: int | None = None) -> _Statement:
    return claim.subject, claim.predicate, claim.object, claim.certain, at


def _named(version: RecordVersion, signatures: Sequence[Signature], things: _Things) -> list[StoredClaim]:
    """The claims of one version with the record's own names of things in place of keys."""
    entities = list(zip(entities_of(version.extraction), map(things.name_of, signatures), strict=True))
    # A preferred key decides over a further key of another entity, and the first entity over later ones.
    names = {key: name for entity, name in reversed(entities) for key in entity.keys}
    names |= {entity.key: name for entity, name in entities} | {NOTHING: NOTHING}
    found: list[StoredClaim] = []
    for claim in _stated(version.extraction):
        if claim.subject not in names or claim.object not in names:
            raise StoreTerminal(STORE, f"a claim of version {version.saga_id} is about an entity that it does not list")
        found.append(
            StoredClaim(
                names[claim.subject],
                claim.predicate.value,
                names[claim.object],
                micros(claim.valid_at),
                None if claim.invalid_at is None else micros(claim.invalid_at),
                claim.certain,
            )
        )
    return found
