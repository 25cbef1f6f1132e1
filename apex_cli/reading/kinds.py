"""How a file is read: as JSON, or by one of the formats, by its content first and by its name second."""

from __future__ import annotations

from pathlib import PurePath
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.extras import install_hint, missing_modules
from apex_cli.formats import registry as formats
from apex_cli.formats.format import Format
from apex_cli.reading import raw_mail
from apex_cli.sources.registry import AUTO, DOCUMENT

JSON_EXTENSIONS = (".json", ".jsonl", ".ndjson")
SNIFFED_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"


def kind_of(file: BinaryIO, name: str, source: str) -> Format | None:
    """The format of an open file, None for JSON. Leaves it at its beginning.

    `source` is `auto` or what the user says: a source of JSON reads files without a format as JSON, `document` reads
    them as plain text. Raises `ReadError`: `unknown_type` for a file that nothing here reads, `extra_missing` where the
    library that reads it is not installed.
    """
    extension = PurePath(name).suffix.lower()
    head = file.read(SNIFFED_BYTES)
    file.seek(0)
    if source != DOCUMENT and extension in JSON_EXTENSIONS:
        return None
    if raw_mail.is_mail(head) or (source == AUTO and extension in raw_mail.EXTENSIONS):
        raise raw_mail.refusal(name)
    format = formats.by_file(name, head, file)
    if format is not None and source not in (AUTO, DOCUMENT) and format.is_text:
        return None
    if format is not None:
        _check_installed(format, name)
        return format
    if source == DOCUMENT:
        return formats.DEFAULT
    if source != AUTO or (not extension and head.removeprefix(_BOM).lstrip().startswith((b"{", b"["))):
        return None
    if extension:
        raise _unknown_type(name)
    return formats.DEFAULT


def _check_installed(format: Format, name: str) -> None:
    if format.extra and missing_modules(format.extra):
        raise ReadError(
            f"{name}: reading {format.name} needs the extra {format.extra!r}",
            hint=install_hint(format.extra),
            code="extra_missing",
        )


def _unknown_type(name: str) -> ReadError:
    known = " ".join((*JSON_EXTENSIONS, *formats.extensions()))
    return ReadError(
        f"files of type {PurePath(name).suffix!r} are not supported; these are: {known}",
        hint="use --source document or --source json to read it as one of these",
        code="unknown_type",
    )
