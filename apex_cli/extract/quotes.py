"""What the sender of a message newly says: without quoted mail and without legal small print."""

from __future__ import annotations

import re

_QUOTED_LINE = re.compile(r"^[ \t]{0,8}>.*\n?", re.MULTILINE)
# From the first of these on, everything is somebody's earlier mail. An attribution may be wrapped once.
_QUOTE_STARTS = (
    re.compile(r"^[ \t]{0,8}On [^\n]{4,200}(?:\n[^\n]{0,200})?\bwrote:[ \t]{0,8}$", re.MULTILINE),
    re.compile(r"^[ \t]{0,8}-{2,12} ?(?:Original Message|Original Appointment) ?-{2,12}", re.MULTILINE | re.IGNORECASE),
    re.compile(r"^[ \t*]{0,8}From:[^\n]{1,300}\n[ \t*]{0,8}Sent:[^\n]{1,300}\n", re.MULTILINE),
    re.compile(r"^_{20,200}[ \t]{0,8}\n[ \t*]{0,8}From:", re.MULTILINE),
)
_SMALL_PRINT = re.compile(
    r"^[ \t*_]{0,8}(?:"
    r"(?:CONFIDENTIALITY|LEGAL|PRIVACY|PRIVILEGED|IMPORTANT|DISCLAIMER|CONFIDENTIAL)\b[^\n]{0,40}(?:NOTICE|DISCLAIMER|:)"
    r"|(?:This|The information (?:contained )?in this) (?:e-?mail|message|communication|transmission)\b"
    r"[^\n]{0,200}\b(?:confidential|privileged|intended (?:only|solely)|proprietary)"
    r"|If you (?:are not|have received) (?:the intended recipient|this (?:e-?mail|message) in error)"
    r")",
    re.MULTILINE | re.IGNORECASE,
)


def without_quotes(text: str) -> str:
    """The text before quoted mail and small print; small print goes to its end, for a signature's is the last of it."""
    if "wrote:" in text or "Original" in text or "ORIGINAL" in text or "From:" in text:
        starts = [found.start() for start in _QUOTE_STARTS if (found := start.search(text))]
        text = text[: min(starts, default=len(text))]
    if ">" in text:
        text = _QUOTED_LINE.sub("", text)
    small_print = _SMALL_PRINT.search(text)
    return text[: small_print.start()].strip() if small_print else text.strip()
