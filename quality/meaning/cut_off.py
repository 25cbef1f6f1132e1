"""Does search find something where something is there, and nothing where nothing is?

The limits of the cut-off (`apex_cli.search.ranking`) were fitted on the questions of `texts.toml`. So these are others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apex_cli.search.find import search
from apex_cli.stores.factory import Stores

QUESTIONS = Path(__file__).parent / "held_out.toml"
_FIRST = 10


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Questions with the name of the text that answers each. Those that nothing answers: of anything, of freight."""

    there: Sequence[tuple[str, str]]
    nothing: Sequence[str]
    nothing_of_freight: Sequence[str]


@dataclass(frozen=True, slots=True)
class CutOff:
    """How many questions of each kind `apex search` finds something for.

    `right`: its text is among the first ten; `near`: it is, by the vectors alone, which know no cut-off. `finding` are
    the questions about nothing that find something.
    """

    there: int
    answered: int
    right: int
    near: int
    nothing: int
    finding: Sequence[str]
    of_freight: int
    finding_of_freight: Sequence[str]

    @property
    def precision(self) -> float:
        """Of the questions that find something, the share that something answers."""
        found = self.answered + len(self.finding) + len(self.finding_of_freight)
        return self.answered / found if found else 1.0

    @property
    def recall(self) -> float:
        """Of the questions that something answers, the share that find something."""
        return self.answered / self.there


def load_held_out(path: Path = QUESTIONS) -> HeldOut:
    """The questions. Raises OSError, KeyError or ValueError where the file is wrong."""
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    return HeldOut(
        [(each["question"], each["name"]) for each in read["there"]],
        [each["question"] for each in read["nothing"] if not each.get("freight", False)],
        [each["question"] for each in read["nothing"] if each.get("freight", False)],
    )


async def measure_cut_off(stores: Stores, names: Mapping[str, str], questions: HeldOut) -> CutOff:
    """Ask all of them. `names` are the names of the texts, by record id."""
    model = stores.embedding.text
    answered = right = near = 0
    for question, name in questions.there:
        hits = (await search(stores, question, limit=_FIRST)).hits
        answered += bool(hits)
        right += name in [names[hit.record_id] for hit in hits]
        vector = (await model.question(question)).tolist()
        nearest = await stores.vectors.search(model.name, vector, limit=_FIRST)
        near += name in [names[hit.record_id] for hit in nearest]
    return CutOff(
        len(questions.there),
        answered,
        right,
        near,
        len(questions.nothing),
        await _finding(stores, questions.nothing),
        len(questions.nothing_of_freight),
        await _finding(stores, questions.nothing_of_freight),
    )


async def _finding(stores: Stores, questions: Sequence[str]) -> list[str]:
    return [question for question in questions if (await search(stores, question, limit=_FIRST)).hits]
