"""The claims of a record: what all its versions state together, about nodes in place of keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from apex_cli.errors import StoreTerminal
from apex_cli.extract import keys
from apex_cli.extract.builder import describe, sentence
from apex_cli.extract.signatures import Signature, groups
from apex_cli.model import NOTHING, Claim, Extraction, Plan, Predicate, RecordVersion
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
from apex_cli.stores.graph.model.observations import Mentions, ResolvedEntity
from apex_cli.stores.graph.model.operations import STORE
from apex_cli.stores.graph.model.resolution import Identities, is_unknown

_Statement = tuple[str, str, str, bool, int | None]
"""Subject, predicate, object, certainty; since when, where that matters."""


def claims_of(plan: Plan, mentions: Mentions, edits: Edits, before: Sequence[StoredClaim]) -> list[StoredClaim]:
    """What all versions of a plan's record state together, with nodes in place of keys; see `history`.

    Their evidence and texts go to `edits`. `before` are the record's claims as stored.
    """
    first: dict[_Statement, tuple[str, str]] = {}
    phrases: set[tuple[str, str]] = set()
    versions: list[VersionClaims] = []
    things = _Things(mentions.resolved[plan.record_id])
    by_version: dict[str, list[ResolvedEntity]] = defaultdict(list)
    for one in mentions.resolved[plan.record_id]:
        by_version[one.version.saga_id].append(one)
    for version in plan.versions():
        extraction = version.extraction
        claims = _resolved(version, by_version[version.saga_id], things)
        versions.append(VersionClaims(micros(extraction.event_time), extraction.whole, claims, extraction.ended))
        for claim, stored in zip(_stated(extraction), claims, strict=True):
            shown = claim.attributes if claim.certain else {**claim.attributes, CERTAIN: False}
            text = claim.sentence, dump(dict(shown)) if shown else NO_ATTRIBUTES
            # The first version that states it gives the text, and its own for each time that it gives.
            first.setdefault(_statement(stored), text)
            first.setdefault(_statement(stored, at=stored.valid_at), text)
            if keys.is_said(claim.object):
                phrases.add(text)
    known = {_statement(moved(claim, mentions.identities)): claim for claim in before}
    stated = effective(versions)
    texts = [first.get(_statement(own, at=own.valid_at)) or first[_statement(own)] for own in stated]
    found = [things.placed(own, _kept(text, text in phrases)) for own, text in zip(stated, texts, strict=True)]
    evidence = [entry_of(plan.record_id, claim) for claim in found]
    edits.add(entry for entry, claim in zip(evidence, found, strict=True) if not is_unknown(claim.object))
    edits.texts |= phrase_texts(plan.record_id, found)
    for entry, stored, text in zip(evidence, found, texts, strict=True):
        if text in phrases:
            continue
        edits.texts.setdefault(entry, FactText(*text))
        old = known.get(_statement(stored)) if known else None
        if old is not None and not is_unknown(old.object):
            edits.origins.setdefault(entry, entry_of(plan.record_id, old))
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
    """The things of one record, all its versions taken together.

    Which entities of two versions are one thing follows from this record alone: so what its versions state together
    does not change when another record joins or parts nodes.
    """

    def __init__(self, entities: Sequence[ResolvedEntity]) -> None:
        # The earliest version comes first, so the newest one stays.
        last = {one.observation.signature: one for one in entities}
        self._names: dict[Signature, str] = {}
        self._places: dict[str, tuple[str, str]] = {NOTHING: (NOTHING, "")}
        for group in groups(last):
            newest = max(group, key=lambda one: (last[one].version.order, one))
            name = newest.digest
            self._names |= dict.fromkeys(group, name)
            self._places[name] = last[newest].node, name

    def name_of(self, entity: ResolvedEntity) -> str:
        """The record's own name of the thing: the digest of its newest signature."""
        return self._names[entity.observation.signature]

    def placed(self, claim: StoredClaim, attributes: str) -> StoredClaim:
        """A claim about things by these names, at their nodes, with the attributes that are kept with it."""
        _, predicate, _, valid_at, invalid_at, certain, *_ = claim
        subject, subject_mark = self._places[claim.subject]
        target, object_mark = self._places[claim.object]
        return StoredClaim(
            subject, predicate, target, valid_at, invalid_at, certain, subject_mark, object_mark, attributes
        )


def moved(claim: StoredClaim, identities: Identities) -> StoredClaim:
    """The claim at the nodes that its entities are now."""
    return claim._replace(
        subject=identities.node_at(claim.subject, claim.subject_mark),
        object=identities.node_at(claim.object, claim.object_mark),
    )


def _statement(claim: StoredClaim, at: int | None = None) -> _Statement:
    return claim.subject, claim.predicate, claim.object, claim.certain, at


def _resolved(version: RecordVersion, entities: Sequence[ResolvedEntity], things: _Things) -> list[StoredClaim]:
    """The claims of one version with the record's own names of things in place of keys."""
    # A preferred key decides over a further key of another entity, and the first entity over later ones.
    names = {key: things.name_of(one) for one in reversed(entities) for key in one.entity.keys}
    names |= {one.entity.key: things.name_of(one) for one in entities} | {NOTHING: NOTHING}
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
