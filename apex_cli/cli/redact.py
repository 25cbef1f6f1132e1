"""Masks secrets in everything that is shown: messages, hints, tracebacks, store addresses."""

from __future__ import annotations

import re

from apex_cli.addresses import MASK

_URL = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)[^\s/?#'\"@]{0,256}:[^\s/'\"]{0,1024}@")
_NAMED = re.compile(
    r"(?P<name>[\w-]{0,64}(?:password|passwd|pwd|secret|token|api[_-]?key|authorization)['\"]?\s{0,4}[=:]\s{0,4})"
    r"(?:(?:bearer|basic)\s{1,4})?(?:'[^']{1,1024}'|\"[^\"]{1,1024}\"|[^\s,;&'\"]{1,1024})",
    re.IGNORECASE,
)
_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{8,256}")


def redact(text: str) -> str:
    """`text` without passwords of URLs (`scheme://user:***@host`), values named as secrets, and `sk-…` keys."""
    text = _URL.sub(lambda match: f"{match['scheme']}{MASK}@", text)
    text = _NAMED.sub(lambda match: match["name"] + MASK, text)
    return _KEY.sub(f"sk-{MASK}", text)
