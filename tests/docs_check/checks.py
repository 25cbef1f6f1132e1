"""One function for each rule. Each yields the problems of all documents."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from tests.docs_check.documents import Document, Line, Problem
from tests.docs_check.project import Project, Verb

Documents = Sequence[Document]

MOST_TERMS = 40
MOST_BANNED_LINES = 20
MOST_WORDS = 40
_VARIABLE = re.compile(r"\bAPEX_[A-Z0-9_]+\b(?!\*|…)")
_MODULE = re.compile(r"(?<![\w/.])(?:apex_cli|bench|quality|scripts|tests)(?:\.[A-Za-z_]\w*)+")
_PATH = re.compile(r"[\w.{},*-]+(?:/[\w.{},*-]+)*/?")
_MIGRATION = re.compile(r"\d{4}_\w+\.sql")
_SCHEMA = re.compile(r"\bschema(?: number| version)? (\d+)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z][a-z-]*")
_END_OF_COMMAND = re.compile(r"\s(?:[|;&<>#]|\d>).*")


def paths(project: Project, documents: Documents) -> Iterator[Problem]:
    """Every path in a code span exists: from the root, from `apex_cli`, or as the name of a migration."""
    roots = {PurePosixPath(name).parts[0] for name in project.files if "/" in name}
    for document in documents:
        for line, code in _code(document):
            for name in [code] if _PATH.fullmatch(code) else [word for word in code.split() if "/" in word]:
                if not _PATH.fullmatch(name) or name.startswith("..."):
                    continue
                first = PurePosixPath(name).parts[0]
                if "/" in name and first in roots:
                    wanted = name
                elif "/" in name and first in project.packages and not line.fenced:
                    wanted = f"apex_cli/{name}"
                elif _MIGRATION.fullmatch(name):
                    wanted = f"apex_cli/sql/{name}"
                else:
                    continue
                for each in _braces(wanted.replace("NNNN", "*")):
                    if not (project.has_path(each) or project.has_path(f"{each}.py")):
                        yield document.problem(line, f"no such path: {name}")


def modules(project: Project, documents: Documents) -> Iterator[Problem]:
    """Every dotted name of our packages is a module, or is defined in one."""
    for document in documents:
        for line in document.lines:
            for dotted in _MODULE.findall(line.text):
                if not project.has_module(dotted) and not re.search(r"\.(py|md|toml|sql|jsonl?)$", dotted):
                    yield document.problem(line, f"no such module: {dotted}")


def variables(project: Project, documents: Documents) -> Iterator[Problem]:
    """Every `APEX_…` variable is read by something, and every setting is documented."""
    for document in documents:
        for line in document.lines:
            for name in _VARIABLE.findall(line.text):
                if not name.endswith("_") and name not in project.variables:
                    yield document.problem(line, f"no such variable: {name}")
    everything = {name for document in documents for name in re.findall(r"\b(?:APEX|OPENAI)_\w+", document.text)}
    for name in sorted(project.settings - everything):
        yield Problem("README.md", 1, f"no document names the setting {name}")


def verbs(project: Project, documents: Documents) -> Iterator[Problem]:
    """Every verb and flag in code exists, and every verb that is not hidden is documented.

    A sub-verb counts as documented where it stands in code on a line that names its group. Decisions (docs/adr) may
    name verbs that are planned.
    """
    known = project.cli.all_flags()
    seen: set[tuple[str, ...]] = set()
    for document in [each for each in documents if not each.path.startswith("docs/adr/")]:
        for line, code in _code(document):
            if code.startswith("--"):
                flag = re.split(r"[ =]", code)[0]
                if flag not in known:
                    yield document.problem(line, f"no verb has the flag {flag}")
            for words in _commands(code):
                yield from (document.problem(line, text) for text in _wrong(project.cli, words, seen))
        for line in document.lines:
            for group in [
                name for name, verb in project.cli.verbs.items() if verb.verbs and f"apex {name}" in line.text
            ]:
                seen |= {(group, word) for word in re.findall(r"`([a-z-]+)`", line.text)}
    for name, verb in project.cli.verbs.items():
        if not verb.hidden:
            for path in [(name,), *((name, child) for child in verb.verbs)]:
                if path not in seen:
                    yield Problem("README.md", 1, f"no document shows `apex {' '.join(path)}`")


def targets(project: Project, documents: Documents) -> Iterator[Problem]:
    """Every `make` target in code exists."""
    for document in documents:
        for line, code in _code(document):
            if match := re.match(r"\$?\s*make ([a-z][a-z -]*)", code):
                for name in match[1].split("  ")[0].split():
                    if name not in project.targets:
                        yield document.problem(line, f"no such target: make {name}")


def package_table(project: Project, documents: Documents) -> Iterator[Problem]:
    """The package table of ARCHITECTURE.md has each top-level package or module of apex_cli once, and nothing else."""
    for document in documents:
        if document.path == "ARCHITECTURE.md":
            rows = [
                (line, name) for line, cells in document.table("package") for name in re.findall(r"`(\w+)`", cells[0])
            ]
            named: set[str] = set()
            for line, name in rows:
                if name not in project.packages:
                    yield document.problem(line, f"apex_cli has no package or module {name}")
                if name in named:
                    yield document.problem(line, f"the package table has {name} twice")
                named.add(name)
            for name in sorted(project.packages - named):
                yield Problem(document.path, 1, f"the package table has no row for {name}")


def schema_number(project: Project, documents: Documents) -> Iterator[Problem]:
    """A schema number in a document is that of the newest migration."""
    for document in documents:
        for line in document.lines:
            for number in _SCHEMA.findall(line.text):
                if int(number) != project.schema and not document.path.startswith("docs/adr/"):
                    yield document.problem(line, f"schema {number}: the newest migration is {project.schema}")


def links(project: Project, documents: Documents) -> Iterator[Problem]:
    """Relative links lead to files, and their anchors to headings."""
    by_path = {document.path: document for document in documents}
    for document in documents:
        for line, target in document.links():
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (project.root / document.path).parent / name if name else project.root / document.path
            if not path.exists():
                yield document.problem(line, f"the link leads nowhere: {target}")
                continue
            relative = str(path.resolve().relative_to(project.root.resolve()))
            linked = by_path.get(relative)
            if anchor and linked is not None and anchor not in linked.anchors:
                yield document.problem(line, f"no such heading: {target}")


def exit_codes(project: Project, documents: Documents) -> Iterator[Problem]:
    """The table of exit codes in README.md is that of `apex_cli/exit_codes.py`. A row may join several codes."""
    if project.exit_codes is None:
        yield Problem("apex_cli", 1, "there is no module exit_codes")
        return
    for document in documents:
        if document.path != "README.md":
            continue
        listed: set[int] = set()
        for line, cells in document.table("exit code"):
            codes = [int(code) for code in re.findall(r"\d+", cells[0])]
            listed |= set(codes)
            for code in codes:
                meaning = project.exit_codes.get(code)
                if meaning is None:
                    yield document.problem(line, f"apex never ends with {code}")
                elif len(codes) == 1 and cells[1] != meaning:
                    yield document.problem(line, f"exit code {code} means: {meaning}")
        for code in sorted(set(project.exit_codes) - listed):
            yield Problem(document.path, 1, f"the table of exit codes lacks {code}: {project.exit_codes[code]}")


def glossary(_: Project, documents: Documents) -> Iterator[Problem]:
    """The glossary has at most 40 terms, each once."""
    for document in documents:
        if document.path == "docs/glossary.md":
            rows = document.table("term")
            terms = [cells[0] for _, cells in rows]
            if len(terms) > MOST_TERMS:
                yield Problem(document.path, 1, f"{len(terms)} terms; at most {MOST_TERMS}")
            for position, (line, cells) in enumerate(rows):
                if cells[0] in terms[:position]:
                    yield document.problem(line, f"defined twice: {cells[0]}")


def banned_words(project: Project, _: Documents) -> Iterator[Problem]:
    """At most 20 lines of code and documents have a word that once stood for too many things."""
    found = list(project.banned_words())
    if len(found) > MOST_BANNED_LINES:
        for name, number, text in found:
            yield Problem(name, number, f"banned word: {text[:100]}")
        yield Problem(
            "tests/docs_check/project.py", 1, f"{len(found)} lines with banned words; at most {MOST_BANNED_LINES}"
        )


def class_names(project: Project, _: Documents) -> Iterator[Problem]:
    """No public class name of apex_cli is defined twice."""
    for name, defined_in in sorted(project.duplicated_classes.items()):
        yield Problem(defined_in[0], 1, f"class {name} is also defined in {', '.join(defined_in[1:])}")


ALL: tuple[Callable[[Project, Documents], Iterator[Problem]], ...] = (
    paths, modules, variables, verbs, targets, package_table, schema_number, links, exit_codes, glossary,
    banned_words, class_names,
)  # fmt: skip


def long_sentences(documents: Documents) -> Iterator[Problem]:
    """Sentences of more than 40 words: warned of, not refused."""
    for document in documents:
        for line, sentence in document.sentences():
            if (count := len(sentence.split())) > MOST_WORDS:
                yield document.problem(line, f"a sentence of {count} words")


def _code(document: Document) -> Iterator[tuple[Line, str]]:
    for line in document.lines:
        for code in line.code:
            yield line, code.strip()


def _braces(name: str) -> list[str]:
    """`a/{b,c}.py` is `a/b.py` and `a/c.py`."""
    match = re.search(r"\{([^{}]*,[^{}]*)\}", name)
    if match is None:
        return [] if "{" in name else [name]
    return [each for one in match[1].split(",") for each in _braces(name[: match.start()] + one + name[match.end() :])]


def _commands(code: str) -> Iterator[list[str]]:
    """The words after `apex` of each apex command in a piece of code; variables before it and pipes are skipped."""
    for match in re.finditer(r"(?:^|[|;&(]|\$ |\d\))\s*(?:\w+=\S+ )*apex ([^|;&]*)", code):
        command = _END_OF_COMMAND.sub("", f"{match[1]} ")
        try:
            yield shlex.split(command)
        except ValueError:
            yield command.split()


def _wrong(cli: Verb, words: list[str], seen: set[tuple[str, ...]]) -> Iterator[str]:
    """What is wrong with one command line. Verbs that exist are added to `seen`."""
    verb, path = cli, []
    while words and words[0] in verb.verbs:
        path.append(words.pop(0))
        verb = verb.verbs[path[-1]]
        seen.add(tuple(path))
    if not path:
        if words and _WORD.fullmatch(words[0]) and words[0] != "help":
            yield f"no such verb: apex {words[0]}"
        return
    if len(path) == 1 and verb.verbs and words and _WORD.fullmatch(words[0]):
        yield f"no such verb: apex {path[0]} {words[0]}"
    for word in words:
        flag = word.split("=")[0].strip("[]")
        if flag.startswith("--") and len(flag) > 2 and flag not in verb.all_flags():
            yield f"apex {' '.join(path)} has no flag {flag}"
