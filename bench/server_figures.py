"""Samples of one run on servers, and the figures computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import Figure, IngestSample, RawSample, ingest_figures, rate, ratio, saga_figures


@dataclass(frozen=True, slots=True)
class ServerSamples:
    """All that was measured: `one` ingest of all records, and a `pair` of ingests at once, each of half of them.

    `verified`: how many records of the pair `apex verify` found consistent.
    """

    one: IngestSample
    pair: Sequence[IngestSample]
    verified: int
    raw: RawSample
    side_by_side: RawSample
    preparing_seconds: float


def server_figures(samples: ServerSamples) -> list[Figure]:
    """Every figure of the report, in its order."""
    return [
        *ingest_figures(samples.one),
        *_store_figures(samples.one),
        *_pair_figures(samples),
        *saga_figures(samples.one, samples.raw, samples.side_by_side, samples.preparing_seconds),
    ]


def _store_figures(one: IngestSample) -> list[Figure]:
    """Vectors and cache are written side by side, and all stores beside the understanding of the next batch."""
    found = []
    for store, seconds in sorted(one.store_seconds.items()):
        found += [
            Figure(f"seconds_{store}", f"  {store}", seconds, "s"),
            Figure(f"share_{store}", "    share of the time", ratio(seconds, one.seconds), ""),
        ]
    return found


def _pair_figures(samples: ServerSamples) -> list[Figure]:
    one, pair = samples.one, samples.pair
    together = rate(sum(half.records for half in pair), max(half.seconds for half in pair))
    return [
        Figure("pair", f"{len(pair)} processes at once, both together", together, "/s"),
        Figure("pair_gain", "  by the rate of one", ratio(together, rate(one.records, one.seconds)), ""),
        Figure("pair_verified", "  verified afterwards, no problem found", samples.verified, "records"),
    ]
