"""The page of `apex show --html`."""

from __future__ import annotations

from datetime import UTC, datetime

from apex_cli import __version__
from apex_cli.cli import answering
from apex_cli.cli.pages.maps import places
from apex_cli.cli.pages.render import render
from apex_cli.cli.pages.surroundings import around
from apex_cli.cli.pages.timelines import sentence, timeline
from apex_cli.reports import Portrait

_MOST_KEYS, _MOST_ATTRIBUTES = 40, 40
_SECTIONS = (("about", "What it is"), ("timeline", "Timeline"), ("map", "Map"), ("neighbours", "Neighbourhood"))


def page(portrait: Portrait) -> str:
    """An entity as one HTML file."""
    said: dict[str, list[str]] = {}
    for fact in (*portrait.facts, *portrait.trails):
        said.setdefault(portrait.newest.get(fact.id, ""), []).append(sentence(fact))
    sections = list(_SECTIONS)
    if portrait.contradictions:
        sections.insert(1, ("contradictions", "Contradictions"))
    if portrait.records:
        sections.append(("records", "Records"))
    return render(
        "entity.html.j2",
        version=__version__,
        kind=portrait.entity.type,
        title=portrait.entity.name,
        made=datetime.now(UTC),
        sections=sections,
        portrait=portrait,
        keys=portrait.entity.aliases[:_MOST_KEYS],
        attributes=answering.phrases(portrait.entity.attributes, _MOST_ATTRIBUTES),
        timeline=timeline(portrait),
        map=places(portrait),
        around=around(portrait),
        contradiction=answering.sentence,
        listed=portrait.records,
        names=portrait.record_names,
        said=said,
    )
