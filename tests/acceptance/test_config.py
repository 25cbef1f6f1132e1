"""`apex config`: every setting with its value and its origin, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from apex_cli.config import SPECS, variable
from tests.acceptance.apex import Line, run
from tests.acceptance.terminal import at_terminal

pytestmark = pytest.mark.any_engine

SECRETS = ("hunter2", "tiger3", "sk-abcdefghijkl", "sesame4")


@pytest.fixture
def given(home: Path) -> dict[str, str]:
    """Settings of every origin: the variables, and beside the home `.env`, `apex.toml` and the file of a secret."""
    (home.parent / "apex.toml").write_text("concurrency = 3\nbatch_size = 7\nmax_depth = 5\n")
    (home.parent / ".env").write_text("APEX_CONCURRENCY=4\nAPEX_BATCH_SIZE=8\nAPEX_TYPO_IN_ENV=1\n")
    (home.parent / "key").write_text("sesame4\n")
    return {
        "APEX_CONCURRENCY": "5",
        "APEX_BATCH_SIZ": "9",
        "APEX_POSTGRES_URL": "postgresql://ann:hunter2@db.example/freight",
        "APEX_REDIS_PASSWORD": "tiger3",
        "APEX_QDRANT_API_KEY_FILE": str(home.parent / "key"),
        "OPENAI_API_KEY": "sk-abcdefghijkl",
        "NEO4J_URI": "bolt://other.example",
    }


def settings(home: Path, *options: str, env: dict[str, str] | None = None) -> dict[str, Line]:
    return {line["variable"]: line for line in run(home, "config", "--json", *options, env=env).expect(0).of("setting")}


def test_every_setting_is_shown_with_the_origin_that_counts(home: Path, given: dict[str, str]) -> None:
    found = settings(home, "--lock-timeout", "90", env=given)
    assert list(found) == [variable(name) for name in SPECS]
    origins = {name: (line["value"], line["origin"], line["given_by"]) for name, line in found.items()}
    assert origins["APEX_CONCURRENCY"] == (5, "environment", "APEX_CONCURRENCY")
    assert origins["APEX_BATCH_SIZE"] == (8, ".env", "APEX_BATCH_SIZE")
    assert origins["APEX_MAX_DEPTH"] == (5, "apex.toml", "max_depth")
    assert origins["APEX_LOCK_TIMEOUT"] == (90.0, "flag", "--lock-timeout")
    assert origins["APEX_RETENTION"] == (86_400.0, "default", None)
    assert origins["APEX_HOME"] == (str(home), "environment", "APEX_HOME")
    assert origins["APEX_STAGING_DIR"] == (str(home / "staging"), "default", None)
    assert origins["APEX_QDRANT_API_KEY"] == ("***", "environment", "APEX_QDRANT_API_KEY_FILE")
    assert origins["APEX_POSTGRES_URL"] == (
        "postgresql://ann:***@db.example/freight",
        "environment",
        "APEX_POSTGRES_URL",
    )
    assert not home.exists()


def test_a_flag_counts_more_than_the_environment(home: Path) -> None:
    found = settings(home, "--home", "elsewhere")["APEX_HOME"]
    assert (found["value"], found["origin"]) == (str(home.parent / "elsewhere"), "flag")


def test_no_secret_is_shown_and_what_is_no_setting_is_named(home: Path, given: dict[str, str]) -> None:
    done = run(home, "config", "--json", env=given).expect(0)
    unknown = {line["name"]: (line["origin"], line["nearest"]) for line in done.of("unknown")}
    assert unknown["APEX_BATCH_SIZ"] == ("environment", "APEX_BATCH_SIZE")
    assert unknown["APEX_TYPO_IN_ENV"][0] == ".env"
    assert done.of("foreign") == [{"type": "foreign", "name": "NEO4J_URI", "used_by": "APEX_GRAPH_URL"}]
    shown = run(home, "config", env=given).expect(0)
    assert "APEX_BATCH_SIZ (environment) is not a setting and is ignored; did you mean APEX_BATCH_SIZE?" in shown.stdout
    for text in (done.stdout, done.stderr, shown.stdout, shown.stderr):
        assert not [secret for secret in SECRETS if secret in text]


def test_values_for_people_have_units_and_fit_the_terminal(home: Path) -> None:
    code, lines = at_terminal(home, "config", env={"APEX_STORE_TIMEOUT": "90", "APEX_MAX_RECORD_BYTES": "100000"})
    assert code == 0
    assert max(map(len, lines)) <= 80
    found = {line.split()[0]: line.split()[1] for line in lines[1:]}
    assert (found["APEX_RETENTION"], found["APEX_STORE_TIMEOUT"]) == ("24h", "90s")
    assert (found["APEX_STAGING_MAX_BYTES"], found["APEX_MAX_RECORD_BYTES"]) == ("10G", "100000")


def test_a_wrong_setting_is_named_with_its_origin(home: Path) -> None:
    done = run(home, "config", env={"APEX_BATCH_SIZE": "many"}).expect(10)
    assert "APEX_BATCH_SIZE must be a whole number, not 'many' (environment)" in done.stderr
