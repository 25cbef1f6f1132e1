"""How long texts are in tokens, nearly: for limits and budgets, before the provider has counted.

Not by tiktoken: it downloads its vocabularies at first use, and knows only OpenAI's models. English and JSON have
three to four characters a token, other scripts two to four bytes of UTF-8.
"""

from __future__ import annotations

OUTPUT_TOKENS = 400
"""What an answer is taken to need until it is there: entities or facts of a message, as JSON."""


def estimate(text: str) -> int:
    """About how many tokens `text` has: rather too many than too few for what is written by people."""
    return max(len(text) // 3, len(text.encode("utf-8", "replace")) // 4) + 1
