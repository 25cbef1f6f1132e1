"""Reads the text of one image at a time, with places and with how sure OCR is of each word."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from statistics import median
from typing import Any

from apex_cli.formats.ocr.correction import corrected
from apex_cli.formats.pages.elements import Element
from apex_cli.formats.part import OcrResult

LONGEST_SIDE = 2_000
"""Pixels of the longer side of an image as it is read; larger ones are made smaller."""
_SURE = 0.85
"""Words with a digit below this are marked."""
_LEAST_SCORE = 0.4
_MOST_MARKED = 50
_MOST_NOTED = 5
_MOST_THREADS = 4
_HAS_DIGIT = re.compile(r"\d")


@dataclass(slots=True)
class OcrTally:
    """How sure OCR is of all that it read in a document, and what its check digits set right."""

    characters: int = 0
    weighted: float = 0.0
    uncertain: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def result(self) -> OcrResult | None:
        """What is known at the end; None where OCR read nothing."""
        if not self.characters:
            return None
        return OcrResult(round(self.weighted / self.characters, 2), tuple(self.uncertain.items()))

    def notes(self) -> Iterator[str]:
        """That the text is read by OCR, what was corrected, and which words are uncertain."""
        result = self.result()
        if result is None:
            return
        yield f"read by OCR, confidence {result.confidence:.2f}"
        yield from self.remarks[:_MOST_NOTED]
        words = [f"{word} ({sure:.2f})" for word, sure in result.uncertain]
        if words:
            more = f" and {len(words) - _MOST_NOTED} more" if len(words) > _MOST_NOTED else ""
            yield f"uncertain in OCR: {', '.join(words[:_MOST_NOTED])}{more}"


def read_image(pixels: Any, tally: OcrTally) -> list[Element]:
    """The lines of an image, where they stand. `pixels` is an array of height, width and the colours BGR."""
    found = _engine()(pixels)
    if found.txts is None:
        return []
    boxes = _straightened([[(float(x), float(y)) for x, y in box] for box in found.boxes])
    elements = []
    for box, text, score, words in zip(boxes, found.txts, found.scores, found.word_results, strict=True):
        xs, ys = [x for x, _ in box], [y for _, y in box]
        right = _taken_over(text.strip(), float(score), words, tally)
        elements.append(Element(min(xs), min(ys), max(xs), max(ys), right))
    return elements


def _taken_over(text: str, score: float, words: Any, tally: OcrTally) -> str:
    """A line with its check digits set right; what is said of it goes into the tally."""
    tally.characters += len(text)
    tally.weighted += score * len(text)
    right, corrections = corrected(text)
    settled = set()
    for correction in corrections:
        if correction.right is None:
            _mark(tally, correction.read, min(score, _SURE))
            tally.remarks.append(f"the {correction.kind} number {correction.read} fails its check digit")
        else:
            settled.update(correction.read.split())
            tally.remarks.append(
                f"{correction.read}, read by OCR, is the {correction.kind} number {correction.right} by its check digit"
            )
    for word, sure, _ in words:
        if sure < _SURE and _HAS_DIGIT.search(word) and word not in settled:
            _mark(tally, word.strip(".,;:()"), float(sure))
    return right


def _mark(tally: OcrTally, word: str, sure: float) -> None:
    if word and (word in tally.uncertain or len(tally.uncertain) < _MOST_MARKED):
        tally.uncertain[word] = round(min(sure, tally.uncertain.get(word, 1.0)), 2)


def _straightened(boxes: list[list[tuple[float, float]]]) -> list[list[tuple[float, float]]]:
    """The corners of the lines as if the paper had lain straight: turned back by the angle of most of its lines."""
    angles = [math.atan2(box[1][1] - box[0][1], box[1][0] - box[0][0]) for box in boxes]
    long = [angle for angle, box in zip(angles, boxes, strict=True) if math.dist(box[0], box[1]) > 60]
    angle = median(long or angles)
    if not 0.004 < abs(angle) < 0.5:
        return boxes
    cos, sin = math.cos(-angle), math.sin(-angle)
    return [[(x * cos - y * sin, x * sin + y * cos) for x, y in box] for box in boxes]


@cache
def _engine() -> Any:
    """The models, loaded once in a process."""
    from rapidocr import RapidOCR

    threads = min(_MOST_THREADS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.return_word_box": True,
            "Global.text_score": _LEAST_SCORE,
            "Global.max_side_len": LONGEST_SIDE,
            # By default the shorter side becomes 736 pixels at least: a strip of one line is made thirty times larger.
            "Det.limit_type": "max",
            "Det.limit_side_len": LONGEST_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
