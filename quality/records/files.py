"""Payloads into files: alone, in pages of their API, in what other programs wrap around them, in spellings of keys."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from quality.records.emission import Emitted, Payload

Rows = Sequence[Mapping[str, Any]]
_MOST_IN_A_FILE = 6
_DUPLICATES = 0.15
"""The share of payloads that stand in a second file too."""


class File(NamedTuple):
    """A file to ingest."""

    name: str
    content: str

    def write(self, folder: Path) -> Path:
        """Write it into a folder; `name` may have folders of its own."""
        path = folder / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.content, encoding="utf-8")
        return path


def write(rng: random.Random, emitted: Iterable[Emitted]) -> list[File]:
    """All payloads in files, some of them in two."""
    families: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in emitted:
        families[one.family].append(_respelled(rng, one))
    files: list[File] = []
    for family, payloads in sorted(families.items()):
        again = [payload for payload in payloads if rng.random() < _DUPLICATES]
        mixed = rng.sample(payloads, len(payloads))
        for rows in (*_pieces(rng, mixed), *_pieces(rng, again)):
            files.append(_file(rng, family, len(files), rows))
    return files


def _pieces(rng: random.Random, payloads: Rows) -> Iterable[Rows]:
    start = 0
    while start < len(payloads):
        size = rng.randrange(1, _MOST_IN_A_FILE + 1)
        yield payloads[start : start + size]
        start += size


def _file(rng: random.Random, family: str, number: int, rows: Rows) -> File:
    kind, _, name = family.partition(".")
    if kind == "table":
        # The name of the table is that of the file, of the stream or of the list.
        folder = f"drop{number:03}"
        choice = rng.randrange(3)
        if choice == 0:
            return File(f"{folder}/{name}.jsonl", _lines(rows))
        if choice == 1:
            return File(f"{folder}/tap.jsonl", _singer(name, rows))
        return File(f"{folder}/export.json", _json({name: list(rows)}))
    wrappers = _WRAPPERS.get(family, (_lines,))
    content = rng.choice(wrappers)(rows)
    ending = "jsonl" if "\n{" in content else "json"
    return File(f"{number:03}-{kind}.{ending}", content)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _lines(rows: Rows) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _listed(rows: Rows) -> str:
    return json.dumps(list(rows), ensure_ascii=False)


def _page(rows: Rows) -> str:
    """A page of Samsara."""
    return _json({"data": list(rows), "pagination": {"endCursor": "f3a1c2e0", "hasNextPage": False}})


def _results(rows: Rows) -> str:
    """A page of Front."""
    return _json({"_pagination": {"next": None}, "_links": {"self": "/messages"}, "_results": list(rows)})


def _turvo_page(name: str) -> Callable[[Rows], str]:
    def wrap(rows: Rows) -> str:
        pagination = {"start": 0, "pageSize": 24, "totalRecordsInPage": len(rows), "moreAvailable": False}
        return _json({"Status": "SUCCESS", "details": {"pagination": pagination, name: list(rows)}})

    return wrap


def _answers(rows: Rows) -> str:
    return _lines([{"Status": "SUCCESS", "details": row} for row in rows])


def _nodes(rows: Rows) -> str:
    """GraphQL."""
    edges = [{"cursor": str(place), "node": row} for place, row in enumerate(rows)]
    return _json({"data": {"shipments": {"edges": edges, "pageInfo": {"hasNextPage": False}}}})


def _items(rows: Rows) -> str:
    """n8n."""
    return _json([{"json": row, "pairedItem": {"item": place}} for place, row in enumerate(rows)])


def _keyed(rows: Rows) -> str:
    return _json({"export": {"shipments": list(rows)}})


def _odata(rows: Rows) -> str:
    return _json({"@odata.context": "$metadata#Shipments", "value": list(rows)})


def _notified(rows: Rows) -> str:
    """SNS: the record is a text inside."""
    return _lines(
        [
            {
                "Type": "Notification",
                "MessageId": f"aa-{place}",
                "TopicArn": "arn:aws:sns:us-east-1:1:tms",
                "Message": json.dumps(row),
                "Timestamp": "2025-10-30T09:00:00.000Z",
            }
            for place, row in enumerate(rows)
        ]
    )


def _singer(stream: str, rows: Rows) -> str:
    schema: Payload = {"type": "SCHEMA", "stream": stream, "schema": {"properties": {}}, "key_properties": ["id"]}
    around = {"type": "RECORD", "stream": stream, "time_extracted": "2025-10-30T09:00:00Z"}
    found = [{**around, "record": row} for row in rows]
    return _lines([schema, *found, {"type": "STATE", "value": {"bookmarks": {stream: "2025-10-30"}}}])


def _tapped(rows: Rows) -> str:
    return _singer("shipments", rows)


def _airbyte(rows: Rows) -> str:
    stream = {"name": "shipments", "source_defined_primary_key": [["shipmentId"]]}
    catalog = {"type": "CATALOG", "catalog": {"streams": [stream]}}
    log = {"type": "LOG", "log": {"level": "INFO", "message": "reading shipments"}}
    around = {"stream": "shipments", "emitted_at": 1761814800000}
    return _lines([catalog, log, *({"type": "RECORD", "record": {**around, "data": row}} for row in rows)])


def _changed(rows: Rows) -> str:
    """Debezium."""
    source = {"connector": "postgresql", "schema": "tms", "table": "shipments", "ts_ms": 1761814800000}
    return _lines([{"op": "u", "before": None, "after": row, "source": source} for row in rows])


def _topic(rows: Rows) -> str:
    """Messages of Kafka as kcat writes them, the value as a text."""
    around = {"topic": "tms.shipments", "partition": 0, "timestamp": 1761814800000}
    return _lines(
        [{**around, "offset": place, "key": None, "value": json.dumps(row)} for place, row in enumerate(rows)]
    )


_ANY = (_lines, _listed)
_WRAPPERS: Mapping[str, Sequence[Callable[[Rows], str]]] = {
    "samsara.page": (_page,),
    "samsara.flat": _ANY,
    "samsara.webhook": _ANY,
    "turvo.detail": (_answers, _lines, _listed, _items, _nodes),
    "turvo.row": (_turvo_page("shipments"),),
    "turvo.customers": (_turvo_page("customers"),),
    "turvo.carriers": (_turvo_page("carriers"),),
    "turvo.webhook": _ANY,
    "turvo.flat": (*_ANY, _nodes, _items, _keyed, _odata, _notified, _tapped, _airbyte, _changed, _topic),
    "turvo.tapped": (_tapped,),
    "front.page": (_results,),
    "front.webhook": _ANY,
    "front.flat": _ANY,
}
_RESPELLED = frozenset(("samsara.flat", "turvo.flat", "turvo.detail", "turvo.webhook", "samsara.webhook"))
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _respelled(rng: random.Random, one: Emitted) -> Mapping[str, Any]:
    """The payload with its keys in another spelling; mostly as they are."""
    if one.family not in _RESPELLED or rng.random() < 0.5:
        return one.payload
    spell = rng.choice((_snake, _camel, _pascal, _upper, _kebab))
    return {spell(name): _inside(value, spell) for name, value in one.payload.items()}


def _inside(value: Any, spell: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {spell(name) if "." not in name else name: _inside(inner, spell) for name, inner in value.items()}
    return [_inside(inner, spell) for inner in value] if isinstance(value, list) else value


def _words(name: str) -> list[str]:
    return _HUMP.sub("_", name).lower().split("_")


def _snake(name: str) -> str:
    return "_".join(_words(name))


def _camel(name: str) -> str:
    first, *others = _words(name)
    return first + "".join(word.capitalize() for word in others)


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in _words(name))


def _upper(name: str) -> str:
    return "_".join(_words(name)).upper()


def _kebab(name: str) -> str:
    return "-".join(_words(name))
