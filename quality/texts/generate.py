"""Fills templates: a text, and its gold.

A template is a text under a line `=== why it is in the set`. `{kind}` is a new value of a kind, `{kind:style}` one of
a certain form, `{kind#1}` the first value of that kind again, `{kind|15}` a value padded to a column of 15 characters,
and `{~filler}` what is no identifier.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from quality.texts import values

FOLDER = Path(__file__).parent
SETS = ("tuned", "held_out")
_HEAD = re.compile(r"^=== (?P<shows>.+)\n", re.MULTILINE)
_SLOT = re.compile(r"\{(?P<filler>~)?(?P<kind>[a-z]+)(?::(?P<style>\w+))?(?:#(?P<again>\d))?(?:\|(?P<width>\d+))?\}")


@dataclass(frozen=True)
class Gold:
    """One identifier that a text holds: its kind, the value, and where the value stands."""

    kind: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Filled:
    """One text and all identifiers and places in it. Whatever else is found in it is wrong."""

    name: str
    text: str
    gold: tuple[Gold, ...]


def templates(folder: str) -> Iterator[tuple[str, str]]:
    """Name and template of each of a set, in order."""
    for path in sorted((FOLDER / folder).glob("*.txt")):
        _, *parts = _HEAD.split(path.read_text(encoding="utf-8"))
        for shows, text in zip(parts[::2], parts[1::2], strict=True):
            yield f"{folder}/{path.stem}: {shows}", text


def generate(folder: str, seed: int, rounds: int) -> Iterator[Filled]:
    """Each template of a set filled `rounds` times; the same seed gives the same texts."""
    for name, template in templates(folder):
        for number in range(rounds):
            yield fill(name, template, Random(f"{seed} {number} {name}"))


def fill(name: str, template: str, random: Random) -> Filled:
    """The template with values in its slots."""
    text = ""
    gold: list[Gold] = []
    done = 0
    for slot in _SLOT.finditer(template):
        text += template[done : slot.start()]
        done = slot.end()
        kind, width = slot["kind"], int(slot["width"] or 0)
        if slot["filler"]:
            written = values.filler(random, kind)
        elif slot["again"]:
            written = value = [one.value for one in gold if one.kind == kind][int(slot["again"]) - 1]
            gold.append(Gold(kind, value, len(text), len(text) + len(written)))
        else:
            written, value = values.identifier(random, kind, slot["style"] or "")
            gold.append(Gold(kind, value, len(text), len(text) + len(written)))
        text += written.ljust(width - 2) + "  " if width else written
    return Filled(name, text + template[done:], tuple(gold))
