"""Word processor documents of Office Open XML (ECMA-376): .docx, .docm, .dotx.

Read in the order of the text: headings, paragraphs, tables, text boxes where they are anchored; then page headers and
footers, footnotes and comments. What a tracked change deleted is left out, what it inserted is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats.format import FileInfo, Format, read_all
from apex_cli.formats.office import compound, package
from apex_cli.formats.office.flow import Flow
from apex_cli.formats.office.table_rows import TableRows
from apex_cli.formats.part import Document, Part

if TYPE_CHECKING:
    from docx.document import Document as Word

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = frozenset((f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}pPr", f"{_W}rPr", _FALLBACK))
_NOTES = ("/footnotes", "/endnotes", "/comments")
_ALIVE_PARAGRAPHS = 500
_LEVELS = 9


class _Word(Format):
    name = "docx"
    extensions = (".docx", ".docm", ".dotx", ".dotm")
    extra = "documents"
    isolated = True

    def recognises(self, head: bytes, file: BinaryIO) -> bool:
        if head.startswith(compound.SIGNATURE):
            return compound.ENCRYPTED in compound.stream_names(file)
        return package.kind_of(head, file) == "word"

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        import docx

        if not read_all(file, info.limits):
            raise ReadError("the file is empty", code="empty_file")
        _check(file, info)
        document = docx.Document(file)
        reader = _Reader(document, info)
        reader.read(document.element.body)
        for section in document.sections:
            for edge in (section.header, section.first_page_header, section.footer, section.first_page_footer):
                if not edge.is_linked_to_previous:
                    reader.read(edge._element)
        for relation in document.part.rels.values():
            if relation.reltype.endswith(_NOTES) and not relation.is_external:
                reader.read(_parsed(relation.target_part))
        title = (document.core_properties.title or "").strip() or reader.title
        blocks = reader.flow.end()
        if not blocks:
            raise ReadError("the document has no text", code="empty_file")
        yield Document(blocks, title=title)


FORMAT = _Word()


def _check(file: BinaryIO, info: FileInfo) -> None:
    names = compound.stream_names(file)
    file.seek(0)
    if compound.ENCRYPTED in names:
        raise compound.encrypted(info.name)
    if names:
        raise ReadError(
            f"{info.name} is an old Office file (.doc)", hint="save it as .docx or PDF", code="unknown_type"
        )
    package.check(file, info.name, info.limits)


def _parsed(part: Any) -> Any:
    from docx.oxml.parser import parse_xml

    return part.element if hasattr(part, "element") else parse_xml(part.blob)


class _Reader:
    """Walks through the XML of a document. Nothing is read twice: text boxes have an old copy beside them."""

    def __init__(self, document: Word, info: FileInfo) -> None:
        self.flow = Flow()
        self.title = ""
        self._info = info
        self._paragraphs = 0
        self._styles = {style.style_id: (style.name or "").lower() for style in document.styles}

    def read(self, element: Any) -> None:
        """The paragraphs and tables in an element, in their order."""
        stack = [element]
        while stack:
            inside = stack.pop()
            if inside.tag == f"{_W}p":
                self._paragraph(inside)
            elif inside.tag == f"{_W}tbl":
                self.flow.text(self._table(inside), by_line=True)
            elif inside.tag not in _LEFT_OUT:
                stack.extend(reversed(inside))

    def _paragraph(self, paragraph: Any) -> None:
        self._paragraphs += 1
        if self._paragraphs % _ALIVE_PARAGRAPHS == 0:
            self._info.alive()
        text, boxes = _text(paragraph)
        style = self._style(paragraph)
        level = _level(style)
        if level:
            self.flow.heading(level, text)
        else:
            if style == "title" and not self.title:
                self.title = " ".join(text.split())
            self.flow.text(text)
        for box in boxes:
            self.read(box)

    def _style(self, paragraph: Any) -> str:
        found = paragraph.find(f"{_W}pPr/{_W}pStyle")
        return self._styles.get(found.get(f"{_W}val"), "") if found is not None else ""

    def _table(self, table: Any) -> str:
        rows = TableRows()
        for row in table.iter(f"{_W}tr"):
            if _table_around(row) is not table:
                continue
            rows.begin_row()
            is_head = row.find(f"{_W}trPr/{_W}tblHeader") is not None
            for cell in row.iter(f"{_W}tc"):
                if _table_around(cell) is table:
                    rows.add(self._cell(cell, rows), columns=_span(cell), is_head=is_head)
        return rows.text()

    def _cell(self, cell: Any, rows: TableRows) -> str:
        """The text of a cell; that above it, where it is merged with that."""
        merged = cell.find(f"{_W}tcPr/{_W}vMerge")
        column = len(rows.rows[-1])
        if merged is not None and merged.get(f"{_W}val") != "restart" and len(rows.rows) > 1:
            above = rows.rows[-2]
            return above[column] if column < len(above) else ""
        texts = []
        for paragraph in cell.iter(f"{_W}p"):
            text, _ = _text(paragraph)
            texts.append(text)
        return " ".join(" ".join(texts).split())


def _text(paragraph: Any) -> tuple[str, list[Any]]:
    """The text of a paragraph, and the text boxes that are anchored in it."""
    parts: list[str] = []
    boxes: list[Any] = []
    stack = list(reversed(paragraph))
    while stack:
        element = stack.pop()
        if element.tag == f"{_W}t":
            parts.append(element.text or "")
        elif element.tag in (f"{_W}tab", f"{_W}ptab"):
            parts.append(" ")
        elif element.tag in (f"{_W}br", f"{_W}cr"):
            parts.append("\n")
        elif element.tag == f"{_W}noBreakHyphen":
            parts.append("-")
        elif element.tag == f"{_W}txbxContent":
            boxes.append(element)
        elif element.tag not in _LEFT_OUT:
            stack.extend(reversed(element))
    return "".join(parts), boxes


def _table_around(element: Any) -> Any:
    around = element.getparent()
    while around is not None and around.tag != f"{_W}tbl":
        around = around.getparent()
    return around


def _span(cell: Any) -> int:
    found = cell.find(f"{_W}tcPr/{_W}gridSpan")
    value = found.get(f"{_W}val") if found is not None else None
    return int(value) if value and value.isdigit() else 1


def _level(style: str) -> int:
    """The level of a heading by the name of its style, which is English whatever the language of the program."""
    name, _, number = style.rpartition(" ")
    return int(number) if name == "heading" and number.isdigit() and 1 <= int(number) <= _LEVELS else 0
