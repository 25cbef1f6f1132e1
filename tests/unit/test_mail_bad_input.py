"""Mail made to do harm, or broken on its way: each is named or read as far as it can be, in bounded time and memory."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.reading.files import Rejected, Skipped
from tests.mail_files import HEAD, mailbox, message, raw, read

LONGEST = 20.0
"""Seconds, on a loaded machine; each takes less than two on a free one."""
MIXED = "Content-Type: multipart/mixed; boundary=x\n"


def found(tmp_path: Path, data: bytes, name: str = "bad.eml") -> list[Record | Rejected | Skipped]:
    path = tmp_path / name
    path.write_bytes(data)
    begin = time.monotonic()
    result = read(path, limits=ReadLimits(1_000_000, 64 * 1024**2, 100, parse_timeout=LONGEST))
    assert time.monotonic() - begin < LONGEST
    return result


def alone(tmp_path: Path, data: bytes) -> Record:
    (one,) = found(tmp_path, data)
    assert isinstance(one, Record)
    return one


def nested(levels: int) -> bytes:
    body = "Load LD-4410\n"
    for level in range(levels):
        kind = f"Content-Type: multipart/mixed; boundary=b{level - 1}\n" if level else ""
        body = f"--b{level}\n{kind}\n{body}\n--b{level}--\n"
    return raw(f"Content-Type: multipart/mixed; boundary=b{levels - 1}\n", body)


def test_parts_nested_a_thousand_deep(tmp_path: Path) -> None:
    assert alone(tmp_path, nested(20)).payload["body"] == "Load LD-4410"
    one = alone(tmp_path, nested(1_000))
    assert one.external_id == "1@bluestem.example"
    assert any("nested deeper" in note for note in one.notes)


def test_a_hundred_thousand_parts(tmp_path: Path) -> None:
    one = alone(tmp_path, raw(MIXED, "--x\nContent-Type: text/plain\n\nLoad\n" * 100_000))
    assert any("parts after the first 2,000" in note for note in one.notes)


def test_messages_in_messages_a_thousand_deep(tmp_path: Path) -> None:
    data = message("Load LD-4410", message_id="in").as_bytes()
    for level in range(1_000):
        head = HEAD.replace("<1@", f"<{level}@").replace("LD-4410", str(level))
        data = f"{head}Content-Type: message/rfc822\n\n".encode() + data
    *messages, last = found(tmp_path, data)
    assert [one.external_id for one in messages if isinstance(one, Record)] == [
        f"{level}@bluestem.example" for level in range(999, 990, -1)
    ]
    assert isinstance(last, Rejected)
    assert last.error.code == "too_deep"


def test_a_boundary_that_never_ends(tmp_path: Path) -> None:
    one = alone(tmp_path, raw(MIXED, "--x\n\nLoad LD-4410\n" + "text line here\n" * 2_000_000))
    assert one.payload["body"].startswith("Load LD-4410")
    assert any("the body after its first 1,000,000 characters" in note for note in one.notes)


@pytest.mark.parametrize(
    "kind",
    ["multipart/mixed", "multipart/mixed; boundary=" + "y" * 500_000, "multipart/mixed; boundary=zz", "/;;=", ""],
)
def test_a_boundary_that_is_not_there(kind: str, tmp_path: Path) -> None:
    assert alone(tmp_path, raw(f"Content-Type: {kind}\n", "Load LD-4410")).payload["body"] == "Load LD-4410"


@pytest.mark.parametrize(
    "head", [b"X-Filler: y\n" * 5_000_000, b"X-Filler: " + b"y" * 60_000_000 + b"\n", b"X: a\n" + b"\ty\n" * 10_000_000]
)
def test_headers_without_an_end(head: bytes, tmp_path: Path) -> None:
    (one,) = found(tmp_path, HEAD.encode() + head + b"\nbody")
    assert isinstance(one, Rejected)
    assert (one.error.code, "headers are longer" in one.error.message) == ("broken_file", True)


@pytest.mark.parametrize(
    "line",
    [
        "Cc: " + "(" * 60_000,
        "Cc: " + '"' * 60_001,
        "Cc: " + "<" * 60_000,
        "Cc: " + "a@b.example, " * 70_000,
        "Comments: " + "=?a?q?" * 10_000,
        "References: " + "<" * 60_000,
        "Content-Type: text/plain; " + "a*0*=x; " * 100_000,
        "Content-Disposition: inline; filename*0=" + "a; filename*1=" * 20_000,
    ],
)
def test_a_header_made_to_keep_a_parser_busy(line: str, tmp_path: Path) -> None:
    first = found(tmp_path, raw(f"{line}\n", "Load"))[0]
    assert isinstance(first, Record)
    assert first.external_id == "1@bluestem.example"


@pytest.mark.parametrize(("data", "code"), [(b"", "empty_file"), (b"\n \n", "empty_file"), (b"text\n", "broken_file")])
def test_a_file_without_a_message(data: bytes, code: str, tmp_path: Path) -> None:
    for name in ("bad.eml", "bad.mbox"):
        (one,) = found(tmp_path, data, name)
        assert isinstance(one, Rejected)
        assert one.error.code in (code, "broken_file")


def test_binary_data_is_named(tmp_path: Path) -> None:
    (one,) = found(tmp_path, bytes(10_000_000))
    assert isinstance(one, Rejected)
    assert one.error.code == "broken_file"


def test_a_message_of_a_mailbox_fails_alone(tmp_path: Path) -> None:
    good = [message(message_id=str(number)).as_bytes() for number in range(3)]
    begin = b"From a@b Wed Mar  4 08:00:00 2026\n"
    broken = begin + b"Subject: x\n" + b"X: y\n" * 400_000 + b"\n"
    large = begin + raw("", "z" * 65 * 1024**2) + b"\n\n"
    data = mailbox(good[:1]) + broken + mailbox(good[1:2]) + large + mailbox(good[2:])
    first, second, third, fourth, fifth = found(tmp_path, data, "in.mbox")
    assert [each.external_id[0] for each in (first, third, fifth) if isinstance(each, Record)] == ["0", "1", "2"]
    assert isinstance(second, Rejected)
    assert isinstance(fourth, Rejected)
    assert (second.error.code, fourth.error.code) == ("broken_file", "too_large")
    assert (second.locator, fourth.locator) == ("in.mbox:message 2", "in.mbox:message 4")
    (tmp_path / "again.mbox").write_bytes(second.raw or b"")
    (again,) = read(tmp_path / "again.mbox")
    assert isinstance(again, Rejected)
    assert again.error.code == "broken_file"


def test_a_name_of_a_file_is_no_path(tmp_path: Path) -> None:
    sent = message()
    sent.add_attachment(b"Load LD-1", maintype="text", subtype="plain", filename="../../../tmp/x.txt")
    sent.add_attachment(b"Load LD-2", maintype="text", subtype="plain", filename="C:\\Windows\\x.txt")
    _, first, second = found(tmp_path, sent.as_bytes())
    assert [each.locator for each in (first, second)] == ["bad.eml/x.txt", "bad.eml/x (2).txt"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bad.eml"]


def test_no_process_is_left_behind(tmp_path: Path) -> None:
    data = message(message_id="0").as_bytes()
    for level in range(1, 4):
        outer = message(message_id=str(level))
        outer.add_attachment(data, maintype="application", subtype="octet-stream", filename="inner.eml")
        data = outer.as_bytes()
    before = {process.pid for process in psutil.Process().children()}
    assert len(found(tmp_path, data)) == 4
    gc.collect()
    assert {process.pid for process in psutil.Process().children()} == before


def test_a_body_of_json_is_a_text(tmp_path: Path) -> None:
    body = '{"shipmentId": "SHIP-1", "status": "delivered", "customerName": "Acme"}'
    one = alone(tmp_path, raw("", body))
    assert (one.source, one.payload["body"]) == ("mail", body)
