"""The names and arguments of the Python API, which are stable: a change here is a change for users."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import apex_cli
from apex_cli import api

NAMES = {
    *("open", "Memory", "Ingested", "RecordLike", "ApexError", "__version__"),
    *("SearchResult", "SearchHit", "Answer", "AnsweredFact", "Contradiction", "EntityView", "FactView"),
    *("RecordHistory", "RecordView", "Neighbourhood", "Neighbour", "Overview", "RecordList", "EntityList"),
    *("RecordResult", "RecordStatus", "RunSummary"),
}
METHODS = {
    "search": "(self, question, *, limit=10, source=None, type=None, after=None, before=None, at=None, "
    "only_current=False)",
    "facts": "(self, entity, *, at=None, predicate=None, everything=False, known_at=None)",
    "history": "(self, record, *, known_at=None)",
    "get": "(self, record)",
    "neighbours": "(self, entity, *, at=None, limit=50)",
    "status": "(self)",
    "list_records": "(self, *, source=None, type=None, since=None, until=None, entity=None, limit=20)",
    "list_entities": "(self, *, type=None, prefix='', limit=20)",
    "ingest": "(self, records, *, source='auto', collection=None, id_field=(), again=False, on_result=None)",
}


def untyped(function: object) -> str:
    """The signature without annotations."""
    found = inspect.signature(function)  # type: ignore[arg-type]  # a method, found by its name
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in found.parameters.values()]
    return str(found.replace(parameters=plain, return_annotation=inspect.Signature.empty))


def test_the_names_are_these() -> None:
    assert set(apex_cli.__all__) == NAMES == set(dir(apex_cli))
    assert set(api.__all__) == NAMES - {"__version__"}
    for name in apex_cli.__all__:
        assert getattr(apex_cli, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        getattr(apex_cli, "opne")  # noqa: B009 - as a misspelt name


def test_the_methods_and_their_arguments_are_these() -> None:
    own = {name: value for name, value in vars(apex_cli.Memory).items() if not name.startswith("_")}
    assert {name: untyped(value) for name, value in own.items()} == METHODS
    assert untyped(apex_cli.open) == "(*, home=None, **settings)"
    assert all(inspect.getdoc(value) for value in own.values())


def test_the_import_is_light() -> None:
    code = (
        "import sys, apex_cli; "
        "print([name for name in sys.modules if name.startswith('apex_cli.')], 'asyncio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] False\n"
