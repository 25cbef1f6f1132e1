"""All settings, and the only place that reads the environment.

Precedence: flags > environment > `.env` in the working directory > `apex.toml` in the working directory > default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from apex_cli.errors import ConfigError
from apex_cli.model import DEFAULT_NAMESPACE

EMBEDDED = "embedded"
FOREIGN = {
    "NEO4J_URI": "APEX_GRAPH_URL",
    "DATABASE_URL": "APEX_POSTGRES_URL",
    "QDRANT_URL": "APEX_QDRANT_URL",
    "REDIS_URL": "APEX_REDIS_URL",
}
"""Variables of other programs, never used silently, and the variable of ours that would use them."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(|b|k|kb|m|mb|g|gb|kib|mib|gib)", re.I)
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run works with. Durations are seconds, sizes bytes."""

    home: Path
    staging_dir: Path
    graph_url: str = EMBEDDED
    postgres_url: str = EMBEDDED
    qdrant_url: str = EMBEDDED
    redis_url: str = EMBEDDED
    namespace: str = DEFAULT_NAMESPACE
    concurrency: int = 10
    batch_size: int = 500
    lock_timeout: float = 0.0
    retention: float = 24 * 3600.0
    staging_max_bytes: int = 10 * 1024**3
    max_record_bytes: int = 32 * 1024**2
    max_document_bytes: int = 64 * 1024**2
    max_depth: int = 200
    parse_timeout: float = 60.0
    store_timeout: float = 120.0
    metrics_textfile: Path | None = None
    fault: str | None = None
    foreign: tuple[str, ...] = ()


def load(
    flags: Mapping[str, Any] | None = None, *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Settings from flags (by field name; None means "not given"), environment, `.env`, `apex.toml` and defaults.

    Raises `ConfigError` naming the setting and where it came from.
    """
    cwd = cwd or Path.cwd()
    environ = os.environ if environ is None else environ
    layers: list[tuple[str, Mapping[str, Any]]] = [
        ("flag", {key: value for key, value in (flags or {}).items() if value is not None}),
        ("environment", _from_variables(environ)),
        (".env", _from_variables(_dotenv(cwd / ".env"))),
        ("apex.toml", _toml(cwd / "apex.toml")),
    ]
    values: dict[str, Any] = {}
    for origin, layer in reversed(layers):
        for name, raw in layer.items():
            values[name] = _convert(name, raw, origin)
    home = Path(values.pop("home", None) or default_home()).expanduser().absolute()
    staging = Path(values.pop("staging_dir", None) or home / "staging").expanduser().absolute()
    if values.get("metrics_textfile"):
        values["metrics_textfile"] = Path(values["metrics_textfile"]).expanduser().absolute()
    settings = Settings(home=home, staging_dir=staging, foreign=_foreign(environ), **values)
    return _checked(settings)


def default_home() -> Path:
    """`/var/lib/apex` for root (a directory that other users may traverse), else the user's data directory."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/apex")
    import platformdirs

    return Path(platformdirs.user_data_dir("apex", appauthor=False))


def parse_duration(text: str) -> float:
    """Seconds from `90`, `500ms`, `30s`, `5m`, `24h` or `7d`. Raises `ValueError`."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 30s, 5m, 24h or 7d")
    return float(match[1]) * _UNIT_SECONDS[match[2] or "s"]


def parse_size(text: str) -> int:
    """Bytes from `1048576`, `64k`, `32M` or `10GiB` (powers of 1024). Raises `ValueError`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size such as 64k, 32M or 10G")
    power = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3}[match[2][:1].lower()]
    return int(float(match[1]) * 1024**power)


_DURATIONS = frozenset({"lock_timeout", "retention", "parse_timeout", "store_timeout"})
_SIZES = frozenset({"staging_max_bytes", "max_record_bytes", "max_document_bytes"})
_COUNTS = frozenset({"concurrency", "batch_size", "max_depth"})
_KNOWN = frozenset(field.name for field in fields(Settings)) - {"foreign"}


def _from_variables(variables: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name in _KNOWN:
        value = variables.get(f"APEX_{name.upper()}")
        if value:
            found[name] = value
    return found


def _dotenv(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    return {key: value for key, value in dotenv_values(path, interpolate=False).items() if value is not None}


def _toml(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path.name} cannot be read: {error}") from error
    unknown = sorted(set(values) - _KNOWN)
    if unknown:
        raise ConfigError(
            f"{path.name} has settings that do not exist: {', '.join(unknown)}",
            hint="known: " + ", ".join(sorted(_KNOWN)),
        )
    return values


def _convert(name: str, raw: Any, origin: str) -> Any:
    try:
        if name in _DURATIONS:
            return parse_duration(raw) if isinstance(raw, str) else float(raw)
        if name in _SIZES:
            return parse_size(raw) if isinstance(raw, str) else int(raw)
        if name in _COUNTS:
            return int(raw)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{name} ({origin}): {error}") from error
    return raw if isinstance(raw, str | Path) else str(raw)


def _checked(settings: Settings) -> Settings:
    for name in sorted(_COUNTS):
        if getattr(settings, name) < 1:
            raise ConfigError(f"{name} must be 1 or more, not {getattr(settings, name)}")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", settings.namespace):
        raise ConfigError(f"namespace {settings.namespace!r} must be lower-case letters, digits and _, at most 31")
    for name in ("graph_url", "postgres_url", "qdrant_url", "redis_url"):
        if getattr(settings, name) != EMBEDDED:
            raise ConfigError(
                f"APEX_{name.upper()} names a server, and this version has only the embedded engines",
                hint=f"unset APEX_{name.upper()} or set it to `{EMBEDDED}`",
            )
    return settings


def _foreign(environ: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name, ours in FOREIGN.items() if environ.get(name) and not environ.get(ours))
