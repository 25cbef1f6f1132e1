"""Counting tokens, nearly.

Not by tiktoken: its vocabularies are downloaded at first use, and a count that depends on the machine makes tests that
do. A token here is a run of up to eight letters, of up to three digits, or one other sign: within about a fifth of
o200k for English and JSON.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(r"[^\W\d_]{1,8}|\d{1,3}|[^\w\s]|_")


@lru_cache(maxsize=4096)
def count(text: str) -> int:
    """How many tokens `text` has; 0 for an empty one."""
    return len(_TOKEN.findall(text))


def cut(text: str, limit: int) -> str:
    """The beginning of `text`: at most `limit` tokens."""
    for number, found in enumerate(_TOKEN.finditer(text)):
        if number == limit:
            return text[: found.start()]
    return text
