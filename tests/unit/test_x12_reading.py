"""X12: delimiters, envelopes, and what is wrong with them, each named by its segment."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.formats.format import FileInfo
from apex_cli.formats.part import Ignored, Object, Part, Unreadable
from apex_cli.formats.x12.format import FORMAT
from apex_cli.formats.x12.segments import LONGEST_SEGMENT, is_interchange
from apex_cli.input_rules import ReadLimits
from tests.linear import assert_linear

FILES = Path(__file__).parents[1] / "files" / "x12"
INFO = FileInfo("a.edi", ReadLimits(max_record_bytes=10**6, max_document_bytes=10**6, max_depth=50))


def isa(control: str = "000000101", element: str = "*", component: str = ">", end: str = "~", repeat: str = "U") -> str:
    fields = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "LAKESHORE      ", "02", "BRKR           "]
    fields += ["251019", "1423", repeat, "00401", control, "0", "P"]
    return element.join(fields) + element + component + end


def interchange(*sets: str, control: str = "000000101", groups: str = "1", count: str | None = None) -> str:
    group = f"GS*QM*LAKESHORE*BRKR*20251019*1423*7*X*004010~{''.join(sets)}GE*{count or len(sets)}*7~"
    return f"{isa(control)}{group}IEA*{groups}*{control}~"


def status(control: str = "0001", segments: str | None = None, end: str | None = None) -> str:
    return f"ST*214*{control}~B10*1*LD-1*LKHG~AT7*X3*NS***20251019*1430*CT~SE*{segments or 4}*{end or control}~"


def read(text: str | bytes) -> list[Part]:
    data = text.encode() if isinstance(text, str) else text
    return list(FORMAT.parts(io.BytesIO(data), INFO))


def wrong(parts: Iterable[Part]) -> list[str]:
    return [part.error.message for part in parts if isinstance(part, Unreadable)]


@pytest.mark.parametrize("filling", ["\x1a", "\0" * 300, "\r\n\x1a\0\0", " \n"])
def test_what_fills_a_file_behind_an_interchange_is_nothing(filling: str) -> None:
    parts = read(interchange(status()) + filling + interchange(status(), control="000000102") + filling)
    assert [type(part) for part in parts] == [Object, Object]


def test_one_set_with_its_envelope() -> None:
    (part,) = read(interchange(status()))
    assert isinstance(part, Object)
    assert part.place == "ISA 000000101 ST 0001"
    assert part.payload == {
        "transaction_set": "214",
        "version": "004010",
        "sender": "ZZ:LAKESHORE",
        "receiver": "02:BRKR",
        "sent": "20251019 1423",
        "interchange": "000000101",
        "control_number": "0001",
        "segments": [["B10", "1", "LD-1", "LKHG"], ["AT7", "X3", "NS", "", "", "20251019", "1430", "CT"]],
    }


@pytest.mark.parametrize(("element", "end"), [("*", "~"), ("|", "\n"), ("^", "\r\n"), ("\x1d", "\x1c"), ("*", "'\r\n")])
def test_delimiters_come_from_the_interchange(element: str, end: str) -> None:
    text = interchange(status()).replace("*", element).replace("~", end)
    (part,) = read(text)
    assert isinstance(part, Object)
    assert part.payload["segments"][0] == ["B10", "1", "LD-1", "LKHG"]


def test_several_interchanges_each_with_its_own_delimiters() -> None:
    second = interchange(status("0002"), control="000000102").replace("*", "|").replace("~", "\n")
    found = read("\ufeff" + interchange(status()) + "\r\n\r\n" + second)
    assert [part.place for part in found if isinstance(part, Object)] == [
        "ISA 000000101 ST 0001",
        "ISA 000000102 ST 0002",
    ]


def test_acknowledgements_and_other_sets_are_skipped() -> None:
    ack = "ST*997*0001~AK1*SM*1~SE*3*0001~"
    other = "ST*850*0002~BEG*00*SA*1~SE*3*0002~"
    first, second, third = read(interchange(ack, other, status("0003")))
    assert isinstance(first, Ignored)
    assert "acknowledgement" in first.note
    assert isinstance(second, Ignored)
    assert "850" in second.note
    assert isinstance(third, Object)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (interchange(status(segments="5")), "segment 6 (SE): SE says 5 segments, there are 4"),
        (interchange(status(end="0009")), "segment 6 (SE): SE has the control number '0009', ST has '0001'"),
        (interchange(status(), count="2"), "segment 7 (GE): GE says 2 transaction sets, there are 1"),
        (interchange(status(), groups="3"), "segment 8 (IEA): IEA says 3 groups, there are 1"),
        (interchange(status()).replace("IEA*1*000000101", "IEA*1*000000999"), "segment 8 (IEA): IEA has the control"),
        (interchange(status()).replace("GE*1*7", "GE*1*8"), "segment 7 (GE): GE has the control number '8', GS has"),
        (isa() + "B10*1~" + "IEA*0*000000101~", "segment 2 (B10): B10 stands outside of a transaction set"),
        (interchange(status()).removesuffix("IEA*1*000000101~"), "end of the file: interchange 000000101 has no IEA"),
        (interchange("ST*214*0001~B10*1*LD-1*LKHG~"), "transaction set 0001 has no SE"),
        (isa() + "SE*1*0001~IEA*0*000000101~", "segment 2 (SE): SE without ST"),
        (interchange(status())[:-1], "segment 8: 'IEA*1*000000' has no end"),
        (interchange(status()) + "garbage behind it", "segment 9: an interchange must begin with ISA"),
        (interchange(status()) + "ISA*00*short~", "segment 9: ISA is not 106 bytes long"),
    ],
)
def test_what_is_wrong_is_named_by_its_segment(text: str, message: str) -> None:
    assert any(found.startswith(message) or message in found for found in wrong(read(text)))


def test_a_broken_set_fails_alone() -> None:
    found = read(interchange(status("0001"), status("0002", segments="9"), status("0003")))
    assert [part.place for part in found if isinstance(part, Object)] == [
        "ISA 000000101 ST 0001",
        "ISA 000000101 ST 0003",
    ]
    assert [part.place for part in found if isinstance(part, Unreadable)] == ["ISA 000000101 ST 0002"]


def test_a_segment_without_an_end_takes_bounded_memory() -> None:
    found = read(isa() + "GS*" + "x" * (3 * LONGEST_SEGMENT))
    assert "is too long" in wrong(found)[0]


@given(st.integers(0, 400), st.integers(0, 400))
def test_any_piece_of_a_file_is_read_or_named(begin: int, length: int) -> None:
    text = interchange(status(), status("0002"))[begin : begin + length]
    found = read(text)
    assert all(isinstance(part, Object | Unreadable) for part in found)
    assert begin == 0 or not text.strip() or wrong(found)


@given(st.binary(max_size=300))
def test_garbage_never_raises(data: bytes) -> None:
    assert not [part for part in read(isa().encode() + data) if isinstance(part, Object)]


def test_recognised_by_content() -> None:
    assert is_interchange((FILES / "answer-990.edi").read_bytes())
    assert not is_interchange(b"ISA is short for many things. " * 5)
    assert not is_interchange(b"ISA*00*")


def test_linear() -> None:
    assert_linear(lambda size: read(isa() + "GS*QM*A*B*20251019*1423*7*X*004010~" + "ST*214*0001~" * size), size=2_000)


def test_the_files_of_the_repository_agree_with_themselves() -> None:
    for path in FILES.iterdir():
        assert wrong(read(path.read_bytes())) == []
        assert re.search(r"\d{3}", path.name)
