"""Web pages: headings, paragraphs, lists and tables, by selectolax (the HTML standard's own way of parsing).

Scripts, styles and hidden elements are left out, and nothing is loaded. A page that is called a workbook (`.xls`) is
one that a program exported: the rows of its tables are objects, as those of a sheet.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats import charsets
from apex_cli.formats.decoding import decode_text, is_marked
from apex_cli.formats.format import FileInfo, Format, read_all
from apex_cli.formats.office.flow import Flow
from apex_cli.formats.office.nesting import BLOCKS, bounded
from apex_cli.formats.office.table_rows import TableRows
from apex_cli.formats.part import Document, Part
from apex_cli.formats.sheets import workbook
from apex_cli.formats.sheets.table import SheetRow, table_of

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_BEGINNING = re.compile(
    rb"(?:<\?xml[^>]{0,200}>|<!--.{0,2000}?-->|\s){0,20}<(?:!doctype\s+html|html[\s>])", re.I | re.S
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s{0,3}=\s{0,3}[\"']?([\w-]{2,40})", re.IGNORECASE)
_HEAD = 4096
_LEFT_OUT = frozenset(
    ("script", "style", "template", "noscript", "head", "svg", "math", "iframe", "object", "embed", "select",
     "datalist", "audio", "video", "canvas")
)  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN = re.compile(r"(?:display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden)", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")
_ALIVE_NODES = 20_000


class _Html(Format):
    name = "html"
    extensions = (".html", ".htm", ".xhtml")
    extra = "documents"
    isolated = True

    def recognises(self, head: bytes, file: BinaryIO) -> bool:  # noqa: ARG002 - the beginning decides
        return _BEGINNING.match(head.removeprefix(codecs.BOM_UTF8)) is not None

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        from selectolax.lexbor import LexborHTMLParser

        text, notes = _decoded(read_all(file, info.limits))
        text, deep = bounded(text, info.alive)
        notes += deep
        info.alive()
        tree = LexborHTMLParser(text)
        del text
        info.alive()
        reader = _Reader(info)
        if tree.root is not None:
            reader.read(tree.root)
        if PurePath(info.name).suffix.lower() in workbook.FORMAT.extensions:
            tables = [table_of(_sheet_rows(rows), is_table=False, notes=notes) for rows in reader.tables]
            if any(tables):
                for table in tables:
                    if table is not None:
                        yield from table.parts()
                return
        title = tree.css_first("head title")
        blocks = reader.flow.end()
        if not blocks:
            raise ReadError("the page has no text", code="empty_file")
        yield Document(blocks, title=" ".join(title.text().split()) if title is not None else "", notes=notes)


FORMAT = _Html()


def _decoded(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text by the charset that the page names, where it is no Unicode; else as any text."""
    named = _CHARSET.search(data[:_HEAD])
    charset = named[1].decode("ascii").lower() if named is not None and not is_marked(data) else ""
    if not charset or charset.startswith(("utf", "unicode")):
        text = decode_text(data)
        return text.content, text.notes
    found = charsets.decoded(data, charset)
    return found.text, (f"the page is no {charset}: read as {found.assumed}",) if found.assumed else ()


class _Reader:
    """Walks through a page, without recursion."""

    def __init__(self, info: FileInfo) -> None:
        self.flow = Flow()
        self.tables: list[list[list[str]]] = []
        self._info = info
        self._parts: list[str] = []
        self._open: list[TableRows | None] = []
        """The tables around; None for one that holds another: it is there for the layout."""
        self._pre = 0

    def read(self, root: LexborNode) -> None:
        """All that is visible below a node."""
        node: LexborNode | None = root
        count = 0
        depth = 0
        while node is not None:
            count += 1
            if count % _ALIVE_NODES == 0:
                self._info.alive()
            inside = node.first_child if self._enter(node) else None
            if inside is not None:
                node, depth = inside, depth + 1
                continue
            self._leave(node)
            while node.next is None and depth:
                parent = node.parent
                assert parent is not None
                node, depth = parent, depth - 1
                self._leave(node)
            node = node.next if depth else None
        self._end()

    def _enter(self, node: LexborNode) -> bool:
        """Whether to go on inside of the node."""
        tag = node.tag or ""
        if tag == "-text":
            text = node.text_content or ""
            self._parts.append(text if self._pre else _BLANKS.sub(" ", text))
            return False
        if tag.startswith(("-", "!")) or tag in _LEFT_OUT or _is_hidden(node):
            return False
        if tag == "br":
            self._parts.append("\n")
        elif tag in BLOCKS:
            self._end()
        if tag == "pre":
            self._pre += 1
        elif tag == "table":
            self._begin_table()
        elif tag == "tr" and self._open and (rows := self._open[-1]) is not None:
            rows.begin_row()
        return True

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _LEFT_OUT or _is_hidden(node):
            return
        if tag in _HEADINGS and not any(self._open):
            self.flow.heading(_HEADINGS[tag], self._taken())
        elif tag in ("td", "th") and self._open and (rows := self._open[-1]) is not None:
            attributes = node.attributes
            rows.add(
                " ".join(self._taken().split()),
                columns=_count(attributes.get("colspan")),
                rows=_count(attributes.get("rowspan")),
                is_head=tag == "th",
            )
        elif tag == "table" and self._open:
            self._end_table()
        elif tag in BLOCKS:
            self._end()
        if tag == "pre":
            self._pre -= 1

    def _begin_table(self) -> None:
        """A table inside of a table: the outer one is layout, and what it has so far is text."""
        if self._open and (rows := self._open[-1]) is not None:
            for row in rows.rows:
                for cell in row:
                    self.flow.text(cell)
            self._open[-1] = None
        self.flow.text(self._taken())
        self._open.append(TableRows())

    def _end_table(self) -> None:
        rows = self._open.pop()
        if rows is None:
            self._end()
            return
        self.tables.append(rows.rows)
        self.flow.text(rows.text(), by_line=True)

    def _end(self) -> None:
        """The end of a paragraph. In a cell of a table it is a blank."""
        if any(rows is not None for rows in self._open[-1:]):
            self._parts.append("\n")
            return
        text = self._taken()
        if text:
            self.flow.text(text, keep_blanks=self._pre > 0, by_line=self._pre > 0)

    def _taken(self) -> str:
        text = "".join(self._parts)
        self._parts.clear()
        return text


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return bool(attributes) and ("hidden" in attributes or _HIDDEN.search(attributes.get("style") or "") is not None)


def _count(value: str | None) -> int:
    return int(value) if value and len(value) <= 4 and value.isdigit() and int(value) else 1


def _sheet_rows(rows: Sequence[Sequence[str]]) -> Iterator[SheetRow]:
    for number, cells in enumerate(rows, start=1):
        yield SheetRow(number, list(cells))
