"""Sources without code: tables of `apex.toml` or files of `sources.d/` that say what the fields of a record mean.

paths       dotted paths into JSON
vocabulary  the closed lists: keys of each type of entity, predicates and their ends
tables      readers of TOML tables, and their errors
schema      a table, checked: `SourceRules`
things      entities from the values of their keys
mapping     a record and the rules of its source, to an extraction

docs/howto/map-a-source.md is for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apex_cli.config_files import SourceTable
from apex_cli.extract.identity import content_hash, external_id, slug
from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source

if TYPE_CHECKING:
    from apex_cli.sources.configured.schema import SourceRules

_SPECIFICITY = 100
_REVISION_DIGITS = 16


class ConfiguredSource(Source):
    """A source whose rules are a table. Its records are tried before those of the built-in sources.

    Raises `ConfigError` for a table that is wrong. `taken` are the names of other sources.
    """

    specificity = _SPECIFICITY

    def __init__(self, given: SourceTable, taken: Sequence[str] = ()) -> None:
        from apex_cli.sources.configured import schema

        self.rules: SourceRules = schema.read(given.name, given.origin, given.table, taken)
        self.name = self.rules.name
        self.title = self.rules.title
        self.origin = given.origin
        self.data_types = (self.rules.data_type,) if isinstance(self.rules.data_type, str) else ()
        self.typical_fields = frozenset(
            step for path, _ in self.rules.match.parts if isinstance(step := path.steps[0], str)
        )
        # The same record means something else once the table has changed.
        self.revision = content_hash(_plain(given.table))[:_REVISION_DIGITS]

    def matches(self, payload: JsonObject) -> bool:
        """The table's `match`."""
        return self.rules.match.holds(payload)

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """The table's `type` and `id`; several fields are joined by a colon, and all of them must be there."""
        kind = self.rules.data_type
        named = kind if isinstance(kind, str) else slug(str(kind.find(payload) or "")) or "record"
        parts = [external_id(path.find(payload)) for path in self.rules.id]
        return named, external_id(":".join(filter(None, parts))) if all(parts) else None

    def skip_reason(self, payload: JsonObject) -> str | None:
        """The table's `skip`, of an object that matches."""
        skip = self.rules.skip
        if skip is None or not (self.matches(payload) and skip.holds(payload)):
            return None
        return f"left out by the configuration: {', '.join(path.text for path, _ in skip.parts)}"

    def unpack(self, payload: JsonObject) -> Sequence[JsonObject] | None:
        """The rows at the table's `records`, each with what it inherits; None where no row there matches."""
        from apex_cli.sources.configured import mapping

        return mapping.rows(self, payload)

    def empty_paths(self, payload: JsonObject) -> Sequence[str]:
        """See `Source`."""
        return [f"{path.text} ({key})" for key, path in self.rules.paths() if not path.all(payload)]

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.configured import mapping

        return mapping.extract(record, self.rules)


def load(tables: Sequence[SourceTable], taken: Sequence[str]) -> list[ConfiguredSource]:
    """The sources of these tables. Raises `ConfigError` for the first that is wrong; `taken` are built-in names."""
    found: list[ConfiguredSource] = []
    for each in tables:
        found.append(ConfiguredSource(each, [*taken, *(source.name for source in found)]))
    return found


def _plain(value: object) -> object:
    """The table as JSON data: TOML has dates and times, too."""
    if isinstance(value, dict):
        return {name: _plain(inside) for name, inside in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) else str(value)
