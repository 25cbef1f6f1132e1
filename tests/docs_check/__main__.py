"""`make docs-check`: prints `file:line: problem` for each problem, and ends with 1 if there is any."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.docs_check import checks
from tests.docs_check.documents import load_documents
from tests.docs_check.project import Project


def main() -> int:
    project = Project(Path.cwd())
    documents = load_documents(project.root)
    problems = [problem for check in checks.ALL for problem in check(project, documents)]
    for warning in checks.long_sentences(documents):
        print(f"{warning} (a warning)")
    for problem in problems:
        print(problem)
    print(f"{len(documents)} documents, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
