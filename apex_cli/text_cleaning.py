"""Text that every store and every server can hold.

JSON allows two things that UTF-8 or a store does not: lone surrogates (`"\\ud800"`) and NUL (`"\\u0000"`). Both become
U+FFFD, the replacement character of Unicode.
"""

from __future__ import annotations

REPLACEMENT = "\ufffd"


def replace_unencodable(text: str) -> str:
    """`text` with NUL and lone surrogates as U+FFFD. The usual text, which has neither, comes back as it is.

    A high surrogate followed by its low one is one character: `"\\ud83d" + "\\ude9a"` becomes a truck.
    """
    if "\0" in text:
        text = text.replace("\0", REPLACEMENT)
    if is_encodable(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def is_encodable(text: str) -> bool:
    """Whether UTF-8 can hold the text: it has no surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
