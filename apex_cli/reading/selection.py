"""Which files of a directory are taken: `--include`, `--exclude`, and files named `.apexignore`.

Patterns are those of the shell, with `**` for any folders. One without a slash fits names at any depth. One with a
slash fits the path from its folder on: that of `.apexignore`, or the directory that the user names. One that ends in a
slash fits folders only, and with them all that is in them.

    *.tmp            every file that ends in .tmp
    archive/         every folder called archive
    2024/**/*.pdf    PDF files below the folder 2024
    !keep.pdf        in .apexignore: take keep.pdf all the same; the last line that fits decides
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from apex_cli.files import open_regular
from apex_cli.formats.decoding import decoded_head

if TYPE_CHECKING:
    from wcmatch.glob import WcMatcher

IGNORE_FILE = ".apexignore"
_LONGEST_IGNORE_FILE = 64 * 1024
_MOST_PATTERNS = 1_000


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user includes and excludes. Without `include` everything is taken that `exclude` does not name."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def enters(self, folder: str) -> bool:
        """Whether a folder is looked into. `folder` is its path from the directory that the user names."""
        return not any(_fits(pattern, folder, is_folder=True) for pattern in self.exclude)

    def takes(self, file: str) -> bool:
        """Whether a file is taken, by its path from the directory that the user names."""
        if any(_fits(pattern, file) for pattern in self.exclude):
            return False
        return not self.include or any(_fits_below(pattern, file) for pattern in self.include)


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The lines of one `.apexignore`, for the folder `base`: its path from the directory that the user names."""

    base: str
    patterns: tuple[str, ...]

    @classmethod
    def of_folder(cls, folder: Path, base: str) -> IgnoreRules | None:
        """The rules of a folder; None where it has none. Raises `OSError` for a file that cannot be read."""
        try:
            with open_regular(folder / IGNORE_FILE, follow_links=False) as file:
                text = decoded_head(file.read(_LONGEST_IGNORE_FILE))
        except FileNotFoundError:
            return None
        lines = (line.strip() for line in text.splitlines())
        patterns = tuple(line for line in lines if line and not line.startswith("#"))[:_MOST_PATTERNS]
        return cls(base, patterns)

    def verdict(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether these rules ignore a path below their folder; None where no line fits."""
        inside = path[len(self.base) + 1 :] if self.base else path
        ignored = None
        for line in self.patterns:
            pattern = line.removeprefix("!")
            if _fits(pattern, inside, is_folder=is_folder):
                ignored = pattern == line
        return ignored


def is_ignored(rules: Sequence[IgnoreRules], path: str, *, is_folder: bool = False) -> bool:
    """Whether a path is ignored by the rules of the folders above it, the outermost first: the nearest decide."""
    verdicts = (each.verdict(path, is_folder=is_folder) for each in reversed(rules))
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _fits_below(pattern: str, file: str) -> bool:
    """Whether a pattern fits a file or a folder above it: `--include north/` takes all that is in north."""
    return _fits(pattern, file) or any(_fits(pattern, folder, is_folder=True) for folder in _folders(file))


def _folders(file: str) -> Iterator[str]:
    return (str(parent) for parent in PurePosixPath(file).parents if str(parent) != ".")


def _fits(pattern: str, path: str, *, is_folder: bool = False) -> bool:
    if pattern.endswith("/") and not is_folder:
        return False
    return bool(_matcher(pattern.rstrip("/")).match(path))


@lru_cache(maxsize=4 * _MOST_PATTERNS)
def _matcher(pattern: str) -> WcMatcher[str]:
    from wcmatch import glob

    anywhere = pattern if "/" in pattern else f"**/{pattern}"
    return glob.compile(anywhere.removeprefix("/"), flags=glob.GLOBSTAR | glob.DOTGLOB | glob.FORCEUNIX)


def checked(patterns: Iterable[str]) -> tuple[str, ...]:
    """Patterns that can be used. Raises `ValueError`, naming the pattern, for one that cannot."""
    found = tuple(patterns)
    for pattern in found:
        if not pattern.strip("/ "):
            raise ValueError(f"the pattern {pattern!r} fits nothing")
        try:
            _matcher(pattern.rstrip("/"))
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"the pattern {pattern!r} cannot be read: {error}") from error
    return found
