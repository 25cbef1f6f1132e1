"""What was read against the gold: precision and recall for each format, rows and sets of EDI that are right."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from quality.documents.memory import Remembered
from quality.documents.papers import Paper
from quality.documents.tables import Stated

_NUMBERED = ("Order", "Reference", "Shipment")
_NAMED = ("Customer", "Carrier", "Driver", "Vehicle")


@dataclass
class Tally:
    """Counts of what was found, and what was found wrongly or not at all, in words."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / max(self.right + len(self.wrong), 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.right + len(self.missing), 1)

    def add(self, where: str, found: Collection[str], gold: Collection[str]) -> None:
        """Compare two sets."""
        self.right += len(set(found) & set(gold))
        self.wrong += [f"{where}: {one}" for one in sorted(set(found) - set(gold))]
        self.missing += [f"{where}: {one}" for one in sorted(set(gold) - set(found))]


@dataclass
class FormatScore:
    """What came of one format. `seen` is what was found in each paper, to compare formats."""

    name: str
    identifiers: Tally = field(default_factory=Tally)
    mentions: Tally = field(default_factory=Tally)
    places: Tally = field(default_factory=Tally)
    records: Tally = field(default_factory=Tally)
    failed: list[str] = field(default_factory=list)
    seen: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def differences(self) -> Iterator[str]:
        """What is wrong, a line each."""
        for what, tally in (("identifier", self.identifiers), ("mention", self.mentions), ("record", self.records)):
            yield from (f"{self.name}: wrong {what} {one}" for one in tally.wrong)
            yield from (f"{self.name}: missing {what} {one}" for one in tally.missing)
        yield from (f"{self.name}: failed {one}" for one in self.failed)


def of_papers(name: str, papers: Sequence[Paper], read: Mapping[str, Remembered], extension: str) -> FormatScore:
    """The score of papers in one format."""
    score = FormatScore(name)
    for paper in papers:
        found = read[paper.name + extension]
        score.failed += found.failed
        numbers = {_key(entity.aliases, paper.identifiers) for entity in found.entities if entity.type in _NUMBERED}
        score.identifiers.add(paper.name, numbers, paper.identifiers)
        named = {entity.name for entity in found.entities if entity.type in _NAMED}
        score.mentions.add(paper.name, named, {known.name for known in paper.mentions})
        places = {entity.name for entity in found.entities if entity.type == "Location"}
        score.places.add(paper.name, places, paper.places)
        score.seen[paper.name] = frozenset(numbers | named)
    return score


def _key(aliases: Sequence[str], gold: Collection[str]) -> str:
    """The alias that the gold has, else the first one."""
    return next((alias for alias in aliases if alias in gold), aliases[0] if aliases else "?")


def of_statements(name: str, stated: Stated, read: Mapping[str, Remembered]) -> FormatScore:
    """The score of records that are right as a whole: every statement is a fact."""
    score = FormatScore(name)
    facts = {(fact.subject, fact.predicate, fact.object) for found in read.values() for fact in found.facts}
    for found in read.values():
        score.failed += found.failed
    for gold in stated.statements:
        lacking = gold - facts
        if lacking:
            score.records.missing.append("; ".join(" ".join(one) for one in sorted(lacking)))
        else:
            score.records.right += 1
    return score


def same_everywhere(scores: Sequence[FormatScore]) -> list[str]:
    """Papers of which one format gives another reading than the first."""
    first, *others = scores
    return [
        f"{paper}: {other.name} and {first.name} differ in {', '.join(sorted(other.seen[paper] ^ seen))}"
        for paper, seen in first.seen.items()
        for other in others
        if other.seen[paper] != seen
    ]
