"""The server that the settings name, and its variant of the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from apex_cli.config import load
from apex_cli.errors import ConfigError
from apex_cli.llm.connection import Endpoint, endpoint


def found(cwd: Path, url: str | None, key: str = "sk-secret-0123456789", **variables: str) -> Endpoint:
    environ = {"APEX_HOME": "/h", "OPENAI_API_KEY": key, **variables}
    return endpoint(load(cwd=cwd, environ=environ | ({"OPENAI_BASE_URL": url} if url else {})))


@pytest.mark.parametrize(
    ("url", "base", "api", "openai", "azure"),
    [
        (None, "https://api.openai.com/v1", "responses", True, False),
        ("http://localhost:11434/v1/", "http://localhost:11434/v1", "chat", False, False),
        ("https://me.openai.azure.com", "https://me.openai.azure.com/openai/v1", "responses", True, True),
        ("https://me.openai.azure.com/openai/v1/", "https://me.openai.azure.com/openai/v1", "responses", True, True),
        (
            "https://me.openai.azure.com/openai/deployments/mini?api-version=2024-10-21",
            "https://me.openai.azure.com/openai/deployments/mini",
            "chat",
            True,
            True,
        ),
        ("https://api.openai.com.evil.example/v1", "https://api.openai.com.evil.example/v1", "chat", False, False),
    ],
)
def test_the_url_says_how(tmp_path: Path, url: str | None, base: str, api: str, openai: bool, azure: bool) -> None:
    one = found(tmp_path, url)
    assert (one.url, one.api, one.openai, one.azure) == (base, api, openai, azure)
    assert "secret" not in repr(one)


def test_azures_older_api_is_known_by_its_version(tmp_path: Path) -> None:
    one = found(tmp_path, "https://me.openai.azure.com?api-version=2024-10-21")
    assert (one.api_version, one.url, one.api) == ("2024-10-21", "https://me.openai.azure.com/openai", "chat")
    assert found(tmp_path, "https://me.openai.azure.com").api_version is None


def test_a_setting_overrides_the_guess(tmp_path: Path) -> None:
    assert found(tmp_path, None, APEX_LLM_API="chat").api == "chat"
    assert found(tmp_path, "http://localhost/v1", APEX_LLM_API="responses").api == "responses"


def test_only_servers_of_ones_own_go_without_a_key(tmp_path: Path) -> None:
    assert found(tmp_path, "http://localhost:8000/v1", key="").key is None
    for url in (None, "https://me.openai.azure.com"):
        with pytest.raises(ConfigError, match="OPENAI_API_KEY is not set"):
            found(tmp_path, url, key="")
