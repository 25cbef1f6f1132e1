"""A memory against the gold, and in a form in which two memories of the same files are the same bytes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from quality.records.generate import Corpus
from quality.records.gold import Fact
from quality.records.matching import exact
from quality.records.memory import Memory
from quality.scoring import Tallies, Tally, merged, micro

_SPEED_ERROR = 0.3
"""What the rounding of km/h and m/s to one decimal may change, in miles per hour."""


@dataclass(frozen=True, slots=True)
class Score:
    """How a memory compares with the gold. `differences` names each one; none is perfect."""

    entities: Tallies
    current: Tallies
    past: Tallies
    answers: Tally
    differences: Sequence[str]

    @property
    def is_perfect(self) -> bool:
        return not self.differences


def compare(corpus: Corpus, memory: Memory) -> Score:
    """Each gold thing must be exactly one entity, each fact one interval, each answer what held."""
    refs = exact(memory.refs)
    named = {
        id: ref
        for id, ref in refs.items()
        if not (names := corpus.gold.things[ref].names) or memory.entities[id].name in names
    }
    expected, made = corpus.gold.facts(), _facts(memory, refs)
    right = [answer == question.answer for question, answer in zip(corpus.questions, memory.answers, strict=True)]
    return Score(
        _tallies(
            Counter(memory.entities[id].type for id in named),
            (one.type for one in memory.entities.values()),
            (one.type for one in corpus.gold.things.values()),
        ),
        _of_facts(expected, made, current=True),
        _of_facts(expected, made, current=False),
        Tally(sum(right), len(right), len(right)),
        [
            *_of_things(corpus, memory, set(named.values())),
            *(f"fact missing: {_written(one)}" for one in sorted(expected - set(made), key=str)),
            *(f"fact not true: {_written(one)}" for one in sorted(set(made) - expected, key=str)),
            *(f"{count} facts for one: {_written(one)}" for one, count in Counter(made).items() if count > 1),
            *_of_answers(corpus, memory),
            *_of_speeds(corpus, memory, refs),
            *(f"verify: {one.store} {one.kind} {one.detail}" for one in memory.problems),
            *(f"failed: {one}" for one in memory.results.failures),
        ],
    )


def _of_things(corpus: Corpus, memory: Memory, right: set[str]) -> Iterable[str]:
    ids: Mapping[str, list[str]] = defaultdict(list)
    for id, refs in memory.refs.items():
        for ref in refs:
            ids[ref].append(id)
        if not refs:
            entity = memory.entities[id]
            yield f"no such thing: {entity.type} {entity.name} {list(entity.aliases)}"
    for ref, thing in corpus.gold.things.items():
        if ref not in right:
            seen = "; ".join(
                f"{memory.entities[id].name} {list(memory.entities[id].aliases)}, which is {list(memory.refs[id])}"
                for id in ids[ref]
            )
            yield f"{thing.type} {ref} {sorted(thing.names)}: {seen or 'missing'}"


def _of_answers(corpus: Corpus, memory: Memory) -> Iterable[str]:
    for question, answer in zip(corpus.questions, memory.answers, strict=True):
        if answer != question.answer:
            said = "nothing of that name" if answer is None else sorted(answer)
            yield (
                f"answer: {question.subject} {question.predicate} at {_time(question.at)} "
                f"is {sorted(question.answer)}, not {said}"
            )


def _of_speeds(corpus: Corpus, memory: Memory, refs: Mapping[str, str]) -> Iterable[str]:
    """Positions with another speed than was measured, in whatever unit."""
    for fact in memory.facts.values():
        key = refs.get(fact.subject_id, ""), fact.valid_at
        if fact.predicate == "LOCATED_AT" and key in corpus.gold.speeds:
            made, wanted = fact.attributes.get("speed_mph"), corpus.gold.speeds[key]
            if not isinstance(made, int | float) or abs(made - wanted) > _SPEED_ERROR:
                yield f"speed of {key[0]} at {_time(key[1])} is {wanted} mph, not {made}"


def _facts(memory: Memory, refs: Mapping[str, str]) -> list[Fact]:
    return [
        Fact(
            memory.called(refs, one.subject_id, one.subject),
            one.predicate,
            memory.called(refs, one.object_id, one.object),
            one.valid_at,
            one.invalid_at,
        )
        for one in memory.facts.values()
    ]


def _of_facts(expected: Iterable[Fact], made: Sequence[Fact], *, current: bool) -> Tallies:
    """Tallies by predicate, of facts that still hold or of those that have ended."""
    wanted = {one for one in expected if (one.invalid_at is None) is current}
    found = [one for one in made if (one.invalid_at is None) is current]
    return _tallies(
        Counter(one.predicate for one in wanted & set(found)),
        (one.predicate for one in found),
        (one.predicate for one in wanted),
    )


def _tallies(right: Counter[str], found: Iterable[str], expected: Iterable[str]) -> Tallies:
    made, wanted = Counter(found), Counter(expected)
    return {key: Tally(right[key], made[key], wanted[key]) for key in sorted(made | wanted)}


def table(scores: Sequence[Score]) -> str:
    """Precision, recall and F1 over all orders, by type and predicate, and the share of right answers."""
    lines = []
    for title, part in (("entities", "entities"), ("current facts", "current"), ("past facts", "past")):
        total = merged(getattr(score, part) for score in scores)
        lines += [_head(title), *(_line(name, tally) for name, tally in total.items()), _line("all", micro(total)), ""]
    answers = sum((score.answers for score in scores), Tally())
    return "\n".join([*lines, _line("as-of answers", answers)])


def _head(title: str) -> str:
    return f"{title:<18}{'precision':>10} {'recall':>7} {'F1':>7} {'right':>6} {'found':>6} {'expected':>9}"


def _line(name: str, one: Tally) -> str:
    rates = f"{one.precision:>10.4f} {one.recall:>7.4f} {one.f1:>7.4f}"
    return f"{name:<18}{rates} {one.right:>6} {one.found:>6} {one.expected:>9}"


def dump(memory: Memory) -> str:
    """Everything that readers see, without the program's own ids and the times of writing, in one order."""
    called = {id: f"{one.type} {' '.join(sorted(one.aliases))}" for id, one in memory.entities.items()}
    records = {one.record_id: f"{one.source}:{one.data_type}:{one.external_id}" for one in memory.versions}
    entities = [["entity", called[id], one.name, dict(one.attributes)] for id, one in memory.entities.items()]
    facts = [
        [
            "fact",
            called.get(one.subject_id, one.subject),
            one.predicate,
            called.get(one.object_id, one.object),
            _time(one.valid_at),
            _time(one.invalid_at),
            sorted(records.get(record, record) for record in one.records),
            dict(one.attributes),
        ]
        for one in memory.facts.values()
    ]
    versions = [["record", records[one.record_id], dict(one.payload)] for one in memory.versions]
    every = [json.dumps(one, sort_keys=True, ensure_ascii=False) for one in (*entities, *facts, *versions)]
    return "".join(f"{line}\n" for line in sorted(every))


def first_difference(dumps: Sequence[str]) -> tuple[str, str] | None:
    """The first line that two memories do not share, from each; None where all memories are one."""
    other = next((one for one in dumps if one != dumps[0]), None)
    if other is None:
        return None
    first, second = dumps[0].splitlines(), other.splitlines()
    mine, theirs = set(first), set(second)
    return (
        next((line for line in first if line not in theirs), "nothing"),
        next((line for line in second if line not in mine), "nothing"),
    )


def _written(fact: Fact) -> str:
    return f"{fact.subject} {fact.predicate} {fact.object} {_time(fact.valid_at)} - {_time(fact.invalid_at)}"


def _time(time: datetime | None) -> str:
    return "" if time is None else time.isoformat().replace("+00:00", "Z")
