"""JSON out of files: every layout, every way to be broken, in bounded memory and linear time."""

from __future__ import annotations

import io
import json
from collections import deque
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.input_rules import ReadLimits
from apex_cli.reading.jsonstream import Broken, Value, values
from tests.linear import assert_linear, peak_memory

LIMITS = ReadLimits(max_record_bytes=32 * 1024**2, max_document_bytes=1024, max_depth=200)
SMALL = ReadLimits(max_record_bytes=1000, max_document_bytes=1024, max_depth=200)


def read(data: bytes, limits: ReadLimits = LIMITS) -> list[Value | Broken]:
    return list(values(io.BytesIO(data), limits))


def brief(data: bytes, limits: ReadLimits = LIMITS) -> list[tuple[int, Any]]:
    """(line, payload or error code) of every item."""
    return [(item.line, item.value if isinstance(item, Value) else item.error.code) for item in read(data, limits)]


def only_error(data: bytes, limits: ReadLimits = LIMITS) -> Broken:
    (item,) = read(data, limits)
    assert isinstance(item, Broken)
    return item


class TestBroken:
    @pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"\xef\xbb\xbf"])
    def test_empty(self, data: bytes) -> None:
        assert only_error(data).error.code == "empty_file"

    @pytest.mark.parametrize(
        ("data", "place", "what"),
        [
            (b'{"a": }', "line 1, column 7", "expecting value"),
            (b'\n\n  {"a": 1,\n  "b" 2}', "line 4, column 7", "expecting ':' delimiter"),
            (b'{\n "a": 1,,\n "b": 2\n}\n', "line 2, column 9", "expecting property name"),
            (b'{"a": "x\ny", "b": 1}', "line 1, column 7", "unterminated string"),
            (b'{"a": "\x00"}', "line 1, column 8", "invalid control character"),
            (b'{"a": 1}\x00', "line 1, column 9", "expecting value"),
            (b'{"a": 1', "line 1, column 8", "expecting ',' delimiter"),
            (b'{"a": [1}', "line 1, column 9", "expecting ',' delimiter"),
            ('{"é": "üü" 1}'.encode(), "line 1, column 12", "expecting ',' delimiter"),
            ('[{"é": 1}, {"é" 1}]'.encode(), "line 1, column 17", "expecting ':' delimiter"),
            (b'[{"a": 1},\n {"a": 2}', "line 2, column 10", "the array is not closed"),
            (b'[{"a": 1},\n]', "line 2, column 1", "expecting value"),
            (b'[{"a": 1} {"a": 2}]', "line 1, column 11", "expecting ',' or ']'"),
            (b'[{"a": 1}}', "line 1, column 10", "expecting ',' or ']'"),
            (b"hello world\nthis is text\n", "line 1, column 1", "expecting value"),
            (b'{"a": 01}', "line 1, column 8", "expecting ',' delimiter"),
            (b"{'a': 1}", "line 1, column 2", "expecting property name"),
        ],
    )
    def test_line_and_column_are_the_real_ones(self, data: bytes, place: str, what: str) -> None:
        *_, last = read(data)
        assert isinstance(last, Broken)
        assert last.error.code == "bad_json"
        assert f"broken JSON at {place}: {what}" in last.error.message

    def test_an_array_gives_what_was_complete_then_one_rejection_for_the_rest(self) -> None:
        data = b'[{"a": 1},\n {"a": 2},\n {"a" 3},\n {"a": 4}]'
        items = read(data)
        assert brief(data) == [(1, {"a": 1}), (2, {"a": 2}), (3, "bad_json")]
        assert isinstance(items[-1], Broken)
        assert items[-1].raw == b'{"a" 3},\n {"a": 4}]'

    def test_a_single_object_is_rejected_once_however_many_lines_follow(self) -> None:
        assert brief(b'{"a": "x\ny",\n"b": 1,\n"c": 2\n}\n') == [(1, "bad_json")]

    def test_a_bad_line_fails_alone(self) -> None:
        data = b'{"a":1}\n{"a": }\n\n{"a":3}\n{"a":\nnonsense\n"x\n{"a":7}'
        assert brief(data) == [
            (1, {"a": 1}),
            (2, "bad_json"),
            (4, {"a": 3}),
            (5, "bad_json"),
            (6, "bad_json"),
            (7, "bad_json"),
            (8, {"a": 7}),
        ]
        assert [item.raw for item in read(data) if isinstance(item, Broken)][:2] == [b'{"a": }', b'{"a":']

    @pytest.mark.parametrize("first", [b'{"a":', b'{"a": }', b'{"a": "x', b'{"a": [1}', b"oops", b'{"a": 1}}'])
    def test_a_bad_first_line_does_not_take_the_others_with_it(self, first: bytes) -> None:
        found = brief(first + b'\n{"b":2}\n{"c":3}\n')
        assert found[-2:] == [(2, {"b": 2}), (3, {"c": 3})]
        assert (1, "bad_json") in found

    def test_duplicate_keys_name_the_key_and_spare_the_neighbours(self) -> None:
        data = b'[{"a": 1}, {"b": {"x": 1, "x": 2}}, {"c": 3}]'
        first, second, third = read(data)
        assert isinstance(first, Value)
        assert isinstance(third, Value)
        assert isinstance(second, Broken)
        assert (second.element, second.error.code, second.raw) == (2, "duplicate_key", b'{"b": {"x": 1, "x": 2}}')
        assert "'x'" in second.error.message

    @pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1" * 10_000])
    def test_what_is_no_finite_number(self, number: bytes) -> None:
        assert brief(b'{"a": ' + number + b'}\n{"a": 1.5}') == [(1, "bad_number"), (2, {"a": 1.5})]

    @pytest.mark.parametrize("value", [b"42", b'"x"', b"null", b"true", b"1.5"])
    def test_only_objects_are_records(self, value: bytes) -> None:
        assert brief(value) == [(1, "not_an_object")]
        assert brief(b'[{"a": 1}, ' + value + b', {"b": 2}]') == [(1, {"a": 1}), (1, "not_an_object"), (1, {"b": 2})]

    def test_empty_containers(self) -> None:
        assert brief(b"[]") == []
        assert brief(b"{}") == [(1, "empty_record")]
        assert brief(b"[{}, [], [1]]") == [(1, "empty_record"), (1, "not_an_object"), (1, "not_an_object")]

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
    def test_other_encodings_of_unicode_are_read_without_a_mark_too(self, encoding: str) -> None:
        assert brief('{"a": "é"}\n[{"b": 2}]'.encode(encoding)) == [(1, {"a": "é"}), (2, {"b": 2})]

    def test_broken_lines_at_the_beginning_fail_alone(self) -> None:
        assert brief(b'INFO begin\nINFO more\n{"a": 1}\n') == [(1, "bad_json"), (2, "bad_json"), (3, {"a": 1})]
        assert brief(b'{"a": \n{"b": 1}\n\xff\xfe\n{"c": 2}') == [
            (1, "bad_json"),
            (2, {"b": 1}),
            (3, "wrong_encoding"),
            (4, {"c": 2}),
        ]
        assert brief(b'{"a": [\n  {"x": 1}\n ]]\n "b": [\n  {"x": 2}\n ]}') == [(1, "bad_json")]
        assert brief(b"<html>\n<body>\n</html>\n") == [(1, "bad_json")]

    def test_arrays_in_arrays_and_texts_that_are_json_hold_records(self) -> None:
        first, second, third = read(b'[[{"a": 1}, [{"a": 2}]], {"a": 3}]')
        assert isinstance(first, Value)
        assert isinstance(second, Value)
        assert isinstance(third, Value)
        assert [one.value for one in (first, second, third)] == [{"a": 1}, {"a": 2}, {"a": 3}]
        assert [(one.element, one.row) for one in (first, second, third)] == [(1, 1), (1, 2), (2, None)]
        assert brief(b'"{\\"a\\": 1}"\n["[{\\"a\\": 2}]"]') == [(1, {"a": 1}), (2, {"a": 2})]
        assert brief(b'[[{"a": 1}, 5], "{nothing"]') == [(1, "not_an_object"), (1, "not_an_object")]

    def test_wrong_encoding_names_offset_and_line_and_fails_alone(self) -> None:
        data = b'{"a": 1}\n{"a": "caf\xe9"}\n{"a": 3}\n'
        assert brief(data) == [(1, {"a": 1}), (2, "wrong_encoding"), (3, {"a": 3})]
        message = only_error(b'{\n"a": "\xff"}').error.message
        assert "0xff at offset 8 (line 2)" in message

    @pytest.mark.parametrize("data", [b'\xff\xfe{"a": 1}', '{"a": "é"}'.encode("latin-1"), b"\xff\xfe\x00\x01\x02\x03"])
    def test_what_is_neither_utf8_nor_utf16(self, data: bytes) -> None:
        assert only_error(data).error.code == "wrong_encoding"

    def test_utf16_that_ends_in_half_a_character(self) -> None:
        assert only_error('\ufeff{"a": 1'.encode("utf-16-le") + b"\x00").error.code == "wrong_encoding"


class TestHostile:
    @pytest.mark.parametrize("depth", [201, 10_000, 1_000_000])
    def test_too_deep(self, depth: int) -> None:
        assert brief(b"[" * depth) == [(1, "too_deep")] if depth > 201 else True
        assert brief(b'{"a":' * depth + b"1" + b"}" * depth) == [(1, "too_deep")]
        assert brief(b'{"a":1}\n{"a":' + b"[" * depth + b"]" * depth + b'}\n{"a":3}') == [
            (1, {"a": 1}),
            (2, "too_deep"),
            (3, {"a": 3}),
        ]

    def test_the_deepest_that_is_allowed(self) -> None:
        ((_, value),) = brief(b'{"a":' * 200 + b"1" + b"}" * 200)
        assert isinstance(value, dict)

    def test_a_limit_beyond_the_parsers_own_is_no_crash(self) -> None:
        limits = ReadLimits(max_record_bytes=32 * 1024**2, max_document_bytes=1, max_depth=10**6)
        assert brief(b'{"a":' * 200_000 + b"1" + b"}" * 200_000, limits) == [(1, "too_deep")]

    def test_ten_megabytes_in_one_string(self) -> None:
        ((_, value),) = brief(b'{"a": "' + b"\\n" * 5_000_000 + b'"}')
        assert len(value["a"]) == 5_000_000

    def test_too_large_fails_alone_in_every_layout(self) -> None:
        large = b'{"a": "' + b"x" * 2000 + b'", "b": ["\\"", {}]}'
        assert brief(large + b'\n{"b": 1}\n', SMALL) == [(1, "too_large"), (2, {"b": 1})]
        assert brief(b'{"b": 1}\n' + large + b'\n{"b": 2}', SMALL) == [(1, {"b": 1}), (2, "too_large"), (3, {"b": 2})]
        assert brief(b"[" + large + b', {"b": 1},\n' + large + b"]", SMALL) == [
            (1, "too_large"),
            (1, {"b": 1}),
            (2, "too_large"),
        ]
        assert [item.raw for item in read(large, SMALL) if isinstance(item, Broken)] == [None]

    @pytest.mark.parametrize("opening", [b'{"a": "', b'{"a":1}\n{"a": "', b'[{"a": "', b'"', b"1", b"{\n"])
    def test_a_huge_value_is_not_held(self, opening: bytes) -> None:
        limits = ReadLimits(max_record_bytes=1024**2, max_document_bytes=1, max_depth=200)
        file = _Endless(opening, 64 * 1024**2)
        last, most = peak_memory(lambda: deque(values(io.BufferedReader(file), limits), maxlen=1).pop())
        assert isinstance(last, Broken)
        assert last.error.code == "too_large"
        assert most < 16 * 1024**2

    def test_unclosed_brackets_on_every_line_take_linear_time(self) -> None:
        assert len(brief(b'{"a":1}\n' + b"{\n" * 1_000)) == 1_001
        assert_linear(lambda size: read(b'{"a":1}\n' + b"{\n" * size), 1_000)

    def test_many_values_on_one_line_take_linear_time(self) -> None:
        assert len(read(b'{"a":1}' * 5_000)) == 5_000
        assert len(read(b"{\na\n}\n" * 2_000)) == 2_000
        assert_linear(lambda size: read(b'{"a":1}' * size), 5_000)
        assert_linear(lambda size: read(b"{\na\n}\n" * size), 2_000)

    def test_depth_takes_linear_time(self) -> None:
        assert_linear(lambda depth: read(b'{"a":' * depth + b"1" + b"}" * depth), 50_000)


class TestLayouts:
    A: ClassVar[dict[str, Any]] = {"a": 1, "s": 'br}ack"et'}
    B: ClassVar[dict[str, Any]] = {"b": [{"x": {}}]}
    C: ClassVar[dict[str, Any]] = {"c": "ü\\"}

    @pytest.mark.parametrize("indent", [None, 0, 2])
    @pytest.mark.parametrize("between", ["\n", "", " ", "\r\n", "\n\n\n"])
    def test_values_one_after_the_other(self, indent: int | None, between: str) -> None:
        text = between.join(json.dumps(value, indent=indent, ensure_ascii=False) for value in (self.A, self.B, self.C))
        assert [value for _, value in brief(text.encode())] == [self.A, self.B, self.C]

    @pytest.mark.parametrize("indent", [None, 0, 2])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_an_array(self, indent: int | None, encoding: str) -> None:
        text = json.dumps([self.A, self.B, self.C], indent=indent, ensure_ascii=False)
        items = read(text.encode(encoding))
        assert [item.value for item in items if isinstance(item, Value)] == [self.A, self.B, self.C]
        assert [item.element for item in items] == [1, 2, 3]

    def test_compact_and_pretty_mixed_and_arrays_on_lines(self) -> None:
        data = b'{"a":1}\n{\n  "b": 2\n}\n[{"c":3},{"d":4}]\n{}\n{"e":5}'
        assert brief(data) == [
            (1, {"a": 1}),
            (2, {"b": 2}),
            (5, {"c": 3}),
            (5, {"d": 4}),
            (6, "empty_record"),
            (7, {"e": 5}),
        ]

    def test_lone_surrogates_are_replaced_and_nul_is_kept(self) -> None:
        assert brief(b'{"a": "\\ud800x", "b": "\\ud83d\\ude00", "c": "\\u0000"}') == [
            (1, {"a": "\ufffdx", "b": "\U0001f600", "c": "\0"})
        ]

    def test_an_array_is_read_as_it_is_asked_for(self) -> None:
        file = io.BytesIO(b"[" + b'{"a": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},' * 100_000 + b'{"a": 1}]')
        stream = values(file, LIMITS)
        next(stream)
        assert file.tell() < 1024**2

    @given(
        st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()), min_size=1), max_size=8),
        st.sampled_from([None, 1]),
        st.booleans(),
    )
    def test_agrees_with_the_json_module(self, payloads: list[dict[str, Any]], indent: int | None, array: bool) -> None:
        if array:
            text = json.dumps(payloads, indent=indent)
        else:
            text = "\n".join(json.dumps(payload, indent=indent) for payload in payloads) or "[]"
        items = read(text.encode())
        assert [item.value for item in items if isinstance(item, Value)] == payloads
        assert all(json.loads(item.raw) == item.value for item in items if isinstance(item, Value))

    @given(st.binary(max_size=60) | st.text('[]{},:"\\ \n1ae', max_size=60).map(str.encode))
    def test_any_bytes_give_records_or_rejections(self, data: bytes) -> None:
        for item in read(data, SMALL):
            assert isinstance(item, Value) or item.error.code


class _Endless(io.RawIOBase):
    """An opening and then filling, without ever being a whole."""

    def __init__(self, opening: bytes, size: int) -> None:
        self._opening = opening
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._opening:
            block, self._opening = self._opening, b""
        else:
            block = b"1" * min(len(buffer), self._left)
            self._left -= len(block)
        buffer[: len(block)] = block
        return len(block)
