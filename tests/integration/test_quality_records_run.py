"""`python -m quality.records` in small: two orders of arrival give one memory, and it holds what is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from quality.records.__main__ import main


@pytest.mark.embedded
def test_two_orders_of_arrival_give_one_true_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--records", "60", "--orders", "2", "--questions", "40", "--keep", str(tmp_path)])
    said = capsys.readouterr().out
    assert code == 0, said
    assert "one memory from all orders: yes" in said
    assert (tmp_path / "memory-1.jsonl").read_bytes() == (tmp_path / "memory-2.jsonl").read_bytes()
