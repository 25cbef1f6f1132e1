"""`python -m tests.docs_check.figures`: counts of the code base, one a line."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from tests.docs_check.project import Project


def figures(project: Project) -> dict[str, int]:
    """Each count by its label."""
    lines = {name: len(project.text(name).splitlines()) for name in project.files if name.endswith(".py")}
    ours = {name: count for name, count in lines.items() if name.startswith("apex_cli/")}
    tools = sum(count for name, count in lines.items() if name.startswith(("bench/", "quality/", "scripts/")))
    return {
        "files of apex_cli": len(ours),
        "lines of apex_cli": sum(ours.values()),
        "median lines of a file of apex_cli": int(median(ours.values())),
        "lines of apex_cli, bench, quality and scripts": sum(ours.values()) + tools,
        "lines of tests": sum(count for name, count in lines.items() if name.startswith("tests/")),
        "public class names defined twice": len(project.duplicated_classes),
        "lines with banned words": sum(1 for _ in project.banned_words()),
        'files of apex_cli that name "frontapp"': sum('"frontapp"' in project.text(name) for name in ours),
        "lines of ARCHITECTURE.md": len(project.text("ARCHITECTURE.md").splitlines()),
    }


if __name__ == "__main__":
    for label, count in figures(Project(Path.cwd())).items():
        print(f"{count:>7,}  {label}")
