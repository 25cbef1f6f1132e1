"""How `apex facts` shows an answer: as lines for people, and as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from apex_cli.cli.output import clip, fields
from apex_cli.extract import names
from apex_cli.extract.timestamps import rfc3339

if TYPE_CHECKING:
    from apex_cli.answers import Answer, AnsweredFact, Contradiction, Part
    from apex_cli.stores.views import EntityView

ShowTime = Callable[[datetime], str]
"""How a time is written."""
_MOST_KEYS = 6
_MOST_ATTRIBUTES = 12
_MOST_OF_A_FACT = 4
_OF_MENTIONS = frozenset(("rule", "span"))
"""How a mention was found: for programs, and for `apex ingest --explain`."""
_LONGEST_NAME = 120
_LONGEST_VALUE = 60
_LONGEST_RECORD = 1_000
_FIRST = (
    *("vin", "license_plate", "plate", "make", "model", "year", "mc", "dot", "scac", "phone", "email", "address"),
    *(
        "states",
        "speed_mph",
        "heading",
        "type",
        "kind",
        "mode",
        "commodity",
        "weight",
        "quantity",
        "equipment",
        "trailer",
        "temperature",
    ),
    *("rate", "total_amount", "customer_cost", "carrier_cost", "miles", "appointment", "pickup_at", "delivery_at"),
)
"""The attributes that are shown first; the others follow by their names."""
_ORDER = {name: position for position, name in enumerate(_FIRST)}
_MONEY = ("amount", "charge", "cost", "pay", "price", "rate", "revenue", "total", "goods_value")
_WRITTEN_BY = {"frontapp": "message", "document": "document"}
_SOURCES = {"turvo": "Turvo", "samsara": "Samsara", "frontapp": "Front"}


def lines(answer: Answer, *, everything: bool = False, time: ShowTime = rfc3339) -> list[str]:
    """The answer for people, a fact a line; every text is made safe to show. `everything` shows all attributes."""
    shown = [_head(answer.entity, everything=everything)]
    shown += _section("Holds", answer.now, partial(_held, time))
    if answer.contradictions:
        shown += ["", "Contradictions:", *(f"  {sentence(one, time)}" for one in answer.contradictions)]
    shown += _section("Begins later", answer.later, partial(_held, time))
    shown += _section("Held before", answer.history, partial(_past, time))
    shown += _section("Mentions", answer.mentions, partial(_mention, time))
    shown += [] if len(shown) > 1 else ["", "No such facts."]
    if answer.candidates:
        shown += [
            "",
            "Maybe the same:",
            *(f"  {_head(each, everything=False)} [{each.id}]" for each in answer.candidates),
        ]
    return shown


def objects(answer: Answer) -> Iterator[dict[str, Any]]:
    """The JSON lines: `fact`, oldest first, then `contradiction` and `candidate`, and `entity` last."""
    for one in answer.facts:
        yield _fact_object(one, answer.at)
    for contradiction in answer.contradictions:
        yield _contradiction_object(contradiction)
    for candidate in answer.candidates:
        yield entity_object(candidate, "candidate")
    yield {**entity_object(answer.entity), "attributes": dict(answer.entity.attributes)}


def entity_object(entity: EntityView, kind: str = "entity") -> dict[str, Any]:
    """What names an entity, on a JSON line of this type."""
    return {"type": kind, **fields(entity, "id", "name"), "entity_type": entity.type, "aliases": entity.aliases}


def sentence(one: Contradiction, time: ShowTime = rfc3339) -> str:
    """The contradiction in words: "Turvo says in_transit (since …); message MSG-1 of … says delivered (…)."."""
    held, other = one.fact, one.other
    says = f"{_systems(held)} says {_name(held.fact.object)} (since {time(held.fact.valid_at)}, {_record(held)})"
    if held.fact.predicate != "HAS_STATUS":
        says = f"{held.fact.predicate}: {says}"
    if one.is_mention:
        writer = _WRITTEN_BY.get(_source(other), "record")
        name = other.fact.subject if other.fact.predicate == "MENTIONS" else _record(other).partition(":")[2]
        said = f"{writer} {_name(name)} of {time(other.fact.valid_at)} says {_name(one.value)}"
        return f"{says}; {said} ({_record(other)})"
    since = f"since {time(other.fact.valid_at)}, last seen {time(other.last_seen)}"
    return f"{says}; {_systems(other)} says {_name(one.value)} ({since}, {_record(other)})"


def phrases(attributes: Mapping[str, Any], most: int | None = None) -> list[str]:
    """Attributes in words, each number with the unit or currency beside it: "weight 38000 lb"; `most` of them."""
    units = {f"{name}_unit" for name in attributes}
    money = [name for name in attributes if name.endswith(_MONEY)]
    beside = units | ({"currency"} if money else set())
    names = sorted((name for name in attributes if name not in beside), key=lambda name: (_ORDER.get(name, 99), name))
    said = []
    for name in names if most is None else names[:most]:
        unit = attributes.get(f"{name}_unit") or (attributes.get("currency") if name in money else None)
        value = attributes[name]
        shown = f"{value:,.2f}" if name in money and isinstance(value, float) else _value(value)
        said.append(clip(f"{name.replace('_', ' ')} {shown}{f' {unit}' if unit else ''}", 100))
    if most is not None and len(names) > most:
        said.append(f"{len(names) - most} more")
    return said


def _head(entity: EntityView, *, everything: bool) -> str:
    """The thing in one line: "Vehicle TRUCK-1 (samsara 281474, vin 1XKY…; make Kenworth)"."""
    known = _keys(entity, None if everything else _MOST_KEYS)
    about = phrases(
        {name: value for name, value in entity.attributes.items() if value != entity.name},
        None if everything else _MOST_ATTRIBUTES,
    )
    both = "; ".join(", ".join(part) for part in (known, about) if part)
    return f"{entity.type} {_name(entity.name)}" + (f" ({both})" if both else "")


def _keys(entity: EntityView, most: int | None) -> list[str]:
    """Its keys as kind and value, without names, which are folded for comparing, and without what is shown already."""
    shown = {entity.name.casefold(), *(str(value).casefold() for value in entity.attributes.values())}
    known: dict[str, None] = {}
    for alias in entity.aliases:
        kind, _, value = alias.partition(":")[2].partition(":")
        kind = kind.partition("@")[0]
        if value and kind not in ("name", "said") and not kind.endswith("+name") and value.casefold() not in shown:
            known[clip(f"{kind} {value}", _LONGEST_VALUE)] = None
    found = list(known)
    return found if most is None or len(found) <= most else [*found[:most], f"{len(found) - most} more"]


def _section(title: str, part: Part, line: Any) -> list[str]:
    if not part.facts:
        return []
    more = [f"  and {part.left_out:,} more (--all shows them)"] if part.left_out else []
    total = f" ({len(part.facts) + part.left_out:,})" if title == "Mentions" else ""
    return ["", f"{title}{total}:", *(f"  {line(one)}" for one in part.facts), *more]


def _held(time: ShowTime, one: AnsweredFact) -> str:
    fact = one.fact
    until = f" until {time(fact.invalid_at)}" if fact.invalid_at else ""
    return f"{_stated(one)}: since {time(fact.valid_at)}{until}, last seen {time(one.last_seen)} [{_record(one)}]"


def _past(time: ShowTime, one: AnsweredFact) -> str:
    until = time(one.fact.invalid_at) if one.fact.invalid_at else ""
    return f"{time(one.fact.valid_at)} - {until}: {_stated(one)} [{_record(one)}]"


def _mention(time: ShowTime, one: AnsweredFact) -> str:
    return f"{time(one.fact.valid_at)}: {_stated(one)} [{_record(one)}]"


def _stated(one: AnsweredFact) -> str:
    fact = one.fact
    # An address that is the place's name, or a spelling that is the status itself, says nothing more.
    known = names.plain_letters(fact.object)
    own = ((name, value) for name, value in fact.attributes.items() if name not in _OF_MENTIONS)
    more = {name: value for name, value in own if names.plain_letters(str(value)) not in known}
    said = phrases(more, _MOST_OF_A_FACT)
    return (
        f"{_name(fact.subject)} {fact.predicate} {_name(fact.object)}"
        + (f" ({', '.join(said)})" if said else "")
        + ("" if fact.certain else ", as stated in free text")
    )


def _record(one: AnsweredFact) -> str:
    """The newest supporting record, as `apex get` takes it."""
    if not one.sources:
        return "record unknown" if not one.fact.records else one.fact.records[0]
    more = len(one.fact.records) - 1
    return clip(one.sources[0], _LONGEST_RECORD) + (f" +{more:,} more" if more > 0 else "")


def _source(one: AnsweredFact) -> str:
    return one.sources[0].partition(":")[0] if one.sources else ""


def _systems(one: AnsweredFact) -> str:
    names = dict.fromkeys(source.partition(":")[0] for source in one.sources)
    return " and ".join(clip(_SOURCES.get(name, name), _LONGEST_VALUE) for name in list(names)[:3]) or "a record"


def _name(text: str) -> str:
    return clip(text, _LONGEST_NAME)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return clip(str(value), _LONGEST_VALUE)
    if isinstance(value, Sequence) and all(isinstance(item, str | int | float) for item in value):
        return clip(" ".join(map(str, value[:20])), _LONGEST_VALUE)
    return clip(json.dumps(value, default=str), _LONGEST_VALUE)


def _fact_object(one: AnsweredFact, at: datetime) -> dict[str, Any]:

    return {
        "type": "fact",
        **fields(one.fact, "subject", "predicate", "object", "valid_at", "invalid_at"),
        "current": one.fact.holds(at),
        **fields(one.fact, "certain", "sentence"),
        "attributes": dict(one.fact.attributes),
        "records": one.fact.records,
        **fields(one, "last_seen", "sources"),
    }


def _contradiction_object(one: Contradiction) -> dict[str, Any]:
    return {
        "type": "contradiction",
        **fields(one.fact.fact, "subject", "predicate", "object"),
        "since": one.fact.fact.valid_at,
        "sources": one.fact.sources,
        "kind": "mention" if one.is_mention else "record",
        "states": one.value,
        "stated_at": one.other.fact.valid_at,
        "stated_by": one.other.sources,
        "last_stated": one.other.last_seen,
        "sentence": sentence(one),
    }
