"""Disk and address space: what the embedded stores need before they start."""

from __future__ import annotations

import os
import resource
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


@pytest.mark.parametrize(("memory", "largest"), [(1, 1), (2, 1), (64, 32)])
def test_the_buffer_pool_may_take_half_of_the_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, memory: int, largest: int
) -> None:
    """In GiB. A process with a limit has one size, so its engine is not opened again for a larger one."""
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": memory * 1024 * MIB // 4096}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    first, most = address_space.pool_sizes(tmp_path / "graph")
    assert (first < most, most) == (True, largest * 1024 * MIB)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64 * 1024 * MIB, resource.RLIM_INFINITY))
    first, most = address_space.pool_sizes(tmp_path / "graph")
    assert first == most == address_space.LIMITED_POOL_BYTES


def test_a_large_graph_has_a_larger_pool_from_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    file = tmp_path / "graph"
    for size, first in ((1, 128), (511, 128), (512, 256)):
        with file.open("wb") as opened:
            opened.truncate(size * MIB)
        assert address_space.pool_sizes(file).first == first * MIB
