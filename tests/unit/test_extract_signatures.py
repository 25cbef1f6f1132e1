"""Which signatures are one thing: the rules, and that no order of arrival shows."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apex_cli.extract import keys
from apex_cli.extract.signatures import Signature, groups

STAR = "carrier:name@turvo:starlinetransport"
ANY_STAR = "carrier:name:starlinetransport"


def one(*own: str, names: tuple[str, ...] = (), hints: tuple[str, ...] = ()) -> Signature:
    return Signature(tuple(sorted(own)), tuple(sorted(names)), tuple(sorted(hints)))


def divided(*signatures: Signature) -> set[frozenset[Signature]]:
    return {frozenset(group) for group in groups(signatures)}


def apart(*signatures: Signature) -> bool:
    return divided(*signatures) == {frozenset((each,)) for each in signatures}


def together(*signatures: Signature) -> bool:
    return divided(*signatures) == {frozenset(signatures)}


def test_any_key_leads_to_the_thing() -> None:
    assert together(
        one("vehicle:samsara:1", "vehicle:unit:T1"),
        one("vehicle:unit:T1", "vehicle:vin:V1"),
        one("vehicle:vin:V1"),
        one("vehicle:unit:T1"),
    )


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("carrier:mc:611200", "carrier:mc:948811", "carrier:dot:77"),
        ("customer:turvo:310", "customer:turvo:820", "customer:name@turvo:delta"),
        ("driver:id@turvo:77", "driver:id@turvo:88", "driver:phone+name:13125550100:luisortega"),
        ("vehicle:samsara:1", "vehicle:samsara:2", "vehicle:vin:V1"),
        ("vehicle:vin:V1", "vehicle:vin:V2", "vehicle:unit:T1"),
        ("shipment:turvo:5", "shipment:turvo:6", "shipment:id:SHIP-1"),
    ],
)
def test_two_ids_of_one_kind_are_two_things_whatever_else_they_share(first: str, second: str, shared: str) -> None:
    assert apart(one(first, shared), one(second, shared), one(shared))
    assert together(one(first, shared), one(shared))


def test_a_corrected_number_of_one_id_is_one_thing() -> None:
    assert together(one("carrier:turvo:1", "carrier:mc:611200"), one("carrier:turvo:1", "carrier:mc:948811"))


def test_ids_of_two_sources_do_not_contradict_each_other() -> None:
    shared = "driver:phone+name:13125550100:luisortega"
    assert together(one("driver:id@turvo:77", shared), one("driver:id@samsara:9001", shared))


def test_a_chain_of_keys_does_not_join_what_contradicts_itself_at_its_ends() -> None:
    samsara, middle, other = one("vehicle:samsara:1", "vehicle:unit:7"), one("vehicle:vin:A", "vehicle:unit:7"), None
    other = one("vehicle:vin:A", "vehicle:samsara:2")
    assert divided(samsara, middle, other) == {frozenset((samsara,)), frozenset((middle, other))}


def test_a_name_leads_to_the_one_thing_that_has_it_and_else_to_none() -> None:
    bare = one(STAR, hints=(ANY_STAR,))
    first = one("carrier:mc:611200", names=(STAR, ANY_STAR))
    second = one("carrier:mc:948811", names=(STAR, ANY_STAR))
    by_dot = one("carrier:dot:77", names=(STAR, ANY_STAR))
    assert together(bare, first)
    assert apart(bare, first, second)
    assert apart(first, by_dot), "two ids with one name share no key"


def test_a_hint_leads_across_sources_only_where_the_own_source_knows_nothing() -> None:
    turvo = one("carrier:mc:611200", names=("carrier:name@turvo:star", "carrier:name:star"))
    front = one("carrier:dot:9", names=("carrier:name@front:star", "carrier:name:star"))
    said = one("carrier:name@front:star", hints=("carrier:name:star",))
    mailed = one("carrier:name@mail:star", hints=("carrier:name:star",))
    assert together(turvo, mailed)
    assert divided(turvo, front, said, mailed) == {
        frozenset((turvo,)),
        frozenset((front, said)),
        frozenset((mailed,)),
    }


def test_a_shared_telephone_leads_to_its_owner_only_while_it_has_one() -> None:
    phone = "driver:phone:13125550100"
    tomas = one("driver:phone+name:13125550100:tomasbeltran", names=(phone,))
    priya = one("driver:phone+name:13125550100:priyanair", names=(phone,))
    caller = one(phone)
    assert together(tomas, caller)
    assert apart(tomas, priya, caller)


def test_a_unit_number_is_of_its_fleet() -> None:
    here = one("vehicle:unit@7001:101", names=("vehicle:unit:101",))
    there = one("vehicle:unit@8002:101", names=("vehicle:unit:101",))
    said = one("vehicle:unit:101", hints=("vehicle:unit:TRUCK-101",))
    known = one("vehicle:samsara:1", names=("vehicle:unit@7001:101", "vehicle:unit:101"))
    assert together(here, said)
    assert together(here, said, known)
    assert apart(here, there, said)


def test_a_crowded_key_identifies_nothing() -> None:
    assert len(groups([one("vehicle:unit:1"), one("vehicle:unit:1", "vehicle:vin:A")], {"vehicle:unit:1"})) == 2


_VALUES = st.integers(0, 2)
_CARRIER_KEYS = st.one_of(
    st.builds("carrier:turvo:{}".format, _VALUES),
    st.builds("carrier:mc:{}".format, _VALUES),
    st.builds("carrier:dot:{}".format, _VALUES),
    st.builds("carrier:scac:{}".format, _VALUES),
)
_NAMES = st.builds("carrier:name@{}:{}".format, st.sampled_from(("turvo", "front")), _VALUES)
_SIGNATURES = st.one_of(
    st.builds(
        lambda own, named: one(*own, names=tuple(named)),
        st.sets(_CARRIER_KEYS, min_size=1, max_size=3),
        st.sets(_NAMES, max_size=1),
    ),
    st.builds(lambda name: one(name, hints=(f"carrier:name:{name[-1]}",)), _NAMES),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_SIGNATURES, max_size=8), st.randoms(use_true_random=False))
def test_no_order_shows_and_what_is_one_shares_keys(signatures: list[Signature], random: object) -> None:
    shuffled = list(signatures)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    found = divided(*signatures)
    assert found == divided(*shuffled)
    for group in found:
        strong = [each for each in group if not all(map(keys.is_weak, each.keys))]
        assert _linked(strong)
    for some, others in combinations(found, 2):
        assert some.isdisjoint(others)


def _linked(signatures: list[Signature]) -> bool:
    """Whether shared keys lead from the first to all others."""
    reached, waiting = signatures[:1], signatures[1:]
    for each in reached:
        for other in [other for other in waiting if set(other.keys) & set(each.keys)]:
            reached.append(other)
            waiting.remove(other)
    return not waiting
