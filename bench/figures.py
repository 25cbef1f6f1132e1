"""Samples of one run and the figures computed from them. Nothing here touches a process, a file or a clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

PARTS = 5
"""Rates are reported for each fifth of a run."""
_PAUSE_SECONDS = 0.05
"""The lines of one batch come closer to each other than this."""


@dataclass(frozen=True, slots=True)
class IngestSample:
    """One `apex ingest` of a file.

    `wall_seconds` is from the start of the process to its end, `seconds` what its summary says, `store_seconds` what it
    says of each store. `arrivals` are the moments (seconds since the start) at which each record's line arrived.
    `peak_bytes` is the peak resident memory of the apex process alone, `processor_seconds` what all processes took that
    ran meanwhile below this one, embedded servers included; None where they cannot be measured.
    """

    records: int
    wall_seconds: float
    seconds: float
    arrivals: Sequence[float]
    peak_bytes: int | None
    store_seconds: Mapping[str, float]
    processor_seconds: float | None


@dataclass(frozen=True, slots=True)
class RawSample:
    """Raw writes of all batches: `seconds` in all, those of each store on its own, and `processor_seconds` of all."""

    seconds: float
    by_store: Mapping[str, float]
    processor_seconds: float | None


@dataclass(frozen=True, slots=True)
class Samples:
    """All that was measured. `long` has twice the records of `large`; `preparing_seconds`: extraction and embedding
    alone, of the `large` records."""

    help_seconds: Sequence[float]
    first: IngestSample
    cold: Sequence[IngestSample]
    small: IngestSample
    large: IngestSample
    again: IngestSample
    long: IngestSample
    raw: RawSample
    side_by_side: RawSample
    preparing_seconds: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. `value` is None where it could not be measured; `aim` is what is wanted of it.

    A rate may have `processor_seconds`: user and system seconds a thousand records, of all processes.
    """

    name: str
    label: str
    value: float | Sequence[float] | None
    unit: str
    aim: str = ""
    processor_seconds: float | None = None


def part_rates(arrivals: Sequence[float], parts: int = PARTS) -> list[float]:
    """Records a second of each fifth of a run. The first one begins with the process: the stores start within it.

    The records of a batch arrive together, when it ends. So the time of a record between two such ends is taken from
    the line between them. Example: 1,000 at 5 s and 1,000 at 7 s; record 1,500 was done at 6 s.
    """
    following = [*arrivals[1:], float("inf")]
    ends = [
        (number, moment)
        for number, (moment, later) in enumerate(zip(arrivals, following, strict=False), 1)
        if later - moment > _PAUSE_SECONDS
    ]
    if len(ends) < parts:
        return []
    moments = [_moment_of(len(arrivals) * part / parts, [(0, 0.0), *ends]) for part in range(parts + 1)]
    share = len(arrivals) / parts
    return [share / max(end - start, 1e-9) for start, end in pairwise(moments)]


def _moment_of(record: float, ends: Sequence[tuple[int, float]]) -> float:
    """When as many records were done, by the line through the ends of batches."""
    for (before, start), (after, end) in pairwise(ends):
        if record <= after:
            return start + (end - start) * (record - before) / (after - before)
    return ends[-1][1]


def steadiness(rates: Sequence[float]) -> float | None:
    """The last fifth's rate by the second's: the first one is slower by the start. None where there are none."""
    return rates[-1] / rates[1] if rates else None


def ratio(part: float | None, whole: float | None) -> float | None:
    """`part / whole`; None where either is missing or the whole is nothing."""
    return None if part is None or not whole else part / whole


def rate(records: int, seconds: float) -> float:
    """Records a second."""
    return records / max(seconds, 1e-9)


def a_thousand(seconds: float | None, records: int) -> float | None:
    """Seconds a thousand records; None where they were not measured."""
    return None if seconds is None or not records else 1_000 * seconds / records


def rate_figure(
    name: str, label: str, records: int, seconds: float, processor_seconds: float | None, aim: str = ""
) -> Figure:
    """A rate, with the processor seconds a thousand."""
    return Figure(name, label, rate(records, seconds), "/s", aim, a_thousand(processor_seconds, records))


def figures(samples: Samples) -> list[Figure]:
    """Every figure of the report, in its order."""
    small, large, again = samples.small, samples.large, samples.again
    cold = [one.wall_seconds for one in samples.cold]
    helps = samples.help_seconds
    growth = ratio(large.peak_bytes, small.peak_bytes)
    return [
        Figure("help", f"apex --help (median of {len(helps)})", median(helps), "s", "< 0.3"),
        Figure("cold_start", f"one record from a cold start (median of {len(cold)})", median(cold), "s", "< 3"),
        Figure("first_start", "the very first record, into a fresh home", samples.first.wall_seconds, "s"),
        *ingest_figures(large, ">= 800", long=samples.long),
        rate_figure(
            "unchanged", "the same again, unchanged", again.records, again.seconds, again.processor_seconds, ">= 3,000"
        ),
        Figure("peak_small", f"peak memory of apex, {small.records:,} records", small.peak_bytes, "bytes"),
        Figure("peak_large", f"peak memory of apex, {large.records:,} records", large.peak_bytes, "bytes", "< 600 MB"),
        Figure("memory_growth", "  ratio of the two", growth, "", "<= 1.2"),
        *saga_figures(large, samples.raw, samples.side_by_side, samples.preparing_seconds),
    ]


def ingest_figures(large: IngestSample, aim: str = "", *, long: IngestSample | None = None) -> list[Figure]:
    """How fast one ingest was, and how steady it was, or a `long` one."""
    watched = long or large
    rates = part_rates(watched.arrivals)
    return [
        rate_figure(
            "ingest",
            f"{large.records:,} records, end to end",
            large.records,
            large.seconds,
            large.processor_seconds,
            aim,
        ),
        Figure("ingest_fifths", f"  each fifth of {watched.records:,}", rates or None, "/s"),
        Figure("steadiness", "  last fifth / second fifth", steadiness(rates), "", ">= 0.9"),
    ]


def saga_figures(large: IngestSample, raw: RawSample, beside: RawSample, preparing_seconds: float) -> list[Figure]:
    """An ingest beside the raw writes of the same records."""
    records = large.records
    end_to_end = rate(records, large.seconds)
    one_by_one, together = rate(records, raw.seconds), rate(records, beside.seconds)
    understood = rate(records, raw.seconds + preparing_seconds)
    return [
        rate_figure("raw", "raw writes, one store after the other", records, raw.seconds, raw.processor_seconds),
        *(Figure(f"raw_{store}", f"  {store}", seconds, "s") for store, seconds in raw.by_store.items()),
        rate_figure(
            "raw_side_by_side", "raw writes, the four side by side", records, beside.seconds, beside.processor_seconds
        ),
        Figure("understanding", "extraction and embedding alone", preparing_seconds, "s"),
        Figure("raw_understood", "raw writes + extraction and embedding", understood, "/s"),
        Figure("saga", "end to end / raw", ratio(end_to_end, one_by_one), "", "aim: 0.6"),
        Figure("saga_side_by_side", "end to end / raw side by side", ratio(end_to_end, together), ""),
        Figure("saga_understood", "end to end / raw + extraction and embedding", ratio(end_to_end, understood), ""),
    ]


@dataclass(frozen=True, slots=True)
class PairSample:
    """Two ingests at once, each of half of the records. `processor_seconds` is of both together.

    `verified`: how many records were found consistent in all stores afterwards.
    """

    halves: Sequence[IngestSample]
    processor_seconds: float | None
    verified: int

    @property
    def records(self) -> int:
        return sum(half.records for half in self.halves)

    @property
    def seconds(self) -> float:
        """Those of the slower one."""
        return max(half.seconds for half in self.halves)


@dataclass(frozen=True, slots=True)
class ServerSamples:
    """All that was measured: `one` ingest of all records, and pairs of ingests by the name of their figure.

    `pair` is in one namespace, `apart` in a namespace each. `raw_graph`: raw writes of all records to the graph alone,
    by the number of connections. Servers take processor seconds of their own: `graph_seconds` are those of the graph's,
    by the name of a figure.
    """

    one: IngestSample
    pairs: Mapping[str, PairSample]
    raw: RawSample
    side_by_side: RawSample
    raw_graph: Mapping[int, RawSample]
    preparing_seconds: float
    graph_seconds: Mapping[str, float | None]


def server_figures(samples: ServerSamples) -> list[Figure]:
    """Every figure of the report, in its order.

    Vectors and cache are written side by side, and all stores beside the understanding of the next batch.
    """
    one = samples.one
    stores = []
    for store, seconds in sorted(one.store_seconds.items()):
        stores += [
            Figure(f"seconds_{store}", f"  {store}", seconds, "s"),
            Figure(f"share_{store}", "    share of the time", ratio(seconds, one.seconds), ""),
        ]
    return [
        *ingest_figures(one),
        _graph_processor(samples, "ingest"),
        *stores,
        *_pair_figures(samples, "pair", "two processes at once in one namespace, both together"),
        *_pair_figures(samples, "apart", "two processes at once, a namespace each, both together"),
        *_raw_graph_figures(samples),
        *saga_figures(one, samples.raw, samples.side_by_side, samples.preparing_seconds),
    ]


def _pair_figures(samples: ServerSamples, name: str, label: str) -> list[Figure]:
    """How fast two ingests at once were, and how much faster than one."""
    one, pair = samples.one, samples.pairs[name]
    gain = ratio(rate(pair.records, pair.seconds), rate(one.records, one.seconds))
    return [
        rate_figure(name, label, pair.records, pair.seconds, pair.processor_seconds),
        _graph_processor(samples, name),
        Figure(f"{name}_gain", "  by the rate of one", gain, ""),
        Figure(f"{name}_verified", "  verified afterwards, no problem found", pair.verified, "records"),
    ]


def _raw_graph_figures(samples: ServerSamples) -> list[Figure]:
    """What the graph's server takes from writers that read nothing, and how near to it the ingests come."""
    one, raw, pair = samples.one, samples.raw_graph, samples.pairs["pair"]
    rates = {connections: rate(one.records, sample.seconds) for connections, sample in raw.items()}
    found = []
    for connections, sample in raw.items():
        name = f"raw_graph_{connections}"
        label = f"raw writes to the graph alone, connections: {connections}"
        found += [
            rate_figure(name, label, one.records, sample.seconds, sample.processor_seconds),
            _graph_processor(samples, name),
            Figure(f"{name}_gain", "  by the rate of one connection", ratio(rates[connections], rates.get(1)), ""),
        ]
    committing = rate(one.records, one.store_seconds.get("graph", 0.0))
    return [
        *found,
        Figure("graph_alone", "one process, its time in the graph alone", committing, "/s"),
        Figure("graph_by_raw", "  by raw writes, one connection", ratio(committing, rates.get(1)), ""),
        Figure(
            "pair_by_raw",
            "two processes in one namespace, end to end / raw writes to the graph, two connections",
            ratio(rate(pair.records, pair.seconds), rates.get(2)),
            "",
        ),
    ]


def _graph_processor(samples: ServerSamples, name: str) -> Figure:
    """Processor seconds a thousand records of the graph's server, while the figure of that name was measured."""
    seconds = a_thousand(samples.graph_seconds.get(name), samples.one.records)
    return Figure(f"{name}_graph_server", "  processor s a thousand of the graph's server", seconds, "s")
