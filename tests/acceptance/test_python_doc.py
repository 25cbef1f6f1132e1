"""Every example of docs/python.md is run on the fixtures, in the order of the page, and writes what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests import profiles
from tests.acceptance.apex import run

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "python.md"
_EXAMPLE = re.compile(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_examples_write_what_the_page_shows(home: Path) -> None:
    run(home, "ingest", ROOT / "fixtures", "-q").expect(0)
    page = PAGE.read_text(encoding="utf-8")
    examples = _EXAMPLE.findall(page)
    assert len(examples) == page.count("```python")
    for code, shown in examples:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=home.parent,
            env={**os.environ, **profiles.variables(home), "APEX_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.stdout, done.stderr) == (shown, "")
