"""The files of the site (`make docs`), named as in the repository: a hook of MkDocs.

MkDocs takes the pages of one folder. Ours link to each other across `docs/` and the root (`../README.md`), and these
links must work on GitHub, too. So each page keeps its path in the repository (`docs/servers.md`), the documents of the
root are pages like the others, and MkDocs itself checks every link.
"""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
AT_THE_ROOT = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE")
"""Documents outside `docs/` that are part of the site; README.md is its first page."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Each file by its path from the root. Its place in the site stays: `docs/servers.md` is `servers.html`."""
    site = Files([])
    for file in files:
        if file.src_dir == config.docs_dir:
            site.append(_from_root(f"docs/{file.src_uri}", config, file.dest_uri))
        else:
            site.append(file)
    for name in AT_THE_ROOT:
        site.append(_from_root(name, config))
    return site


def _from_root(path: str, config: MkDocsConfig, destination: str | None = None) -> File:
    return File(path, str(ROOT), config.site_dir, config.use_directory_urls, dest_uri=destination)
