"""Encodings of texts: one answer and one note for the same bytes, read whole or as a stream."""

from __future__ import annotations

import codecs
import io
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apex_cli.errors import ReadError
from apex_cli.formats.decoding import Text, decode_text, decoded_head, encoding_of, open_text

SPANISH = "Señal de “Café” – 1.676,40 €"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b" \n\t", "empty_file"),
        (codecs.BOM_UTF8, "empty_file"),
        (b"\xff\xfe \0\n\0", "empty_file"),
        (b"PK\x03\x04\x00", "binary_file"),
        (codecs.BOM_UTF8 + b"LD-1\0LD-2", "binary_file"),
        (bytes(range(1, 256)) * 4, "binary_file"),
        (b"\0\1", "binary_file"),
        (b"\0" * 5_000, "binary_file"),
        (b"x" * 3_000_000 + b"\0", "binary_file"),
        (b"\xff\xfea", "wrong_encoding"),
        ("Load LD-1".encode("utf-32") + b"\xff\xff\xff\xff", "wrong_encoding"),
        (b"\xed\xa0\x80", "wrong_encoding"),
        (codecs.BOM_UTF8 + "Señal".encode("cp1252"), "wrong_encoding"),
        ("Привет, груз".encode("cp1251"), "wrong_encoding"),
        ("貨物の状態".encode("shift-jis"), "wrong_encoding"),
    ],
)
def test_what_is_no_text(data: bytes, code: str) -> None:
    with pytest.raises(ReadError) as caught:
        decode_text(data)
    assert caught.value.code == code
    if code != "empty_file":
        with pytest.raises(ReadError) as caught:
            encoding_of(io.BytesIO(data))
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"line\n" + "Привет".encode("cp1251"), r"not UTF-8: byte 0xcf at offset 5 \(line 2\)"),
        (b"line\n" * 500_000 + "Привет".encode("cp1251") * 1_000_000, r"0xcf at offset 2500000 \(line 500001\)"),
        (codecs.BOM_UTF8 + b"ab\xe9", r"not UTF-8: byte 0xe9 at offset 5 \(line 1\)"),
        (b"\xff\xfea\0b", r"not UTF-16: byte 0x62 at offset 4 \(line 1\)"),
    ],
)
def test_the_place_of_what_is_wrong_is_named(data: bytes, place: str) -> None:
    with pytest.raises(ReadError, match=place):
        decode_text(data)


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
def test_unicode_is_known_by_its_mark_or_its_zeros(encoding: str) -> None:
    text = "Load LD-1, Münster\r\nto Łódź"
    assert both(text.encode(encoding)) == Text(text.replace("\r", ""), ())


def test_a_mark_whose_bytes_are_the_other_way_round() -> None:
    assert both(codecs.BOM_UTF16_BE + "Łódź".encode("utf-16-be")).content == "Łódź"
    assert both(codecs.BOM_UTF32_BE + "Łódź".encode("utf-32-be")).content == "Łódź"


@pytest.mark.parametrize("around", ["", "x" * 1_048_575])
def test_windows_1252_is_assumed_aloud(around: str) -> None:
    text = f"{around}{SPANISH}{around}"
    assert both(text.encode("cp1252")) == Text(text, ("not UTF-8: read as Windows-1252",))


def test_a_few_bad_bytes_do_not_make_utf_8_something_else() -> None:
    data = SPANISH.encode() + b" \xe9 " + SPANISH.encode()
    assert both(data) == Text(f"{SPANISH} \ufffd {SPANISH}", ("1 bytes are not UTF-8: each is read as U+FFFD",))


def test_half_a_character_in_utf_16_is_noted() -> None:
    data = "LD-1 ".encode("utf-16-le") + b"\x3d\xd8" + " LD-2".encode("utf-16-le")
    assert both(data) == Text("LD-1 \ufffd LD-2", ("1 characters are broken: each is read as U+FFFD",))


def test_normalised() -> None:
    assert decode_text(b"\xef\xbb\xbfa\r\nb\rc\ncafe\xcc\x81").content == "a\nb\nc\ncafé"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), st.integers(0, 12))
@example("é", 12)
def test_utf_8_is_itself_across_the_blocks_of_a_stream(text: str, shift: int) -> None:
    text = "a" * (1_048_576 - shift) + text
    assert both(text.encode()) == Text(unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_alike_whole_and_as_a_stream(data: bytes) -> None:
    whole, stream = outcome(lambda: decode_text(data)), outcome(lambda: open_text(io.BytesIO(data)))
    if isinstance(whole, Text):
        assert both(data) == whole
    elif whole != "the file is empty":
        assert stream == whole


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_the_first_bytes_alone(encoding: str) -> None:
    assert decoded_head("Load #,Driver\n".encode(encoding)[:20]).startswith("Load"[: 20 // 4 - 1])


def test_the_first_bytes_of_what_is_no_text() -> None:
    assert decoded_head(b"PK\x03\x04\x00") == ""


def outcome(read: Callable[[], object]) -> object:
    try:
        return read()
    except ReadError as error:
        return error.message


def both(data: bytes) -> Text:
    """What `decode_text` and `open_text` make of these bytes: the same, and the same again from the beginning."""
    whole = decode_text(data)
    stream, notes = open_text(io.BytesIO(data))
    for _ in range(2):
        stream.seek(0)
        text = stream.read().replace("\r\n", "\n").replace("\r", "\n")
        assert unicodedata.normalize("NFC", text) == whole.content
    assert notes == whole.notes
    return whole
