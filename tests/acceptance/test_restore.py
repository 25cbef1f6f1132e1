"""Backup and restore as docs/operations.md has them: PostgreSQL is the truth, the other stores are made from it."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.apex import run, verified, write_lines
from tests.acceptance.seeds import SHIPMENT, SHIPMENT_ID, SHIPMENT_KEY, shipment

pytestmark = pytest.mark.embedded
"""A backup of servers is made with their own tools."""

OTHERS = ("graph", "vectors", "valkey")


def copy(source: Path, target: Path) -> None:
    """With owners, as `tar` keeps them: PostgreSQL started by root runs as somebody else."""
    subprocess.run(["cp", "-a", source, target], check=True)


def backup(home: Path, target: Path) -> None:
    """Copy the whole home while its lock is held, so that no run can change it meanwhile."""
    with (home / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        copy(home, target)
        run(home, "verify").expect(11)


GROWN = {"in_transit": False, "delayed": False, "delivered": True}


def statuses(home: Path) -> dict[str, bool]:
    """The status facts of the seed shipment, as the graph knows them, and which one is current."""
    lines = run(home, "facts", SHIPMENT_ID, "--predicate", "HAS_STATUS", "--json").expect(0).of("fact")
    return {line["object"]: line["current"] for line in lines}


@pytest.fixture
def grown(home: Path) -> Path:
    """A home that was backed up to `backup` beside it, and went on: two updates, a new record, a forgotten one."""
    place = home.parent
    run(home, "ingest", write_lines(place / "one.jsonl", [SHIPMENT, shipment(1), shipment(2)]), "-q").expect(0)
    backup(home, place / "backup")
    for status in ("delayed", "delivered"):
        changed = [{**SHIPMENT, "status": status}, shipment(3)]
        run(home, "ingest", write_lines(place / "two.jsonl", changed), "-q").expect(0)
    run(home, "forget", "turvo:SHIP-2025-10-20-002", "--yes").expect(0)
    return home


def test_a_copy_of_the_whole_is_that_moment(grown: Path) -> None:
    shutil.rmtree(grown)
    copy(grown.parent / "backup", grown)
    assert verified(grown) == 3
    assert statuses(grown) == {"in_transit": True}
    again = run(grown, "ingest", grown.parent / "two.jsonl", "--json").expect(0).summary
    assert (again["committed"], again["updated"]) == (1, 1)
    assert verified(grown) == 4


def test_the_other_stores_are_made_from_postgres(grown: Path) -> None:
    for name in OTHERS:
        shutil.rmtree(grown / name)
    assert run(grown, "verify").expect(3).stdout
    assert "the four stores agree" in run(grown, "verify", "--repair").expect(0).stdout
    assert verified(grown) == 3
    assert statuses(grown) == GROWN
    run(grown, "get", SHIPMENT_KEY).expect(0)
    assert run(grown, "ingest", grown.parent / "two.jsonl", "--json").expect(0).summary["unchanged"] == 2


def test_an_older_postgres_needs_the_others_emptied(grown: Path) -> None:
    shutil.rmtree(grown / "postgres")
    copy(grown.parent / "backup" / "postgres", grown / "postgres")
    # What the graph has seen of later epochs is not given up to an older journal.
    assert run(grown, "verify", "--repair").expect(3).stdout
    for name in OTHERS:
        shutil.rmtree(grown / name)
    run(grown, "recover").expect(0)
    assert "the four stores agree" in run(grown, "verify", "--repair").expect(0).stdout
    assert statuses(grown) == {"in_transit": True}
    again = run(grown, "ingest", grown.parent / "two.jsonl", "--json").expect(0).summary
    assert (again["committed"], again["updated"]) == (1, 1)
    assert verified(grown) == 4


def test_older_others_are_brought_up_to_a_newer_postgres(grown: Path) -> None:
    for name in OTHERS:
        shutil.rmtree(grown / name)
        copy(grown.parent / "backup" / name, grown / name)
    found = run(grown, "verify", "--json").expect(3)
    # The graph keeps what was forgotten after its backup: it is written again completely.
    assert ("graph", "orphan") in [(line["store"], line["kind"]) for line in found.of("problem")]
    assert "the four stores agree" in run(grown, "verify", "--repair").expect(0).stdout
    assert statuses(grown) == GROWN
    assert verified(grown) == 3
