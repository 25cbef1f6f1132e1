"""The server of the settings, and its variant of OpenAI's API, recognised by its URL."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from apex_cli.addresses import Secret
from apex_cli.config import Settings
from apex_cli.errors import ConfigError

OPENAI_HOST = "api.openai.com"
_AZURE = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server with OpenAI's HTTP API.

    `openai`: the models behind it are OpenAI's own (its API or Azure), with its prices and parameters. `api` is
    `responses` or `chat`. `api_version` is set for Azure's older API, which has a URL for each deployment.
    """

    url: str
    key: Secret | None
    openai: bool
    azure: bool
    api: str
    api_version: str | None = None

    @property
    def host(self) -> str:
        """Host and port: the server's name in cache keys and messages."""
        return urlsplit(self.url).netloc


def endpoint(settings: Settings) -> Endpoint:
    """The server of the settings. Raises `ConfigError` when it is OpenAI or Azure and there is no key."""
    parts = urlsplit(settings.openai_base_url)
    host = parts.hostname or ""
    azure = host.endswith(_AZURE)
    openai = azure or host == OPENAI_HOST
    # A key that was pasted with a line end is no valid header, and the error about it would show the key.
    key = Secret(settings.openai_api_key.reveal().strip()) if settings.openai_api_key is not None else None
    if openai and (key is None or not key.reveal()):
        raise ConfigError(
            f"no key for {host}: OPENAI_API_KEY is not set",
            hint="set it, or OPENAI_BASE_URL for a server of your own; rules and the local embedder need neither",
        )
    version = dict(parse_qsl(parts.query)).get("api-version") if azure else None
    path = parts.path.rstrip("/")
    if azure and not path:
        path = "/openai/v1" if version is None else "/openai"
    api = settings.llm_api
    if api == "auto":
        api = "responses" if openai and version is None else "chat"
    return Endpoint(
        urlunsplit((parts.scheme, parts.netloc, path, "", "")),
        key,
        openai,
        azure,
        api,
        version,
    )
