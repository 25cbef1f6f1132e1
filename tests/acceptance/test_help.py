"""The installed command: every verb explains itself, and a wrong command line never shows a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from apex_cli.cli.main import build
from apex_cli.exit_codes import ExitCode

pytestmark = pytest.mark.any_engine

APEX = Path(sys.executable).parent / "apex"
EXIT_CODES = {str(int(code)) for code in ExitCode}


def verbs() -> Iterator[tuple[str, ...]]:
    """Every command that there is, groups included, as words after `apex`."""
    waiting: list[tuple[tuple[str, ...], object]] = [((), typer.main.get_command(build()))]
    while waiting:
        words, command = waiting.pop()
        if words:
            yield words
        if isinstance(command, TyperGroup):
            waiting += [((*words, name), each) for name, each in command.commands.items()]


VERBS = sorted(verbs())
GROUPS = {("staging",), ("dlq",), ("debug",)}


def apex(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "APEX_HOME": str(cwd / "home"), "COLUMNS": "100", **variables}
    return subprocess.run(
        [APEX, *arguments], cwd=cwd, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_verbs_of_this_version_are_there() -> None:
    named = {words[0] for words in VERBS}
    assert named == {
        *("ingest", "staging", "get", "history", "search", "facts", "forget"),
        *("status", "ls", "entities", "sources", "config"),
        *("verify", "recover", "reembed", "runs", "dlq", "mcp", "metrics", "doctor", "debug", "show", "report"),
        *("export", "watch"),
    }
    assert {words[1] for words in VERBS if words[0] == "staging" and len(words) > 1} == {
        *("list", "stats", "clean", "retry")
    }
    assert {words[1] for words in VERBS if words[0] == "dlq" and len(words) > 1} == {"list", "show", "retry", "drop"}
    assert ("runs", "show") in VERBS


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_help_says_the_purpose_examples_and_exit_codes(words: tuple[str, ...], tmp_path: Path) -> None:
    done = apex(*words, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("Usage: apex " + " ".join(words))
    if words in GROUPS:
        assert "Commands:" in done.stdout
        return
    purpose = done.stdout.split("\n\n")[1].strip()
    assert purpose.endswith(".")
    assert f"    apex {' '.join(words)}" in done.stdout.partition("Examples:")[2]
    codes = [line.split()[0] for line in done.stdout.partition("Exit codes:")[2].splitlines() if line.strip()]
    assert {"0", "1", "2", "129", "130", "143"} <= set(codes) <= EXIT_CODES
    assert list(tmp_path.iterdir()) == []


def test_the_overview_names_every_verb(tmp_path: Path) -> None:
    overview = apex("--help", cwd=tmp_path)
    assert overview.returncode == 0
    listed = {line.split()[0] for line in overview.stdout.partition("Commands:")[2].splitlines() if line.strip()}
    assert {words[0] for words in VERBS} - {"debug"} <= listed


@pytest.mark.parametrize(
    "arguments",
    [("nope",), ("--nope",), *((*words, "--no-such-option") for words in VERBS)],
    ids=" ".join,
)
def test_a_wrong_command_line_is_exit_2_without_a_traceback(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = apex(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shells_complete_verbs_and_options(shell: str, tmp_path: Path) -> None:
    # Usually Typer looks for the shell among the parent processes; with this variable the option takes its name.
    named = {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script = apex("--show-completion", shell, cwd=tmp_path, **named)
    assert (script.returncode, script.stderr) == (0, "")
    assert f"_APEX_COMPLETE=complete_{shell}" in script.stdout
    # As the script of each shell asks: what could follow on this command line?
    for line, wanted in (("apex sta", "staging"), ("apex staging cl", "clean"), ("apex verify --rep", "--repair")):
        asked = {
            "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)},
            "zsh": {"_TYPER_COMPLETE_ARGS": line},
            "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        }[shell]
        done = apex(cwd=tmp_path, _APEX_COMPLETE=f"complete_{shell}", **asked)
        assert (done.returncode, done.stderr) == (0, "")
        assert wanted in done.stdout
    installed = apex("--install-completion", shell, cwd=tmp_path, **named)
    assert (installed.returncode, installed.stderr) == (0, "")
    assert any(script.stdout.strip() in path.read_text() for path in tmp_path.rglob("*apex*") if path.is_file())


def test_an_unknown_shell_is_a_usage_error(tmp_path: Path) -> None:
    named = {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    assert apex("--show-completion", "cmd", cwd=tmp_path, **named).returncode == 2


def test_the_overview_loads_nothing_heavy(tmp_path: Path) -> None:
    engines = (
        "psycopg",
        "redis",
        "qdrant_edge",
        "ladybug",
        "graphiti_core",
        "tokenizers",
        "numpy",
        "pyarrow",
        "prometheus_client",
    )
    program = (
        "import sys\n"
        "from apex_cli.cli.main import main\n"
        "code = main(['--help'])\n"
        f"heavy = {engines!r} + ('asyncio', 'pydantic', 'rich')\n"
        "sys.exit(code or ','.join(name for name in heavy if name in sys.modules) or None)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
