"""HTML bodies as plain text: what a reader would see of them, without scripts, styles and quoted mail."""

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


def to_text(body: str) -> str:
    """The visible text of an HTML body, a line per block; a body that is no HTML comes back as it is."""
    if "<" not in body or not _LOOKS_LIKE_HTML.search(body):
        return body
    reader = _Reader()
    reader.feed(body)
    reader.close()
    return _BLANK_LINES.sub("\n", _SPACES.sub(" ", "".join(reader.parts))).strip()


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
