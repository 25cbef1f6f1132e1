"""URLs and secrets: what is shown of them, what drivers get, and what is refused."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from apex_cli.addresses import EMBEDDED, SCHEMES, Login, Secret, StoreUrl, parse_url


@pytest.mark.parametrize(
    ("setting", "whole", "shown"),
    [
        ("graph_url", "bolt://localhost:7687", "bolt://localhost:7687"),
        ("graph_url", "neo4j+ssc://neo4j:p%40ss@h", "neo4j+ssc://neo4j:***@h"),
        ("postgres_url", "postgresql://u:pw@h1:1,h2:2/db?sslmode=require", "postgresql://u:***@h1:1,h2:2/db?sslmode=require"),
        ("postgres_url", "postgresql:///db?service=x&password=pw", "postgresql:///db?service=x&password=***"),
        ("postgres_url", "postgres://u:pw@%2Frun%2Fpg/db", "postgres://u:***@%2Frun%2Fpg/db"),
        ("redis_url", "redis://:pw@[::1]:6379/3", "redis://:***@[::1]:6379/3"),
        ("redis_url", "unix:///run/redis.sock?db=1&password=pw", "unix:///run/redis.sock?db=1&password=***"),
        ("qdrant_url", "https://q.example:6333/prefix", "https://q.example:6333/prefix"),
        ("redis_url", "embedded", "embedded"),
    ],
)  # fmt: skip
def test_a_url_shows_no_password_and_reveals_all_of_itself(setting: str, whole: str, shown: str) -> None:
    url = parse_url(setting, whole)
    assert url == shown
    assert f"{url} {url!r} {json.dumps(url)}".count("pw") == 0
    assert url.reveal() == whole
    assert url.embedded == (whole == "embedded")
    for twin in (copy.deepcopy(url), pickle.loads(pickle.dumps(url))):
        assert (twin, twin.reveal()) == (shown, whole)


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("redis_url", "host:6379"),
        ("redis_url", "http://h"),
        ("redis_url", ""),
        ("redis_url", "redis://"),
        ("redis_url", "redis://:s3cret@"),
        ("redis_url", "redis://:s3/cret@h"),
        ("redis_url", "redis://u:12/s3cret@h"),
        ("redis_url", "redis://:s3#cret@h"),
        ("redis_url", "redis://:s3?cret@h"),
        ("redis_url", "redis://:s3 cret@h"),
        ("redis_url", "redis://h:s3cret"),
        ("redis_url", "redis://h:99999"),
        ("redis_url", "redis://[s3cret@h"),
        ("postgres_url", "postgresql://u:s3/cret@h/db"),
        ("postgres_url", "postgresql://u:s3#cret@h/db"),
        ("postgres_url", "host=h password=s3cret"),
        ("graph_url", "bolt+secret://h"),
        ("qdrant_url", "https://u:s3cret@h"),
    ],
)
def test_what_cannot_be_understood_is_refused_without_repeating_it(setting: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|names no host|has |is no URL|takes no") as caught:
        parse_url(setting, text)
    assert "s3" not in str(caught.value)
    assert "cret" not in str(caught.value)


def test_the_examples_are_good_ones() -> None:
    for setting, scheme in SCHEMES.items():
        assert parse_url(setting, scheme.example).reveal() == scheme.example


def test_login_and_place_come_apart() -> None:
    assert StoreUrl("bolt://ann:p%40%2F@h:1/x").apart() == Login("bolt://h:1/x", "ann", Secret("p@/"))
    assert StoreUrl("bolt://h").apart() == Login("bolt://h", None, None)


def test_a_secret_is_a_mask_to_all_but_drivers() -> None:
    secret = Secret("s3cret")
    assert f"{secret} {secret!r} {[secret]}" == "*** *** [***]"
    assert secret.reveal() == "s3cret"
    assert secret == Secret("s3cret") != Secret("other")
    assert len({secret, Secret("s3cret")}) == 1
    assert EMBEDDED.embedded
