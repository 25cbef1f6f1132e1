"""Objects of Google Cloud Storage as inputs, against an emulator that speaks its protocol."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.apex import Result, run
from tests.acceptance.seeds import shipment

pytestmark = pytest.mark.embedded


@dataclass(frozen=True, slots=True)
class Bucket:
    """The bucket `drop` of a running emulator."""

    address: str

    @property
    def environment(self) -> dict[str, str]:
        return {"STORAGE_EMULATOR_HOST": self.address}

    def put(self, name: str, content: bytes) -> None:
        self._ask("POST", f"/upload/storage/v1/b/drop/o?uploadType=media&name={_quoted(name)}", content)

    def delete(self, name: str) -> None:
        self._ask("DELETE", f"/storage/v1/b/drop/o/{_quoted(name)}")

    def is_up(self) -> bool:
        try:
            self._ask("GET", "/storage/v1/b/drop")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def _ask(self, method: str, path: str, content: bytes | None = None) -> None:
        request = urllib.request.Request(f"{self.address}{path}", content, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--host=127.0.0.1", f"--port={port}"]
    server = subprocess.Popen(
        [*command, "--in-memory", "--default-bucket=drop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    made = Bucket(f"http://127.0.0.1:{port}")
    try:
        until = time.monotonic() + 30
        while not made.is_up():
            assert server.poll() is None, "the emulator has ended"
            assert time.monotonic() < until, "the emulator does not answer"
            time.sleep(0.05)
        for name, content in {
            "loads/2025/a.json": json.dumps(shipment(1)).encode(),
            "loads/2025/b c.json": json.dumps(shipment(2)).encode(),
            "loads/note.md": b"# Terms\n\nBOL 5521907 is on the load.\n",
            "loads/photo.heic": b"\0\1\2" * 50,
            "other/d.json": json.dumps(shipment(5)).encode(),
        }.items():
            made.put(name, content)
        yield made
    finally:
        server.terminate()
        server.wait(10)


def ingest(home: Path, bucket: Bucket, *arguments: str, exit: int = 0) -> Result:
    return run(home, "ingest", *arguments, "--json", env=bucket.environment).expect(exit)


def locators(result: Result, status: str) -> list[str]:
    return sorted(str(line["locator"]) for line in result.of("record") if line["status"] == status)


def test_a_prefix_one_object_and_a_pattern(home: Path, bucket: Bucket) -> None:
    first = ingest(home, bucket, "gs://drop/loads")
    assert locators(first, "committed") == ["2025/a.json:1", "2025/b c.json:1", "note.md"]
    assert first.summary["unsupported"] == {".heic": 1}
    assert ingest(home, bucket, "gs://drop/loads/2025/a.json").summary["unchanged"] == 1
    assert ingest(home, bucket, "gs://drop/*/d.json").summary["committed"] == 1
    note = next(line for line in first.of("record") if line["locator"] == "note.md")
    (record,) = run(home, "get", note["record_id"], "--json").expect(0).lines
    assert [place["shown"] for place in record["places"]] == ["gs://drop/loads/note.md"]


def test_a_prefix_is_followed(home: Path, bucket: Bucket) -> None:
    assert ingest(home, bucket, "gs://drop/loads", "--sync").summary["committed"] == 3
    bucket.delete("loads/note.md")
    after = ingest(home, bucket, "gs://drop/loads", "--sync", "--max-forget", "50%")
    assert (after.summary["unchanged"], after.summary["forgotten"]) == (2, 1)


def test_what_is_not_there_fails_alone_and_is_news_once(home: Path, bucket: Bucket) -> None:
    missing = ("gs://drop/none.json", "gs://no-such-bucket/x")
    result = ingest(home, bucket, *missing, "gs://drop/other", exit=3)
    assert locators(result, "committed") == ["d.json:1"]
    codes = {line["locator"]: line["error"]["code"] for line in result.of("record") if line["status"] == "failed"}
    assert codes == dict.fromkeys(missing, "unreachable")
    quiet = run(home, "ingest", *missing, "-q", env=bucket.environment).expect(3)
    assert quiet.stderr == ""
