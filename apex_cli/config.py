"""All settings, and the only place that reads the environment.

Precedence: flags > environment > `.env` in the working directory > `apex.toml` in the working directory > default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from apex_cli.addresses import EMBEDDED, SCHEMES, Secret, StoreUrl, parse_url
from apex_cli.errors import ConfigError
from apex_cli.model import DEFAULT_NAMESPACE

OPENAI_URL = "https://api.openai.com/v1"
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
    """What a run works with. Durations are seconds, sizes bytes. Everything is safe to show: see `addresses`."""

    home: Path
    staging_dir: Path
    graph_url: StoreUrl = EMBEDDED
    graph_user: str = "neo4j"
    graph_password: Secret | None = None
    graph_database: str = "neo4j"
    postgres_url: StoreUrl = EMBEDDED
    postgres_password: Secret | None = None
    qdrant_url: StoreUrl = EMBEDDED
    qdrant_api_key: Secret | None = None
    qdrant_grpc_port: int | None = None
    redis_url: StoreUrl = EMBEDDED
    redis_password: Secret | None = None
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    namespace: str = DEFAULT_NAMESPACE
    concurrency: int = 10
    batch_size: int = 250
    lock_timeout: float = 0.0
    retention: float = 24 * 3600.0
    staging_max_bytes: int = 10 * 1024**3
    max_record_bytes: int = 32 * 1024**2
    max_document_bytes: int = 64 * 1024**2
    max_depth: int = 200
    parse_timeout: float = 60.0
    store_timeout: float = 120.0
    openai_api_key: Secret | None = None
    openai_base_url: str = OPENAI_URL
    llm_model: str = "gpt-6-luna"
    llm_small_model: str | None = None
    llm_api: str = "auto"
    llm_timeout: float = 180.0
    llm_rpm: int | None = None
    llm_tpm: int | None = None
    llm_price_input: float | None = None
    llm_price_output: float | None = None
    llm_cache_max_bytes: int = 1024**3
    max_cost: float | None = None
    max_tokens: int | None = None
    embedder: str = "local"
    embedding_model: str = "text-embedding-3-small"
    embedding_dimensions: int | None = None
    embedding_price: float | None = None
    metrics_textfile: Path | None = None
    fault: str | None = None
    foreign: tuple[str, ...] = ()

    @property
    def has_model(self) -> bool:
        """Whether a language model is configured: by a key, or by a server of one's own."""
        return self.openai_api_key is not None or self.openai_base_url != OPENAI_URL


def load(
    flags: Mapping[str, Any] | None = None, *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Settings from flags (by field name; None means "not given"), environment, `.env`, `apex.toml` and defaults.

    A secret may also be in a file that its variable with `_FILE` at its end names, as Docker and systemd hand them
    over. Raises `ConfigError` naming the setting and where it came from.
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
        for name, raw in _secrets_read(layer, origin, cwd).items():
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


_DURATIONS = frozenset({"lock_timeout", "retention", "parse_timeout", "store_timeout", "llm_timeout"})
_SIZES = frozenset({"staging_max_bytes", "max_record_bytes", "max_document_bytes", "llm_cache_max_bytes"})
_COUNTS = frozenset(
    {"concurrency", "batch_size", "max_depth", "llm_rpm", "llm_tpm", "max_tokens", "embedding_dimensions"}
)
_PORTS = frozenset({"qdrant_grpc_port"})
_AMOUNTS = frozenset({"llm_price_input", "llm_price_output", "embedding_price", "max_cost"})
_CHOICES = {"llm_api": ("auto", "responses", "chat"), "embedder": ("local", "openai")}
_SECRETS = frozenset({"graph_password", "postgres_password", "qdrant_api_key", "redis_password", "openai_api_key"})
_FILES = frozenset({"tls_ca_file", "tls_cert_file", "tls_key_file"})
_SECRET_FILES = {f"{name}_file": name for name in _SECRETS}
_SECRET_BYTES = 64 * 1024
_USUAL = {name: name.upper() for name in ("openai_api_key", "openai_api_key_file", "openai_base_url")}
"""Settings whose variables have a name that all programs share."""
_KNOWN = frozenset(field.name for field in fields(Settings)) - {"foreign"} | _SECRET_FILES.keys()


def _from_variables(variables: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name in _KNOWN:
        value = variables.get(_USUAL.get(name, f"APEX_{name.upper()}"))
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


def _secrets_read(layer: Mapping[str, Any], origin: str, cwd: Path) -> dict[str, Any]:
    """The layer with the files of secrets replaced by what they hold, less the line end that editors add."""
    values = dict(layer)
    for file_setting, name in _SECRET_FILES.items():
        if file_setting not in values:
            continue
        path = cwd / Path(str(values.pop(file_setting))).expanduser()
        if name in values:
            raise ConfigError(f"{name} and {file_setting} are both given ({origin})", hint="give one of them")
        try:
            with path.open(encoding="utf-8") as file:
                values[name] = file.read(_SECRET_BYTES).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise ConfigError(f"{file_setting} ({origin}): {path} cannot be read: {why}") from error
        if not values[name]:
            raise ConfigError(f"{file_setting} ({origin}): {path} is empty")
    return values


def _convert(name: str, raw: Any, origin: str) -> Any:
    try:
        if name in SCHEMES:
            return parse_url(name, str(raw).strip())
        reader: Callable[[Any], Any] = _READERS.get(name, _text)
        return reader(raw)
    except (TypeError, ValueError) as error:
        hint = f"for example APEX_{name.upper()}={SCHEMES[name].example}, or `{EMBEDDED}`" if name in SCHEMES else None
        raise ConfigError(f"{name} ({origin}): {error}", hint=hint) from error


def _duration(raw: Any) -> float:
    return parse_duration(raw) if isinstance(raw, str) else float(raw)


def _size(raw: Any) -> int:
    return parse_size(raw) if isinstance(raw, str) else int(raw)


def _secret(raw: Any) -> Secret:
    return Secret(str(raw))


def _file(raw: Any) -> Path:
    return Path(raw).expanduser().absolute()


def _text(raw: Any) -> str | Path:
    return raw if isinstance(raw, str | Path) else str(raw)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_DURATIONS, _duration),
    **dict.fromkeys(_SIZES, _size),
    **dict.fromkeys(_COUNTS | _PORTS, int),
    **dict.fromkeys(_AMOUNTS, float),
    **dict.fromkeys(_SECRETS, _secret),
    **dict.fromkeys(_FILES, _file),
}


def _checked(settings: Settings) -> Settings:
    for name in sorted(_COUNTS):
        if (count := getattr(settings, name)) is not None and count < 1:
            raise ConfigError(f"{name} must be 1 or more, not {count}")
    for name, choices in _CHOICES.items():
        if getattr(settings, name) not in choices:
            raise ConfigError(f"{name} must be one of {', '.join(choices)}, not {getattr(settings, name)!r}")
    _check_models(settings)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", settings.namespace):
        raise ConfigError(f"namespace {settings.namespace!r} must be lower-case letters, digits and _, at most 31")
    for name in sorted(_PORTS):
        if not 0 < (getattr(settings, name) or 1) < 65_536:
            raise ConfigError(f"{name} must be a port number, not {getattr(settings, name)}")
    for name in sorted(_FILES):
        if (path := getattr(settings, name)) is not None and not path.is_file():
            raise ConfigError(f"APEX_{name.upper()} names {path}, which is no file")
    if settings.tls_key_file is not None and settings.tls_cert_file is None:
        raise ConfigError("APEX_TLS_KEY_FILE is given without APEX_TLS_CERT_FILE", hint="give the certificate too")
    return settings


def _check_models(settings: Settings) -> None:
    for name in sorted(_AMOUNTS):
        if (amount := getattr(settings, name)) is not None and not 0 <= amount < float("inf"):
            raise ConfigError(f"{name} must be a number of dollars, not {amount}")
    if not re.match(r"https?://[^\s/@]+(/[^\s@]*)?$", settings.openai_base_url):
        raise ConfigError(
            "OPENAI_BASE_URL must start with http:// or https:// and hold no user or password",
            hint="for example http://localhost:11434/v1; the key goes into OPENAI_API_KEY",
        )


def _foreign(environ: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name, ours in FOREIGN.items() if environ.get(name) and not environ.get(ours))
