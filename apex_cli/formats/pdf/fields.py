"""What is written into a PDF over its pages: the values of form fields, and the text of annotations.

No action of a form is executed: pdfium is built without a JavaScript engine here, and no event is sent to the form.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # it ships no types

from apex_cli.formats.pages.elements import Element
from apex_cli.formats.pdf.calls import turned

_MOST_ANNOTATIONS = 5_000
_LONGEST_BYTES = 200_000
_LINE_HEIGHT = 14.0
_CHECKED = "[x]"
_TEXT_FIELDS = (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX)
_CHECK_BOXES = (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON)
_WITHOUT_TEXT = (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP)


def written(page: Any, form: Any, rotation: int, lines: list[Element]) -> tuple[list[Element], list[str]]:
    """What stands in the fields of an open page and in its text boxes, at its place, and the remarks on the page.

    `form` is the form of the document, or None. A value without text of the page beside it gets the field's name.
    """
    elements: list[Element] = []
    remarks: list[str] = []
    for number in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST_ANNOTATIONS)):
        with _annotation(page, number) as annotation:
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            if kind == pdfium.FPDF_ANNOT_WIDGET:
                value, name = _field(form, annotation) if form else ("", "")
                elements.extend(_placed(value, name, annotation, rotation, lines))
            elif kind not in _WITHOUT_TEXT and (text := _string(annotation, b"Contents")):
                if kind == pdfium.FPDF_ANNOT_FREETEXT:
                    elements.extend(_placed(text, "", annotation, rotation, lines))
                else:
                    remarks.append(f"Note: {text}")
    return elements, remarks


@contextmanager
def _annotation(page: Any, number: int) -> Iterator[Any]:
    annotation = pdfium.FPDFPage_GetAnnot(page, number)
    try:
        yield annotation
    finally:
        pdfium.FPDFPage_CloseAnnot(annotation)


def _field(form: Any, annotation: Any) -> tuple[str, str]:
    """Value and name of a form field; the name that users see before that of programs."""
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    value = ""
    if kind in _TEXT_FIELDS:
        value = _wide(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))
    elif kind in _CHECK_BOXES and pdfium.FPDFAnnot_IsChecked(form, annotation):
        value = _CHECKED
    if not value:
        return "", ""
    seen = _wide(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldAlternateName(form, annotation, buffer, size))
    name = _wide(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldName(form, annotation, buffer, size))
    return value, seen or name.rpartition(".")[2]


def _string(annotation: Any, key: bytes) -> str:
    return _wide(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(annotation, key, buffer, size))


def _wide(read: Callable[[Any, int], int]) -> str:
    """A text that pdfium writes as UTF-16 into a buffer, when it is asked a second time."""
    size = min(read(None, 0), _LONGEST_BYTES)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    read(buffer, size)
    return (
        bytes(memoryview(buffer).cast("B")[: size - 2]).decode("utf-16-le", "ignore").replace("\r", "\n").strip("\0\n ")
    )


def _placed(value: str, name: str, annotation: Any, rotation: int, lines: list[Element]) -> Iterator[Element]:
    """The lines of a value in the box of its annotation."""
    texts = [line.strip() for line in value.split("\n") if line.strip()]
    box = pdfium.FS_RECTF()
    if not texts or not pdfium.FPDFAnnot_GetRect(annotation, ctypes.byref(box)):
        return
    x0, top, x1, bottom = turned((box.left, box.bottom, box.right, box.top), rotation)
    height = min((bottom - top) / len(texts), _LINE_HEIGHT)
    if len(texts) == 1:
        top += (bottom - top - height) / 2
    for number, text in enumerate(texts):
        element = Element(x0, top + number * height, x1, top + (number + 1) * height, text)
        if number == 0 and name and not any(_is_beside(line, element) for line in lines):
            element.text = f"{name}: {text}"
        yield element


def _is_beside(line: Element, value: Element) -> bool:
    """Whether a line of the page stands on the height of a value, or just above it."""
    above = value.top - 1.5 * line.size < line.middle < value.top and line.x0 < value.x1 and value.x0 < line.x1
    return above or value.top - 2 < line.middle < value.bottom + 2
