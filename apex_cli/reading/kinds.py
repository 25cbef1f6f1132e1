"""How a file is read: as JSON, or by one of the formats, by its content first and by its name second."""

from __future__ import annotations

from pathlib import PurePath
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.extras import install_hint, missing_modules
from apex_cli.files import open_regular
from apex_cli.formats import registry as formats
from apex_cli.formats.format import Format
from apex_cli.reading.files import Found, Rejected, Skipped, readable_name
from apex_cli.sources.registry import AUTO, DOCUMENT

JSON_EXTENSIONS = (".json", ".jsonl", ".ndjson")
SNIFFED_BYTES = 64 * 1024
_LONGEST_TYPE = 12
_HINTS = dict.fromkeys((".pst", ".ost"), "export its folders as .mbox, .eml or .msg")
_BOM = b"\xef\xbb\xbf"


def kind_of(file: BinaryIO, name: str, source: str, *, strict: bool = False) -> Format | None:
    """The format of an open file, None for JSON. Leaves it at its beginning.

    `source` is `auto` or what the user says: a source of JSON reads files without a format as JSON, `document` reads
    them as plain text. With `strict`, a file without an extension must look like text. Raises `UnsupportedFile`:
    `unknown_type` for a file that nothing here reads, `extra_missing` where the library that reads it is not installed.
    """
    extension = PurePath(name).suffix.lower()
    head = file.read(SNIFFED_BYTES)
    file.seek(0)
    if source != DOCUMENT and extension in JSON_EXTENSIONS:
        return None
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
    if extension or (strict and b"\0" in head):
        raise _unknown_type(name)
    return formats.DEFAULT


def refusal(found: Found, source: str) -> Rejected | Skipped | None:
    """Why a file is not even staged; None for one that is to be read.

    A file of a type that nothing here reads is skipped and counted where it lies in a directory, and fails where the
    user named it. Never raises for what the file holds.
    """
    try:
        with open_regular(found.path) as file:
            return refusal_of(file, found.name, source, is_named=found.is_named)
    except OSError:
        # Reading it says what is wrong, and keeps it.
        return None


def refusal_of(file: BinaryIO, name: str, source: str, *, is_named: bool) -> Rejected | Skipped | None:
    """The same of an open file. Its first 64 KiB are enough."""
    try:
        kind_of(file, name, source, strict=not is_named)
    except UnsupportedFile as error:
        return Rejected(name, error) if is_named else error.skipped(readable_name(name))
    except ReadError:
        return None
    return None


class UnsupportedFile(ReadError):
    """Nothing here reads files of this type. `type` is how users count them: ".heic", "no extension"."""

    def __init__(self, message: str, *, hint: str, code: str, type: str) -> None:
        super().__init__(message, hint=hint, code=code)
        self.type = type

    def skipped(self, locator: str) -> Skipped:
        """The file as one with nothing to ingest."""
        return Skipped(locator, "unknown", f"unsupported type: {self.type}", self.type)


def _check_installed(format: Format, name: str) -> None:
    if format.extra and missing_modules(format.extra):
        hint = install_hint(format.extra)
        raise UnsupportedFile(
            f"{name}: reading {format.name} needs the extra {format.extra!r}",
            hint=hint,
            code="extra_missing",
            type=f"{_type(name)} (needs {hint})",
        )


def _unknown_type(name: str) -> UnsupportedFile:
    known = " ".join((*JSON_EXTENSIONS, *formats.extensions()))
    extension = PurePath(name).suffix
    return UnsupportedFile(
        f"files of type {extension!r} are not supported; these are: {known}",
        hint=_HINTS.get(extension.lower(), "use --source document or --source json to read it as one of these"),
        code="unknown_type",
        type=_type(name),
    )


def _type(name: str) -> str:
    """The extension of a name; "no extension" also for one that is no word (`report.2025-10-19`)."""
    suffix = PurePath(name).suffix.lower()
    return suffix if 1 < len(suffix) <= _LONGEST_TYPE else "no extension"
