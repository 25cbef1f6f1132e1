"""The result of one check, and the checks of this machine: program, settings, home, disk, staging directory."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from apex_cli import __version__
from apex_cli.config import FOREIGN, Settings
from apex_cli.errors import ApexError
from apex_cli.extras import EXTRAS, install_hint, missing_modules

LOW_DISK = 512 * 1024**2
"""Free bytes below which a run may fail: the write-ahead log of PostgreSQL alone may grow to this."""


class CheckStatus(StrEnum):
    """`NOTE`: worth knowing, nothing is wrong. `SKIPPED`: could not be checked now."""

    OK = "ok"
    NOTE = "note"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked. `facts` are for machines, `detail` is for people. Secrets are not masked here."""

    name: str
    status: CheckStatus
    detail: str
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def machine_checks(settings: Settings) -> Iterator[Check]:
    """Everything that can be checked without a store."""
    from apex_cli.stores.backends import ALL

    python = f"apex {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield Check("program", CheckStatus.OK, python, facts={"executable": sys.executable})
    urls = {backends.store: backends.url(settings) for backends in ALL}
    engines = ", ".join(f"{store} {url}" for store, url in urls.items())
    yield Check("configuration", CheckStatus.OK, f"{engines}; namespace {settings.namespace}", facts=urls)
    for name in settings.foreign:
        detail = f"{name} is set but not used; {FOREIGN[name]} would use it"
        yield Check("environment", CheckStatus.NOTE, detail, facts={"variable": name, "ours": FOREIGN[name]})
    for each in settings.unknown:
        yield Check("environment", CheckStatus.NOTE, str(each), facts={"variable": each.name, "ours": each.nearest})
    for table in settings.sources:
        yield Check(
            "source",
            CheckStatus.OK,
            f"{table.name}, described by {table.origin}",
            facts={"source": table.name, "origin": table.origin},
        )
    yield _directory("home", settings.home, "APEX_HOME", "no home yet: the first ingest makes it")
    yield _disk(settings)
    yield _staging(settings)


def extras() -> Iterator[Check]:
    """Which optional dependencies are installed."""
    for name in EXTRAS:
        missing = missing_modules(name)
        detail = f"{name}: " + ("installed" if not missing else f"not installed ({', '.join(missing)})")
        facts = {"extra": name, "missing": missing}
        yield Check("extra", CheckStatus.NOTE, detail, install_hint(name) if missing else None, facts)


def _directory(name: str, path: Path, variable: str, absent: str) -> Check:
    """Whether a directory can be used, or made. `absent` describes one that does not exist yet."""
    nearest = _nearest(path)
    hint = f"set {variable} to a directory that you may write to"
    if not nearest.is_dir():
        return Check(name, CheckStatus.FAILED, f"{nearest} is not a directory", hint)
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Check(name, CheckStatus.FAILED, f"{nearest} cannot be written to", hint)
    if nearest != path:
        return Check(name, CheckStatus.OK, f"{path}: {absent}", facts={"path": str(path)})
    mode = f"{path.stat().st_mode & 0o7777:04o}"
    return Check(name, CheckStatus.OK, f"{path}, mode {mode}", facts={"path": str(path), "mode": mode})


def _nearest(path: Path) -> Path:
    """The path itself, or the nearest directory above it that exists and can be read."""
    for each in (path, *path.parents):
        with suppress(OSError):
            if each.exists():
                return each
    return Path(path.anchor)


def _disk(settings: Settings) -> Check:
    nearest = _nearest(settings.home)
    free = shutil.disk_usage(nearest).free
    status = CheckStatus.OK if free >= LOW_DISK else CheckStatus.FAILED
    hint = None if status is CheckStatus.OK else "free some space, or set APEX_HOME to another disk"
    return Check("disk", status, f"{free / 1024**3:.1f} GiB free at {nearest}", hint, {"free_bytes": free})


def _staging(settings: Settings) -> Check:
    from apex_cli.staging import ItemStatus, StagingDirectory

    check = _directory("staging", settings.staging_dir, "APEX_STAGING_DIR", "not there yet, the first ingest makes it")
    if check.status is CheckStatus.FAILED:
        return check
    try:
        stats = StagingDirectory(settings.staging_dir, max_bytes=settings.staging_max_bytes).stats()
    except ApexError as error:
        return Check("staging", CheckStatus.FAILED, error.message, error.hint)
    failed = stats.by_status[ItemStatus.FAILED].count
    detail = f"{check.detail}; {stats.total.count:,} items, {failed:,} of them failed"
    facts = {**check.facts, "items": stats.total.count, "failed": failed, "bytes": stats.total.bytes}
    hint = "`apex staging list` shows why they failed" if failed else None
    return Check("staging", CheckStatus.NOTE if failed else CheckStatus.OK, detail, hint, facts)
