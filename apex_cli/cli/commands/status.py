"""`apex status`."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from apex_cli import __version__
from apex_cli.cli.commands import runs
from apex_cli.cli.observers import masked
from apex_cli.cli.output import Output, clean, fields, redact
from apex_cli.cli.tables import Column, clipped
from apex_cli.cli.verb import START, TIMES, UNANSWERED, USAGE, CommandContext, verb
from apex_cli.errors import ApexError
from apex_cli.model import DEFAULT_NAMESPACE
from apex_cli.units import format_size

if TYPE_CHECKING:
    from apex_cli.config import Settings
    from apex_cli.inventory import Overview
    from apex_cli.pipeline.status import MemoryStatus
    from apex_cli.stores.postgres.inventory import RecordGroup
    from apex_cli.stores.postgres.runs import Run

_SOURCES = (
    Column("SOURCE"),
    Column("RECORDS", 1, right=True),
    Column("FROM", 3),
    Column("TO", 2),
    Column("TYPES", 4, least=16),
)
_RUN = ("run_id", "verb", "started_at", "finished_at", "host", "pid", "exit_code")
_INDENT = 10
_RUNS = 3
_FAILED = 2
_LEAST_SOURCES = 3


@verb(
    *("json", *TIMES, "home", "staging_dir", "lock_timeout"),
    examples=("apex status", "apex status --json"),
    exits={0: "shown, whatever the state", **USAGE, **START, **UNANSWERED},
)
def status(context: CommandContext) -> None:
    """Show on one screen what is in, how the last runs ended, what failed, and what to do next.

    Nothing is created or changed. Where the memory cannot be asked, the rest is shown, and then the error.
    """
    from apex_cli.pipeline.status import gather

    settings = context.settings()
    overview: Overview | None = None
    error: ApexError | None = None
    try:
        overview = context.look(lambda reader: reader.overview())
    except ApexError as failure:
        error = failure
    found = gather(settings, overview, error)
    if context.output.json:
        context.output.object(_as_json(settings, found))
    else:
        for line in _Screen(context.output, settings, found).lines():
            context.output.line(line)
    if found.error is not None:
        raise found.error


def _as_json(settings: Settings, found: MemoryStatus) -> dict[str, Any]:
    """The `status` line."""
    known = found.overview
    counts: dict[str, Any] = {"records": None, "facts": None, "entities": None, "sources": [], "runs": []}
    if known is not None:
        counts = {"records": known.records, "facts": known.facts, "entities": dict(known.entities)}
        counts["sources"] = [asdict(group) for group in known.groups]
        counts["runs"] = [_run(run, run.run_id in found.running) for run in known.runs]
    failed = [
        {**asdict(group), "message": redact(group.message), "hint": redact(group.hint) if group.hint else None}
        for group in found.failed
    ]
    return {
        "type": "status",
        "version": __version__,
        "home": str(settings.home),
        "namespace": settings.namespace,
        "exists": found.exists,
        **counts,
        "failed": failed,
        "staging": found.staging and {**asdict(found.staging), "oldest": found.staging.oldest},
        "open_sagas": [asdict(one) for one in known.open_sagas] if known is not None else [],
        "home_bytes": found.home_bytes,
        "engines": [asdict(engine) for engine in found.engines],
        "next": [asdict(step) for step in found.steps],
        "error": masked(found.error),
    }


def _run(run: Run, is_running: bool) -> dict[str, Any]:
    outcomes = runs.outcomes(run.summary or {})
    return {**fields(run, *_RUN), "running": is_running, "outcomes": outcomes}


class _Screen:
    """The status for people, on one screen of a terminal: where it is low, sources are summed up."""

    def __init__(self, output: Output, settings: Settings, found: MemoryStatus) -> None:
        self._output = output
        self._settings = settings
        self._found = found
        self._terminal = shutil.get_terminal_size() if sys.stdout.isatty() else None

    def lines(self) -> Iterator[str]:
        """What `Output.line` may write."""
        known = self._found.overview
        head, below = self._labelled(self._head()), self._labelled(self._below())
        past, holds = self._runs(), []
        if known is not None and known.groups:
            entities = self._labelled([("entities", _counts(known.entities) or "none")])
            # The prompt that follows takes a line as well.
            taken = sum(map(len, (head, entities, past, below))) + 1
            room = self._terminal.lines - taken - 1 if self._terminal else None
            holds = [*self._sources(known.groups, room), *entities]
        blocks = [block for block in (head, holds, past, below) if block]
        needed = sum(map(len, blocks)) + len(blocks)
        is_tight = self._terminal is not None and needed > self._terminal.lines
        for position, block in enumerate(blocks):
            if position and not is_tight:
                yield ""
            yield from block

    def _runs(self) -> list[str]:
        some = self._found.overview.runs[:_RUNS] if self._found.overview is not None else ()
        rows = [runs.row(self._output, run, running=run.run_id in self._found.running) for run in some]
        return list(self._output.table_lines(runs.COLUMNS, rows)) if rows else []

    def _labelled(self, labelled: Iterable[tuple[str, str]]) -> list[str]:
        """A label and a text on one line, or on two where the terminal is too narrow for one; safe to show."""
        lines = []
        for label, text in labelled:
            shown = clean(redact(text))
            if self._terminal is None:
                lines.append(f"{label:<{_INDENT}}{shown}")
                continue
            room = max(_INDENT, self._terminal.columns - _INDENT)
            first, *rest = textwrap.wrap(shown, room, break_on_hyphens=False) or [""]
            lines.append(f"{label:<{_INDENT}}{first}")
            if rest:
                lines.append(" " * _INDENT + clipped(" ".join(rest), room))
        return lines

    def _head(self) -> Iterator[tuple[str, str]]:
        known, home = self._found.overview, str(self._settings.home)
        if self._settings.namespace != DEFAULT_NAMESPACE:
            home += f", namespace {self._settings.namespace}"
        size = format_size(self._found.home_bytes)
        if known is not None:
            counts = f"{known.records:,} records, {sum(known.entities.values()):,} entities, {known.facts:,} facts"
            yield "memory", f"{counts}; {size} in {home}"
        elif self._found.exists is None and self._found.error is not None:
            yield "memory", f"cannot be asked: {self._found.error.message}"
        else:
            yield "memory", f"nothing is in it yet ({home})"

    def _sources(self, groups: Sequence[RecordGroup], room: int | None) -> list[str]:
        """The table of sources; `room`: lines for its rows, None where there is room for all."""
        by_source: dict[str, list[RecordGroup]] = defaultdict(list)
        for group in groups:
            by_source[group.source].append(group)
        ordered = sorted(by_source.items(), key=lambda one: (-sum(group.records for group in one[1]), one[0]))
        most = len(ordered) if room is None else max(_LEAST_SOURCES, room)
        if len(ordered) > most:
            rest = [group for _, some in ordered[most - 1 :] for group in some]
            ordered = [*ordered[: most - 1], (f"{len(ordered) - most + 1} others", rest)]
        return list(self._output.table_lines(_SOURCES, (self._source(name, some) for name, some in ordered)))

    def _source(self, name: str, groups: Sequence[RecordGroup]) -> tuple[str, ...]:
        first = min((group.first for group in groups if group.first is not None), default=None)
        last = max((group.last for group in groups if group.last is not None), default=None)
        types: dict[str, int] = defaultdict(int)
        for group in groups:
            types[group.data_type] += group.records
        total = sum(group.records for group in groups)
        return name, f"{total:,}", self._time(first), self._time(last), _counts(types)

    def _time(self, moment: datetime | None) -> str:
        return self._output.time(moment)

    def _below(self) -> Iterator[tuple[str, str]]:
        found = self._found
        for position, group in enumerate(found.failed[:_FAILED]):
            yield "failed" if position == 0 else "", f"{group.items:,} x {group.code}: {group.message}"
        if len(found.failed) > _FAILED:
            others = sum(group.items for group in found.failed[_FAILED:])
            yield "", f"{others:,} for {len(found.failed) - _FAILED:,} other reasons"
        sagas = found.overview.open_sagas if found.overview is not None else None
        if found.staging is not None:
            states = ", ".join(f"{count.count:,} {state}" for state, count in found.staging.by_status.items())
            used = f"{format_size(found.staging.used)} of {format_size(found.staging.limit)}"
            yield "staging", f"{states}; {used}" + ("; no saga is open" if sagas is not None and not sagas else "")
        if sagas:
            states = ", ".join(f"{one.sagas:,} {one.state} since {self._time(one.oldest)}" for one in sagas)
            yield "sagas", f"open: {states}"
        yield from self._engines()
        for position, step in enumerate(found.steps):
            yield "next" if position == 0 else "", f"{step.command}  ({step.why})"

    def _engines(self) -> Iterator[tuple[str, str]]:
        engines = self._found.engines
        embedded = [
            f"{each.store} {format_size(each.bytes)}" if each.bytes else each.store
            for each in engines
            if each.bytes is not None
        ]
        if embedded:
            yield "embedded", ", ".join(embedded)
        for each in engines:
            if each.bytes is None:
                yield "server", f"{each.store} at {each.where}"


def _counts(numbers: Mapping[str, int]) -> str:
    """`location 20, event 3`: the largest number first."""
    ordered = sorted(numbers.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{name} {number:,}" for name, number in ordered)
