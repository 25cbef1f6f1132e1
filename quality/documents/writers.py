"""One paper in the formats in which it may come."""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import Literal

from docx import Document
from fpdf import FPDF
from fpdf.enums import TableBordersLayout

from quality.documents.papers import Element, Fields, Grid, Paper, Text

Writer = Callable[[Paper], bytes]


def as_text(paper: Paper) -> bytes:
    return _plain(paper, gap=_gap(paper)).encode()


def as_mail(paper: Paper) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = f"<{paper.name}@papers.example>"
    mail["Date"] = "Thu, 05 Mar 2026 09:00:00 -0600"
    mail["From"] = "desk@papers.example"
    mail["To"] = "inbox@papers.example"
    mail["Subject"] = "For your files"
    mail.set_content(_plain(paper, gap=": "))
    return mail.as_bytes()


def as_html(paper: Paper) -> bytes:
    body = "\n".join(_html(element, number) for number, element in enumerate(paper.elements))
    return f"<!DOCTYPE html><html><head><meta charset='utf-8'></head><body>{body}</body></html>".encode()


def as_pdf(paper: Paper) -> bytes:
    made = FPDF(format="letter")
    made.set_margin(18)
    made.add_page()
    for number, element in enumerate(paper.elements):
        made.set_font("Helvetica", size=10)
        match element:
            case Text(words, is_heading):
                made.set_font("Helvetica", "B" if is_heading else "", 15 if is_heading else 10)
                made.multi_cell(0, 6, words, new_x="LMARGIN", new_y="NEXT")
            case Fields(pairs):
                _pdf_fields(made, pairs, is_ruled=(len(pairs) + number) % 2 == 0)
            case Grid(heads, rows):
                with made.table(borders_layout=TableBordersLayout.ALL) as table:
                    for row in (heads, *rows):
                        table.row(tuple(row))
        made.ln(3)
    return bytes(made.output())


def as_docx(paper: Paper) -> bytes:
    made = Document()
    for number, element in enumerate(paper.elements):
        match element:
            case Text(words, is_heading):
                made.add_heading(words, 1) if is_heading else made.add_paragraph(words)
            case Fields(pairs) if number % 2:
                _docx_table(made, pairs)
            case Fields(pairs):
                for label, value in pairs:
                    made.add_paragraph(f"{label}:\t{value}")
            case Grid(heads, rows):
                _docx_table(made, (heads, *rows))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


WRITERS: Mapping[str, tuple[str, Writer]] = {
    "text": (".txt", as_text),
    "pdf": (".pdf", as_pdf),
    "docx": (".docx", as_docx),
    "html": (".html", as_html),
    "mail": (".eml", as_mail),
}
"""By format: the extension and the writer."""


def _gap(paper: Paper) -> str:
    """What stands between a label and its value."""
    return (": ", " ..... ", "     ")[sum(map(ord, paper.name)) % 3]


def _plain(paper: Paper, gap: str) -> str:
    return "\n\n".join(_plain_element(element, gap) for element in paper.elements) + "\n"


def _plain_element(element: Element, gap: str) -> str:
    match element:
        case Text(words):
            return words
        case Fields(pairs):
            width = 0 if gap == ": " else max(len(label) for label, _ in pairs)
            return "\n".join(f"{label:{width}}{gap}{value}" for label, value in pairs)
        case Grid(heads, rows):
            widths = [max(len(row[column]) for row in (heads, *rows)) + 3 for column in range(len(heads))]
            lines = (
                "".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in (heads, *rows)
            )
            return "\n".join(line.rstrip() for line in lines)


def _html(element: Element, number: int) -> str:
    match element:
        case Text(words, is_heading):
            tag = "h1" if is_heading else "p"
            return f"<{tag}>{html.escape(words)}</{tag}>"
        case Fields(pairs) if number % 2:
            rows = "".join(f"<tr><th>{html.escape(one)}</th><td>{html.escape(two)}</td></tr>" for one, two in pairs)
            return f"<table>{rows}</table>"
        case Fields(pairs):
            return "".join(f"<div><b>{html.escape(one)}:</b> {html.escape(two)}</div>" for one, two in pairs)
        case Grid(heads, rows):
            head = "".join(f"<th>{html.escape(cell)}</th>" for cell in heads)
            body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
            return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _pdf_fields(made: FPDF, pairs: Sequence[tuple[str, str]], *, is_ruled: bool) -> None:
    border: Literal[0, 1] = 1 if is_ruled else 0
    for label, value in pairs:
        made.cell(55, 7, label if is_ruled else f"{label}:", border=border)
        made.cell(110, 7, value, border=border, new_x="LMARGIN", new_y="NEXT")


def _docx_table(made: object, rows: Sequence[Sequence[str]]) -> None:
    table = made.add_table(rows=0, cols=len(rows[0]))  # type: ignore[attr-defined] # python-docx has no types here
    for row in rows:
        for cell, words in zip(table.add_row().cells, row, strict=True):
            cell.text = words
