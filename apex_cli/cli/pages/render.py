"""From a template and values to one HTML file that needs no network, and runs nothing.

Two things keep what payloads say from being more than text. Jinja escapes every value (`autoescape`), in texts and in
quoted attributes; no value stands anywhere else. And every text passes `clean` first: control characters and
bidirectional overrides are shown as Python would escape them. A page has no script, and its policy forbids any, and
every request.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from apex_cli.cli.output import clean, clip
from apex_cli.extract.timestamps import rfc3339
from apex_cli.units import format_duration

_TEMPLATES = Path(__file__).with_name("templates")
_LONGEST = 300
"""Characters of one value in a page."""


def render(template: str, **values: Any) -> str:
    """The page, in ASCII: in a locale of another encoding stdout would write other bytes than the page says."""
    page = _environment().get_template(template).render(**values) + "\n"
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def anchor(record_id: str) -> str:
    """The name of a record's section in its page."""
    return f"r-{record_id}"


def moment(time: datetime | None) -> str:
    """A time for people: "2025-10-19 14:23 UTC"; "never" without one."""
    if time is None:
        return "never"
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters.update(
        time=_time, moment=moment, anchor=anchor, number=_number, seconds=_seconds, short=clip, span=format_duration
    )
    return environment


def _shown(value: Any) -> Any:
    """What a value shows. Markup is of a template, and clean already."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return clip(value, _LONGEST) if len(value) > _LONGEST else clean(value)
    return "" if value is None else value


def _time(value: datetime | None) -> Markup | str:
    if value is None:
        return "–"
    return Markup('<time datetime="{}">{}</time>').format(rfc3339(value), moment(value))


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _seconds(value: float) -> str:
    return f"{value:,.1f} s" if value < 100 else f"{value:,.0f} s"
