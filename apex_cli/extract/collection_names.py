"""Names of collections: the list, table, stream or file that a record came from. An id that is not unique by
construction counts within its collection.

Two exports of one table are one collection, so what differs from export to export is no part of the name: folders,
the extension, dates and times, marks of a copy, numbers of pages and parts, letter case.

    customers_2026-03-04.json, customers-2026-03-05 (1).json, Customers.part-002.jsonl.gz    customers
    vendorA.json                                                                             vendora
    vendor_2.json                                                                            vendor_2

A plain small number at the end stays: vendor 1 and vendor 2 are two. A number of a page has its word before it, a zero
before it, a full stop before it, or "of 3" behind it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import PurePath

from apex_cli.extract.identity import bounded

NOTHING = "file"
"""The collection of a file whose name and folder say nothing: `2026-03-04.json` in the root folder."""
LONGEST = 60
_LONGEST_FILE_NAME = 255
_EXTENSION = re.compile(r"\.[a-z][a-z0-9]{0,9}$")
_COMPRESSED = frozenset((".gz", ".bz2", ".xz", ".zst", ".zip", ".bak", ".tmp"))
_NOT_WORD = re.compile(r"[\W_]+")


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, patterns))


_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]{0,6}"
_YEAR = r"(?:19|20)\d\d"
_CLOCK = r"(?:[t_ -]{1,3}\d{2}[-_:.h]?\d{2}(?:[-_:.m]?\d{2})?(?:[.,]\d{1,9})?(?:z|[+-]\d{2}:?\d{2})?)?"
_DATED = _compiled(
    r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?",
    r"(?<![0-9a-z])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{24,64}(?![0-9a-z])",
    rf"(?<!\d){_YEAR}[-_. ]?(?:0[1-9]|1[0-2])[-_. ]?(?:0[1-9]|[12]\d|3[01]){_CLOCK}(?!\d)",
    rf"(?<!\d)\d{{1,2}}[-_. ]\d{{1,2}}[-_. ]{_YEAR}{_CLOCK}(?!\d)",
    rf"(?<![a-z0-9])(?:\d{{1,2}}[-_. ]?)?{_MONTH}[-_., ]{{0,2}}(?:\d{{1,2}}[-_., ]{{1,2}})?{_YEAR}(?!\d)",
    rf"(?<!\d){_YEAR}[-_. ]?{_MONTH}(?:[-_. ]?\d{{1,2}})?(?![a-z0-9])",
    rf"(?<!\d){_YEAR}[-_. ]?(?:w\d\d|q[1-4]|(?:0[1-9]|1[0-2]))(?![a-z0-9])",
    rf"(?<![a-z0-9])(?:w\d\d|q[1-4])[-_. ]?{_YEAR}(?!\d)",
    r"(?<!\d)1\d{9}(?:\d{3}|\d{6})?(?!\d)",
    rf"(?<![a-z0-9]){_YEAR}(?![a-z0-9])",
)
_COPY = r"(?:copy|kopie|copia|copie|duplicate|duplicado)"
_PAGE = r"(?:page|pg|part|pt|p|chunk|batch|shard|segment|seg|split|seite|teil|pagina|parte|partie)"
_MARKS = _compiled(
    rf"^(?:{_COPY}[-_ ]+(?:of|von|de)[-_ ]+)",
    r"[-_. ]*[(\[]\d{1,4}[)\]]$",
    rf"[-_. ]+[(\[]?{_COPY}(?:[-_ ]?[(\[]?\d{{1,4}}[)\]]?)?[)\]]?$",
    rf"(?:^|[-_. ]+)[(\[]?{_PAGE}[-_.# ]?\d{{1,7}}(?:[-_ ]?(?:of|von|de|sur)[-_ ]?\d{{1,7}})?[)\]]?(?=$|[-_. ])",
    r"[-_. ]+\d{1,7}[-_ ]?(?:of|von|de|sur)[-_ ]?\d{1,7}$",
    r"[-_. ]+0\d{0,6}$",
    r"\.\d{1,7}$",
    r"[~\s_.-]+$",
)
# `orders.json.1`, `orders.json (1)`
_BEHIND_EXTENSION = re.compile(r"(?<=[a-z])(?:\.\d{1,7}|[ _-]*[(\[]\d{1,4}[)\]])$")
_FILE_DATE = re.compile(rf"(?<!\d)({_YEAR})([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
# Names that say how the rows came, not what they are.
_GENERIC_WORDS = """
    all api array backup batch body collection content current data database delta details dump edges elements
    export exported exports extract feed file files full import in incremental input inputs items item json
    jsonl latest list lists ndjson new nodes object objects out output page pages payload payloads query
    records record report reports response responses result results row rows sample snapshot sqs sns stdin stream table
    test tmp untitled update updates upload uploads value values webhook webhooks download downloads
    january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday daily weekly monthly today yesterday
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())
_SAME_IN_PLURAL = ("ss", "us", "is", "news", "series", "gps", "ics")


@lru_cache(maxsize=1024)
def named(name: str) -> str:
    """The name of a collection that a user, a list or a stream gives; "" for one without a letter or digit.

    At most 60 characters; a longer one keeps its beginning and a hash of the whole. The name of a name is itself.
    """
    return bounded(_NOT_WORD.sub("_", _plain(name)).strip("_"), LONGEST).replace("#", "_")


@lru_cache(maxsize=256)
def of_file(name: str) -> str:
    """The collection of a file, from its name (a path is allowed): never empty.

    Where nothing is left of the name, it is that of the folder: `fleetA/2026-03-04.json` is of `fleeta`.
    """
    path = PurePath(_plain(name[-4096:]))
    folders = [part for part in reversed(path.parts[:-1]) if part not in ("/", "..", ".")][:1]
    stem = _BEHIND_EXTENSION.sub("", path.name[-_LONGEST_FILE_NAME:])
    while (extension := _EXTENSION.search(stem)) and extension.start() > 0:
        stem = stem[: extension.start()]
        if extension[0] not in _COMPRESSED:
            break
    return next((found for part in (stem, *folders) if (found := named(_without_marks(part)))), NOTHING)


def file_date(name: str) -> datetime | None:
    """The date that a file's name gives, the last one of several: its midnight in UTC. Year, month and day in this
    order: `orders_2026-03-04.json`, `orders20260304.json`."""
    found = [
        datetime(int(match[1]), int(match[3]), int(match[4]), tzinfo=UTC)
        for match in _FILE_DATE.finditer(name[-_LONGEST_FILE_NAME:])
        if _is_date(match)
    ]
    return found[-1] if found else None


@lru_cache(maxsize=1024)
def singular(collection: str) -> str:
    """What one row of a collection is called: `customers` holds a `customer`. "" where the name does not say."""
    words = [word for word in collection.split("_") if word not in _GENERIC and not word.isdecimal()]
    if not words:
        return ""
    return "_".join((*words[:-1], _singular(words[-1])))


def is_plural(collection: str) -> bool:
    """Whether the collection is named after what its rows are, in the plural: `lines`, `driver_hours`."""
    return collection.endswith("s") and not collection.endswith(_SAME_IN_PLURAL) and singular(collection) != ""


def _singular(word: str) -> str:
    if word == "people":
        return "person"
    if len(word) < 4 or not word.endswith("s") or word.endswith(_SAME_IN_PLURAL):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "xes", "sses", "tuses")):
        return word[:-2]
    return word[:-1]


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _without_marks(stem: str) -> str:
    for pattern in _DATED:
        stem = pattern.sub(" ", stem)
    # A mark may stand behind another one: `orders page 2 (1)`.
    for _ in range(4):
        before = stem
        for pattern in _MARKS:
            stem = pattern.sub("", stem)
        if stem == before:
            break
    return stem


def _is_date(match: re.Match[str]) -> bool:
    try:
        datetime(int(match[1]), int(match[3]), int(match[4]), tzinfo=UTC)
    except ValueError:
        return False
    return True
