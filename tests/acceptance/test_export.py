"""`apex export` and what `apex ingest` makes of it: the same memory, in any home, by the installed command."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import pty
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests import profiles
from tests.acceptance.apex import APEX, killed, new_home, run, running, verified, write_lines
from tests.acceptance.hostile import BELL_AND_COLOUR
from tests.acceptance.seeds import MESSAGE, PING, SEEDS, SHIPMENT, shipment
from tests.acceptance.test_llm import KEY, environ, mail
from tests.canonical import memory_of
from tests.generate import records, updates
from tests.openai_server import OpenAIServer

FIXTURES = Path(__file__).parents[2] / "fixtures"
EN_ROUTE = {"shipmentId": "KW-7", "customerName": "Prairie Oat Mills", "carrierName": "Bluestem Transit"}
STATES: Sequence[dict[str, Any]] = (
    {**EN_ROUTE, "status": "en_route", "updatedAt": "2026-03-04T09:00:00Z"},
    {**EN_ROUTE, "status": "delivered", "updatedAt": "2026-03-05T09:00:00Z"},
    # Late, then a correction of the current one, then a thin row, then the same content without a time: A, B, A.
    {**EN_ROUTE, "status": "booked", "updatedAt": "2026-03-01T09:00:00Z"},
    {**EN_ROUTE, "status": "cancelled", "updatedAt": "2026-03-05T09:00:00Z"},
    {"shipmentId": "KW-7", "status": "completed", "updatedAt": "2026-03-06T09:00:00Z"},
    *({**EN_ROUTE, "shipmentId": "KW-8", "status": status} for status in ("booked", "covered", "booked")),
)
ODD: Sequence[dict[str, Any]] = (
    {**MESSAGE, "message_id": "MSG-odd", "body": BELL_AND_COLOUR + " <script>alert(1)</script> \U0001f69a é ñ \x7f"},
    {**SHIPMENT, "shipmentId": "S-big", "note": 10**30, "small": 1e-9, "whole": 1.0, "huge": 1e22, "long": "x" * 9_000},
)

pytestmark = pytest.mark.embedded  # two homes of one test would be one memory on servers


def _nested(depth: int) -> dict[str, Any]:
    value: Any = "deep"
    for _ in range(depth):
        value = {"in": value}
    return {"id": "8c5a2b0e-6c1d-4a3f-9d56-b6f0a7b1c2d3", "value": value}


def memory(home: Path) -> dict[str, Any]:
    return asyncio.run(memory_of(home))


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Fail with the first differences between two memories."""
    for part, value in wanted.items():
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        theirs = found[part] if isinstance(value, dict) else dict(enumerate(found[part]))
        differing = [(key, theirs.get(key), each) for key, each in pairs if theirs.get(key) != each]
        assert not differing, f"{part}: " + "\n".join(f"{key}:\n  {one}\n  {each}" for key, one, each in differing[:2])
    assert found == wanted


def exported(home: Path, name: str = "export.jsonl", *options: str) -> Path:
    path = home.parent / name
    run(home, "export", "-o", path, *options, "-q").expect(0)
    return path


@pytest.fixture(scope="module")
def full(short_tmp: Path) -> Iterator[Path]:
    """A home with versions of all kinds, documents that moved and changed, and forgotten records."""
    with new_home(short_tmp) as home:
        drop = home.parent / "drop"
        drop.mkdir()
        new = [*STATES, *ODD, _nested(190), *SEEDS, *(shipment(n) for n in range(9))]
        for total, beside in ((10, new), (12, STATES[5:8]), (10, STATES[:1])):
            write_lines(drop / "state.jsonl", [*beside, {"invoice_id": "INV-1", "total": total, "load": "KW-7"}])
            run(home, "ingest", drop / "state.jsonl", "-q").expect(0)
        report = "# Report\n\nThe dock at KW-7 was full.\n\n" + "The truck TRUCK-6520 waited for an hour. " * 30
        (drop / "report.md").write_text(report)
        (drop / "copy.md").write_text("Bill of lading\n\nfor SHIP-2025-10-20-003")
        run(home, "ingest", drop, "-q").expect(0)
        (drop / "report.md").write_text(report + "\n\nThen it left.")
        (drop / "copy.md").rename(drop / "moved.md")
        run(home, "ingest", drop, "--consume", "-q").expect(0)
        for ident in ("turvo:SHIP-2025-10-20-004", "turvo:SHIP-2025-10-20-005", "frontapp:MSG-2025-10-19-003"):
            run(home, "forget", ident, "--yes").expect(0)
        # One is taken again, all the same.
        run(home, "ingest", write_lines(drop / "again.jsonl", [shipment(5), PING]), "--again", "-q").expect(0)
        yield home


def test_a_memory_made_from_an_export_is_the_same_memory(full: Path, home: Path) -> None:
    file = exported(full)
    first = run(home, "ingest", file, "--json").expect(0).summary
    assert (first["failed"], first["llm_calls"]) == (0, 0)
    same(memory(home), memory(full))
    again = run(home, "ingest", file, "--json").expect(0).summary
    assert again["records"] == first["records"]
    assert again["unchanged"] + again["forgotten"] == again["records"]
    assert again["forgotten"] == 3
    same(memory(home), memory(full))
    # What was forgotten stays forgotten, and what is known is known by its own file, too.
    known = write_lines(home.parent / "known.jsonl", [shipment(4), shipment(1), STATES[0]])
    statuses = [line["status"] for line in run(home, "ingest", known, "--json").expect(0).of("record")]
    assert statuses == ["forgotten", "unchanged", "unchanged"]


def test_an_export_of_an_import_is_the_same_export(full: Path, home: Path) -> None:
    run(home, "ingest", exported(full), "-q").expect(0)
    first, second = (exported(place, "second.jsonl").read_text().splitlines() for place in (full, home))
    assert first[1:] == second[1:]


def test_the_fixtures(home: Path, short_tmp: Path) -> None:
    run(home, "ingest", FIXTURES, "-q").expect(0)
    with new_home(short_tmp) as copy:
        run(copy, "ingest", exported(home, "fixtures.jsonl.gz"), "-q").expect(0)
        same(memory(copy), memory(home))
        assert verified(copy) == verified(home)


def test_generated_records_with_later_versions(home: Path, short_tmp: Path) -> None:
    payloads = [*records(300), *updates(300)]
    run(home, "ingest", write_lines(home.parent / "generated.jsonl", payloads), "-q").expect(0)
    with new_home(short_tmp) as copy:
        run(copy, "ingest", exported(home), "-q").expect(0)
        same(memory(copy), memory(home))


@pytest.mark.parametrize(
    "fault", ["graph.commit.after:kill:2", "journal.prepare.after:kill:2", "staging.remove.before:kill"]
)
def test_an_import_that_is_killed_is_repeated(full: Path, home: Path, fault: str) -> None:
    file = exported(full)
    killed(home, fault, "ingest", file, env={"APEX_BATCH_SIZE": "5"})
    summary = run(home, "ingest", file, "--json", env={"APEX_BATCH_SIZE": "7"}).expect(0).summary
    assert (summary["failed"], summary["pending"]) == (0, 0)
    same(memory(home), memory(full))
    assert list((home / "staging").glob("*/*/payload*")) == []


def test_what_a_model_extracted_is_taken_without_a_model(home: Path, short_tmp: Path) -> None:
    with OpenAIServer(api_key=KEY) as server:
        run(home, "ingest", write_lines(home.parent / "mail.jsonl", mail(0, 3)), "-q", env=environ(server)).expect(0)
        server.ledger.reset()
        with new_home(short_tmp) as copy:
            result = run(copy, "ingest", exported(home), "--json", env=environ(server)).expect(0)
            assert (result.summary["committed"], result.summary["llm_calls"]) == (3, 0)
            assert [line for line in server.ledger.counts().requests if "chat" in line] == []
            facts = run(copy, "facts", "SHIP-2025-10-23-001", "--json").expect(0).of("fact")
            assert [one["object"] for one in facts if one["predicate"] == "HAULED_BY"] == ["Carrier1 Freight"]
            same(memory(copy), memory(home))


def test_into_servers(full: Path, home: Path) -> None:
    env = profiles.on_servers(home)
    run(home, "ingest", exported(full), "-q", env=env).expect(0)
    of_servers, own = asyncio.run(memory_of(home, env)), memory(full)
    # Another namespace is another memory: its records have ids of their own.
    assert _named(of_servers) == _named(own)
    assert of_servers["entities"] == own["entities"]


def test_into_another_namespace(full: Path, home: Path) -> None:
    env = {"APEX_NAMESPACE": "elsewhere"}
    run(home, "ingest", exported(full), "-q", env=env).expect(0)
    run(home, "verify", env=env).expect(0)
    names = [
        [(line["source"], line["data_type"], line["external_id"], line["content_hash"]) for line in lines]
        for lines in (_lines(run(place, "export", env=each).stdout) for place, each in ((full, None), (home, env)))
    ]
    assert sorted(names[0]) == sorted(names[1])


def _named(found: dict[str, Any]) -> list[Any]:
    return sorted(
        (found["records"][record], [(one["content_hash"], str(one["event_time"])) for one in versions])
        for record, versions in found["versions"].items()
    )


def _lines(text: str) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, text.splitlines()) if line["type"] == "version"]


def test_only_what_is_asked_for(full: Path) -> None:
    def names(*options: str) -> set[str]:
        return {line["external_id"] for line in _lines(run(full, "export", *options).expect(0).stdout)}

    assert names("--source", "samsara") == {f"{PING['vehicle_id']}@{PING['timestamp']}"}
    assert "KW-7" in names("--source", "turvo", "--type", "shipment")
    assert names("--since", "2026-03-01", "--until", "2026-03-31") == {"KW-7"}
    assert names("--source", "x12") == set()
    lines = [json.loads(line) for line in run(full, "export", "--source", "turvo").stdout.splitlines()]
    assert [line["type"] for line in (lines[0], lines[-1])] == ["export", "end"]
    assert {line["type"] for line in lines} == {"export", "version", "forgotten", "end"}
    assert {line["apex_export"] for line in lines} == {1}


def test_a_file_is_private_and_whole(full: Path, tmp_path: Path) -> None:
    for name in ("plain.jsonl", "packed.jsonl.gz"):
        path = tmp_path / name
        path.write_text("what was there")
        summary = run(full, "export", "-o", path, "--json").expect(0).summary
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert data.isascii()
        last = json.loads(data.splitlines()[-1])
        assert {name: summary[name] for name in ("records", "versions", "forgotten")}.items() <= last.items()
        assert summary["bytes"] == path.stat().st_size
    assert {path.name for path in tmp_path.iterdir()} == {"packed.jsonl.gz", "plain.jsonl"}
    os.mkfifo(tmp_path / "fifo")
    run(full, "export", "-o", tmp_path / "fifo").expect(2)
    assert (tmp_path / "fifo").is_fifo()
    run(full, "export", "-o", tmp_path).expect(2)
    run(full, "export", "-o", tmp_path / "not there" / "x.jsonl").expect(2)


def test_the_data_goes_to_the_file_and_the_progress_to_the_terminal(full: Path, tmp_path: Path) -> None:
    terminal, of_apex = pty.openpty()
    env = {"PATH": os.environ["PATH"], "TERM": "xterm", "APEX_HOME": str(full), **profiles.variables(full)}
    with (tmp_path / "x.jsonl").open("wb") as file, os.fdopen(terminal, "rb", buffering=0) as shown:
        process = subprocess.Popen([APEX, "export"], env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=of_apex)
        os.close(of_apex)
        seen = b""
        # Linux: the end of a terminal whose other side is closed is an error.
        with contextlib.suppress(OSError):
            while data := shown.read(4096):
                seen += data
        assert process.wait() == 0
    lines = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert (lines[0]["type"], lines[-1]["type"]) == ("export", "end")
    assert b"exporting" in seen
    assert b"apex_export" not in seen


def test_a_reader_that_leaves_is_no_error(full: Path) -> None:
    shell = f"'{APEX}' export | head -c 100 >/dev/null; exit ${{PIPESTATUS[0]}}"
    env = {"PATH": os.environ["PATH"], "APEX_HOME": str(full), **profiles.variables(full)}
    ended = subprocess.run(["bash", "-c", shell], env=env, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_empty_home(home: Path, short_tmp: Path) -> None:
    result = run(home, "export").expect(0)
    assert not home.exists()
    first, last = map(json.loads, result.stdout.splitlines())
    assert (first["type"], last) == (
        "export",
        {"apex_export": 1, "type": "end", "records": 0, "versions": 0, "forgotten": 0},
    )
    with new_home(short_tmp) as copy:
        assert run(copy, "ingest", "-", "--json", stdin=result.stdout.encode()).expect(0).summary["records"] == 0


def test_beside_an_ingest_each_record_is_old_or_new(home: Path) -> None:
    old = [shipment(n, status="booked", updatedAt="2025-10-20T08:00:00Z") for n in range(20)]
    new = [{**each, "status": "delivered", "updatedAt": "2025-10-21T08:00:00Z"} for each in old]
    run(home, "ingest", write_lines(home.parent / "old.jsonl", old), "-q").expect(0)
    file = write_lines(home.parent / "new.jsonl", new)
    # Ten records are committed when the second batch stands in its pivot.
    env = {"APEX_BATCH_SIZE": "10", "APEX_FAULT": "graph.commit.before:hang:2"}
    with running(home, "ingest", file, "--json", env=env) as ingest:
        ingest.skip(10)
        found = _lines(run(home, "export").expect(0).stdout)
    versions: dict[str, list[str]] = {}
    for line in found:
        versions.setdefault(line["external_id"], []).append(line["payload"]["status"])
    assert sorted(map(len, versions.values())) == [1] * 10 + [2] * 10
    assert {tuple(each) for each in versions.values()} == {("booked",), ("booked", "delivered")}


def test_an_export_of_a_newer_format_is_refused(full: Path, home: Path) -> None:
    lines = exported(full).read_text().splitlines()
    newer = home.parent / "newer.jsonl"
    newer.write_text("\n".join(line.replace('"apex_export":1', '"apex_export":2', 1) for line in lines))
    result = run(home, "ingest", newer, "--json").expect(3)
    [line] = result.of("record")
    assert line["error"]["code"] == "export_format"
    assert "upgrade" in line["error"]["hint"]
    # With the version that knows it, the kept copy is taken.
    assert run(home, "staging", "list", "--json").of("item")[0]["status"] == "failed"


def test_a_damaged_line_fails_alone(full: Path, home: Path) -> None:
    lines = exported(full).read_text().splitlines()
    position = next(number for number, line in enumerate(lines) if '"SHIP-2025-10-20-001"' in line)
    damaged = [*lines[:position], lines[position].replace('"kind":"state"', '"kind":"thing"'), *lines[position + 1 :]]
    file = home.parent / "damaged.jsonl"
    file.write_text("\n".join(damaged))
    result = run(home, "ingest", file, "--json").expect(3)
    [failed] = [line for line in result.of("record") if line["status"] == "failed"]
    assert failed["error"]["code"] == "bad_export"
    file.write_text("\n".join(lines))
    run(home, "ingest", file, "-q").expect(0)
    same(memory(home), memory(full))


def test_a_line_that_could_not_be_committed_is_tried_again_alone(full: Path, home: Path) -> None:
    file = exported(full)
    run(home, "ingest", file, "-q", env={"APEX_FAULT": "graph.commit.before:error"}).expect(3)
    kept = run(home, "staging", "list", "--json").of("item")
    assert len(kept) > 1
    run(home, "staging", "retry", "-q").expect(0)
    found, own = memory(home), memory(full)
    assert found["current"] == own["current"]


def test_an_export_that_is_cut_off_is_reported(full: Path, home: Path) -> None:
    lines = exported(full).read_text().splitlines()
    result = run(home, "ingest", "-", "--json", stdin="\n".join(lines[:20]).encode()).expect(3)
    *_, line = result.of("record")
    assert line["error"]["code"] == "cut_export"
    assert result.summary["committed"] + result.summary["updated"] + result.summary["late"] >= 15


def test_a_dry_run_and_an_explanation_write_nothing(full: Path, home: Path) -> None:
    file = exported(full)
    dry = run(home, "ingest", file, "--dry-run", "--json").expect(0).summary
    assert dry["failed"] == 0
    assert dry["forgotten"] == 3
    run(home, "ingest", "--explain", file, "--limit", "1000").expect(0)
    assert not (home / "postgres").exists()
