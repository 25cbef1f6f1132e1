"""Options that several verbs share, and how their values are read. A bad value is a usage error (exit 2)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import datetime
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer

from apex_cli.model import EntityType, Predicate
from apex_cli.sources import registry
from apex_cli.units import Portion, parse_duration, parse_moment, parse_portion

_T = TypeVar("_T")

Extractor = Literal["auto", "rules", "llm"]


def _usage_error(reader: Callable[[str], _T]) -> Callable[[str], _T]:
    """A parser of an option: the reader's `ValueError` becomes a usage error."""

    @wraps(reader)
    def read(text: str) -> _T:
        try:
            return reader(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return read


@_usage_error
def duration(text: str) -> float:
    """Seconds from `90`, `30s`, `5m`, `24h`, `7d`."""
    return parse_duration(text)


@_usage_error
def portion(text: str) -> Portion:
    """A number such as 25, or a percentage such as 10%."""
    return parse_portion(text)


@_usage_error
def moment(text: str) -> datetime:
    """A time in UTC; see `units.parse_moment`."""
    return parse_moment(text)


@_usage_error
def filled(text: str) -> str:
    """A text that is not empty and holds no NUL, which no store and no file name can.

    Python gives bytes that the locale cannot decode as lone surrogates. Where they are UTF-8 after all (a shell in
    UTF-8 under `LC_ALL=C`), the text is what they say.
    """
    if not text.strip() or "\0" in text:
        raise ValueError("is empty or holds a NUL")
    try:
        return os.fsencode(text).decode()
    except UnicodeError:
        raise ValueError(f"{text!r} holds bytes that are not UTF-8") from None


@_usage_error
def pattern(text: str) -> str:
    """A shell pattern of file names."""
    from apex_cli.reading.selection import checked

    return checked([text])[0]


@_usage_error
def relation(text: str) -> str:
    """A predicate, in any case."""
    try:
        return Predicate(text.strip().upper())
    except ValueError:
        raise ValueError(f"{text!r} is none of {', '.join(Predicate)}") from None


@_usage_error
def entity_type(text: str) -> str:
    """A type of entities, in any case."""
    known = {kind.casefold(): kind.value for kind in EntityType if kind is not EntityType.VALUE}
    wanted = text.strip().casefold()
    if wanted not in known:
        near = get_close_matches(wanted, known, n=1)
        meant = f"; did you mean {known[near[0]]}?" if near else ""
        raise ValueError(f"{text!r} is none of {', '.join(known.values())}{meant}")
    return known[wanted]


@_usage_error
def source(text: str) -> str:
    """What may be the name of a source; `check_source` knows those that the configuration describes, too."""
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", text):
        raise ValueError(f"{text!r} is not one of {', '.join(registry.names())}")
    return text


def check_source(name: str | None) -> None:
    """Raise a usage error for a name that is neither `auto` nor that of a source. The settings are read before."""
    known = (registry.AUTO, *registry.names())
    if name is not None and name not in known:
        near = get_close_matches(name, known, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(known)}{meant}", param_hint="'--source'")


Home = Annotated[Path | None, typer.Option("--home", metavar="DIR", help="Home of the embedded stores (APEX_HOME).")]
StagingDir = Annotated[
    Path | None, typer.Option("--staging-dir", metavar="DIR", help="The staging directory (APEX_STAGING_DIR).")
]
LockTimeout = Annotated[
    float | None,
    typer.Option(
        "--lock-timeout", parser=duration, metavar="TIME", help="Wait so long for another run to end, e.g. 5m."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless something failed.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more; show where a bug happened.")]
NoColour = Annotated[bool, typer.Option("--no-color", help="No colours (also: NO_COLOR).")]
Utc = Annotated[bool, typer.Option("--utc", help="Times in UTC; else in the zone of this machine.")]
Iso = Annotated[
    bool, typer.Option("--iso", help="Whole times: RFC 3339 in UTC, as in --json and where stdout is no terminal.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, metavar="N", help="At most so many.")]
Source = Annotated[
    str,
    typer.Option(
        "--source",
        parser=source,
        metavar="|".join((registry.AUTO, *registry.names())),
        autocompletion=lambda: [registry.AUTO, *registry.names()],
        help="Where the records come from; auto recognises "
        + ", ".join(source.title for source in registry.sources())
        + ", and what [source.NAME] in apex.toml describes.",
    ),
]
RecordSource = Annotated[
    str | None,
    typer.Option(
        "--source",
        parser=source,
        metavar="|".join(registry.names()),
        autocompletion=lambda: list(registry.names()),
        help="Records of this source only.",
    ),
]
Ident = Annotated[str, typer.Argument(metavar="ID", parser=filled, help="A record id, or source:external_id.")]
