"""Values that are safe to show, log and write as JSON as they are. A secret comes out by `reveal()` alone."""

from __future__ import annotations

MASK = "***"


class Secret:
    """A password or key. `str` and `repr` show a mask."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for a driver."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
