"""Settings: where they come from, in which order, and what is refused."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from apex_cli.addresses import Secret
from apex_cli.config import Settings, default_home, load
from apex_cli.errors import ConfigError
from apex_cli.units import parse_duration, parse_size
from tests.docs_check import settings_page


def loaded(cwd: Path, environ: dict[str, str] | None = None, **flags: object) -> Settings:
    return load(flags, cwd=cwd, environ={"APEX_HOME": "/h", **(environ or {})})


def test_each_layer_overrides_the_next(tmp_path: Path) -> None:
    assert loaded(tmp_path).batch_size == 1000
    (tmp_path / "apex.toml").write_text("batch_size = 1\n")
    assert loaded(tmp_path).batch_size == 1
    (tmp_path / ".env").write_text("APEX_BATCH_SIZE=2\n")
    assert loaded(tmp_path).batch_size == 2
    assert loaded(tmp_path, {"APEX_BATCH_SIZE": "3"}).batch_size == 3
    assert loaded(tmp_path, {"APEX_BATCH_SIZE": "3"}, batch_size=4).batch_size == 4
    assert loaded(tmp_path, {"APEX_BATCH_SIZE": "3"}, batch_size=None).batch_size == 3


def test_no_other_directory_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APEX_BATCH_SIZE=2\n")
    (tmp_path / "apex.toml").write_text("batch_size = 1\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert loaded(below).batch_size == 1000


def test_the_working_directory_and_the_environment_are_the_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APEX_NAMESPACE", "mine")
    monkeypatch.delenv("APEX_BATCH_SIZE", raising=False)
    (tmp_path / ".env").write_text("APEX_BATCH_SIZE=7\nAPEX_NAMESPACE=theirs\n")
    found = load()
    assert (found.batch_size, found.namespace) == (7, "mine")
    assert "APEX_BATCH_SIZE" not in os.environ


def test_an_env_file_is_taken_literally(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APEX_HOME='${PATH}/x'\nOTHER=1\n")
    assert load(cwd=tmp_path, environ={}).home == Path("${PATH}/x").absolute()


def test_the_staging_area_is_in_the_home_unless_it_is_said(tmp_path: Path) -> None:
    assert loaded(tmp_path).staging_dir == Path("/h/staging")
    assert loaded(tmp_path, {"APEX_STAGING_DIR": "/s"}).staging_dir == Path("/s")
    assert loaded(tmp_path, home=tmp_path).staging_dir == tmp_path / "staging"


def test_the_default_home_is_made_absolute_and_home_signs_are_expanded(tmp_path: Path) -> None:
    found = load(cwd=tmp_path, environ={})
    assert found.home == default_home()
    assert loaded(tmp_path, {"APEX_HOME": "~/x"}).home == Path.home() / "x"


def test_the_metrics_file_is_nowhere_unless_it_is_said(tmp_path: Path) -> None:
    assert loaded(tmp_path).metrics_textfile is None
    assert loaded(tmp_path, {"APEX_METRICS_TEXTFILE": "~/m.prom"}).metrics_textfile == Path.home() / "m.prom"
    assert loaded(tmp_path, metrics_textfile=Path("m.prom")).metrics_textfile == Path.cwd() / "m.prom"


def test_durations_and_sizes_in_every_layer(tmp_path: Path) -> None:
    (tmp_path / "apex.toml").write_text('retention = "2d"\nstaging_max_bytes = "1G"\nstore_timeout = 5\n')
    found = loaded(tmp_path, {"APEX_LOCK_TIMEOUT": "5m", "APEX_MAX_RECORD_BYTES": "64k"}, parse_timeout=0.5)
    assert (found.retention, found.staging_max_bytes, found.store_timeout) == (172_800.0, 1024**3, 5.0)
    assert (found.lock_timeout, found.max_record_bytes, found.parse_timeout) == (300.0, 65_536, 0.5)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"APEX_CONCURRENCY": "many"}, "APEX_CONCURRENCY must be a whole number, not 'many' (environment)"),
        ({"APEX_CONCURRENCY": "0"}, "APEX_CONCURRENCY must be 1 or more, not 0 (environment)"),
        (
            {"APEX_LOCK_TIMEOUT": "soon"},
            "APEX_LOCK_TIMEOUT must be a duration such as 30s, 5m, 24h or 7d, not 'soon' (environment)",
        ),
        (
            {"APEX_STAGING_MAX_BYTES": "-1"},
            "APEX_STAGING_MAX_BYTES must be a size such as 64k, 32M or 10G, not '-1' (environment)",
        ),
        ({"APEX_NAMESPACE": "x; drop table"}, "APEX_NAMESPACE must be lower-case letters, digits and _"),
        ({"APEX_REDIS_URL": "memcached://:secret@h"}, "APEX_REDIS_URL must be `embedded` or start with"),
        ({"APEX_GRAPH_URL": "http://h:7474"}, "APEX_GRAPH_URL must be `embedded` or start with"),
        ({"APEX_QDRANT_URL": "https://secret@h"}, "APEX_QDRANT_URL takes no user or password"),
        ({"APEX_QDRANT_GRPC_PORT": "70000"}, "APEX_QDRANT_GRPC_PORT must be a port number, not 70000"),
        ({"APEX_TLS_CA_FILE": "/no/such/ca.pem"}, "APEX_TLS_CA_FILE names /no/such/ca.pem"),
        (
            {"APEX_REDIS_PASSWORD_FILE": "/no/such/file"},
            "APEX_REDIS_PASSWORD_FILE names /no/such/file, which cannot be read: No such file",
        ),
    ],
)
def test_a_bad_value_is_named_with_its_origin(tmp_path: Path, environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, environ)
    assert words in str(caught.value)
    assert str(caught.value).endswith("(environment)")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["batch_size = ", "bacth_size = 5\n", "batch_size = [1]\n", "\udcff"])
def test_a_bad_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "apex.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=r"apex\.toml"):
        loaded(tmp_path)


def test_each_origin_names_a_setting_as_it_is_written_there(tmp_path: Path) -> None:
    (tmp_path / "apex.toml").write_text("batch_size = true\n")
    with pytest.raises(ConfigError, match=r"^batch_size must be a whole number, not True \(apex.toml\)$"):
        loaded(tmp_path)
    (tmp_path / "apex.toml").unlink()
    with pytest.raises(ConfigError, match=r"^--batch-size must be 1 or more, not 0 \(flag\)$"):
        loaded(tmp_path, batch_size=0)
    (tmp_path / ".env").write_text("APEX_BATCH_SIZE=abc\n")
    with pytest.raises(ConfigError, match=r"^APEX_BATCH_SIZE must be a whole number, not 'abc' \(\.env\)$"):
        loaded(tmp_path)


def test_a_misspelt_setting_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APEX_RETENTON=1h\nOTHER=1\n")
    found = loaded(tmp_path, {"APEX_BACTH_SIZE": "5", "APEX_TEST_PROFILE": "x", "APEX_Q": "", "PATH": "/bin"})
    assert found.unknown == (
        ("APEX_BACTH_SIZE", "environment", "APEX_BATCH_SIZE"),
        ("APEX_Q", "environment", None),
        ("APEX_RETENTON", ".env", "APEX_RETENTION"),
    )
    assert [str(each) for each in found.unknown[:2]] == [
        "APEX_BACTH_SIZE (environment) is not a setting and is ignored; did you mean APEX_BATCH_SIZE?",
        "APEX_Q (environment) is not a setting and is ignored",
    ]
    (tmp_path / "apex.toml").write_text("bacth_size = 5\n")
    with pytest.raises(ConfigError, match=r"do not exist: bacth_size \(did you mean batch_size\?\)"):
        loaded(tmp_path)


def test_variables_of_other_programs_are_named_and_not_used(tmp_path: Path) -> None:
    theirs = {"DATABASE_URL": "postgresql://db", "NEO4J_URI": "bolt://g", "APEX_GRAPH_URL": "embedded"}
    found = loaded(tmp_path, theirs)
    assert found.foreign == ("DATABASE_URL",)
    assert found.postgres_url == "embedded"


def test_words_for_durations_and_sizes() -> None:
    assert [parse_duration(text) for text in ("90", "500ms", "1.5h", " 7D ")] == [90.0, 0.5, 5400.0, 604_800.0]
    assert [parse_size(text) for text in ("5", "64k", "32 MiB", "1.5g")] == [5, 65_536, 33_554_432, 1_610_612_736]
    for bad in ("", "-5s", "5w", "s", "1e3"):
        with pytest.raises(ValueError, match="not a duration"):
            parse_duration(bad)
    for bad in ("", "-1", "5 X", "k"):
        with pytest.raises(ValueError, match="not a size"):
            parse_size(bad)


def test_each_store_is_embedded_or_a_server_by_itself(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"APEX_POSTGRES_URL": "postgresql://apex:s3cret@db/apex", "APEX_GRAPH_URL": "embedded"})
    assert [url.embedded for url in (found.graph_url, found.postgres_url, found.qdrant_url, found.redis_url)] == [
        *(True, False),
        *(True, True),
    ]
    assert found.postgres_url.reveal() == "postgresql://apex:s3cret@db/apex"


def test_settings_can_be_shown_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret-key\n")
    found = loaded(
        tmp_path,
        {
            "APEX_POSTGRES_URL": "postgresql://apex:s3cret@db/apex?sslpassword=s3cret",
            "APEX_REDIS_URL": "rediss://:s3cret@cache:6380/2",
            "APEX_GRAPH_URL": "neo4j+s://neo4j:s3cret@graph",
            "APEX_GRAPH_PASSWORD": "s3cret",
            "APEX_QDRANT_API_KEY_FILE": "key",
        },
    )
    assert "s3cret" not in repr(found) + str(found) + json.dumps(asdict(found), default=str)
    assert found.qdrant_api_key == Secret("s3cret-key")


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" with space \r\n")
    (tmp_path / ".env").write_text("APEX_GRAPH_PASSWORD_FILE=password\n")
    assert loaded(tmp_path).graph_password == Secret(" with space ")
    assert loaded(tmp_path, {"APEX_GRAPH_PASSWORD": "nearer"}).graph_password == Secret("nearer")
    (tmp_path / "apex.toml").write_text('postgres_password_file = "password"\n')
    assert loaded(tmp_path).postgres_password == Secret(" with space ")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_secret_file_without_a_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="APEX_REDIS_PASSWORD_FILE names"):
        loaded(tmp_path, {"APEX_REDIS_PASSWORD_FILE": str(path)})


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret")
    with pytest.raises(ConfigError, match="both given") as caught:
        loaded(tmp_path, {"APEX_REDIS_PASSWORD": "s3cret", "APEX_REDIS_PASSWORD_FILE": "password"})
    assert "s3cret" not in repr(caught.value)


def test_a_key_without_its_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("x")
    with pytest.raises(ConfigError, match="without APEX_TLS_CERT_FILE"):
        loaded(tmp_path, {"APEX_TLS_KEY_FILE": str(tmp_path / "key.pem")})


def test_keys_keep_their_usual_names_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-of-the-file\nOPENAI_BASE_URL=http://localhost:1/v1\n")
    found = loaded(tmp_path)
    assert found.openai_api_key is not None
    assert found.openai_api_key.reveal() == "sk-of-the-file"
    assert found.openai_base_url == "http://localhost:1/v1"
    assert "sk-of-the-file" not in repr(found)
    over = loaded(tmp_path, {"OPENAI_API_KEY": "sk-of-the-environment"})
    assert over.openai_api_key is not None
    assert over.openai_api_key.reveal() == "sk-of-the-environment"


def test_a_key_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-of-a-file\n")
    found = loaded(tmp_path, {"OPENAI_API_KEY_FILE": str(tmp_path / "key")}).openai_api_key
    assert found is not None
    assert found.reveal() == "sk-of-a-file"
    with pytest.raises(ConfigError, match="both given"):
        loaded(tmp_path, {"OPENAI_API_KEY_FILE": str(tmp_path / "key"), "OPENAI_API_KEY": "sk-x"})
    with pytest.raises(ConfigError, match="cannot be read"):
        loaded(tmp_path, {"OPENAI_API_KEY_FILE": str(tmp_path / "none")})
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        loaded(tmp_path, {"OPENAI_API_KEY_FILE": str(tmp_path / "empty")})


def test_settings_of_models(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {"APEX_LLM_RPM": "60", "APEX_LLM_PRICE_INPUT": "0.25", "APEX_EMBEDDER": "openai", "APEX_LLM_TIMEOUT": "5m"},
        max_cost=1.5,
    )
    assert (found.llm_rpm, found.llm_price_input, found.llm_timeout, found.max_cost) == (60, 0.25, 300.0, 1.5)
    assert (found.embedder, found.llm_tpm, found.max_tokens) == ("openai", None, None)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("APEX_LLM_API", "grpc", "APEX_LLM_API must be one of auto, responses, chat"),
        ("APEX_EMBEDDER", "cloud", "APEX_EMBEDDER must be one of local, openai"),
        ("APEX_LLM_RPM", "0", "APEX_LLM_RPM must be 1 or more"),
        ("APEX_MAX_COST", "-1", "APEX_MAX_COST must be a number of dollars"),
        ("APEX_MAX_COST", "nan", "APEX_MAX_COST must be a number of dollars"),
        ("APEX_MAX_COST", "much", "APEX_MAX_COST must be a number of dollars, not 'much'"),
        ("OPENAI_BASE_URL", "localhost:11434", "OPENAI_BASE_URL must start with http"),
        ("OPENAI_BASE_URL", "https://me:secret@host/v1", "OPENAI_BASE_URL must start with http"),
    ],
)
def test_settings_of_models_without_sense_are_refused(tmp_path: Path, name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        loaded(tmp_path, {name: value})
    assert "secret" not in caught.value.message


def test_the_page_of_settings_is_generated_from_their_declarations() -> None:
    assert settings_page.PAGE.read_text(encoding="utf-8") == settings_page.page(), (
        "run python -m tests.docs_check.settings_page"
    )
