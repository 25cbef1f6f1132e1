"""Bounds how deep a web page is nested, before it is parsed.

For most start tags, the HTML standard lets a parser look through all elements that are open. So a page of 200,000
elements inside of each other takes a minute, and one of a million half an hour. Browsers stop at 512 levels; so does
this. It follows which elements are open closely enough for that, and leaves the rest to the parser: end tags that are
left out ("<li>one<li>two") or that cross each other ("<div><span></div>") are usual.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

MOST_LEVELS = 512
_MOST_UNCLOSED = 100
"""Formatting, such as <font>, that is not closed: a parser opens it again in each paragraph that follows."""
_ALIVE_TAGS = 100_000
_SHALLOW = 100
_PIECE = 1024**2
_BLANK = r"\t\n\f\r "
# Written so that it never looks at a character twice, and matches a tag that the page breaks off in the middle, too.
_VALUE = rf"""[{_BLANK}]*+=[{_BLANK}]*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^{_BLANK}>"'][^{_BLANK}>]*+)?+"""
_ATTRIBUTES = rf"(?:[{_BLANK}/]++|[^{_BLANK}/>][^{_BLANK}/>=]*+(?:{_VALUE})?+)*+"
_TAG = re.compile(
    rf"<(?:(?P<other>!--|[!?])|(?P<end>/?)(?P<name>[a-z][^{_BLANK}/>]*+){_ATTRIBUTES}(?:>|\Z))", re.IGNORECASE
)
_NAME = re.compile(rf"<(/?[a-z][^{_BLANK}/>]*+)")
_VOID = frozenset(
    ("area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta",
     "param", "source", "track", "wbr", "html", "head", "body")
)  # fmt: skip
"""Elements that hold nothing, and those that are there once, whatever a page says."""
_NO_NEST = _VOID | {"a", "nobr"}
"""Elements that are never inside of themselves, and that other elements do not pile up in."""
_RAW = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"))
_FORMATTING = frozenset(("b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u"))
BLOCKS = frozenset(
    ("p", "div", "li", "ul", "ol", "dl", "dt", "dd", "section", "article", "header", "footer", "main", "nav",
     "aside", "blockquote", "center", "form", "fieldset", "legend", "figure", "figcaption", "address", "hr", "caption",
     "details", "summary", "body", "html", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "tr", "td", "th")
)  # fmt: skip
"""Elements that stand in lines of their own."""
_SECTIONS = frozenset(("tbody", "thead", "tfoot"))
_CELLS = frozenset(("td", "th", "caption"))
_TABLE_PARTS = _CELLS | _SECTIONS | {"tr", "colgroup"}
_SCOPE = frozenset(("table", "td", "th", "caption", "object", "applet", "marquee", "template", "button"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_KEEP_PARAGRAPH = _TABLE_PARTS | {"dt", "dd", "li", "legend", "caption"}
_ITEM_ENDS = (BLOCKS - {"address", "div", "p", "li", "dt", "dd"}) | _SCOPE
# What a start tag ends, and what that must not go beyond.
_IMPLIED: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset(("li",)), _ITEM_ENDS | {"dt", "dd"}),
    "dt": (frozenset(("dt", "dd")), _ITEM_ENDS | {"li"}),
    "dd": (frozenset(("dt", "dd")), _ITEM_ENDS | {"li"}),
    "td": (frozenset(("td", "th")), frozenset(("table",))),
    "th": (frozenset(("td", "th")), frozenset(("table",))),
    "tr": (frozenset(("tr",)), frozenset(("table",))),
    **dict.fromkeys(_SECTIONS, (_SECTIONS, frozenset(("table",)))),
    "option": (frozenset(("option",)), frozenset(("select",))),
    "button": (frozenset(("button",)), _SCOPE - {"button"}),
    "rt": (frozenset(("rt", "rp")), frozenset(("ruby",))),
    "rp": (frozenset(("rt", "rp")), frozenset(("ruby",))),
}
_PARAGRAPH = frozenset(("p",))
_OPTIONAL = frozenset(("p", "li", "option")) | _TABLE_PARTS
"""Elements that end by themselves, and so do not pile up without others between them."""
_UNCOUNTED = {f"{slash}{name}" for slash in ("", "/") for name in _NO_NEST | _OPTIONAL}
_NOTE = f"tags nested deeper than {MOST_LEVELS} levels are left out, not their text"


def bounded(page: str, alive: Callable[[], None]) -> tuple[str, tuple[str, ...]]:
    """The page without the tags of its elements below `MOST_LEVELS`, and a note where there are such.

    Their text stays, and where a block began or ended, a new line begins. `alive` is called while this works.
    """
    if _is_shallow(page, alive):
        return page, ()
    scan = _Scan(page)
    return scan.run(alive), ((_NOTE,) if scan.is_deep else ())


def _is_shallow(page: str, alive: Callable[[], None]) -> bool:
    """Whether few elements are open at any place, which is quick to see and true of nearly every page."""
    held = Counter[str]()
    depth = begin = 0
    while begin < len(page):
        end = len(page) if begin + _PIECE >= len(page) else page.rfind("<", begin + 1, begin + _PIECE)
        piece = page[begin : end if end > 0 else begin + _PIECE].lower()
        for name in _NAME.findall(piece):
            if name in _UNCOUNTED:
                continue
            if name[0] != "/":
                held[name] += 1
                depth += 1
                if depth > _SHALLOW:
                    return False
            elif held[name[1:]]:
                held[name[1:]] -= 1
                depth -= 1
        begin += len(piece)
        alive()
    return True


class _Scan:
    def __init__(self, page: str) -> None:
        self._page = page
        self._open: list[str] = []
        self._around: list[int] = []
        """For each open element, the formatting that was not closed where it began."""
        self._held = Counter[str]()
        """How many elements of a name are open."""
        self._dropped = Counter[str]()
        """How many elements of a name are left out and still open."""
        self._unclosed = self._unclosed_dropped = 0
        self._kept: list[str] = []
        self._copied = 0
        self.is_deep = False
        """Whether levels were left out. That formatting is not opened again and again loses nothing."""

    def run(self, alive: Callable[[], None]) -> str:
        place = count = 0
        while (tag := _TAG.search(self._page, place)) is not None:
            place = tag.end()
            count += 1
            if count % _ALIVE_TAGS == 0:
                alive()
            name = (tag["name"] or "").lower()
            if not name:
                place = self._after("-->" if tag["other"] == "!--" else ">", place)
            elif tag["end"]:
                self._end(name, tag)
            elif name in _RAW:
                place = self._after(f"</{name}", place)
            elif name not in _NO_NEST:
                self._begin(name, tag)
            if place < 0:
                break
        self._kept.append(self._page[self._copied :])
        return "".join(self._kept)

    def _after(self, end: str, place: int) -> int:
        """Where the next `end` is over, in any case of letters; -1 where there is none."""
        found = re.compile(re.escape(end), re.IGNORECASE).search(self._page, place)
        return -1 if found is None else found.end()

    def _begin(self, name: str, tag: re.Match[str]) -> None:
        if name in _FORMATTING:
            if self._unclosed < _MOST_UNCLOSED:
                self._unclosed += 1
            else:
                self._unclosed_dropped += 1
                self.is_deep = self.is_deep or self._unclosed + self._unclosed_dropped > MOST_LEVELS
                self._drop(tag, "")
            return
        if (self._held["svg"] or self._held["math"]) and tag[0].endswith("/>"):
            return
        if name in _TABLE_PARTS and (self._dropped["table"] or not self._held["table"]):
            # A parser leaves out a cell without a table, too.
            if self._dropped["table"]:
                self._drop(tag, name)
            return
        if name == "form" and self._held["form"]:
            return
        if name in BLOCKS and name not in _KEEP_PARAGRAPH:
            self._close(_PARAGRAPH, _SCOPE)
        if name in _HEADINGS and self._open and self._open[-1] in _HEADINGS:
            self._pop(len(self._open) - 1)
        if (implied := _IMPLIED.get(name)) is not None:
            self._close(*implied)
        if len(self._open) < MOST_LEVELS:
            self._open.append(name)
            self._around.append(self._unclosed)
            self._held[name] += 1
        else:
            self.is_deep = True
            self._dropped[name] += 1
            self._drop(tag, name)

    def _end(self, name: str, tag: re.Match[str]) -> None:
        if name in _FORMATTING:
            if self._unclosed_dropped:
                self._unclosed_dropped -= 1
                self._drop(tag, "")
            elif self._unclosed:
                self._unclosed -= 1
        elif self._dropped[name]:
            self._dropped[name] -= 1
            self._drop(tag, name)
        elif name in _TABLE_PARTS and self._dropped["table"]:
            self._drop(tag, name)
        elif name in _HEADINGS:
            self._close(_HEADINGS, _SCOPE)
        elif name in _TABLE_PARTS:
            self._close(frozenset((name,)), frozenset(("table",)))
        elif name in _SCOPE:
            self._close(frozenset((name,)), frozenset(("table", "template")) if name == "table" else _SCOPE)
        else:
            self._close(frozenset((name,)), _SCOPE if name in BLOCKS else BLOCKS | _SCOPE)

    def _close(self, names: frozenset[str], beyond: frozenset[str]) -> None:
        """End the innermost open element of these names with all inside of it, unless it is around one of `beyond`."""
        if not any(self._held[name] for name in names):
            return
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place] in names:
                self._pop(place)
                return
            if self._open[place] in beyond:
                return

    def _pop(self, place: int) -> None:
        for level in range(len(self._open) - 1, place - 1, -1):
            name = self._open[level]
            self._held[name] -= 1
            if name in _CELLS:
                # Formatting that a cell leaves open ends with it.
                self._unclosed, self._unclosed_dropped = self._around[level], 0
        del self._open[place:], self._around[place:]
        self._dropped.clear()

    def _drop(self, tag: re.Match[str], name: str) -> None:
        """Leave out a tag; a block is on a line of its own all the same."""
        before = self._page[self._copied : tag.start()]
        self._copied = tag.end()
        if before:
            self._kept.append(before)
        if name in BLOCKS and (before or not self._kept or self._kept[-1] != "<br>"):
            self._kept.append("<br>")
