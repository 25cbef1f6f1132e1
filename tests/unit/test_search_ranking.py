"""The ranking of a search, on plain data."""

from __future__ import annotations

from apex_cli.search.ranking import Named, Near, rank
from apex_cli.stores.views import Hit


def hit(record: str, score: float, coverage: float = 0.0) -> Hit:
    return Hit(record, f"saga of {record}", score, f"text of {record}", coverage=coverage)


def named(*records: str, about: str = "", decides: bool = True, is_all: bool = True) -> Named:
    return Named(records, frozenset(about.split()), decides=decides, is_all=is_all)


def test_what_words_and_meaning_both_find_stands_before_what_one_finds() -> None:
    ranking = rank(
        words=[hit("both", 2.0, 1.0), hit("words", 2.0, 1.0)], near=[Near([hit("meaning", 0.5), hit("both", 0.5)])]
    )
    assert ranking.record_ids() == ["both", "meaning", "words"]
    assert ranking.parts == {"both": ["vector", "keyword"], "meaning": ["vector"], "words": ["keyword"]}


def test_one_word_of_five_says_little() -> None:
    ranking = rank(words=[hit("one word", 1.0, 0.2)], near=[Near([hit("near", 0.5), hit("one word", 0.4)])])
    assert ranking.record_ids() == ["near", "one word"]


def test_the_records_of_a_thing_that_is_all_of_the_question_keep_their_order() -> None:
    ranking = rank(
        words=[hit("mention", 9.0, 1.0), hit("own", 1.0, 1.0)],
        near=[Near([hit("similar", 0.9), hit("mention", 0.8)])],
        named=[named("own", "newest", "mention", about="own newest")],
    )
    assert ranking.record_ids() == ["own", "newest", "mention", "similar"]


def test_what_else_the_question_asks_orders_the_records_of_the_thing() -> None:
    ranking = rank(
        words=[hit("late message", 2.0, 1.0), hit("other late message", 2.0, 0.5), hit("own", 1.0, 0.5)],
        named=[named("own", "late message", about="own", is_all=False)],
    )
    assert ranking.record_ids() == ["late message", "own", "other late message"]


def test_of_equal_records_of_a_thing_the_first_one_stays_first() -> None:
    ranking = rank(named=[named("newest", "older", is_all=False)])
    assert ranking.record_ids() == ["newest", "older"]


def test_a_name_among_other_words_does_not_decide() -> None:
    ranking = rank(
        words=[hit("answer", 2.0, 1.0), hit("in Chicago", 1.0, 0.3)],
        near=[Near([hit("answer", 0.5)])],
        named=[named("in Chicago", about="in Chicago", decides=False, is_all=False)],
    )
    assert ranking.record_ids() == ["answer", "in Chicago"]


def test_records_of_two_named_things_stand_before_those_of_one() -> None:
    ranking = rank(named=[named("a", "both"), named("b", "both")])
    assert ranking.record_ids()[0] == "both"


def test_a_model_for_text_leads_where_the_question_names_no_id() -> None:
    words = [hit("words", 1.0, 1.0)]
    near = [Near([hit("meaning", 0.9), hit("words", 0.85)], noise=0.8, leads=True), Near([hit("words", 0.5)])]
    assert rank(words=words, near=near).record_ids() == ["meaning", "words"]


def test_a_model_for_text_does_not_lead_where_an_id_is_named() -> None:
    words = [hit("words", 1.0, 1.0)]
    near = [Near([hit("meaning", 0.9), hit("words", 0.81)], noise=0.8, leads=True), Near([hit("words", 0.5)])]
    things = [named("words", "meaning", is_all=False)]
    assert rank(words=words, near=near, named=things).record_ids() == ["words", "meaning"]


def test_a_record_with_points_of_two_models_counts_once() -> None:
    near = [Near([hit("moved", 0.9), hit("other", 0.88)], noise=0.8, leads=True), Near([hit("moved", 0.6)])]
    ranking = rank(near=near)
    assert ranking.record_ids() == ["moved", "other"]
    assert ranking.parts["moved"] == ["vector"]


def test_what_is_not_above_the_noise_of_a_model_is_not_found() -> None:
    assert rank(near=[Near([hit("a", 0.1), hit("b", 0.05)], noise=0.1)]).record_ids() == []


def test_without_a_known_word_a_model_must_be_sure() -> None:
    near = [Near([hit("a", 0.3)], noise=0.1, sure=0.32)]
    assert rank(near=near).record_ids() == []
    assert rank(near=[Near([hit("a", 0.33)], noise=0.1, sure=0.32)]).record_ids() == ["a"]
    assert rank(near=near, words=[hit("b", 1.0, 0.2)]).record_ids() == ["a"]


def test_what_is_much_farther_than_the_nearest_is_not_found() -> None:
    assert rank(near=[Near([hit("a", 0.8), hit("b", 0.5), hit("c", 0.3)])]).record_ids() == ["a", "b"]


def test_a_record_with_few_of_the_words_is_not_found_by_words_alone() -> None:
    assert rank(words=[hit("half", 1.0, 0.5), hit("few", 9.0, 0.4)]).record_ids() == ["half"]


def test_a_text_that_is_like_an_id_does_not_answer_it() -> None:
    near = [Near([hit("LD-10442", 0.9)])]
    assert rank(near=near, only_ids=True).record_ids() == []
    assert rank(near=near).record_ids() == ["LD-10442"]


def test_the_better_of_two_texts_of_a_record_counts() -> None:
    ranking = rank(words=[hit("a", 1.0, 0.5), hit("a", 4.0, 1.0), hit("b", 2.0, 1.0)])
    assert ranking.record_ids() == ["a", "b"]
    assert ranking.scores["a"] == 0.5


def test_the_nearest_chunk_is_the_passage() -> None:
    first, second = Hit("a", "s", 0.4, "far"), Hit("a", "s", 0.9, "near", "page 2")
    assert rank(near=[Near([second, first])]).points["a"] == second
    assert rank(near=[Near([first]), Near([second])]).points["a"] == second


def test_nothing_found_is_an_empty_ranking() -> None:
    assert rank().record_ids() == []


def test_half_of_the_words_are_enough_whatever_they_weigh() -> None:
    # "roll paper": one record says "paper"; "roll" weighs more, because no record says it.
    one_of_two = Hit("paper", "saga", 1.0, "Halcyon Paper Co", coverage=0.3, words=0.5)
    one_of_three = Hit("other", "saga", 1.0, "Halcyon Paper Co", coverage=0.3, words=1 / 3)
    assert rank(words=[one_of_two, one_of_three]).record_ids() == ["paper"]


def test_where_words_are_compared_the_closest_text_is_the_nearest() -> None:
    hits = [hit("average", 0.6), hit("close", 0.4), hit("far", 0.35)]
    ranking = rank(near=[Near(hits, noise=0.1, sure=0.3, closeness=[0.2, 1.0, 0.0])])
    assert ranking.record_ids() == ["close", "average"]


def test_words_that_nothing_is_close_to_leave_the_similarity() -> None:
    hits = [hit("nearest", 0.6), hit("near", 0.5)]
    assert rank(near=[Near(hits, noise=0.1, sure=0.3, closeness=[0.0, 0.0])]).record_ids() == ["nearest", "near"]


def test_a_close_word_makes_no_text_sure() -> None:
    assert rank(near=[Near([hit("any", 0.2)], noise=0.1, sure=0.3, closeness=[1.0])]).record_ids() == []
