"""The company's files and the gold that belongs to them, by one seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from quality.records import company, files, front, samsara, tables, turvo
from quality.records.emission import Emission
from quality.records.files import File
from quality.records.gold import Gold, Question

LEAST = 60


@dataclass(frozen=True, slots=True)
class Corpus:
    """Files to ingest, and what a memory of them must hold. `payloads` counts what the files hold, once each."""

    files: Sequence[File]
    gold: Gold
    questions: Sequence[Question]
    payloads: int


def generate(seed: int, records: int, questions: int = 200) -> Corpus:
    """About `records` payloads (at least 60). The same arguments give the same bytes."""
    size = max(records, LEAST) / 230
    rng = random.Random(seed)
    world = company.make(
        rng, trucks=round(6 * size) or 2, api_shipments=max(3, round(13 * size)), flat_shipments=max(2, round(8 * size))
    )
    out = Emission(rng)
    for truck in world.trucks:
        samsara.emit(out, truck)
    samsara.emit_silent(out)
    for shipment in world.shipments:
        turvo.emit(out, shipment)
    turvo.emit_parties(out, world)
    for number in range(max(4, round(16 * size))):
        place = number % len(world.shipments)
        front.emit(out, world.shipments[place], world.shipments[place - 1], number)
    front.emit_nothing(out)
    tables.emit(out, world, max(3, round(12 * size)))
    made = files.write(rng, out.emitted)
    return Corpus(made, out.gold, out.gold.questions(rng, questions), len(out.emitted))
