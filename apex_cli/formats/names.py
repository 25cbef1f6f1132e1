"""Names of files that no one has made: they are passed over in folders, archives and below prefixes."""

from __future__ import annotations

_OF_SYSTEMS = frozenset(("__macosx", "thumbs.db", "desktop.ini"))
_OWNER = "~$"
"""Begins the file by which Office marks a document as open: who has opened it, and nothing of the document."""


def is_passed_over(name: str) -> bool:
    """Whether a file or a folder of this name is hidden, or one that a system or a program keeps for itself."""
    return name.startswith((".", _OWNER)) or name.lower() in _OF_SYSTEMS
