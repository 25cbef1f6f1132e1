"""This machine: program, settings, home, disk, staging directory, drivers."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from apex_cli import __version__
from apex_cli.config import FOREIGN, Settings
from apex_cli.doctor.check import STORES, Check, State
from apex_cli.errors import ApexError

LOW_DISK = 512 * 1024**2
"""Free bytes below which a run may not get far: PostgreSQL's log of changes alone may grow to this."""

_EXTRAS = {"servers": ("neo4j", "qdrant_client"), "llm": ("openai",)}


def before_the_stores(settings: Settings) -> Iterator[Check]:
    """What can be known without any store."""
    python = f"apex {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield Check("program", State.OK, python, facts={"executable": sys.executable})
    yield _configuration(settings)
    for name in settings.foreign:
        detail = f"{name} is set but not used; {FOREIGN[name]} would use it"
        yield Check("environment", State.NOTE, detail, facts={"variable": name, "ours": FOREIGN[name]})
    for each in settings.unknown:
        yield Check("environment", State.NOTE, str(each), facts={"variable": each.name, "ours": each.nearest})
    yield _directory("home", settings.home, "APEX_HOME")
    yield _disk(settings)
    yield _staging(settings)


def _configuration(settings: Settings) -> Check:
    places = {store: getattr(settings, name) for store, name in STORES.items()}
    detail = ", ".join(f"{store} {place}" for store, place in places.items())
    return Check("configuration", State.OK, f"{detail}; namespace {settings.namespace}", facts=places)


def _directory(name: str, path: Path, variable: str) -> Check:
    nearest = _nearest(path)
    hint = f"set {variable} to a directory that you may write to"
    if not nearest.is_dir():
        return Check(name, State.FAILED, f"{nearest} is not a directory", hint)
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Check(name, State.FAILED, f"{nearest} cannot be written to", hint)
    if nearest != path:
        return Check(name, State.OK, f"{path} (not there yet, will be made)", facts={"path": str(path)})
    mode = f"{path.stat().st_mode & 0o7777:04o}"
    return Check(name, State.OK, f"{path}, mode {mode}", facts={"path": str(path), "mode": mode})


def _nearest(path: Path) -> Path:
    """The path itself or the nearest directory above it that is there and may be looked at."""
    for each in (path, *path.parents):
        with suppress(OSError):
            if each.exists():
                return each
    return Path(path.anchor)


def _disk(settings: Settings) -> Check:
    nearest = _nearest(settings.home)
    free = shutil.disk_usage(nearest).free
    state = State.OK if free >= LOW_DISK else State.FAILED
    hint = None if state is State.OK else "free some space, or set APEX_HOME to another disk"
    return Check("disk", state, f"{free / 1024**3:.1f} GiB free at {nearest}", hint, {"free_bytes": free})


def _staging(settings: Settings) -> Check:
    from apex_cli.staging import ItemStatus, StagingDirectory

    check = _directory("staging", settings.staging_dir, "APEX_STAGING_DIR")
    if check.state is State.FAILED:
        return check
    try:
        found = StagingDirectory(settings.staging_dir, max_bytes=settings.staging_max_bytes).stats()
    except ApexError as error:
        return Check("staging", State.FAILED, error.message, error.hint)
    failed = found.by_status[ItemStatus.FAILED].count
    detail = f"{check.detail}; {found.total.count:,} items, {failed:,} of them failed"
    facts = {**check.facts, "items": found.total.count, "failed": failed, "bytes": found.total.bytes}
    hint = "`apex staging list` shows why they failed" if failed else None
    return Check("staging", State.NOTE if failed else State.OK, detail, hint, facts)


def extras() -> Iterator[Check]:
    """Which optional drivers are installed."""
    for name, modules in _EXTRAS.items():
        missing = [module for module in modules if find_spec(module) is None]
        detail = f"{name}: " + ("installed" if not missing else f"not installed ({', '.join(missing)})")
        yield Check("extra", State.NOTE, detail, facts={"extra": name, "missing": missing})
