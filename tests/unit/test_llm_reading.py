"""The parts of a model's answer that become entities and claims: grounded in the text, in closed lists, keyed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apex_cli.enrich import llm_extraction, ontology
from apex_cli.enrich.llm_extraction import (
    MOST_ENTITIES,
    MOST_RELATIONS,
    LLMEntity,
    LLMExtraction,
    LLMRelation,
    keep_grounded,
)
from apex_cli.enrich.prompting import joined
from apex_cli.extract.builder import Builder
from apex_cli.extract.identity import content_hash
from apex_cli.model import Claim, Entity, EntityType, Extraction, Predicate, Record
from apex_cli.sources.registry import extract, prose

NOON = datetime(2025, 10, 19, 12, tzinfo=UTC)
TEXT = "Load SHIP-2025-10-19-002 is hauled by Twin Lakes Haulage. Dana Reyes looks after it. Storm Ida closed I-65."


def message(body: str) -> Record:
    payload = {
        "message_id": "MSG-1",
        "subject": "",
        "body": body,
        "sender": "dispatch@example.com",
        "sent_at": "2025-10-19T12:00:00Z",
    }
    return Record("frontapp", "message", "MSG-1", payload, content_hash(payload), NOON, "m.json:1")


def enriched(body: str, said: LLMExtraction) -> Extraction:
    record = message(body)
    extraction = extract(record)
    kept = keep_grounded(said, prose(record), extraction.event_time)
    builder = Builder.resumed(extraction)
    subject = builder.add(extraction.entities[0])
    llm_extraction.add(builder, subject, kept, llm_extraction.to_entities(kept, record.source))
    return builder.build(extraction.title, extraction.text, extraction.chunks)


def facts(extraction: Extraction) -> set[tuple[str, str, str, bool]]:
    """Subject, predicate, object and certainty of every claim, by names."""
    names = {entity.key: entity.name for entity in extraction.entities}
    return {
        (names[claim.subject], claim.predicate.value, names[claim.object], claim.certain) for claim in extraction.claims
    }


def named(extraction: Extraction, name: str) -> Entity:
    (found,) = [entity for entity in extraction.entities if entity.name == name]
    return found


def claim(extraction: Extraction, predicate: Predicate, target: str) -> Claim:
    key = named(extraction, target).key
    (found,) = [one for one in extraction.claims if one.predicate is predicate and one.object == key]
    return found


HAULED = LLMExtraction(
    (
        LLMEntity("SHIP-2025-10-19-002", EntityType.SHIPMENT),
        LLMEntity("Twin Lakes Haulage", EntityType.CARRIER),
        LLMEntity("Dana Reyes", EntityType.PERSON),
        LLMEntity("Storm Ida", None),
        LLMEntity("I-65", None),
    ),
    (
        LLMRelation(0, "HAULED_BY", 1, "The load is hauled by Twin Lakes Haulage."),
        LLMRelation(0, "MANAGED_BY", 2, "Dana Reyes looks after it."),
        LLMRelation(3, "CLOSED_ROAD", 4, "Storm Ida closed I-65."),
    ),
)


class TestConversion:
    def test_relations_of_the_closed_list_become_uncertain_claims(self) -> None:
        found = enriched(TEXT, HAULED)
        assert ("SHIP-2025-10-19-002", "HAULED_BY", "Twin Lakes Haulage", False) in facts(found)
        assert ("SHIP-2025-10-19-002", "MANAGED_BY", "Dana Reyes", False) in facts(found)
        assert claim(found, Predicate.HAULED_BY, "Twin Lakes Haulage").attributes == {
            "said": "The load is hauled by Twin Lakes Haulage."
        }

    def test_what_the_lists_do_not_hold_is_a_mention_and_never_a_label(self) -> None:
        found = enriched(TEXT, HAULED)
        assert {one.predicate for one in found.claims} <= set(Predicate)
        assert named(found, "Storm Ida").type is EntityType.VALUE
        assert claim(found, Predicate.MENTIONS, "Storm Ida").attributes == {"said": "Storm Ida closed I-65."}

    def test_what_the_rules_know_is_the_same_node_and_is_mentioned_once(self) -> None:
        found = enriched(TEXT, HAULED)
        assert named(found, "SHIP-2025-10-19-002").keys == ("shipment:id:SHIP-2025-10-19-002",)
        assert sum(name[2] == "SHIP-2025-10-19-002" for name in facts(found)) == 1

    def test_what_the_rules_say_stays(self) -> None:
        assert facts(extract(message(TEXT))) <= facts(enriched(TEXT, HAULED))

    def test_a_status_is_never_stated(self) -> None:
        said = LLMExtraction(
            (LLMEntity("SHIP-2025-10-19-002", EntityType.SHIPMENT), LLMEntity("delivered", None)),
            (LLMRelation(0, "HAS_STATUS", 1, "It was delivered."),),
        )
        found = enriched("SHIP-2025-10-19-002 was delivered", said)
        assert Predicate.HAS_STATUS not in {one.predicate for one in found.claims}

    @pytest.mark.parametrize(("subject", "obj"), [(1, 0), (0, 2)])
    def test_a_relation_between_the_wrong_types_is_not_stated(self, subject: int, obj: int) -> None:
        found = enriched(TEXT, LLMExtraction(HAULED.entities, (LLMRelation(subject, "HAULED_BY", obj, "x"),)))
        assert Predicate.HAULED_BY not in {one.predicate for one in found.claims}

    def test_a_driver_without_a_word_about_driving_is_a_person(self) -> None:
        text = "Juan Perez called about TRUCK-12."
        things = (LLMEntity("Juan Perez", EntityType.DRIVER), LLMEntity("TRUCK-12", EntityType.VEHICLE))
        assert named(enriched(text, LLMExtraction(things)), "Juan Perez").type is EntityType.PERSON
        driving = enriched(text, LLMExtraction(things, (LLMRelation(0, "DRIVES", 1, "He drives it."),)))
        assert named(driving, "Juan Perez").type is EntityType.DRIVER

    def test_identifiers_in_names_are_keys(self) -> None:
        text = "PO 88412 with BOL #08500123456789013 from Joliet, IL in container CSQU3054383"
        said = LLMExtraction(
            (
                LLMEntity("PO 88412", EntityType.ORDER),
                LLMEntity("CSQU3054383", EntityType.REFERENCE),
                LLMEntity("Joliet, IL", EntityType.LOCATION),
            )
        )
        keys = {key for entity in enriched(text, said).entities for key in entity.keys}
        assert {"order:po:88412", "reference:container:CSQU3054383", "location:city:joliet, il"} <= keys


class TestBelief:
    def test_what_does_not_stand_in_the_text_is_left_out_with_its_statements(self) -> None:
        said = LLMExtraction(
            (
                LLMEntity("SHIP-2025-10-19-002", EntityType.SHIPMENT),
                LLMEntity("SHIP-1999-01-01-001", EntityType.SHIPMENT),
            ),
            (LLMRelation(0, "HAS_REFERENCE", 1, "x"),),
        )
        assert keep_grounded(said, TEXT, NOON) == LLMExtraction((said.entities[0],))

    @pytest.mark.parametrize("name", ["twin lakes  HAULAGE", "“Twin Lakes Haulage”", "Twin-Lakes Haulage"])
    def test_case_space_and_punctuation_do_not_matter(self, name: str) -> None:
        assert keep_grounded(LLMExtraction((LLMEntity(name, EntityType.CARRIER),)), TEXT, NOON).entities

    @pytest.mark.parametrize("name", ["", "  ", "…", "win Lakes", "Twin Haulage", "x" * 5_000])
    def test_parts_of_words_and_nothing_are_no_names(self, name: str) -> None:
        assert not keep_grounded(LLMExtraction((LLMEntity(name, EntityType.CARRIER),)), TEXT, NOON).entities

    def test_there_are_not_too_many_of_anything(self) -> None:
        text = " ".join(f"T{number}" for number in range(1_000))
        things = tuple(LLMEntity(f"T{number}", None) for number in range(1_000))
        statements = tuple(LLMRelation(0, "X", 1, str(number)) for number in range(1_000))
        kept = keep_grounded(LLMExtraction(things, statements), text, NOON)
        assert (len(kept.entities), len(kept.relations)) == (MOST_ENTITIES, MOST_RELATIONS)

    def test_times_beyond_reason_are_no_times(self) -> None:
        things = (LLMEntity("Dana", None), LLMEntity("Reyes", None))
        for moment, kept in [
            (NOON - timedelta(days=1), NOON - timedelta(days=1)),
            (datetime(1, 1, 1, tzinfo=UTC), None),
            (NOON + timedelta(days=5_000), None),
        ]:
            (one,) = keep_grounded(LLMExtraction(things, (LLMRelation(0, "X", 1, "", moment),)), TEXT, NOON).relations
            assert one.valid_at == kept

    def test_control_characters_do_not_pass(self) -> None:
        text = "Dana\u202e \x1b[31mReyes and Twin Lakes"
        said = LLMExtraction(
            (LLMEntity("Dana\u202e \x1b[31mReyes", EntityType.PERSON), LLMEntity("Twin Lakes", EntityType.CARRIER)),
            (LLMRelation(0, "X", 1, "said \x1b[2J"),),
        )
        kept = keep_grounded(said, text, NOON)
        assert kept.entities[0].name == "Dana [31mReyes"
        assert kept.relations[0].text == "said [2J"


class TestPieces:
    def test_pieces_are_joined_by_name_and_type(self) -> None:
        first = LLMExtraction(
            (LLMEntity("Acme", EntityType.CUSTOMER), LLMEntity("L1", EntityType.SHIPMENT)),
            (LLMRelation(1, "F", 0, "a"),),
        )
        second = LLMExtraction(
            (LLMEntity("L1", EntityType.SHIPMENT), LLMEntity("ACME", EntityType.CUSTOMER)),
            (LLMRelation(0, "F", 1, "b"),),
        )
        both = joined([first, second])
        assert both.entities == first.entities
        assert [(one.subject, one.object, one.text) for one in both.relations] == [(1, 0, "a"), (1, 0, "b")]


class TestOntology:
    def test_graphiti_takes_the_types(self) -> None:
        from graphiti_core.utils.ontology_utils.entity_types_utils import validate_entity_types

        assert validate_entity_types(ontology.entity_types())

    def test_every_signature_is_allowed_and_nothing_else(self) -> None:
        stated = {(subject, obj): set(names) for (subject, obj), names in ontology.edge_type_map().items()}
        for subject in EntityType:
            for obj in EntityType:
                names = {p.value for p in Predicate if ontology.allowed(subject, p.value, obj)}
                assert names == stated.get((subject.value, obj.value), set())
        assert ontology.allowed(EntityType.SHIPMENT, "`]->() DETACH DELETE n", EntityType.CARRIER) is None
