"""The visible lines of an HTML mail, and which of them its mail program marks as quoted.

    <div>Yes.</div><div class="gmail_quote">On Monday, Ana wrote:<blockquote class="gmail_quote">Can you?</blockquote>

gives "Yes.", "On Monday, Ana wrote:" and, quoted, "Can you?". Text is never left out because it is quoted: whether a
quote is the history of a reply or what a forward forwards is decided by `message_text`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser

_HTML = re.compile(
    r"<(?:!doctype\b|/?(?:html|body|head|div|p|br|span|table|tr|td|a|ul|ol|li|b|i|u|strong|em|font|blockquote|style|script"
    r"|img|hr|pre|h[1-6])(?=[\s/>]))",
    re.IGNORECASE,
)
_DROPPED = frozenset(("script", "style", "head", "title", "template", "noscript"))
_VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"))
_BLOCKS = frozenset(
    (
        "p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "section",
        "article", "header", "footer", "blockquote", "center", "dl", "dt", "dd",
    )
)  # fmt: skip
_CELLS = frozenset(("td", "th"))
# Elements whose ends are followed. Not those of a word's style, which mail programs let overlap with others.
_NESTED = frozenset(("div", "blockquote", "section", "article", "table", "td", "center"))
_HIDDEN = re.compile(r"display\s{0,3}:\s{0,3}none", re.IGNORECASE)
# Boxes around an attribution and a quote. Answers between quotes stand in the box and outside of the quotes.
_BOXES = ("gmail_quote", "gmail_extra", "protonmail_quote", "zmail_extra", "tutanota_quote")
# Boxes and marks of which all is earlier mail.
_QUOTES = ("yahoo_quoted", "moz-cite-prefix", "front-blockquote", "mail-editor-reference-message-container",
           "ms-outlook-mobile-reference-message", "gmail_attr")  # fmt: skip
# Everything after these is earlier mail: they stand before it and not around it.
_REST_IS_QUOTED = ("divrplyfwdmsg", "outlookmessageheader")


@dataclass(slots=True)
class Line:
    """One line of a mail. `quoted`: the mail's own markup says that it is earlier mail."""

    text: str
    quoted: bool = False


def is_html(body: str) -> bool:
    """Whether a body has a tag of HTML; "Ana <a@example.com>" has none."""
    return "<" in body and _HTML.search(body) is not None


def lines(body: str) -> list[Line]:
    """The visible lines of an HTML body. Never fails; the time is linear in the length of the body."""
    reader = _Reader()
    reader.feed(body)
    reader.close()
    reader.end_line()
    return reader.lines


@dataclass(frozen=True, slots=True)
class _Open:
    """An open element: its tag, what it means for quotes, and the number of lines before it."""

    tag: str
    kind: str | None
    lines_before: int


class _Reader(HTMLParser):
    """Collects lines. Inside of a dropped element it only counts how deep it is."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self._parts: list[str] = []
        self._open: list[_Open] = []
        self._open_tags: Counter[str] = Counter()
        self._quotes = 0
        self._indents = 0
        self._rest_is_quoted = False
        self._dropped: str | None = None
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropped is not None and not (self._dropped == "head" and tag == "body"):
            self._depth += tag == self._dropped
            return
        self._dropped = None
        values = dict(attrs)
        if tag in _DROPPED or (tag not in _VOID and _is_hidden(values)):
            self._dropped, self._depth = tag, 1
            return
        if tag == "br":
            self.end_line(blank=True)
        elif tag in _BLOCKS:
            self.end_line()
        elif tag in _CELLS:
            self._parts.append(" ")
        if tag in _NESTED:
            self._enter(tag, _kind(tag, values))

    def handle_endtag(self, tag: str) -> None:
        if self._dropped is not None:
            if tag == self._dropped:
                self._depth -= 1
                if not self._depth:
                    self._dropped = None
            return
        if tag in _BLOCKS:
            self.end_line()
        if tag == "p":
            self.end_line(blank=True)
        # An end tag also ends what was left open inside of its element.
        while self._open_tags[tag]:
            ended = self._open.pop()
            self._open_tags[ended.tag] -= 1
            self._leave(ended)
            if ended.tag == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._dropped is None:
            self._parts.append(data)

    def end_line(self, *, blank: bool = False) -> None:
        """End the line that is being read. Without text it counts only where it is to be `blank`, and only once."""
        text = " ".join("".join(self._parts).split())
        self._parts.clear()
        if text:
            prefix = "> " * min(self._indents, 4) if not self._quotes else ""
            self.lines.append(Line(prefix + text, bool(self._quotes) or self._rest_is_quoted))
        elif blank and self.lines and self.lines[-1].text:
            self.lines.append(Line("", self.lines[-1].quoted))

    def _enter(self, tag: str, kind: str | None) -> None:
        if kind is not None:
            self.end_line()
        self._rest_is_quoted |= kind == "rest"
        self._quotes += kind == "quote"
        self._indents += kind == "indent"
        self._open.append(_Open(tag, kind, len(self.lines)))
        self._open_tags[tag] += 1

    def _leave(self, ended: _Open) -> None:
        if ended.kind is not None:
            self.end_line()
        self._quotes -= ended.kind == "quote"
        self._indents -= ended.kind == "indent"
        inside = range(ended.lines_before, len(self.lines)) if ended.kind == "box" else ()
        if not any(self.lines[position].quoted for position in inside):
            for position in inside:
                self.lines[position].quoted = True


def _kind(tag: str, values: dict[str, str | None]) -> str | None:
    names = f"{values.get('class') or ''} {values.get('id') or ''}".lower()[:1000]
    if tag == "blockquote":
        cited = (values.get("type") or "").lower() == "cite" or any(name in names for name in (*_BOXES, *_QUOTES))
        return "quote" if cited else "indent"
    if any(name in names for name in _REST_IS_QUOTED):
        return "rest"
    if any(name in names for name in _QUOTES):
        return "quote"
    return "box" if any(name in names for name in _BOXES) else None


def _is_hidden(values: dict[str, str | None]) -> bool:
    style = values.get("style")
    return style is not None and _HIDDEN.search(style[:2000]) is not None
