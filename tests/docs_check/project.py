"""What exists in the repository: settings, verbs and flags, make targets, files, packages, classes, exit codes."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

CODE = ("apex_cli", "bench", "quality", "scripts", "tests")
BANNED = re.compile(r"\b(told|tells?(?!\()|nobody|whom|anew|bears|mend(ed|s)?|spoken|strangers)\b", re.IGNORECASE)
_DATA = ("fixtures/", "tests/fixtures/", "quality/texts/", "docs/assets/", "LICENSE")
"""Data and texts of other authors: no words of ours."""


@dataclass(frozen=True)
class Verb:
    """A verb of the command line: its flags, and its sub-verbs if it is a group."""

    flags: frozenset[str]
    verbs: Mapping[str, Verb]
    hidden: bool = False

    def all_flags(self) -> set[str]:
        return set(self.flags).union(*(verb.all_flags() for verb in self.verbs.values()))


@dataclass(frozen=True)
class Project:
    """The repository at `root`."""

    root: Path

    @cached_property
    def files(self) -> list[str]:
        """Paths of all files that are or would be committed, relative to the root."""
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True)
        return [name for name in sorted(set(listed.stdout.splitlines())) if (self.root / name).is_file()]

    def text(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    @cached_property
    def settings(self) -> set[str]:
        """The variables of all settings, less the `_FILE` forms of secrets."""
        from apex_cli.config import Settings

        names = {field.name for field in fields(Settings)} - {"foreign", "unknown", "sources"}
        return {name.upper() if name.startswith("openai_") else f"APEX_{name.upper()}" for name in names}

    @cached_property
    def variables(self) -> set[str]:
        """The variables of all settings, the `_FILE` forms of secrets, and the `APEX_TEST_…` of tests and scripts."""
        named: set[str] = set()
        for name in self.files:
            if name.startswith(("tests/", "scripts/", "bench/", "deploy/")) or name in ("Makefile", ".ci/run"):
                named |= set(re.findall(r"APEX_TEST_[A-Z0-9_]*[A-Z0-9]", self._source(name)))
        secrets = {f"{name}_FILE" for name in self.settings if name.endswith(("_PASSWORD", "_API_KEY", "_TOKEN"))}
        return self.settings | secrets | named

    def _source(self, name: str) -> str:
        try:
            return self.text(name)
        except UnicodeDecodeError:
            return ""

    @cached_property
    def cli(self) -> Verb:
        """The command line, as Typer builds it."""
        from typer.main import get_command

        from apex_cli.cli.main import build

        def verb(command: object) -> Verb:
            params = getattr(command, "params", [])
            flags = {flag for param in params for flag in (*param.opts, *param.secondary_opts) if flag.startswith("-")}
            children = {name: verb(child) for name, child in getattr(command, "commands", {}).items()}
            return Verb(frozenset(flags | {"--help", "-h"}), children, bool(getattr(command, "hidden", False)))

        return verb(get_command(build()))

    @cached_property
    def targets(self) -> set[str]:
        return set(re.findall(r"^([a-z][a-z-]*):", self.text("Makefile"), flags=re.MULTILINE))

    @cached_property
    def packages(self) -> set[str]:
        """Top-level packages and modules of apex_cli."""
        names = {Path(name).relative_to("apex_cli").parts[0] for name in self.files if name.startswith("apex_cli/")}
        return {name.removesuffix(".py") for name in names if not name.startswith("__") and name != "py.typed"}

    @cached_property
    def schema(self) -> int:
        """The number of the newest migration."""
        return max(int(Path(name).name[:4]) for name in self.files if re.match(r"apex_cli/sql/\d{4}_", name))

    @cached_property
    def exit_codes(self) -> dict[int, str] | None:
        """Exit codes and their meanings; None where the package has no module of them."""
        if importlib.util.find_spec("apex_cli.exit_codes") is None:
            return None
        return {
            int(code): str(meaning) for code, meaning in importlib.import_module("apex_cli.exit_codes").MEANINGS.items()
        }

    def has_path(self, name: str) -> bool:
        """Whether a file, a folder or (with `*`) a pattern exists."""
        return any(True for _ in self.root.glob(name.rstrip("/"))) if "*" in name else (self.root / name).exists()

    def has_module(self, dotted: str) -> bool:
        """Whether a dotted name is a module, or a name defined at the top of one."""
        parts = dotted.split(".")
        for end in range(len(parts), 0, -1):
            base = self.root.joinpath(*parts[:end])
            module = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
            if base.is_dir() and end == len(parts):
                return True
            if module.is_file():
                return end == len(parts) or (end == len(parts) - 1 and parts[-1] in _defined(module))
        return False

    @cached_property
    def duplicated_classes(self) -> dict[str, list[str]]:
        """Public classes of apex_cli that several modules define, with the modules."""
        found: dict[str, list[str]] = defaultdict(list)
        for name in self.files:
            if name.startswith("apex_cli/") and name.endswith(".py"):
                for node in ast.walk(ast.parse(self.text(name))):
                    if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                        found[node.name].append(name)
        return {name: modules for name, modules in found.items() if len(modules) > 1}

    def banned_words(self) -> Iterator[tuple[str, int, str]]:
        """File, line number and text of each line of code or of a document that has a banned word."""
        for name in self.files:
            if not name.startswith(_DATA):
                for number, line in enumerate(self._source(name).splitlines(), 1):
                    if BANNED.search(line):
                        yield name, number, line.strip()


def _defined(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            assigned = {target.id for target in node.targets if isinstance(target, ast.Name)}
            # What a package offers under its own name may be imported only when it is used.
            names |= set(ast.literal_eval(node.value)) if assigned == {"__all__"} else assigned
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names
