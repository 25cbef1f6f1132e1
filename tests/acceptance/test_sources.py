"""`apex sources`: what is recognised, by which description, and how much of it is in the memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from apex_cli.sources import registry
from tests.acceptance.apex import run, write_lines
from tests.acceptance.terminal import at_terminal
from tests.profiles import SERVERS

TABLE = """
[source.mcleod]
title = "McLeod orders"
type = "order"
id = "order_id"
match = ["order_id", "order_status"]
as_of = "updated"

[[source.mcleod.entity]]
type = "Order"
keys = { number = "order_id" }
"""


def records(home: Path, **env: str) -> dict[str, int | None]:
    return {line["name"]: line["records"] for line in run(home, "sources", "--json", env=env).expect(0).of("source")}


def test_each_source_is_listed_with_its_records(seeded: Path) -> None:
    found = records(seeded)
    assert list(found) == list(registry.names())
    assert (found["samsara"], found["turvo"], found["frontapp"], found["x12"]) == (3, 2, 1, 0)
    code, lines = at_terminal(seeded, "sources")
    assert code == 0
    assert max(map(len, lines)) <= 80
    assert lines[0].split()[:3] == ["SOURCE", "RECORDS", "RECOGNISES"]
    assert len(lines) == 1 + len(found)


def test_a_source_of_the_configuration_stands_first_and_stays_listed_when_it_is_gone(home: Path) -> None:
    assert set(records(home).values()) == {0}
    assert not home.exists()
    configuration = home.parent / "apex.toml"
    configuration.write_text(TABLE)
    order = {"order_id": "O-1", "order_status": "open", "updated": "2025-10-19T10:00:00Z"}
    run(home, "ingest", write_lines(home.parent / "orders.jsonl", [order]), "-q").expect(0)
    first = run(home, "sources", "--json").expect(0).lines[0]
    assert (first["name"], first["title"], first["origin"]) == ("mcleod", "McLeod orders", "apex.toml")
    assert (first["data_types"], first["records"]) == (["order"], 1)
    configuration.unlink()
    last = run(home, "sources", "--json").expect(0).lines[-1]
    assert (last["name"], last["records"]) == ("mcleod", 1)


@pytest.mark.skipif(SERVERS, reason="names a server that is not there, in place of the embedded one")
def test_a_memory_that_cannot_be_asked_is_named_and_hides_no_source(home: Path) -> None:
    done = run(home, "sources", "--json", env={"APEX_POSTGRES_URL": "postgresql://127.0.0.1:1/x"}).expect(0)
    assert len(done.of("source")) == len(registry.names())
    # Without a home there is nothing to ask.
    assert {line["records"] for line in done.lines} == {0}
    home.mkdir()
    (home / "lock").touch()
    done = run(home, "sources", "--json", env={"APEX_POSTGRES_URL": "postgresql://127.0.0.1:1/x"}).expect(0)
    assert {line["records"] for line in done.lines} == {None}
    assert all("postgres: " in line["reason"] for line in done.lines)
    assert "the memory cannot be asked" in done.stderr
