"""Words of a question that no record has, and the words that are meant: "Lakshore" is `Lakeshore`.

The dictionary is what the records say: the index of words finds those that begin in the same way, and the nearest of
them counts. So a word is never corrected to one that is in no record, nothing is kept beside the records, and no cost
grows with them. Words are compared as lexemes (English stems) without diacritics.

Distance is that of Damerau and Levenshtein in its restricted form (optimal string alignment): letters that are missing,
too many, wrong, or swapped with their neighbour. A short word is corrected only where its letters are in another order
or one is doubled: "graet" is `great`, but "bread" is not `break`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from apex_cli.extract.names import plain_letters

if TYPE_CHECKING:
    from apex_cli.stores.postgres.connection import Connection, Database

_WORD = re.compile(r"[^\W\d_]{4,40}")
_MOST_WORDS = 8
_SHORT = 6
"""Shorter lexemes are corrected only by the order or the doubling of letters."""
_LONG = 8
"""Lexemes from this length on may have two mistakes."""
_BEGINNING = 3
_RECORDS = 200
"""So many records with words of one beginning are looked at."""
_TEXT = 100_000

# The planner has no statistics of a home that was never analyzed, and would read whole tables.
_BY_INDEX = "SELECT set_config('enable_seqscan', 'off', true)"
_UNKNOWN = """
SELECT word, lexeme FROM unnest(%(words)s::text[]) WITH ORDINALITY AS asked (word, place),
    LATERAL (SELECT lexeme FROM unnest(to_tsvector('english', word)) LIMIT 1) AS known
WHERE NOT EXISTS (SELECT FROM record_version WHERE search @@ quote_literal(lexeme)::tsquery)
ORDER BY place
"""
_BEGINNING_SO = f"""
SELECT DISTINCT lexeme FROM (
    SELECT search FROM record_version WHERE search @@ (quote_literal(%(beginning)s) || ':*')::tsquery LIMIT {_RECORDS}
) AS found, LATERAL unnest(found.search) WHERE starts_with(lexeme, %(beginning)s)
"""  # noqa: S608 - constants
_AS_WRITTEN = f"""
SELECT written[1] AS word FROM (
    SELECT left(text, {_TEXT}) AS text FROM record_version
    WHERE search @@ quote_literal(%(lexeme)s)::tsquery LIMIT 1
) AS one, LATERAL regexp_matches(text, '[[:alpha:]]+', 'g') AS written
WHERE to_tsvector('english', written[1]) @@ quote_literal(%(lexeme)s)::tsquery LIMIT 1
"""  # noqa: S608 - constants


async def respelt(database: Database, text: str) -> dict[str, str]:
    """The words of the text that no record has, each with the word of the records that is meant; others are absent.

    Words with digits are ids: a similar id is another thing.
    """
    words = list(dict.fromkeys(_WORD.findall(text)))[:_MOST_WORDS]
    found: dict[str, str] = {}
    if not words:
        return found
    async with database.transaction() as connection:
        await connection.execute(_BY_INDEX)
        for row in await _rows(connection, _UNKNOWN, {"words": words}):
            lexeme = await _meant(connection, row["lexeme"])
            if lexeme is not None:
                written = await _rows(connection, _AS_WRITTEN, {"lexeme": lexeme})
                found[row["word"]] = written[0]["word"] if written else lexeme
    return found


async def _meant(connection: Connection, lexeme: str) -> str | None:
    """The nearest lexeme of the records, if it is near enough."""
    for beginning in _beginnings(lexeme):
        rows = await _rows(connection, _BEGINNING_SO, {"beginning": beginning})
        near = [(distance(lexeme, row["lexeme"]), row["lexeme"]) for row in rows if is_meant(lexeme, row["lexeme"])]
        if near:
            return min(near)[1]
    return None


def _beginnings(lexeme: str) -> Iterator[str]:
    """How the lexeme that is meant may begin, the longest first; then with a mistake in the first letters."""
    tried = [lexeme[:length] for length in range(len(lexeme) - 1, _BEGINNING - 1, -1)]
    first, second, third, fourth = (*lexeme[:4], *"    ")[:4]
    tried += [first + third + second, first + third + fourth, first + second + fourth, first + second]
    yield from dict.fromkeys(beginning.strip() for beginning in tried)


def is_meant(word: str, other: str) -> bool:
    """Whether one lexeme may be a misspelling of the other."""
    word, other = plain_letters(word), plain_letters(other)
    if word == other:
        return True
    mistakes = distance(word, other)
    if len(word) < _SHORT:
        return mistakes == 1 and set(word) == set(other)
    return mistakes <= (2 if len(word) >= _LONG else 1)


def distance(one: str, other: str) -> int:
    """How many letters are missing, too many, wrong or swapped, diacritics aside; see the head of this module."""
    one, other = plain_letters(one), plain_letters(other)
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, opposite in enumerate(other, 1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != opposite))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == opposite:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
    return last[-1]


async def _rows(connection: Connection, query: str, parameters: Mapping[str, object]) -> list[dict[str, str]]:
    return await (await connection.execute(query.encode(), parameters)).fetchall()
