"""One ranking of what the parts of a search found. Pure.

The score of a record is the sum of two numbers from 0 to 1, and of a bonus:

    words     its score by words, relative to the best one, times the square of its coverage: the share of the
              question's words that it has, by their weight. A text with one word of five says little.
    meaning   its cosine similarity, from the model's noise (0) to the best one (1). Where the model compares texts
              word by word (`embed.word_by_word`): its closeness, from 0 to the closest one (1), and `_VECTOR` times
              the similarity
    naming    at least 1, if the question names a thing by an id and the record is of that thing, or if a name is all
              that the question says. So records of the thing stand first. If the question says nothing else but a kind
              of record, their order is: records of that kind, those that have the name as their own id, in their
              title, records about the thing, records that mention it, each with the newest first. If it asks for what
              was last, or for a relation ("where is", "status of"): records of the kind, those that state the relation
              of the thing, those about it, each with the newest first.
              A name among other words adds `_NAME`, half of it to records that only mention the thing.

Sums of scores find more than sums of ranks do (Bruch, Gai and Ingber, TOIS 2023): by rank, a part counts the same for
what it hardly finds. Where a question names no id and a model for text answers, meaning counts `_LEADS` times what
words count.

What nothing supports is left out, so a question about nothing in the memory finds nothing. A record is supported if

- it is of a thing that the question names, or
- its coverage is `_COVERED`, or it has that share of the question's words ("roll paper": of records that say "paper"
  alone, none says "roll", which weighs more), or
- it is near by meaning: above the model's noise, and above `_TAIL` times the nearest, or `_NEAR` where words are
  compared. If no record has any of the question's words, the nearest must be one that is `sure`. A question of ids
  alone is not answered by a similar text.

The limits are measured on the questions of `quality.meaning`, and on 25 questions about nothing in that memory
("how do I bake sourdough bread"):

    model                     noise   sure   hit@1   hit@5   of 40    questions about nothing that find something
    wordllama-256             0.10    0.32   12      15               5 of 25; 25 without the limits
    multilingual-e5-small     0.80    0.83   22      29               4 of 25; 25 without the limits

On 52 questions that are held out, 24 and 26 of 26 about something find something, 2 and 2 of 13 about nothing, and
7 and 7 of 13 about freight that is not there. See docs/howto/find-by-meaning.md. What the order of records is worth
shows on the fifty questions of `quality.search`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from apex_cli.stores.views import Hit

_LEADS = 4.0
_NAME = 0.5
_COVERED = 0.5
_TAIL = 0.6
_NEAR = 0.45
_VECTOR = 0.5
_TIE = 1e-3


@dataclass(frozen=True, slots=True)
class Near:
    """What one embedding model found, nearest first. For `noise` and `sure` see `Embedder`.

    `leads`: it is a model for text. `closeness` is that of each hit, where the model compares texts word by word.
    """

    hits: Sequence[Hit]
    noise: float = 0.0
    sure: float = 0.0
    leads: bool = False
    closeness: Sequence[float] | None = None

    def supported(self, *, has_words: bool) -> list[tuple[str, float]]:
        """The records that are near enough, with a number from 0 to 1. `has_words`: some record has words of the
        question.
        """
        best = max((hit.score for hit in self.hits), default=0.0)
        if best <= self.noise or (best < self.sure and not has_words):
            return []
        near = [hit for hit in self.hits if hit.score > self.noise]
        by_vector = [(hit.score - self.noise) / (best - self.noise) for hit in near]
        closest = max(self.closeness or (), default=0.0)
        if self.closeness is None or not closest:
            pairs = zip(near, by_vector, strict=True)
            return [(hit.record_id, score) for hit, score in pairs if hit.score >= _TAIL * best]
        by_hit = {id(hit): one / closest for hit, one in zip(self.hits, self.closeness, strict=True)}
        scores = [
            (by_hit[id(hit)] + _VECTOR * score) / (1 + _VECTOR) for hit, score in zip(near, by_vector, strict=True)
        ]
        return [(hit.record_id, score) for hit, score in zip(near, scores, strict=True) if score >= _NEAR]


@dataclass(frozen=True, slots=True)
class Named:
    """Records of one thing that a question names, best first.

    `is_all`: the question says nothing else. `decides`: that, or the name is an id. `about` are those records that do
    not only mention it.
    """

    record_ids: Sequence[str]
    about: frozenset[str]
    decides: bool
    is_all: bool


@dataclass
class Ranking:
    """The scores of the records that are supported, the parts that found each, and its best passage."""

    scores: dict[str, float] = field(default_factory=dict)
    parts: dict[str, list[str]] = field(default_factory=dict)
    points: dict[str, Hit] = field(default_factory=dict)
    sagas: dict[str, set[str]] = field(default_factory=dict)
    """The sagas that wrote what was found of each record."""

    def record_ids(self) -> list[str]:
        """Best first."""
        return sorted(self.scores, key=lambda record_id: (-self.scores[record_id], record_id))


def rank(
    *, words: Sequence[Hit] = (), near: Sequence[Near] = (), named: Sequence[Named] = (), only_ids: bool = False
) -> Ranking:
    """See the head of this module. `only_ids`: all that the question asks for are ids."""
    decided = any(one.decides for one in named)
    share = _LEADS if any(one.leads for one in near) and not decided else 1.0
    of_words, of_meaning, of_names = (
        _by_words(words),
        {} if only_ids else _by_meaning(near, bool(words)),
        _by_name(named),
    )
    # PostgreSQL takes "LD-10441" for three words, one of which is "ld".
    covered = {hit.record_id for hit in words if max(hit.coverage, 0.0 if only_ids else hit.words) >= _COVERED}
    ordered = {record_id for one in named if one.is_all for record_id in one.record_ids}
    ranking = Ranking()
    for record_id in {**of_names, **of_meaning, **of_words}:
        if record_id in of_names or record_id in of_meaning or record_id in covered:
            found = of_words.get(record_id, 0.0) + share * of_meaning.get(record_id, 0.0)
            # Where a name is all of the question, its records keep their order.
            weight = _TIE**2 if record_id in ordered else 1.0
            ranking.scores[record_id] = weight * found / (1 + share) + of_names.get(record_id, 0.0)
            parts = {"vector": of_meaning, "keyword": of_words, "graph": of_names}
            ranking.parts[record_id] = [part for part, scores in parts.items() if record_id in scores]
    for hit in (hit for one in near for hit in one.hits):
        if hit.record_id not in ranking.points or hit.score > ranking.points[hit.record_id].score:
            ranking.points[hit.record_id] = hit
    for hit in (*words, *(hit for one in near for hit in one.hits)):
        ranking.sagas.setdefault(hit.record_id, set()).update(filter(None, [hit.saga_id]))
    return ranking


def _by_words(hits: Sequence[Hit]) -> dict[str, float]:
    """From 0 to 1, and 1 only for one that has all words.

    A record is found by two texts where a partial version is shown over a whole one: the better one counts.
    """
    best = max((hit.score for hit in hits), default=0.0) or 1.0
    scores: dict[str, float] = {}
    for hit in hits:
        scores[hit.record_id] = max(scores.get(hit.record_id, 0.0), hit.score / best * hit.coverage**2)
    return scores


def _by_meaning(near: Sequence[Near], has_words: bool) -> dict[str, float]:
    """From 0 to 1, of each record by its nearest chunk, and by the model that is surest of it.

    Each model has its own scale. That of a model for text leads: what another model finds counts by its share.
    """
    led = any(one.leads for one in near)
    scores: dict[str, float] = {}
    for one in near:
        for record_id, found in one.supported(has_words=has_words):
            score = found / (1.0 if one.leads or not led else _LEADS)
            scores[record_id] = max(scores.get(record_id, 0.0), score)
    return scores


def _by_name(named: Sequence[Named]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for one in named:
        for place, record_id in enumerate(one.record_ids):
            if one.decides:
                score = 1.0 + (1.0 if one.is_all else _TIE) * (1.0 - place / len(one.record_ids))
            else:
                score = _NAME if record_id in one.about else _NAME / 2
            scores[record_id] = scores.get(record_id, 0.0) + score
    return scores
