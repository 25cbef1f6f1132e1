"""The files behind the paths that a user names, and what of an input cannot be taken."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from apex_cli.errors import ReadError, RecordError, UsageError
from apex_cli.formats.names import is_passed_over
from apex_cli.reading.selection import EVERYTHING, IgnoreRules, Selection, is_ignored


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file. `path` is absolute, symlinks not resolved; `name` is what to call it before the user.

    `is_named`: the user named the file itself, and not only a directory that it is in.
    """

    path: Path
    name: str
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Young:
    """A file that may still be written to: left for the next run."""

    path: Path


@dataclass(frozen=True, slots=True)
class Rejected:
    """One record or one file that fails alone.

    `locator` is its place in the input (`orders.json:3`). `raw` holds its bytes, so that it can be kept and tried again
    alone; None where there are none to keep, or more than a record may have. `suffix` is the ending of a file of these
    bytes, so that they are read again as what they are; that of the input counts where it is empty.
    """

    locator: str
    error: RecordError
    raw: bytes | None = None
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something with nothing to ingest: a ping, a draft, an error answer. `note` says which, `detail` more of it.

    `unsupported` is set for a file that nothing here reads: its type, as users count them (".heic").
    """

    locator: str
    source: str
    note: str
    unsupported: str = ""
    detail: str = ""


def walk(
    paths: Iterable[Path],
    *,
    min_age_seconds: float = 0.0,
    exclude: Iterable[Path] = (),
    selection: Selection = EVERYTHING,
) -> Iterator[Found | Young | Rejected]:
    """The files of `paths`, lazily: in the order given, those of a directory sorted by name, one directory in hand.

    A named path is taken as it is, also when hidden or a symlink. In directories hidden entries and the like
    (`is_passed_over`) are passed over, symlinks to directories are not followed (so loops end), symlinks to files only
    within the named directory. Directories in `exclude` are not entered unless named. What `selection` or a file
    `.apexignore` leaves out is passed over; a named file is not asked. Nothing but regular files is ever opened.

    Rejected: `symlink_outside`, `not_a_file`, `unreadable`. Raises `UsageError` at once for a path that does not exist.
    """
    named = [Path(path) for path in paths]
    for path in named:
        if not _exists(path):
            raise UsageError(f"there is no file or directory {str(path)!r}", hint="check the spelling of the path")
    walker = _Walker(min_age_seconds, frozenset(os.path.realpath(path) for path in exclude), selection)
    found = (found for path in named for found in walker.named(path))
    return found if len(named) < 2 else _each_once(found)


def _each_once(found: Iterator[Found | Young | Rejected]) -> Iterator[Found | Young | Rejected]:
    """Each file once, however often it was named: `apex ingest drop drop/a.txt ./link-to-a.txt` takes a.txt once."""
    seen: set[str] = set()
    for each in found:
        if isinstance(each, Found):
            real = os.path.realpath(each.path)
            if real in seen:
                continue
            seen.add(real)
        yield each


def readable_name(path: str) -> str:
    r"""A path as text that every store can hold: bytes that are not UTF-8 are written as `\xff`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class _Walker:
    def __init__(self, min_age_seconds: float, excluded: frozenset[str], selection: Selection) -> None:
        self._min_age = min_age_seconds
        self._excluded = excluded
        self._selection = selection

    def named(self, path: Path) -> Iterator[Found | Young | Rejected]:
        path = path.absolute()
        try:
            status = path.stat()
        except OSError as error:
            yield _unreadable(path, error)
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self._directory(path)
        else:
            yield self._file(path, path.name, status, is_named=True)

    def _directory(self, top: Path) -> Iterator[Found | Young | Rejected]:
        real_top = os.path.realpath(top)
        levels: list[Iterator[os.DirEntry[str]]] = []
        rules: list[list[IgnoreRules]] = [[]]
        descend: Path | None = top
        while descend is not None or levels:
            if descend is not None:
                try:
                    found = _rules(descend, top)
                    levels.append(_entries(descend))
                    rules.append([*rules[-1], *found])
                except OSError as error:
                    yield _unreadable(descend, error)
                descend = None
                continue
            entry = next(levels[-1], None)
            if entry is None:
                levels.pop()
                rules.pop()
                continue
            path = Path(entry.path)
            try:
                if self._left_out(entry, str(path.relative_to(top)), rules[-1]):
                    continue
                if entry.is_symlink():
                    yield from self._link(path, top, real_top)
                elif not entry.is_dir(follow_symlinks=False):
                    yield self._file(path, str(path.relative_to(top)), entry.stat(follow_symlinks=False))
                elif not self._excluded or os.path.realpath(path) not in self._excluded:
                    descend = path
            except OSError as error:
                yield _unreadable(path, error)

    def _left_out(self, entry: os.DirEntry[str], name: str, rules: Sequence[IgnoreRules]) -> bool:
        is_folder = entry.is_dir(follow_symlinks=False)
        wanted = self._selection.enters(name) if is_folder else self._selection.takes(name)
        return not wanted or is_ignored(rules, name, is_folder=is_folder)

    def _link(self, path: Path, top: Path, real_top: str) -> Iterator[Found | Young | Rejected]:
        target = os.path.realpath(path, strict=True)
        if os.path.commonpath((target, real_top)) != real_top:
            error = ReadError(
                f"{path} is a link to a place outside of {top}", hint="name its target instead", code="symlink_outside"
            )
            yield Rejected(str(path), error)
        elif not Path(target).is_dir() and not any(Path(target).is_relative_to(place) for place in self._excluded):
            yield self._file(path, str(path.relative_to(top)), path.stat())

    def _file(
        self, path: Path, name: str, status: os.stat_result, *, is_named: bool = False
    ) -> Found | Young | Rejected:
        if not stat.S_ISREG(status.st_mode):
            return Rejected(str(path), ReadError(f"{path} is not a regular file", code="not_a_file"))
        if abs(time.time() - status.st_mtime) < self._min_age:
            return Young(path)
        return Found(path, name, is_named)


def _exists(path: Path) -> bool:
    """Whether the path names anything; one that may not be looked at counts as there, and is rejected later."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def _rules(folder: Path, top: Path) -> list[IgnoreRules]:
    base = str(folder.relative_to(top))
    found = IgnoreRules.of_folder(folder, "" if base == "." else base)
    return [found] if found else []


def _entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(directory) as entries:
        return iter(sorted((entry for entry in entries if not is_passed_over(entry.name)), key=lambda e: e.name))


def _unreadable(path: Path, error: OSError) -> Rejected:
    return Rejected(str(path), ReadError(f"{path} cannot be read: {error.strerror}", code="unreadable"))
