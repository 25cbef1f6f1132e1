"""Where a verb writes: data on stdout, everything else on stderr, nothing raw from a payload on either.

A reader that closes the pipe early (`apex search … | head -1`) is not an error: the rest of the output is dropped and
the work continues.

Text from payloads, file names and errors is made safe to show: no control characters, no secrets. Terminals act on
control characters (ECMA-48: C0, C1, escape sequences). Bidirectional overrides reorder what a person reads (Unicode UAX
#9, CVE-2021-42574). Both are shown as Python would escape them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

from apex_cli.addresses import MASK
from apex_cli.cli import tables
from apex_cli.cli.tables import Column, Marked
from apex_cli.errors import OutputError
from apex_cli.extract.timestamps import rfc3339

if TYPE_CHECKING:
    from rich.console import Console

    from apex_cli.stores.postgres.catalog import CurrentVersion, StoredVersion
    from apex_cli.stores.postgres.inventory import ListedRecord


_UNBROKEN = 100_000
"""Columns of an output that is no terminal: nothing is wrapped or cut."""
_MINUTES = len("2025-10-19 09:23")
_JOINERS = "\u200c\u200d"
"""ZWNJ and ZWJ: they shape letters and emoji in ordinary text and move nothing."""
_URL = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)[^\s/?#'\"@]{0,256}:[^\s/'\"]{0,1024}@")
_NAMED = re.compile(
    r"(?P<name>[\w-]{0,64}(?:password|passwd|pwd|secret|token|api[_-]?key|authorization)['\"]?\s{0,4}[=:]\s{0,4})"
    r"(?:(?:bearer|basic)\s{1,4})?(?:'[^']{1,1024}'|\"[^\"]{1,1024}\"|[^\s,;&'\"]{1,1024})",
    re.IGNORECASE,
)
_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{8,256}")


@dataclass(slots=True)
class Output:
    """The two streams of one run. `json`: data as JSON Lines; `quiet`: nothing on success; `verbose`: details.

    `utc` and `iso` say how people see times: see `time`.
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    colour: bool = True
    utc: bool = False
    iso: bool = False
    _lost: OSError | None = None
    _closed: bool = False
    _warned: set[str] = field(default_factory=set)
    _styles: dict[TextIO | None, bool] = field(default_factory=dict)

    def line(self, text: str = "") -> None:
        """A line of data for a person, already clean."""
        self._write(sys.stdout, text + "\n")

    def object(self, fields: Mapping[str, Any]) -> None:
        """One line of JSON, flushed: pure ASCII, times as RFC 3339 UTC."""
        self._write(sys.stdout, json.dumps(fields, default=_jsonable) + "\n", flush=True)

    def data(self, lines: str) -> bool:
        """Lines of data as they are, in ASCII; False where no one reads them any more."""
        self._write(sys.stdout, lines, flush=True)
        return not self._closed

    def note(self, text: str) -> None:
        """A line for a person on stderr, already clean."""
        self._write(sys.stderr, text + "\n", flush=True)

    def warning(self, text: str) -> None:
        """A line for a person on stderr, each text once; cleaned and masked here. Nothing with `quiet`."""
        if not self.quiet and text not in self._warned:
            self._warned.add(text)
            self.note(f"{self._styled('warning:', '1;33')} {clean(redact(text))}")

    def problem(self, message: str, hint: str | None = None) -> None:
        """An error and what to do about it, on stderr; cleaned and masked here."""
        self.note(f"{self._styled('error:', '1;31')} {clean(redact(message))}")
        if hint:
            self.note(f"{self._styled('hint:', '1;36')} {clean(redact(hint))}")

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str | Marked]]) -> None:
        """Rows under headings, cells cleaned here; fitted to a terminal, whole elsewhere. See `tables`."""
        for line in self.table_lines(columns, rows):
            self.line(line)

    def table_lines(self, columns: Sequence[Column], rows: Iterable[Sequence[str | Marked]]) -> Iterator[str]:
        """The lines of a table that `line` may write."""
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        cleaned = (tuple(map(partial(_cell, width), columns, row)) for row in rows)
        return tables.lines(columns, cleaned, width, lambda text: self._styled(text, "1", sys.stdout))

    def time(self, moment: datetime | None) -> str:
        """A time for people: `2025-10-19 09:23` in the zone of this machine, or `2025-10-19 14:23Z` with `utc`.

        The whole of it, as RFC 3339 in UTC, with `iso`, and where stdout is no terminal. Empty for None.
        """
        if moment is None:
            return ""
        if self.iso:
            return rfc3339(moment)
        if not self.utc:
            # Years at both ends of the calendar have no local time.
            with suppress(OverflowError, ValueError, OSError):
                return self.shorter(moment.astimezone().isoformat(" ")[:_MINUTES], rfc3339(moment))
        return self.shorter(moment.astimezone(UTC).isoformat(" ")[:_MINUTES] + "Z", rfc3339(moment))

    def shorter(self, short: str, whole: str) -> str:
        """`short` on a terminal, `whole` elsewhere: programs read that."""
        return short if sys.stdout.isatty() else whole

    def console(self, stream: TextIO) -> Console:
        """A Rich console on `stream` that takes text as it is: no markup, no emoji codes, no highlighting."""
        from rich.console import Console

        # Rich knows of NO_COLOR, but would still write bold and dim.
        coloured = self.colour and not Console().no_color
        return Console(
            file=stream,
            width=None if stream.isatty() else _UNBROKEN,
            color_system="auto" if coloured else None,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def flush(self) -> None:
        """Bring both streams to their end, so that a failure to write shows here and not at the interpreter's exit.

        Raises `OutputError` where data for stdout was lost, for example on a full disk.
        """
        for stream in (sys.stdout, sys.stderr):
            self._write(stream, "", flush=True)
        if self._lost is not None:
            raise OutputError(f"the answer could not be written: {self._lost.strerror or self._lost}")

    def _write(self, stream: TextIO, text: str, *, flush: bool = False) -> None:
        """Write. A failure does not stop the work; `flush` reports it."""
        try:
            stream.write(text)
            if flush:
                stream.flush()
        except OSError as error:
            if stream is sys.stdout:
                self._closed = True
                self._lost = self._lost if isinstance(error, BrokenPipeError) else error
            # The buffered text would fail again at exit: from here on the stream writes to /dev/null.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)

    def _styled(self, text: str, style: str, stream: TextIO | None = None) -> str:
        """The text in an ANSI style, on a stream (stderr) that shows styles."""
        if stream not in self._styles:
            console = self.console(stream or sys.stderr)
            self._styles[stream] = console.is_terminal and console.color_system is not None
        if not self._styles[stream]:
            return text
        return f"\x1b[{style}m{text}\x1b[0m"


def fields(item: object, *names: str) -> dict[str, Any]:
    """These attributes of `item` by their names, for a JSON line."""
    return {name: getattr(item, name) for name in names}


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)


def _cell(width: int | None, column: Column, cell: str | Marked) -> Marked:
    """A cell on one line and safe to show. What no line of the terminal has room for is left out before."""
    text, words = (cell, ()) if isinstance(cell, str) else cell
    if width is not None:
        text = text[: width * 4]
    return Marked(clean(" ".join(text.split()) if column.least is not None else text), words)


def as_of(version: CurrentVersion | StoredVersion, show: Callable[[datetime], str] = rfc3339) -> str:
    """The time as of which a version counts, and where it comes from if it is no time of its own."""
    shown = show(version.event_time)
    return shown if version.dated else f"{shown} ({undated(version)})"


def undated(version: CurrentVersion | StoredVersion | ListedRecord) -> str:
    """Where the time of a version comes from that has none of its own."""
    return "the date in its id" if version.event_time < version.observed_at else "when it was staged"


def clean(text: str) -> str:
    """`text` on one line: control, format, surrogate and unassigned characters become `\\n`, `\\x1b`, `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def clean_lines(text: str) -> str:
    """`text` with its line ends kept and tabs as four spaces; everything else as `clean` does it."""
    return "\n".join(clean(line.replace("\t", "    ")) for line in text.splitlines())


def clip(text: str, width: int) -> str:
    """At most `width` characters of the cleaned text, an ellipsis in place of the rest."""
    # Cleaning can lengthen a text sixfold and more, so a huge one is cut first.
    shown = clean(" ".join(text[: width * 2].split()))
    return shown if len(shown) <= width and len(text) <= width * 2 else shown[: width - 1] + "…"


def redact(text: str) -> str:
    """`text` without passwords of URLs (`scheme://user:***@host`), values named as secrets, and `sk-…` keys."""
    text = _URL.sub(lambda match: f"{match['scheme']}{MASK}@", text)
    text = _NAMED.sub(lambda match: match["name"] + MASK, text)
    return _KEY.sub(f"sk-{MASK}", text)


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")
