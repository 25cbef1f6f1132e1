"""A disk that loses power: a file system of its own, of which everything that was not synced is dropped.

The kernel does it. An ext4 in a file is mounted by a loop device. `cut` asks it to shut down without writing its log
(`EXT4_IOC_SHUTDOWN`, what file systems' own tests use): from then on nothing reaches the disk any more, neither pages
that were written through a mapping (`mmap`) nor names of files. Mounted again, it holds what was on the disk.

The kernel writes nothing by itself before: not for 30 s where data is concerned, and not for `_COMMIT_SECONDS` where
names are.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.acceptance.apex import Line, engines, spawn, wait_gone

_SHUTDOWN = 0x8004587D
"""`_IOR('X', 125, __u32)` in the kernel's fs/ext4/ext4.h."""
_WITHOUT_LOG = 2
_COMMIT_SECONDS = 3_600
_BYTES = 3 << 30
_SECONDS = 60.0


class PowerDisk:
    """The disk, mounted at `folder`."""

    def __init__(self, image: Path, folder: Path) -> None:
        self._image = image
        self.folder = folder

    def mount(self) -> None:
        command: list[str | Path] = ["mount", "-o", f"loop,commit={_COMMIT_SECONDS}", self._image, self.folder]
        subprocess.run(command, check=True, capture_output=True)

    def unmount(self) -> None:
        deadline = time.monotonic() + _SECONDS
        while (done := subprocess.run(["umount", self.folder], check=False, capture_output=True)).returncode:
            assert time.monotonic() < deadline, done.stderr
            time.sleep(0.05)

    def cut(self) -> None:
        """Drop what was not synced, now. Until `restore` every access fails."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _WITHOUT_LOG))
        finally:
            os.close(descriptor)

    def write_out(self) -> None:
        """Let the kernel write everything to the disk, as it may do by itself at any time."""
        subprocess.run(["sync", "-f", self.folder], check=True)

    def restore(self) -> None:
        """Mount what is on the disk. Nothing may run on it any more."""
        self.unmount()
        self.mount()


@contextmanager
def power_disk(folder: Path) -> Iterator[PowerDisk]:
    """A new disk in `folder`."""
    place = folder / "disk"
    place.mkdir()
    image = folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, capture_output=True)
    disk = PowerDisk(image, place)
    disk.mount()
    try:
        place.chmod(0o711)
        yield disk
    finally:
        disk.unmount()
        image.unlink()
        place.rmdir()


def why_not(folder: Path) -> str | None:
    """Why this machine cannot lose power on purpose; None where it can."""
    if os.geteuid() != 0:
        return "only root may mount a file system"
    for program in ("mkfs.ext4", "mount", "umount"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    try:
        with power_disk(folder) as disk:
            disk.cut()
    except (subprocess.CalledProcessError, OSError) as error:
        return f"this machine lets no file system be mounted and shut down: {error}"
    return None


class PoweredRun:
    """A run of `apex` whose home is on the disk. What it reports goes to a file that is not."""

    def __init__(self, disk: PowerDisk, home: Path, *args: str | Path, fault: str = "") -> None:
        self._disk = disk
        self._home = home
        self._report = disk.folder.with_name("report.jsonl")
        with self._report.open("wb") as out:
            self._process = spawn(home, *args, stdout=out, env={"APEX_FAULT": fault} if fault else None)

    def lines(self) -> list[Line]:
        """The whole lines that it has reported so far."""
        *whole, _ = self._report.read_bytes().split(b"\n")
        return [json.loads(line) for line in whole]

    def cut_when(self, ready: Callable[[], bool]) -> list[Line]:
        """Cut the power as soon as `ready`, and start the machine again. Returns what was reported before."""
        deadline = time.monotonic() + _SECONDS
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise AssertionError(f"it ended before: {self._process.communicate()[1].decode()[-2000:]}")
            time.sleep(0.002)
        self._disk.cut()
        self._process.kill()
        self._process.communicate()
        for engine in engines(self._home):
            with suppress(psutil.NoSuchProcess):
                engine.kill()
        wait_gone(self._home)
        self._disk.restore()
        return self.lines()

    def is_stopped(self) -> bool:
        """Whether it stands still, at a fault point with the action `stop`."""
        return bool(psutil.Process(self._process.pid).status() == psutil.STATUS_STOPPED)


def cut_at(disk: PowerDisk, home: Path, fault: str, *args: str | Path) -> list[Line]:
    """Run `apex` to a fault point (`graph.commit.after:2`), and cut the power there; returns what was reported."""
    point, _, nth = fault.partition(":")
    under_way = PoweredRun(disk, home, *args, fault=f"{point}:stop:{nth or 1}")
    return under_way.cut_when(under_way.is_stopped)
