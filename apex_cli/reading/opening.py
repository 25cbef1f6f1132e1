"""Opens whatever holds known records: pages of APIs, messages of queues and connectors, webhooks, exports.

The records are found by their shape, at any depth and under any name; a text that is JSON itself (`Message` of SNS,
`body` of SQS) is looked into too. For example, a page of a GraphQL API:

    {"data": {"shipments": {"edges": [{"cursor": "a", "node": {"shipmentId": "S-1", "status": "booked"}},
                                      {"cursor": "b", "node": {"note": "heartbeat"}}],
                            "pageInfo": {"hasNextPage": false}}}}

`node` of the first edge is a known record. So everything around it is an envelope, and the second edge, which is a row
of the same list, becomes a record of its own: other JSON, in the collection `shipments`. `pageInfo` and `cursor` are
bookkeeping (`envelope_names`). What is neither is named in a note of the first record; what has an id of its own, such
as an invoice around a shipment, is a record itself. A known record is never opened: the stops in it are its own.

Where nothing is known inside, an object that has nothing but lists of objects gives a record for each row, and any
other object is one record.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from apex_cli.errors import ReadError
from apex_cli.extract.cuts import LEFT_OUT
from apex_cli.input_rules import ReadLimits
from apex_cli.model import JsonObject
from apex_cli.reading import envelope_names as names
from apex_cli.reading.connectors import columns
from apex_cli.reading.connectors import registry as connectors
from apex_cli.reading.connectors.protocol import Streams
from apex_cli.reading.decode import SourcePosition, decode
from apex_cli.reading.inner import Around, Inner, Nothing, Part
from apex_cli.reading.jsonstream import Value, values
from apex_cli.sources.registry import JSON, named, recognise

MOST_LEVELS = 40
"""How deep known records are looked for, texts counted as a level."""
MOST_OBJECTS = 500_000
"""How many objects of one value are looked at."""
_NAMED = 8
_BEGINNING = SourcePosition(line=1, column=1, offset=0)
_SHORTEST_TEXT = 8
_INDENT = 64
_BEGINNINGS = frozenset('{["eW')
# Base64 of a text that begins with `{` or `[`.
_BASE64 = re.compile(r"\s*[eW][w-z0-9+/_-][A-Za-z0-9+/_\s-]+={0,2}\s*")


class Opener:
    """Opens the values of one input; remembers what connectors say of their streams."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._streams = Streams()

    def open(self, payload: JsonObject, around: Around) -> list[Part]:
        """What is inside of an object that is not empty; the object itself where it is one record. May be nothing."""
        search = _Search(self._limits, self._streams)
        parts = search.object(payload, around, 0)
        if parts is None:
            parts = _unknown(payload, around)
        return _noted(parts, search.notes())

    def open_row(self, row: JsonObject, around: Around, envelope: JsonObject, names_above: Sequence[str]) -> list[Part]:
        """The same for a row of an envelope that is too large to be held; `envelope` holds the fields before it."""
        for name in names_above:
            around = around.within(envelope).under(name)
            inside = envelope.get(name)
            envelope = inside if isinstance(inside, dict) else {}
        search = _Search(self._limits, self._streams)
        return _noted(search.row(_unwrapped(row), around, len(names_above)), search.notes())

    def open_rest(self, rest: JsonObject, around: Around) -> list[Part]:
        """The same for what is left of such an envelope: what is no record of its own is named."""
        search = _Search(self._limits, self._streams)
        found = search.object(rest, around, 0)
        if found is not None:
            return _noted(found, search.notes())
        if names.is_record_of_its_own(rest):
            return [Inner(rest, around)]
        lists = {name: each for name, each in rest.items() if _is_rows(each) and not names.is_bookkeeping(name)}
        parts = [part for name, each in lists.items() for part in _rows(each, around.within(rest).under(name))]
        left = {name for name, each in rest.items() if _says_something(name, each) and name not in lists}
        return [*parts, Nothing(JSON, _left_out(sorted(left)))] if left else parts


class _Search:
    """Looks for known records in one value. A result of None means that there are none."""

    def __init__(self, limits: ReadLimits, streams: Streams) -> None:
        self._limits = limits
        self._streams = streams
        self._left = MOST_OBJECTS
        self._deep = False

    def notes(self) -> Iterator[str]:
        """What was not looked into."""
        if self._deep:
            yield f"{LEFT_OUT}known records deeper than {MOST_LEVELS} levels were not looked for"
        if self._left < 0:
            yield f"{LEFT_OUT}known records after the first {MOST_OBJECTS:,} objects were not looked for"

    def object(self, value: JsonObject, around: Around, level: int) -> list[Part] | None:
        self._left -= 1
        self._deep = self._deep or level > MOST_LEVELS
        if not value or self._left < 0 or level > MOST_LEVELS:
            return None
        known = self._transferred(value, around, level)
        if known is None:
            known = self._recognised(value, around, level)
        if known is not None:
            return known
        held = [(name, each) for name, each in value.items() if _may_hold(each)]
        if not held:
            return None
        inside = around.within(value)
        opened: dict[str, list[Part]] = {}
        for name, each in held:
            parts = self._any(each, inside.under(name), level + 1)
            if parts is not None:
                opened[name] = parts
        return _envelope(value, opened, around, inside) if opened else None

    def _transferred(self, value: JsonObject, around: Around, level: int) -> list[Part] | None:
        """The rows in a message of a connector, or the row without the columns that one put into it."""
        message = connectors.read(value, around, self._streams)
        if message is not None:
            noted: list[Part] = [Nothing(JSON, message.note)] if message.note else []
            return [*noted, *(part for row in message.rows for part in self.row(row.payload, row.around, level + 1))]
        if columns.are_in(value):
            own, inside = columns.taken_out(value, around)
            return self.row(own, inside, level + 1) if own is not value else None
        return None

    def _recognised(self, value: JsonObject, around: Around, level: int) -> list[Part] | None:
        """The record that a source knows, or the records that it finds in the object."""
        if names.is_of_a_queue(value) or (len(value) == 1 and not _may_hold(*value.values())):
            return None
        found = recognise(value)
        if found.identity is not None:
            own: list[Part] = [Inner(value, around, found.identity)]
            return own if named(found.identity[0]).holds_writing else self._posted(value, around, level) or own
        if found.nothing is not None:
            return [Nothing(*found.nothing)]
        if found.rows is None:
            return None
        inside = around.within(value)
        return [part for row in found.rows for part in self.row(row, inside, level + 1)]

    def _posted(self, value: JsonObject, around: Around, level: int) -> list[Part] | None:
        """The records in the body of a message: `{"messageId", "body"}` of a queue looks like one of a mailbox.

        No mail's body is an object; any text of a queue's message may be JSON.
        """
        inside = around.within(value)
        for name, each in value.items():
            is_body = names.is_body(name) if isinstance(each, dict | list) else isinstance(each, str)
            parts = self._any(each, inside, level + 1) if is_body and _may_hold(each) else None
            if parts is not None:
                return parts
        return None

    def row(self, payload: JsonObject, around: Around, level: int) -> list[Part]:
        """A row of a source or a connector, which is a record whatever its shape."""
        parts = self.object(payload, around, level)
        return [Inner(payload, around, is_row=True)] if parts is None else parts

    def _any(self, value: Any, around: Around, level: int) -> list[Part] | None:
        if isinstance(value, dict):
            return self.object(value, around, level)
        if isinstance(value, list):
            return self._list(value, around, level)
        return self._text(value, around, level) if isinstance(value, str) and len(value) >= _SHORTEST_TEXT else None

    def _list(self, items: Sequence[Any], around: Around, level: int) -> list[Part] | None:
        if level > MOST_LEVELS:
            self._deep = True
            return None
        found = [self._any(item, around, level + 1) for item in items]
        if all(parts is None for parts in found):
            return None
        rows = (each if each is not None else [item] for item, each in zip(items, found, strict=True))
        return _rows((each for row in rows for each in row), around)

    def _text(self, text: str, around: Around, level: int) -> list[Part] | None:
        """What is in a text that is JSON, JSON Lines, or one of these in Base64."""
        data = _json_text(text)
        if data is None:
            return None
        with suppress(ReadError):
            return self._any(decode(data, _BEGINNING, self._limits.max_depth), around, level)
        found = list(values(io.BytesIO(data), self._limits))
        objects = [each.value for each in found if isinstance(each, Value)]
        return self._list(objects, around, level) if objects and len(objects) == len(found) else None


def _envelope(value: JsonObject, opened: Mapping[str, list[Part]], around: Around, inside: Around) -> list[Part] | None:
    """The parts of an object in which known records were found under some names."""
    parts: list[Part] = []
    left: dict[str, Any] = {}
    is_map = any(isinstance(value[name], dict) for name in opened)
    for name, each in value.items():
        if name in opened:
            parts.extend(opened[name])
        elif not _says_something(name, each):
            continue
        elif _is_rows(each) and not names.is_aside(name):
            parts.extend(_rows(each, inside.under(name)))
        elif is_map and isinstance(each, dict) and not names.is_telling(name) and not names.is_generic(name):
            parts.append(Inner(each, inside))
        else:
            left[name] = each
    if left and not any(isinstance(part, Inner) and (part.identity or part.is_row) for part in parts):
        # Only an answer without a record in it: it does not make a record of anything around it.
        return None
    if names.is_record_of_its_own({**left, **{name: each for name, each in value.items() if name == "id"}}):
        lists = {name for name in value if name in opened and not isinstance(value[name], dict)}
        rows = {name for name, each in value.items() if name not in opened and name not in left and _is_rows(each)}
        own = {name: each for name, each in value.items() if name not in lists and name not in rows}
        return [Inner(own, around), *parts]
    return _noted(parts, [_left_out(left)] if left else [])


def _rows(items: Iterable[Any], around: Around) -> list[Part]:
    """The rows of a list: those that were opened, and each other object as a record of its own."""
    parts: list[Part] = []
    others = 0
    for item in items:
        if isinstance(item, Inner | Nothing):
            parts.append(item)
        elif isinstance(item, dict) and item:
            row = _unwrapped(item)
            parts.append(Inner(row, around if row is item else around.within(item)))
        else:
            others += item not in (None, {}, [], "")
    return _noted(parts, [f"{LEFT_OUT}{others:,} items of a list that are no objects"] if others else [])


def _unknown(payload: JsonObject, around: Around) -> list[Part]:
    """An object in which nothing is known: an empty page, rows, or one record."""
    if _is_empty_page(payload):
        return [Nothing(JSON, "empty page")]
    rows = _only_rows(payload, around, 0)
    if rows:
        return rows
    inner = _unwrapped(payload)
    return [Inner(inner, around if inner is payload else around.within(payload))]


def _only_rows(value: JsonObject, around: Around, level: int) -> list[Part]:
    """The rows of an object that has nothing but lists of objects, or one object that has; else nothing."""
    content = {name: each for name, each in value.items() if not names.is_page_name(name, each)}
    inside = around.within(value)
    if content and all(_is_rows(each) and not names.is_aside(name) for name, each in content.items()):
        return [part for name, each in content.items() for part in _rows(each, inside.under(name))]
    if len(content) == 1 and level < MOST_LEVELS:
        [(name, each)] = content.items()
        if isinstance(each, dict):
            return _only_rows(each, inside.under(name), level + 1)
    return []


def _is_empty_page(value: JsonObject) -> bool:
    """Whether an object has lists, all empty, and nothing else but what is about the page."""
    while True:
        content = [each for name, each in value.items() if not names.is_page_name(name, each)]
        if len(content) != 1 or not isinstance(content[0], dict):
            return bool(content) and all(each == [] for each in content)
        value = content[0]


def _unwrapped(row: JsonObject) -> JsonObject:
    """What an object wraps: `node` of `{"cursor", "node"}`; else the object itself."""
    content = [(name, each) for name, each in row.items() if not names.is_page_name(name, each)]
    while len(content) == 1 and isinstance(content[0][1], dict) and names.is_generic(content[0][0]):
        row = content[0][1] or row
        content = list(content[0][1].items())
    return row


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and item for item in value)


def _says_something(name: str, value: Any) -> bool:
    """Whether a field of an envelope is more than bookkeeping; an object is bookkeeping where all in it is."""
    if value in (None, "", [], {}) or names.is_bookkeeping(name):
        return False
    return not isinstance(value, dict) or any(_says_something(inner, each) for inner, each in value.items())


def _left_out(left: Collection[str]) -> str:
    shown = ", ".join(f"{name!r}" for name in list(left)[:_NAMED])
    more = f" and {len(left) - _NAMED:,} more" if len(left) > _NAMED else ""
    return f"{LEFT_OUT}{shown}{more} of its envelope"


def _noted(parts: list[Part], notes: Iterable[str]) -> list[Part]:
    """The parts with notes about what is around them, on the first record."""
    added = tuple(notes)
    if added:
        for place, part in enumerate(parts):
            if isinstance(part, Inner):
                return [*parts[:place], replace(part, notes=(*part.notes, *added)), *parts[place + 1 :]]
    return parts


def _may_hold(value: Any) -> bool:
    """Whether a value can have objects in it."""
    if isinstance(value, str):
        return len(value) >= _SHORTEST_TEXT and value[:_INDENT].lstrip()[:1] in _BEGINNINGS
    return bool(value) and isinstance(value, dict | list)


def _json_text(text: str) -> bytes | None:
    """The JSON that a text may be, undecoded; None where it begins like none."""
    begin = text[:_INDENT].lstrip()[:2]
    first = begin[:1]
    # Some queues encode a text twice: '"{\\"shipmentId\\": ...}"'.
    if first in ("{", "[") or begin in ('"{', '"['):
        return text.encode("utf-8", "surrogatepass")
    if first in ("e", "W") and _BASE64.fullmatch(text):
        try:
            return base64.b64decode(text.translate({ord("-"): "+", ord("_"): "/"}))
        except (binascii.Error, ValueError):
            return None
    return None
