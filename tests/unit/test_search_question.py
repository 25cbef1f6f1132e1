"""What a question names and asks, and its words in a text."""

from __future__ import annotations

import pytest

from apex_cli.search.passages import around, matched, stem
from apex_cli.search.question import Aim, understand


def names(text: str) -> set[str]:
    return {name.text for name in understand(text).names}


def test_each_run_of_words_may_be_a_name() -> None:
    assert {"LD-10441", "late", "LD-10441 late"} <= names("why was LD-10441 late?")
    assert "Lakeshore Haulage" in names("invoices of Lakeshore Haulage, please")
    assert "Lakeshore Haulage" in names('invoices of "Lakeshore Haulage"')
    assert "The Home Depot" in names("“The Home Depot”")


def test_the_whole_question_and_the_longest_names_stand_first() -> None:
    found = [name.text for name in understand("Lakeshore Haulage Inc").names]
    assert found[0] == "Lakeshore Haulage Inc"
    assert [len(text.split()) for text in found] == sorted((len(text.split()) for text in found), reverse=True)


def test_words_that_ask_for_nothing_are_no_names() -> None:
    assert not names("where is the TRUCK-6520") & {"where", "is", "the", "the TRUCK-6520"}


@pytest.mark.parametrize("text", ["5 pallets", "in 2025", "42 feet"])
def test_a_short_number_is_a_quantity(text: str) -> None:
    assert not any(name.is_identifier and name.text.isdigit() for name in understand(text).names)


@pytest.mark.parametrize("text", ["TRUCK-6520", "LD-10441", "948811", "1XKYD49X7PJ304417", "PO-5"])
def test_an_id_has_a_digit(text: str) -> None:
    assert all(name.is_identifier for name in understand(text).names)


def aim(text: str, *names: str) -> Aim:
    question = understand(text)
    return question.aim([name for name in question.names if name.text in names])


def test_what_is_left_beside_the_names() -> None:
    assert aim("where is TRUCK-6520 now?", "TRUCK-6520").rest == []
    assert aim("why was LD-10441 late?", "LD-10441").rest == ["late"]
    assert aim("most recent fuel stop of TRUCK-6520", "TRUCK-6520").rest == ["fuel", "stop"]
    assert aim("the right seen most", "x").rest == ["right", "seen", "most"]


@pytest.mark.parametrize(
    ("text", "relations"),
    [
        ("where is TRUCK-6520", {"LOCATED_AT"}),
        ("last position of TRUCK-6520", {"LOCATED_AT"}),
        ("who drives TRUCK-6520", {"DRIVES", "ASSIGNED_DRIVER"}),
        ("status of TRUCK-6520", {"HAS_STATUS"}),
        ("messages from TRUCK-6520", {"SENT_BY"}),
        ("TRUCK-6520", set()),
    ],
)
def test_a_question_may_ask_for_a_relation(text: str, relations: set[str]) -> None:
    assert aim(text, "TRUCK-6520").relations == relations


def test_a_question_may_ask_for_what_was_last() -> None:
    for text in ("where is T-1", "latest message about T-1", "T-1 now", "current status of T-1"):
        assert aim(text, "T-1").is_newest
    for text in ("why was T-1 late", "messages from T-1", "T-1"):
        assert not aim(text, "T-1").is_newest


def test_the_words_of_a_name_ask_for_nothing() -> None:
    asked = aim("Customer 9 Carrier Corp", "Customer 9 Carrier Corp")
    assert (asked.relations, asked.is_newest, asked.rest) == (frozenset(), False, [])


def test_words_may_call_a_record_what_it_is() -> None:
    asked = aim("newest e-mail about the fuel claims")
    assert asked.kind_words("message") == {"e-mail"}
    assert asked.kind_words("fuel_transaction") == {"fuel"}
    assert asked.kind_words("service_claim") == {"claim"}
    assert asked.kind_words("location") == frozenset()


def test_ids_alone() -> None:
    assert understand("SHIP-99999").is_only_ids
    assert understand("where is SHIP-99999").is_only_ids
    assert not understand("SHIP-99999 late").is_only_ids
    assert not understand("the").is_only_ids


@pytest.mark.parametrize("text", ["", "  ", "???", '""', "\u202e", "a" * 100_000, "x " * 10_000, "«»"])
def test_any_text_is_a_question(text: str) -> None:
    assert len(understand(text).names) <= 200


def test_words_match_without_their_endings() -> None:
    text = "The driver was Delayed by snow; delays of LD-10441 (snowing)."
    assert matched(["delay", "snow", "LD-10441"], text) == ("Delayed", "snow", "delays", "LD-10441", "snowing")
    assert matched(["10441"], text) == ()
    assert matched([], text) == ()


def test_a_short_word_keeps_its_ending() -> None:
    assert stem("is") == "is"
    assert stem("TRUCK-6520s") == "truck-6520s"


def test_the_passage_is_the_part_with_the_first_word() -> None:
    text = "start " + "filler " * 200 + "needle end"
    assert around("short", ["needle"], 100) == "short"
    assert "needle" in around(text, ["needle"], 100)
    assert len(around(text, ["needle"], 100)) <= 100
    assert around(text, ["absent"], 10) == text[:10]
    assert around("x" * 1000 + "needle", ["needle"], 100).startswith("x")
