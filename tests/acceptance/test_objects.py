"""Objects as inputs: S3 (moto's server, which speaks its protocol) and a web server."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from tests.acceptance.apex import Result, run
from tests.acceptance.seeds import shipment

pytestmark = pytest.mark.embedded
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "hunter2-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The environment that reaches an S3 server with the bucket `drop`."""
    import boto3

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"])
    client.create_bucket(Bucket="drop")
    objects: dict[str, bytes] = {
        "loads/2025/a.json": json.dumps(shipment(1)).encode(),
        "loads/2025/b.jsonl.gz": gzip.compress(json.dumps(shipment(2)).encode()),
        "loads/note.md": b"# Terms\n\nBOL 5521907 is on the load.\n",
        "loads/photo.heic": b"\0\1\2" * 50,
        "loads/.hidden/c.json": json.dumps(shipment(4)).encode(),
        "other/d.json": json.dumps(shipment(5)).encode(),
    }
    for key, body in objects.items():
        client.put_object(Bucket="drop", Key=key, Body=body)
    yield environment
    server.stop()


def ingest(home: Path, environment: dict[str, str], *arguments: str, exit: int = 0) -> Result:
    result = run(home, "ingest", *arguments, "--json", env=environment).expect(exit)
    assert "hunter2" not in result.stdout + result.stderr
    return result


def locators(result: Result, status: str) -> list[str]:
    return sorted(str(line["locator"]) for line in result.of("record") if line["status"] == status)


def test_a_prefix_one_object_and_a_pattern(home: Path, s3: dict[str, str]) -> None:
    first = ingest(home, s3, "s3://drop/loads")
    assert locators(first, "committed") == ["2025/a.json:1", "2025/b.jsonl.gz/b.jsonl:1", "note.md"]
    assert first.summary["unsupported"] == {".heic": 1}
    assert ingest(home, s3, "s3://drop/loads/").summary["unchanged"] == 3
    assert ingest(home, s3, "s3://drop/loads/2025/a.json").summary["unchanged"] == 1
    assert ingest(home, s3, "s3://drop/*/d.json").summary["committed"] == 1
    assert ingest(home, s3, "s3://drop/loads", "--exclude", "2025/*").summary["records"] == 2
    note = next(line for line in first.of("record") if line["locator"] == "note.md")
    (record,) = run(home, "get", note["record_id"], "--json").expect(0).lines
    assert [place["shown"] for place in record["places"]] == ["s3://drop/loads/note.md"]
    assert [path for path in (home / "staging").rglob("*") if path.is_file()] == []


def test_a_prefix_is_followed(home: Path, s3: dict[str, str]) -> None:
    import boto3

    assert ingest(home, s3, "s3://drop/loads", "--sync").summary["committed"] == 3
    client = boto3.client("s3", endpoint_url=s3["AWS_ENDPOINT_URL"])
    client.delete_object(Bucket="drop", Key="loads/note.md")
    limit = ("--max-forget", "50%")
    assert ingest(home, s3, "s3://drop/loads", "--sync", *limit, "--dry-run").summary["forgotten"] == 1
    after = ingest(home, s3, "s3://drop/loads", "--sync", *limit)
    assert (after.summary["unchanged"], after.summary["forgotten"]) == (2, 1)
    assert not [line for line in run(home, "search", "5521907", "--json").expect(0).lines if "5521907" in line["text"]]
    assert "--include" in run(home, "ingest", "s3://drop/*/x.json", "--sync", env=s3).expect(2).stderr


def test_a_dry_run_reads_objects_too(home: Path, s3: dict[str, str]) -> None:
    assert ingest(home, s3, "s3://drop/loads", "--dry-run").summary["pending"] == 3


@pytest.mark.parametrize("url", ["s3://drop/nothing.json", "s3://no-such-bucket/x"])
def test_what_is_not_there_fails_alone(home: Path, s3: dict[str, str], url: str) -> None:
    result = ingest(home, s3, url, "s3://drop/other", exit=3)
    assert locators(result, "committed") == ["d.json:1"]
    (failed,) = [line for line in result.of("record") if line["status"] == "failed"]
    assert (failed["locator"], failed["error"]["code"]) == (url, "unreachable")


def test_a_server_that_is_not_there_is_named_within_bounded_time(home: Path) -> None:
    nowhere = {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    result = ingest(home, nowhere, "s3://drop/loads", exit=3)
    assert [line["error"]["code"] for line in result.of("record")] == ["unreachable"]


def test_consume_is_for_local_files(home: Path) -> None:
    assert "--consume" in run(home, "ingest", "s3://drop/loads", "--consume").expect(2).stderr


class _Served(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


def test_a_file_of_a_web_server_and_no_secret_of_its_url(home: Path, tmp_path: Path) -> None:
    (tmp_path / "loads.json").write_text(json.dumps(shipment(1)))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Served, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/loads.json?signature=hunter2"
        result = run(home, "ingest", url, "--json").expect(0)
        assert result.summary["committed"] == 1
        missing = run(home, "ingest", url.replace("loads.json", "none.json"), "--json").expect(3)
        assert "unreachable" in missing.stdout
        shown = run(home, "runs", "--json").expect(0)
        assert "hunter2" not in result.stdout + result.stderr + missing.stdout + missing.stderr + shown.stdout
    finally:
        server.shutdown()
        server.server_close()


def test_moves_and_limits_below_a_prefix(home: Path, s3: dict[str, str]) -> None:
    """Like a folder: what left it is forgotten, what moved in it stays, and an empty one is no reason to forget."""
    import boto3

    client = boto3.client("s3", endpoint_url=s3["AWS_ENDPOINT_URL"])
    first = ingest(home, s3, "s3://drop/loads", "--sync").summary
    assert (first["committed"], first["sync"]["gone"]) == (3, 0)
    client.copy_object(Bucket="drop", Key="loads/terms.md", CopySource="drop/loads/note.md")
    for key in ("loads/note.md", "loads/2025/a.json"):
        client.delete_object(Bucket="drop", Key=key)
    assert ingest(home, s3, "s3://drop/loads/", "--sync", "--dry-run").summary["sync"]["gone"] == 1
    assert ingest(home, s3, "s3://drop/loads/", "--sync", "--exclude", "2025/").summary["sync"]["gone"] == 0
    second = ingest(home, s3, "s3://drop/loads/", "--sync").summary
    assert (second["forgotten"], second["unchanged"]) == (1, 2)
    (line,) = run(home, "get", "document:terms.md", "--json").of("record")
    assert {place["shown"]: place["vacated_at"] is None for place in line["places"]} == {
        "s3://drop/loads/note.md": False,
        "s3://drop/loads/terms.md": True,
    }
    for key in ("loads/terms.md", "loads/2025/b.jsonl.gz"):
        client.delete_object(Bucket="drop", Key=key)
    refused = ingest(home, s3, "s3://drop/loads", "--sync", exit=3).summary["sync"]
    assert (refused["gone"], refused["refused"]["code"]) == (2, "max_forget")
