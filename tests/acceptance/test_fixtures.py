"""The fixtures of the repository: one story, committed whole, and unchanged the second time."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.apex import run, verified

FIXTURES = Path(__file__).parents[2] / "fixtures"


def test_the_fixtures_twice(home: Path) -> None:
    first = run(home, "ingest", FIXTURES, "--json").expect(0).summary
    distinct = first["committed"]
    assert first["failed"] == first["pending"] == 0
    assert first["records"] >= 91
    # The totals below the load board are no record of anything.
    assert first["skipped"] == 1
    assert verified(home) == distinct
    second = run(home, "ingest", FIXTURES, "--json").expect(0).summary
    assert second["records"] == first["records"]
    assert second["unchanged"] + second["skipped"] == second["records"]
    assert verified(home) == distinct
