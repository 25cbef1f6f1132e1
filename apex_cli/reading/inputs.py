"""One input that is open: a file that a user named, or a file inside of another."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.extract import collection_names
from apex_cli.formats.isolation import Isolation
from apex_cli.formats.part import InnerFile
from apex_cli.input_rules import Naming, ReadLimits

STREAM = "-"
"""The origin of standard input."""
MOST_LEVELS = 8
"""How deep files inside of files are read: a mail in a ZIP in a mail is two levels down."""
MOST_INNER_FILES = 10_000
"""How many files inside of one input are read."""


class InnerFilesExhausted(ReadError):
    """The files inside of one input are too many, or too large together: the rest of the input is not read."""


@dataclass(slots=True)
class InnerFiles:
    """What may still be read inside of one input that a user named: so many files, with so many bytes together."""

    bytes: int
    files: int = MOST_INNER_FILES

    def take(self, size: int) -> None:
        """Count one more file. Raises `InnerFilesExhausted`."""
        self.files -= 1
        self.bytes -= size
        if self.files < 0:
            raise InnerFilesExhausted(
                f"there are more than {MOST_INNER_FILES:,} files in it", hint="unpack it first", code="too_many_files"
            )
        if self.bytes < 0:
            raise InnerFilesExhausted(
                "the files in it are larger than allowed together",
                hint="unpack it first, or raise APEX_MAX_UNPACKED_BYTES",
                code="too_large",
            )


@dataclass(frozen=True, slots=True)
class Input:
    """An open file, and what every record of it takes over.

    `name` is what it is called before the user, `origin` where it came from: a path, or `-`. Those of a file inside of
    another go on behind the other's: `/drop/loads.zip/north/loads.csv`. `collection` is that of records that are in no
    list with a name, unless `naming` says another one for all. `dated` is the date that the file's name gives, `as_of`
    the time of the message that it is attached to. `level` counts the files around it. `is_enclosed`: it is attached
    to a message or a member of an archive, so who made it may be another one than who named the input.
    """

    file: BinaryIO
    name: str
    origin: str
    source: str
    observed_at: datetime
    limits: ReadLimits
    namespace: str
    collection: str
    naming: Naming
    isolation: Isolation
    inner_files: InnerFiles
    dated: datetime | None = None
    as_of: datetime | None = None
    level: int = 0
    is_enclosed: bool = False

    def inner(self, part: InnerFile, *, is_itself: bool) -> Input:
        """The input that a file inside of this one is. `is_itself`: it is this file, uncompressed.

        Raises `ReadError` (`too_deep`), and `InnerFilesExhausted` where nothing more may be read inside of the input.
        """
        size = part.data.seek(0, os.SEEK_END)
        part.data.seek(0)
        self.inner_files.take(size)
        if self.level == MOST_LEVELS:
            raise ReadError(f"files are read {MOST_LEVELS} levels deep only", hint="unpack it first", code="too_deep")
        name = inner_name(part.name)
        return replace(
            self,
            file=part.data,
            name=f"{self.name}/{name}",
            origin=f"{self.name if self.origin == STREAM else self.origin}/{name}",
            collection=collection_names.of_file(name),
            dated=collection_names.file_date(name) or self.dated,
            as_of=part.as_of or self.as_of,
            level=self.level + 1,
            is_enclosed=self.is_enclosed or not is_itself,
        )


def inner_name(name: str) -> str:
    """The name of a file inside of another as a relative path without `..`: for messages, never to open a file."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    return "/".join(parts) or "unnamed"
