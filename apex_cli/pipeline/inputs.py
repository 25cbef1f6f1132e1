"""The inputs that a request names: files, directories and objects, found lazily."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from apex_cli.config import Settings
from apex_cli.errors import UsageError
from apex_cli.pipeline.context import STDIN, IngestRequest
from apex_cli.reading import objects
from apex_cli.reading.files import Found, Rejected, Young, walk
from apex_cli.reading.kinds import SNIFFED_BYTES
from apex_cli.reading.objects import FoundObject

NamedInput = Found | FoundObject | Young | Rejected


def named_inputs(settings: Settings, request: IngestRequest) -> Iterator[NamedInput]:
    """The files, then the objects. Raises `UsageError` at once for a path that does not exist, and for a URL whose
    library is not installed."""
    urls = [path for path in request.paths if objects.is_url(path)]
    for url in urls:
        objects.check(url)
    if urls and request.consume:
        raise UsageError("--consume removes local files only", hint="leave it out, or copy the objects first")
    if request.sync and any(map(objects.has_pattern, urls)):
        raise UsageError("--sync needs a prefix and no pattern", hint="name the prefix, and add --include '*.csv'")
    files: Iterator[NamedInput] = walk(
        [Path(path) for path in request.paths if path != STDIN and path not in urls],
        min_age_seconds=request.min_age,
        exclude=(settings.staging_dir, settings.home),
        selection=request.selection,
    )
    if request.only is not None:
        files = _only(files, request.only)
    return chain(files, _objects(urls, request)) if urls else files


def _only(files: Iterator[NamedInput], wanted: frozenset[Path]) -> Iterator[NamedInput]:
    for found in files:
        path = Path(found.locator) if isinstance(found, Rejected) else getattr(found, "path", None)
        if path in wanted:
            yield found


class InputTotal(NamedTuple):
    """So many files with so many bytes together."""

    files: int
    bytes: int


def extent(settings: Settings, request: IngestRequest) -> InputTotal | None:
    """How much a request names; None where only the end shows it: streams, objects, a limit of records.

    Looks at every file, so it takes the longer the more there are. Raises `UsageError` as `named_inputs` does.
    """
    if request.limit is not None or any(path == STDIN or objects.is_url(path) for path in request.paths):
        return None
    files = size = 0
    for found in named_inputs(settings, request):
        if isinstance(found, Found):
            files += 1
            with suppress(OSError):
                size += found.path.stat().st_size
    return InputTotal(files, size)


def _objects(urls: list[str], request: IngestRequest) -> Iterator[NamedInput]:
    for found in objects.find_objects(urls, request.selection):
        if isinstance(found, FoundObject) and objects.age_seconds(found) < request.min_age:
            yield Young(Path(found.name))
        else:
            yield found


@contextmanager
def opened(found: FoundObject) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The beginning of an object as a file, and all of it as a stream: nothing is fetched twice. Raises `ReadError`."""
    with found.open() as stream:
        head = stream.read(SNIFFED_BYTES)
        yield io.BytesIO(head), cast("BinaryIO", _Rejoined(head, stream))


class _Rejoined:
    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int) -> bytes:
        head, self._head = self._head[:size], self._head[size:]
        return head or self._rest.read(size)
