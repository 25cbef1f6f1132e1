"""All settings, and the only module that reads the environment.

Precedence: flags > environment > `.env` in the working directory > `apex.toml` in the working directory > default.
Each setting is one field of `Settings`: its metadata give its kind, its group and what it does. Checks, messages and
docs/configuration.md derive from them. Pydantic would do the same, but takes longer to import than `apex --help` may.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from apex_cli import config_files
from apex_cli.addresses import EMBEDDED, SCHEMES, Secret, StoreUrl, parse_url
from apex_cli.config_files import SourceTable
from apex_cli.errors import ConfigError
from apex_cli.model import DEFAULT_NAMESPACE
from apex_cli.setting_kinds import READERS, Kind, check_text, read_choice

OPENAI_URL = "https://api.openai.com/v1"
FOREIGN = {
    "NEO4J_URI": "APEX_GRAPH_URL",
    "DATABASE_URL": "APEX_POSTGRES_URL",
    "QDRANT_URL": "APEX_QDRANT_URL",
    "REDIS_URL": "APEX_REDIS_URL",
}
"""Variables of other programs, never used silently, and the variable of ours that would use them."""

_PREFIX = "APEX_"
_TEST_PREFIX = "APEX_TEST_"
_SECRET_BYTES = 64 * 1024
_SOURCE_FOLDER = "sources.d"


class SettingGroup(StrEnum):
    """The sections of docs/configuration.md."""

    PLACES = "Places"
    STORES = "Stores"
    RUNS = "Runs and limits"
    MODELS = "Models"


class Spec(NamedTuple):
    """The declaration of a setting beside its type and default. `shown` describes a default that is not a value."""

    group: SettingGroup
    kind: Kind
    help: str
    choices: tuple[str, ...] = ()
    shown: str | None = None


def _setting(
    group: SettingGroup, kind: Kind, text: str, value: Any = None, *choices: str, shown: str | None = None
) -> Any:
    return field(default=value, metadata={"spec": Spec(group, kind, text, choices, shown)})


_place, _store, _run, _model = (partial(_setting, group) for group in SettingGroup)


class UnknownVariable(NamedTuple):
    """A variable that starts with APEX_ and is no setting, where it was found, and the most similar setting."""

    name: str
    origin: str
    nearest: str | None

    def __str__(self) -> str:
        meant = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.name} ({self.origin}) is not a setting and is ignored{meant}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run. Durations are seconds, sizes bytes. Every value is safe to show: see `addresses`."""

    home: Path = _place(
        Kind.PATH,
        "Directory of everything embedded.",
        MISSING,
        shown="the user's data directory; `/var/lib/apex` for root",
    )
    staging_dir: Path = _place(
        Kind.PATH, "Staging directory: inputs of the run, and failed items.", MISSING, shown="`$APEX_HOME/staging`"
    )
    namespace: str = _place(
        Kind.NAME,
        "Name of one memory in shared stores: PostgreSQL schema, Redis prefix, Graphiti group id.",
        DEFAULT_NAMESPACE,
    )
    metrics_textfile: Path | None = _place(
        Kind.PATH, "A `*.prom` file that every ingest rewrites, for a node exporter."
    )

    graph_url: StoreUrl = _store(Kind.STORE_URL, "Neo4j server.", EMBEDDED)
    graph_user: str = _store(Kind.TEXT, "User of the Neo4j server.", "neo4j")
    graph_password: Secret | None = _store(Kind.SECRET, "Password of the Neo4j server.")
    graph_database: str = _store(Kind.TEXT, "Database of the Neo4j server.", "neo4j")
    graph_vectors: str = _store(
        Kind.CHOICE,
        "Whether a Neo4j server gets vectors of names and facts, for other programs. The embedded graph has none.",
        "on",
        *("on", "off"),
    )
    postgres_url: StoreUrl = _store(Kind.STORE_URL, "PostgreSQL server.", EMBEDDED)
    postgres_password: Secret | None = _store(Kind.SECRET, "Password of the PostgreSQL server, where its URL has none.")
    qdrant_url: StoreUrl = _store(Kind.STORE_URL, "Qdrant server.", EMBEDDED)
    qdrant_api_key: Secret | None = _store(Kind.SECRET, "API key of the Qdrant server.")
    qdrant_grpc_port: int | None = _store(Kind.PORT, "Use gRPC on this port of the Qdrant server.", shown="none: REST")
    redis_url: StoreUrl = _store(Kind.STORE_URL, "Redis or Valkey server.", EMBEDDED)
    redis_password: Secret | None = _store(Kind.SECRET, "Password of the Redis server, where its URL has none.")
    tls_ca_file: Path | None = _store(
        Kind.FILE, "PEM file of the authorities that sign the servers' certificates.", shown="the system's authorities"
    )
    tls_cert_file: Path | None = _store(Kind.FILE, "PEM file of the client's certificate.")
    tls_key_file: Path | None = _store(Kind.FILE, "PEM file of the key of the client's certificate.")
    machine: str | None = _store(
        Kind.TEXT,
        "Name of this machine: keeps its files apart from others', for `--sync` with PostgreSQL on a server.",
        shown="the host name",
    )
    store_timeout: float = _store(Kind.DURATION, "Longest time of one step of a store.", 120.0)

    concurrency: int = _run(Kind.COUNT, "Extractions at a time.", 10)
    batch_size: int = _run(Kind.COUNT, "Records per batch at most. A run begins with small ones.", 1000)
    lock_timeout: float = _run(Kind.DURATION, "How long to wait for the lock of the home.", 0.0)
    retention: float = _run(Kind.DURATION, "Age from which `apex staging clean` removes failed items.", 24 * 3600.0)
    staging_max_bytes: int = _run(
        Kind.SIZE, "Largest size of the staging directory; a fuller one takes no new input.", 10 * 1024**3
    )
    max_record_bytes: int = _run(Kind.SIZE, "Largest JSON record; a larger one fails alone.", 32 * 1024**2)
    max_document_bytes: int = _run(Kind.SIZE, "Largest document; a larger one fails alone.", 64 * 1024**2)
    max_depth: int = _run(Kind.COUNT, "Deepest nesting of JSON; a deeper record fails alone.", 200)
    parse_timeout: float = _run(Kind.DURATION, "Longest time that parsing a document may take without progress.", 60.0)
    max_unpacked_bytes: int = _run(Kind.SIZE, "Most bytes that the files inside one input may have.", 8 * 1024**3)
    parse_memory: int = _run(Kind.SIZE, "Most memory of the process that parses documents.", 2 * 1024**3)

    openai_api_key: Secret | None = _model(Kind.SECRET, "Key of OpenAI, Azure or a server of your own; never shown.")
    openai_base_url: str = _model(
        Kind.HTTP_URL, "Any server with OpenAI's API: OpenAI, Azure, Ollama, vLLM, llama.cpp.", OPENAI_URL
    )
    llm_model: str = _model(Kind.TEXT, "Language model that extracts from free text.", "gpt-6-luna")
    llm_small_model: str | None = _model(Kind.TEXT, "Cheaper model for simple requests.", shown="`APEX_LLM_MODEL`")
    llm_api: str = _model(
        Kind.CHOICE,
        "API of the server: `responses` (OpenAI, Azure) or `chat` (others).",
        "auto",
        *("auto", "responses", "chat"),
    )
    llm_timeout: float = _model(Kind.DURATION, "Longest time of one request with its retries.", 180.0)
    llm_rpm: int | None = _model(Kind.COUNT, "Requests a minute, for each model.", shown="learned from the server")
    llm_tpm: int | None = _model(Kind.COUNT, "Tokens a minute, for each model.", shown="learned from the server")
    llm_price_input: float | None = _model(
        Kind.AMOUNT,
        "US dollars per million tokens of input.",
        shown="OpenAI's list of November 2026; none for other models",
    )
    llm_price_output: float | None = _model(Kind.AMOUNT, "US dollars per million tokens of output.", shown="as above")
    llm_cache_max_bytes: int = _model(
        Kind.SIZE,
        "Largest size of the cache of answers and vectors in `$APEX_HOME/cache/llm`; the oldest are removed first.",
        1024**3,
    )
    max_cost: float | None = _model(Kind.AMOUNT, "US dollars that one run may spend.")
    max_tokens: int | None = _model(Kind.COUNT, "Tokens that one run may use.")
    embedder: str = _model(
        Kind.CHOICE,
        "`openai` embeds by the server; its vectors have a collection of their own.",
        "local",
        *("local", "openai"),
    )
    text_embedder: str | None = _model(
        Kind.CHOICE,
        "Model for messages and documents. `e5` (extra `e5`) finds them by meaning; `apex reembed` moves them to it.",
        None,
        *("local", "e5", "openai"),
        shown="as the memory has it; in a new one `APEX_EMBEDDER`",
    )
    embedding_model: str = _model(Kind.TEXT, "Embedding model of the server.", "text-embedding-3-small")
    embedding_dimensions: int | None = _model(
        Kind.COUNT, "Length of the vectors; required for models that are not OpenAI's.", shown="the model's own"
    )
    embedding_price: float | None = _model(
        Kind.AMOUNT,
        "US dollars per million tokens of embedding.",
        shown="OpenAI's list of November 2026; none for other models",
    )
    mcp_token: Secret | None = _run(
        Kind.SECRET, "Token that `apex mcp --http` asks for.", shown="made at the start, and shown once"
    )
    fault: str | None = _run(Kind.TEXT, "Fault point that fails on purpose, for tests: `<point>:<action>[:<nth>]`.")

    foreign: tuple[str, ...] = ()
    unknown: tuple[UnknownVariable, ...] = ()
    sources: tuple[SourceTable, ...] = field(default=(), hash=False)

    @property
    def embeds_by_server(self) -> bool:
        """Whether a server embeds anything."""
        return "openai" in (self.embedder, self.text_embedder)

    @property
    def has_model(self) -> bool:
        """Whether a language model is configured: by a key, or by a server of one's own."""
        return self.openai_api_key is not None or self.openai_base_url != OPENAI_URL


SPECS: Mapping[str, Spec] = {each.name: each.metadata["spec"] for each in fields(Settings) if each.metadata}
"""The declaration of each setting, by field name."""
_SECRET_FILES = {f"{name}_file": name for name, spec in SPECS.items() if spec.kind is Kind.SECRET}
"""A secret may be in a file that this setting names, as Docker and systemd pass secrets on."""


_HEADERS = tuple(name for name in SPECS if name.endswith(("_api_key", "_token")))


def variable(name: str) -> str:
    """The environment variable of a setting. Those of OpenAI keep the names that all programs share."""
    return name.upper() if name.startswith("openai_") else _PREFIX + name.upper()


_VARIABLES = {variable(name): name for name in (*SPECS, *_SECRET_FILES)}


class SettingOrigin(NamedTuple):
    """Where a setting comes from: `flag`, `environment`, `.env` or `apex.toml`, and the name that gave it there."""

    origin: str
    name: str


class SettingsInForce(NamedTuple):
    """The settings, and by field name the origin of each that is not a default."""

    settings: Settings
    origins: Mapping[str, SettingOrigin]


class _Given(NamedTuple):
    """The value of a setting as it was given, and where."""

    name: str
    raw: Any
    origin: str

    @property
    def label(self) -> str:
        if self.origin == "flag":
            return "--" + self.name.replace("_", "-")
        return self.name if self.origin == "apex.toml" else variable(self.name)


def load(
    flags: Mapping[str, Any] | None = None, *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Settings from flags (by field name; None means "not given"), environment, `.env`, `apex.toml` and defaults.

    Raises `ConfigError`, which names the setting and its origin.
    """
    return load_with_origins(flags, cwd=cwd, environ=environ).settings


def load_with_origins(
    flags: Mapping[str, Any] | None = None, *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> SettingsInForce:
    """As `load`, and where each setting comes from."""
    cwd = cwd or config_files.working_directory()
    environ = os.environ if environ is None else environ
    dotenv = config_files.dotenv(cwd / ".env")
    toml, sources = _toml(cwd / "apex.toml")
    layers: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("apex.toml", toml),
        (".env", _from_variables(dotenv)),
        ("environment", _from_variables(environ)),
        ("flag", {key: value for key, value in (flags or {}).items() if value is not None}),
    )
    values: dict[str, Any] = {}
    origins: dict[str, SettingOrigin] = {}
    for origin, layer in layers:
        for name, raw in layer.items():
            given = _Given(name, raw, origin)
            if secret := _SECRET_FILES.get(name):
                if secret in layer:
                    raise ConfigError(f"{secret} and {name} are both given ({origin})", hint="give one of them")
                values[secret] = _secret_from_file(given, cwd)
            else:
                values[name] = _read(given)
            origins[_SECRET_FILES.get(name, name)] = SettingOrigin(origin, given.label)
    for name in _HEADERS:
        if (key := values.get(name)) is not None and not (key.reveal().isascii() and key.reveal().isprintable()):
            raise ConfigError(f"{variable(name)} holds a character that no HTTP header may: a key is printable ASCII")
    values.setdefault("home", default_home().absolute())
    values.setdefault("staging_dir", values["home"] / "staging")
    unknown = (*_unknown(environ, "environment"), *_unknown(dotenv, ".env"))
    foreign = tuple(name for name, ours in FOREIGN.items() if environ.get(name) and not environ.get(ours))
    described = (
        *sources,
        *config_files.sources_of(cwd / _SOURCE_FOLDER),
        *config_files.sources_of(values["home"] / _SOURCE_FOLDER),
    )
    settings = Settings(foreign=foreign, unknown=unknown, sources=described, **values)
    if settings.tls_key_file is not None and settings.tls_cert_file is None:
        raise ConfigError("APEX_TLS_KEY_FILE is given without APEX_TLS_CERT_FILE", hint="give the certificate too")
    return SettingsInForce(settings, origins)


def default_home() -> Path:
    """`/var/lib/apex` for root (a directory that other users may traverse), else the user's data directory."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/apex")
    import platformdirs

    return Path(platformdirs.user_data_dir("apex", appauthor=False))


def _from_variables(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for key, name in _VARIABLES.items() if (value := variables.get(key)) and value.strip()}


def _unknown(variables: Mapping[str, str], origin: str) -> list[UnknownVariable]:
    return [
        UnknownVariable(name, origin, _nearest(name, _VARIABLES))
        for name in sorted(variables)
        if name.startswith(_PREFIX) and name not in _VARIABLES and not name.startswith(_TEST_PREFIX)
    ]


def _nearest(name: str, known: Mapping[str, Any]) -> str | None:
    from difflib import get_close_matches

    # Without the prefix, which all of them share: with it, any two names look similar.
    bare = {each.removeprefix(_PREFIX): each for each in known}
    return next((bare[each] for each in get_close_matches(name.removeprefix(_PREFIX), bare, n=1)), None)


def _toml(path: Path) -> tuple[Mapping[str, Any], list[SourceTable]]:
    """The settings of the file, and the sources that it describes."""
    values = config_files.read_toml(path, path.name) if path.is_file() else {}
    described = values.pop("source", {})
    if not isinstance(described, dict):
        raise ConfigError(f"{path.name}: source must be a table for each source", hint="for example [source.mcleod]")
    known = {name: variable_ for variable_, name in _VARIABLES.items()}
    if unknown := sorted(set(values) - known.keys()):
        nearest = {name: _nearest(name, known) for name in unknown}
        named = ", ".join(f"{name} (did you mean {meant}?)" if meant else name for name, meant in nearest.items())
        raise ConfigError(
            f"{path.name} has settings that do not exist: {named}",
            hint="known: " + ", ".join((*sorted(known), "[source.NAME]")),
        )
    return values, [SourceTable(name, path.name, table) for name, table in described.items()]


def _secret_from_file(given: _Given, cwd: Path) -> Secret:
    """The content of the file without the line end that editors add. `cwd`: where a relative path starts."""
    path = cwd / Path(str(given.raw)).expanduser()
    try:
        with path.open(encoding="utf-8") as file:
            content = file.read(_SECRET_BYTES).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(f"{given.label} names {path}, which cannot be read: {why} ({given.origin})") from error
    if not content:
        raise ConfigError(f"{given.label} names {path}, which is empty ({given.origin})")
    return Secret(content)


def _read(given: _Given) -> Any:
    spec = SPECS[given.name]
    hint = None
    try:
        check_text(spec.kind, given.raw)
        if spec.kind is Kind.STORE_URL:
            hint = f"for example {variable(given.name)}={SCHEMES[given.name].example}, or `{EMBEDDED}`"
            return parse_url(given.name, str(given.raw).strip())
        if spec.kind is Kind.HTTP_URL:
            hint = "for example http://localhost:11434/v1; the key goes into OPENAI_API_KEY"
        return read_choice(spec.choices, given.raw) if spec.choices else READERS[spec.kind](given.raw)
    except ValueError as error:
        raise ConfigError(f"{given.label} {error} ({given.origin})", hint=hint) from error
