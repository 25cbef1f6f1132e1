"""The fixtures that a script makes are what it makes."""

from __future__ import annotations

import pytest

from scripts import make_fixtures


@pytest.mark.parametrize("name", make_fixtures.files())
def test_the_file_is_what_the_script_makes(name: str) -> None:
    assert (make_fixtures.FIXTURES / name).read_bytes() == make_fixtures.files()[name]
