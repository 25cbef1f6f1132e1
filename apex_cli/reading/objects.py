"""Inputs that are no local files: objects of S3, Google Cloud Storage, Azure, a web or an SFTP server, by fsspec.

Each service finds its credentials where its own tools do (`AWS_PROFILE`, `GOOGLE_APPLICATION_CREDENTIALS` …). What a
URL itself holds of them, a password or a signed query, opens the object and is never shown or stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import SplitResult, urlsplit, urlunsplit

from apex_cli.errors import ReadError, UsageError
from apex_cli.extract import timestamps
from apex_cli.extras import install_hint, missing_modules
from apex_cli.formats.names import is_passed_over
from apex_cli.reading.files import Rejected
from apex_cli.reading.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_EXTRAS = {
    "s3": "objects", "gs": "objects", "gcs": "objects", "az": "objects", "abfs": "objects", "https": "objects",
    "http": "objects", "sftp": "sftp",
}  # fmt: skip
_MODULES = {
    "s3": ("fsspec", "s3fs"), "gs": ("fsspec", "gcsfs"), "gcs": ("fsspec", "gcsfs"), "az": ("fsspec", "adlfs"),
    "abfs": ("fsspec", "adlfs"), "https": ("fsspec", "aiohttp"), "http": ("fsspec", "aiohttp"),
    "sftp": ("fsspec", "paramiko"),
}  # fmt: skip
_WEB = ("https", "http")
_GLOB = frozenset("*?[")
_BLOCK = 8 * 1024**2
_CHANGED = ("LastModified", "last_modified", "updated", "mtime", "created")


@dataclass(frozen=True, slots=True)
class FoundObject:
    """One object. `url` is what may be shown and stored, `name` its name below the prefix that the user named.

    `is_named`: the user named the object itself. `changed` is when it was last changed, None where that is not known.
    """

    url: str
    name: str
    is_named: bool
    changed: datetime | None
    system: AbstractFileSystem
    path: str

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The object, read as a stream. Raises `ReadError` (`unreachable`), also from its `read`."""
        with _as_read_error(self.url):
            stream = self.system.open(self.path, "rb", block_size=_BLOCK, cache_type="readahead")
        try:
            yield cast("BinaryIO", _Stream(stream, self.url))
        finally:
            stream.close()


class _Stream:
    def __init__(self, stream: Any, url: str) -> None:
        self._stream = stream
        self._url = url

    def read(self, size: int = -1) -> bytes:
        with _as_read_error(self._url):
            return cast("bytes", self._stream.read(size))


def is_url(path: str) -> bool:
    """Whether an input is an object and no file of this machine."""
    scheme, separator, rest = path.partition("://")
    return bool(separator and rest) and scheme.lower() in _EXTRAS


def shown(path: str) -> str:
    """An input as it may be shown and stored: a URL without password, query and fragment."""
    if not is_url(path):
        return path
    parts = urlsplit(path)
    user = f"{parts.username}@" if parts.username else ""
    host = parts.netloc.rpartition("@")[2]
    # In other URLs than those of the web `?` and `#` may be part of a name.
    return (
        urlunsplit(SplitResult(parts.scheme, user + host, parts.path, "", ""))
        if parts.scheme in _WEB
        else (f"{parts.scheme}://{user}{host}{path[path.index(parts.netloc) + len(parts.netloc) :]}")
    )


def check(path: str) -> None:
    """Raise `UsageError` where the library for this kind of URL is not installed."""
    scheme = path.partition("://")[0].lower()
    missing = [module for module in missing_modules(_EXTRAS[scheme]) if module in _MODULES[scheme]]
    if missing:
        raise UsageError(
            f"{scheme}:// needs {', '.join(missing)}, which is not installed", hint=install_hint(_EXTRAS[scheme])
        )


def find_objects(paths: Sequence[str], selection: Selection = EVERYTHING) -> Iterator[FoundObject | Rejected]:
    """The objects of these URLs, lazily: one object, all below a prefix, or all that a pattern fits, sorted by name.

    Hidden names are passed over, as in directories. What cannot be listed is `Rejected` (`unreachable`).
    """
    for path in paths:
        try:
            with _as_read_error(shown(path)):
                yield from _find(path, selection)
        except ReadError as error:
            yield Rejected(shown(path), error)


def _find(path: str, selection: Selection) -> Iterator[FoundObject | Rejected]:
    import fsspec

    system, inside = fsspec.core.url_to_fs(path)
    scheme = path.partition("://")[0]
    if scheme in _WEB:
        yield _object(system, inside, shown(path), PurePosixPath(urlsplit(path).path).name or "index", {}, named=True)
        return
    base = shown(path)
    if _GLOB.isdisjoint(inside):
        info = system.info(inside)
        if info.get("type") != "directory":
            yield _object(system, inside, base, PurePosixPath(inside).name, info, named=True)
            return
        found = ((each, info) for _, _, files in _walk(system, inside) for each, info in files)
        top = inside.rstrip("/")
    else:
        found = ((each, info) for each, info in sorted(system.glob(inside, detail=True).items()) if _is_file(info))
        top = _fixed_part(inside)
    root = base.removesuffix("/") if _GLOB.isdisjoint(inside) else _fixed_part(base)
    for each, info in found:
        name = each[len(top) :].lstrip("/")
        if not any(map(is_passed_over, PurePosixPath(name).parts)) and selection.takes(name):
            yield _object(system, each, f"{root}/{name}", name, info, named=False)


def _walk(system: AbstractFileSystem, top: str) -> Iterator[tuple[str, list[str], list[tuple[str, Mapping[str, Any]]]]]:
    """As `os.walk`, sorted: one folder's list is in memory at a time."""
    for folder, folders, files in system.walk(top, detail=True, on_error="raise"):
        yield folder, sorted(folders), [(files[name]["name"], files[name]) for name in sorted(files) if name]


def _is_file(info: Mapping[str, Any]) -> bool:
    return info.get("type") == "file"


def _fixed_part(pattern: str) -> str:
    """The folder before the first part that has a wildcard: `s3://drop/2025` of `s3://drop/2025/*.csv`."""
    first = min(pattern.index(char) for char in _GLOB if char in pattern)
    return pattern[:first].rpartition("/")[0]


def _object(
    system: AbstractFileSystem, path: str, url: str, name: str, info: Mapping[str, Any], *, named: bool
) -> FoundObject:
    changed = next((time for key in _CHANGED if (time := timestamps.parse(info.get(key)))), None)
    return FoundObject(url, name, named, changed, system, path)


def is_gone(url: str) -> bool:
    """Whether an object is certainly not there any more; False where its service does not say."""
    import fsspec

    try:
        with _as_read_error(url):
            system, inside = fsspec.core.url_to_fs(url)
            system.info(inside)
    except ReadError as error:
        return isinstance(error.__cause__, FileNotFoundError)
    return False


def has_pattern(url: str) -> bool:
    """Whether a URL names objects by a pattern."""
    return url.partition("://")[0] not in _WEB and not _GLOB.isdisjoint(url)


def age_seconds(found: FoundObject) -> float:
    """How long ago the object was changed; infinite where that is not known."""
    return float("inf") if found.changed is None else (datetime.now(UTC) - found.changed).total_seconds()


@contextmanager
def _as_read_error(url: str) -> Iterator[None]:
    """Make of whatever a service's library raises (each has errors of its own) one error that names the object."""
    try:
        yield
    except (ReadError, GeneratorExit):
        raise
    except FileNotFoundError as error:
        raise ReadError(
            f"there is no object {url}", hint="check the spelling of the URL", code="unreachable"
        ) from error
    except Exception as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise ReadError(
            f"{url} cannot be read: {said}",
            hint="check the address, the network and the credentials of the service",
            code="unreachable",
        ) from error
