"""`make docs-check` on small repositories of which one thing is wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.docs_check import checks
from tests.docs_check.documents import Document, Problem, load_documents
from tests.docs_check.project import Project

Check = Callable[[Project, list[Document]], Iterator[Problem]]

CODE = {
    "Makefile": "demo: install\n\ntest: install\n",
    "apex_cli/__init__.py": "",
    "apex_cli/model.py": "class Record: ...\nLIMIT = 1\n",
    "apex_cli/stores/__init__.py": "",
    "apex_cli/stores/cache.py": "class Cache: ...\n",
    "apex_cli/sql/0001_initial.sql": "",
    "apex_cli/sql/0002_more.sql": "",
    "docs/other.md": "# Other page\n\n## Exit codes\n\n## Exit codes\n",
}


def repository(root: Path, files: Mapping[str, str]) -> tuple[Project, list[Document]]:
    for name, text in {**CODE, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return Project(root), load_documents(root)


def problems(root: Path, check: Check, text: str, name: str = "README.md") -> list[str]:
    """The problems that a check finds in one document, without those of line 1: what no document names."""
    project, documents = repository(root, {name: f"# Title\n\n{text}\n"})
    return [str(problem) for problem in check(project, documents) if problem.path == name and problem.line > 1]


@pytest.mark.parametrize(
    ("check", "right", "wrong", "message"),
    [
        (checks.paths, "`apex_cli/model.py`", "`apex_cli/modle.py`", "no such path: apex_cli/modle.py"),
        (checks.paths, "`stores/cache`", "`stores/cash`", "no such path: stores/cash"),
        (checks.paths, "`apex_cli/{model,stores/cache}.py`", "`apex_cli/{model,no}.py`", "apex_cli/{model,no}.py"),
        (checks.paths, "`0002_more.sql`", "`0003_most.sql`", "no such path: 0003_most.sql"),
        (checks.paths, "`some/where.json`", "```\ncat docs/none.md\n```", "no such path: docs/none.md"),
        (checks.modules, "apex_cli.model.LIMIT", "apex_cli.model.Limit", "no such module: apex_cli.model.Limit"),
        (checks.variables, "APEX_HOME, APEX_*", "APEX_HOUSE", "no such variable: APEX_HOUSE"),
        (checks.variables, "APEX_REDIS_PASSWORD_FILE", "APEX_HOME_FILE", "no such variable: APEX_HOME_FILE"),
        (checks.verbs, "`apex runs show ID`", "`apex walks`", "no such verb: apex walks"),
        (checks.verbs, "`apex staging list`", "`apex staging lost`", "no such verb: apex staging lost"),
        (checks.verbs, "`apex get ID --json`", "`apex get ID --jason`", "apex get has no flag --jason"),
        (checks.verbs, "`--min-age 30s`", "`--max-age 30s`", "no verb has the flag --max-age"),
        (checks.verbs, "```\n$ FOO=1 apex ingest - | jq .\n```", "```\na | apex eat\n```", "no such verb: apex eat"),
        (checks.targets, "`make demo`", "```\nmake dmeo  # the demo\n```", "no such target: make dmeo"),
        (checks.schema_number, "schema 2", "schema 1", "schema 1: the newest migration is 2"),
        (checks.links, "[a](docs/other.md)", "[a](docs/none.md)", "the link leads nowhere: docs/none.md"),
        (checks.links, "[a](docs/other.md#exit-codes-1)", "[a](#exit-codes)", "no such heading: #exit-codes"),
    ],
)
def test_a_name_must_exist(tmp_path: Path, check: Check, right: str, wrong: str, message: str) -> None:
    assert problems(tmp_path / "right", check, right) == []
    [found] = problems(tmp_path / "wrong", check, wrong)
    assert found.startswith(("README.md:3: ", "README.md:4: "))
    assert found.endswith(message)


def test_every_setting_and_verb_is_documented(tmp_path: Path) -> None:
    project, documents = repository(tmp_path, {"README.md": "`apex staging list` also `stats`; APEX_HOME"})
    missing = [problem.text for problem in checks.verbs(project, documents)]
    assert "no document shows `apex verify`" in missing
    assert "no document shows `apex staging clean`" in missing
    assert not {"no document shows `apex staging list`", "no document shows `apex staging stats`"} & {*missing}
    missing = [problem.text for problem in checks.variables(project, documents)]
    assert "no document names the setting APEX_GRAPH_URL" in missing
    assert "no document names the setting APEX_HOME" not in missing


def test_the_package_table_is_the_tree(tmp_path: Path) -> None:
    table = "| package | job |\n|---|---|\n| `model`, `desk` | types |\n| `model` | again |\n"
    project, documents = repository(tmp_path, {"ARCHITECTURE.md": table})
    assert [str(problem) for problem in checks.package_table(project, documents)] == [
        "ARCHITECTURE.md:3: apex_cli has no package or module desk",
        "ARCHITECTURE.md:4: the package table has model twice",
        "ARCHITECTURE.md:1: the package table has no row for sql",
        "ARCHITECTURE.md:1: the package table has no row for stores",
    ]


def test_the_exit_codes_are_those_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Project, "exit_codes", {0: "fine", 1: "a bug", 129: "SIGHUP", 130: "SIGINT"})
    table = "| exit code | meaning |\n|---|---|\n| 0 | good |\n| 5 | what |\n| 129, 130 | signals |\n"
    project, documents = repository(tmp_path, {"README.md": table})
    assert [str(problem) for problem in checks.exit_codes(project, documents)] == [
        "README.md:3: exit code 0 means: fine",
        "README.md:4: apex never ends with 5",
        "README.md:1: the table of exit codes lacks 1: a bug",
    ]


def test_the_glossary_is_short_and_defines_once(tmp_path: Path) -> None:
    terms = "".join(f"| term {number} | a meaning |\n" for number in [*range(40), 7])
    table = f"| term | meaning |\n|---|---|\n{terms}"
    project, documents = repository(tmp_path, {"docs/glossary.md": table})
    assert [str(problem) for problem in checks.glossary(project, documents)] == [
        "docs/glossary.md:1: 41 terms; at most 40",
        "docs/glossary.md:43: defined twice: term 7",
    ]


def test_banned_words_are_counted(tmp_path: Path) -> None:
    word = "to" + "ld"
    files = {"apex_cli/model.py": f"# {word}\n" * 20}
    project, documents = repository(tmp_path, files)
    assert list(checks.banned_words(project, documents)) == []
    project, documents = repository(tmp_path, {**files, "README.md": word.title()})
    found = [str(problem) for problem in checks.banned_words(project, documents)]
    assert f"README.md:1: banned word: {word.title()}" in found
    assert len(found) == 22


def test_a_class_name_is_defined_once(tmp_path: Path) -> None:
    project, documents = repository(tmp_path, {"apex_cli/stores/cache.py": "class Record: ...\nclass _Own: ...\n"})
    [problem] = checks.class_names(project, documents)
    assert str(problem) == "apex_cli/model.py:1: class Record is also defined in apex_cli/stores/cache.py"


def test_long_sentences_are_warned_of() -> None:
    long = " ".join(["word"] * 41)
    document = Document("a.md", f"# {long}\n\nShort. Also\nshort.\n{long}.\n\n```\n{long}\n```\n- item\n- {long}\n")
    assert [str(problem) for problem in checks.long_sentences([document])] == [
        "a.md:5: a sentence of 41 words",
        "a.md:11: a sentence of 41 words",
    ]


def test_only_the_unreleased_part_of_the_changelog_is_checked(tmp_path: Path) -> None:
    text = "## [Unreleased]\n\n`make none`\n\n## [0.1.0]\n\n`make never`\n"
    project, documents = repository(tmp_path, {"CHANGELOG.md": text})
    assert [str(problem) for problem in checks.targets(project, documents)] == [
        "CHANGELOG.md:3: no such target: make none"
    ]
