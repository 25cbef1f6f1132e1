"""One order in which the files arrive, from the seed to the score: the work of one process."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from apex_cli.errors import ApexError
from quality.records.files import File
from quality.records.generate import generate
from quality.records.memory import remember
from quality.records.scoring import Score, compare, dump


def arrive(asked: tuple[int, int, int], number: int) -> tuple[Score, str] | str:
    """The score and the dump of one order, or what kept it from an end. `asked`: seed, records and questions."""
    corpus = generate(*asked)
    rng = random.Random(f"{asked[0]} {number}")
    files = rng.sample(list(corpus.files), len(corpus.files))
    try:
        with tempfile.TemporaryDirectory(prefix="apex-quality-") as folder:
            memory = asyncio.run(remember(Path(folder), _runs(rng, files, number), corpus.gold, corpus.questions))
    except ApexError as error:
        return f"{error}" + (f" ({error.hint})" if error.hint else "")
    return compare(corpus, memory), dump(memory)


def _runs(rng: random.Random, files: Sequence[File], number: int) -> list[Sequence[File]]:
    """The files of each run: in every second order all in one, else in two or three."""
    cuts = sorted(rng.sample(range(1, len(files)), number % 2 * rng.randrange(1, 3)))
    return [files[start:end] for start, end in zip([0, *cuts], [*cuts, len(files)], strict=True)]
