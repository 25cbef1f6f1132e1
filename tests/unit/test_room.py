"""Disk and address space: what the embedded stores need before they start."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from apex_cli.embedded import disk
from apex_cli.errors import DiskFull, StoreUnavailable
from apex_cli.stores.graph.ladybug import address_space

MIB = 1024**2


@pytest.mark.parametrize(("total", "free", "fits"), [(1000, 256, True), (1000, 255, False), (0, 0, True)])
def test_the_room_on_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: int, free: int, fits: bool) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=total * MIB, free=free * MIB))
    place = tmp_path / "not" / "there"
    if fits:
        disk.require(place, disk.NEW_HOME_BYTES)
        return
    with pytest.raises(DiskFull) as caught:
        disk.require(place, disk.NEW_HOME_BYTES)
    assert caught.value.message == f"the disk is full: {place} has 255 MiB free, and 256 MiB are needed"


@pytest.mark.parametrize("limit", [2 * 1024, 4 * 1024, 64 * 1024, 16 * 1024 * 1024])
def test_half_of_the_address_space_that_is_left(limit: int) -> None:
    size = address_space.within(limit * MIB, 300 * MIB, 256 * MIB, 0)
    assert size & (size - 1) == 0
    assert size >= address_space.SMALLEST_BYTES
    assert 2 * size <= limit * MIB - 556 * MIB < 4 * size


@pytest.mark.parametrize(("limit", "held"), [(100, 0), (900, 0), (1500, 0), (4 * 1024, 800)])
def test_too_little_address_space(limit: int, held: int) -> None:
    with pytest.raises(StoreUnavailable, match="address space"):
        address_space.within(limit * MIB, 300 * MIB, 256 * MIB, held * MIB)
