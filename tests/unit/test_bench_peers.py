"""The comparison with peers: what is counted, compared and shown, on given stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.peers import install, versions
from bench.peers.adapters import shared
from bench.peers.adapters.apex import held
from bench.peers.adapters.shared import Held
from bench.peers.outcome import Crash, Outcome, compare, counts
from bench.peers.runs import Sample, disk_bytes
from bench.peers.table import Compared, crash_table, speed_table, tables
from tests.faults.stored import Stored

WHOLE: Held = {
    "records": {"rows": ["a", "b", "c"], "vectors": ["a", "b", "c"]},
    "entities": {"rows": ["x", "y"]},
    "facts": {"rows": ["f", "g"]},
    "mentions": {},
    "vectors": {"chunks": ["a:0", "b:0", "c:0"], "names": ["x", "y"]},
}


def test_a_kind_is_counted_once_over_all_stores_and_vectors_over_all_collections() -> None:
    partly: Held = {**WHOLE, "records": {"rows": ["a"], "vectors": ["b", "b"]}}
    assert counts(partly) == {"records": 2, "entities": 2, "facts": 2, "mentions": None, "vectors": 5}


def test_a_whole_run_beside_itself_differs_in_nothing() -> None:
    assert compare(WHOLE, WHOLE) == Outcome(records=3, differing=0, lost=0, doubled=0)


def test_a_record_in_one_of_two_stores_differs_and_is_not_lost() -> None:
    found = compare({**WHOLE, "records": {"rows": ["a", "b", "c"], "vectors": ["a"]}}, WHOLE)
    assert found == Outcome(records=3, differing=2, lost=0, doubled=0)


def test_what_no_store_holds_is_lost() -> None:
    found = compare({**WHOLE, "records": {"rows": ["a"], "vectors": ["a"]}, "facts": {"rows": ["g"]}}, WHOLE)
    assert found == Outcome(records=1, differing=0, lost=3, doubled=0)


def test_a_key_twice_in_a_store_or_in_no_whole_run_is_doubled_or_foreign() -> None:
    found = compare({**WHOLE, "facts": {"rows": ["f", "f", "f", "g", "g", "z"]}}, WHOLE)
    assert found == Outcome(records=3, differing=0, lost=0, doubled=3)


def test_stores_that_a_kill_left_empty_hold_nothing() -> None:
    assert compare({}, WHOLE) == Outcome(records=0, differing=0, lost=7, doubled=0)


def test_apex_is_counted_by_what_readers_see() -> None:
    stored = Stored(
        postgres={
            "records": [
                {"record_id": "a", "current_version": "s1"},
                {"record_id": "b", "current_version": None},
            ]
        },
        graph={
            "episodes": [{"record": "a"}],
            "entities": [{"entity": "x"}],
            "facts": [{"subject": "x", "predicate": "IS_AT", "object": "y", "valid_at": 5}],
            "mentions": [{"record": "a", "entity": "x"}],
        },
        points=[
            {"record_id": "a", "chunk": 0, "visible": 1},
            {"record_id": "a", "chunk": 1, "visible": 1},
            {"record_id": "b", "chunk": 0, "visible": 0},
        ],
        cache={"rec:a": {"value": "{}"}, "rec:b": {}, "new:b": {"value": "{}"}},
    )
    assert held(stored) == {
        "records": {"PostgreSQL": ["a"], "graph": ["a"], "vectors": ["a"], "cache": ["a"]},
        "entities": {"graph": ["x"]},
        "facts": {"graph": ["x IS_AT y 5"]},
        "mentions": {"graph": ["a x"]},
        "vectors": {"chunks": ["a:0", "a:1"]},
    }


def test_the_table_shows_medians_and_what_was_stored() -> None:
    one = Compared(
        "apex",
        "1",
        "ingests",
        samples=[Sample(2.0, 3.0, 1.0), Sample(9.0, None, 1.0), Sample(4.0, 5.0, 1.0)],
        disk_bytes=12_000_000,
        counts=counts(WHOLE),
    )
    *_, row = speed_table([one], 1_000)
    assert row == "| apex | 250 | 4.00 | 12 | 3 | 2 | 2 | – | 5 |"


def test_each_kill_has_its_figure_in_the_table() -> None:
    crashes = [
        Crash(Outcome(10, 2, 5, 0), Outcome(12, 1, 5, 0), Outcome(20, 0, 0, 1)),
        Crash(Outcome(15, 3, 5, 0), Outcome(16, 0, 5, 0), Outcome(20, 4, 6, 0)),
    ]
    *_, row = crash_table([Compared("peer", "1", "loads", crashes=crashes)])
    assert row == "| peer | 10, 15 | 2, 3 | 12, 16 | 1, 0 | 0, 4 | 0, 6 | 1, 0 |"


def test_a_peer_that_cannot_recover_without_its_input_has_no_figure_for_it() -> None:
    crashes = [Crash(Outcome(10, 2, 5, 0), None, Outcome(20, 0, 0, 0))]
    *_, row = crash_table([Compared("peer", "1", "loads", crashes=crashes)])
    assert row == "| peer | 10 | 2 | – | – | 0 | 0 | 0 |"


def test_a_peer_that_did_not_run_has_a_row_and_its_error() -> None:
    one = Compared("peer", "1", "loads", "It does little.", error="exit 1: no wheel")
    shown = list(tables([one], 1_000))
    assert "| peer | – | – | – | – | – | – | – | – |" in shown
    assert "- **peer 1**: loads. It does little." in shown
    assert shown[-1] == "- peer could not be measured in full: exit 1: no wheel"


def test_rows_of_a_table_are_as_wide_as_its_head() -> None:
    for table in (speed_table, lambda compared, _: crash_table(compared)):
        head, line, row = table([Compared("peer", "1", "loads")], 10)
        assert head.count("|") == line.count("|") == row.count("|")


def test_records_go_to_a_peer_in_lists_and_each_entity_once() -> None:
    items = [{"id": str(number), "entities": [{"id": "x"}, {"id": str(number)}]} for number in range(shared.BATCH + 1)]
    assert [len(batch) for batch in shared.batches(items)] == [shared.BATCH, 1]
    assert len(shared.entities(items)) == shared.BATCH + 2


def test_disk_is_what_the_files_below_a_folder_take(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "link").symlink_to("deep/file")
    assert 100_000 <= disk_bytes(tmp_path) < 120_000


def test_every_peer_is_pinned_and_has_an_adapter() -> None:
    for peer in versions.PEERS:
        assert all("==" in package for package in peer.packages), peer.name
        assert (Path(shared.__file__).parent / f"{peer.module}.py").exists(), peer.name


def test_an_environment_with_the_pinned_packages_is_taken_as_it_is(tmp_path: Path) -> None:
    [peer, *_] = versions.PEERS
    folder = tmp_path / peer.module
    folder.mkdir()
    (folder / "packages.txt").write_text("\n".join(peer.packages) + "\n")
    assert install.ensure(peer, tmp_path) == folder / "bin" / "python"
    assert [path.name for path in folder.iterdir()] == ["packages.txt"]


@pytest.mark.parametrize(("output", "shown"), [("one\n two \n\n", "two"), ("", "no output"), ("x" * 400, "x" * 300)])
def test_of_an_error_the_last_line_is_shown(output: str, shown: str) -> None:
    assert install.last_line(output) == shown
