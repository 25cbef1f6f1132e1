"""The visible lines of an HTML mail, and which of them its mail program marks as quoted.

    <div>Yes.</div><div class="gmail_quote">On Monday, Ana wrote:<blockquote class="gmail_quote">Can you?</blockquote>

gives "Yes.", "On Monday, Ana wrote:" and, quoted, "Can you?". Text is never left out because it is quoted: whether a
quote is the history of a reply or what a forward forwards is decided by `message_text`.

Written here because `html.parser` takes quadratic time for tags that do not end ("<p <p <p"), and a mail may hold
anything.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

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
_RAW = frozenset(("script", "style"))
# Possessive repeats: a tag that does not end is given up at once.
_TAG = re.compile(
    r"""<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:]{0,30})(?P<attributes>[\s/](?:(?:[^<>"']++|"[^"]*+"|'[^']*+'){0,200}+(?=>)|[^<>]{0,2000}+))?>"""
)
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(class|id|style|type)\s{0,3}=\s{0,3}(?:"([^"]{0,4000})"|'([^']{0,4000})'|([^\s"'>]{1,200}))""",
    re.IGNORECASE,
)
_ABSURD = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}+;?")
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
    reader.end_line()
    return reader.lines


@dataclass(frozen=True, slots=True)
class _Open:
    """An open element: its tag, what it means for quotes, and the number of lines before it."""

    tag: str
    kind: str | None
    lines_before: int


class _Reader:
    """Collects the visible lines of a body. Inside of a dropped element it only counts how deep it is."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._parts: list[str] = []
        self._open: list[_Open] = []
        self._open_tags: Counter[str] = Counter()
        self._quotes = 0
        self._indents = 0
        self._rest_is_quoted = False
        self._last_quoted = -1
        self._dropped: str | None = None
        self._depth = 0

    def feed(self, body: str) -> None:
        """Read a whole body."""
        at = 0
        while (start := body.find("<", at)) >= 0:
            self._text(body[at:start])
            tag = _TAG.match(body, start)
            if tag is not None:
                at = tag.end()
                name = tag["name"].lower()
                if tag["end"]:
                    self._end_tag(name)
                else:
                    self._start_tag(name, tag["attributes"] or "")
                    if name in _RAW:
                        closing = re.compile(f"</{name}", re.IGNORECASE).search(body, at)
                        at = closing.start() if closing else len(body)
            elif body.startswith(("<!", "<?"), start):
                mark = "-->" if body.startswith("<!--", start) else ">"
                end = body.find(mark, start)
                at = end + len(mark) if end >= 0 else len(body)
            else:
                self._text("<")
                at = start + 1
        self._text(body[at:])

    def _text(self, raw: str) -> None:
        if raw and self._dropped is None:
            self._parts.append(html.unescape(_ABSURD.sub("", raw)) if "&" in raw else raw)

    def _start_tag(self, tag: str, attributes: str) -> None:
        if self._dropped is not None and not (self._dropped == "head" and tag == "body"):
            self._depth += tag == self._dropped
            return
        self._dropped = None
        values = {found[1].lower(): found[2] or found[3] or found[4] or "" for found in _ATTRIBUTE.finditer(attributes)}
        if tag in _DROPPED or (tag not in _VOID and _HIDDEN.search(values.get("style", ""))):
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

    def _end_tag(self, tag: str) -> None:
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

    def end_line(self, *, blank: bool = False) -> None:
        """End the line that is being read. Without text it counts only where it is to be `blank`, and only once."""
        text = " ".join("".join(self._parts).split())
        self._parts.clear()
        if text:
            is_quoted = bool(self._quotes) or self._rest_is_quoted
            self.lines.append(Line(text if is_quoted else "> " * min(self._indents, 4) + text, is_quoted))
            if is_quoted:
                self._last_quoted = len(self.lines) - 1
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
        if ended.kind == "box" and self._last_quoted < ended.lines_before:
            for position in range(ended.lines_before, len(self.lines)):
                self.lines[position].quoted = True
                self._last_quoted = position


def _kind(tag: str, values: Mapping[str, str]) -> str | None:
    names = f"{values.get('class', '')} {values.get('id', '')}".lower()
    if tag == "blockquote":
        cited = values.get("type", "").lower() == "cite" or any(name in names for name in (*_BOXES, *_QUOTES))
        return "quote" if cited else "indent"
    if any(name in names for name in _REST_IS_QUOTED):
        return "rest"
    if any(name in names for name in _QUOTES):
        return "quote"
    return "box" if any(name in names for name in _BOXES) else None
