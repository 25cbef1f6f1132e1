"""Text of images, by RapidOCR (Apache-2.0). Its models come inside of its wheel: nothing is downloaded.

Importing this package imports none of its libraries; `reader` does.
"""

from __future__ import annotations

from apex_cli.extras import install_hint, missing_modules

EXTRA = "ocr"


def is_installed() -> bool:
    """Whether the extra with its libraries is installed."""
    return not missing_modules(EXTRA)


def hint() -> str:
    """How to have images read."""
    return f"to read such images: {install_hint(EXTRA)}"
