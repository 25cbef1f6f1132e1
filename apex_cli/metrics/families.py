"""The metric families: names, types, meanings, labels. Pure.

Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` on counters. Metrics export
timestamps; compute ages in PromQL, because an age in a file that is not refreshed would not grow.
Label values come from closed lists; those of stores, stages and states are always present, also at zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from apex_cli import __version__
from apex_cli.results import RecordStatus as RecordResult
from apex_cli.run_stats import STAGES, STORES
from apex_cli.staging import StagingStats
from apex_cli.stores.postgres.runs import RunGroup, RunStatistics, RunTotal

Samples = Iterable[tuple[Sequence[str], float]]
_OPEN = ("PREPARED", "RESOLVING", "COMMITTED")


def families(statistics: RunStatistics, staging: StagingStats, namespace: str) -> Iterator[Metric]:
    """All families, also those without a sample.

    Every sample has its namespace as a label: a node exporter rejects two files with the same series.
    """
    for family in _all(statistics, staging):
        family.samples = [each._replace(labels={"namespace": namespace, **each.labels}) for each in family.samples]
        yield family


def _all(statistics: RunStatistics, staging: StagingStats) -> Iterator[Metric]:
    yield _gauge("build_info", "The version that wrote this; always 1.", ("version",), [((__version__,), 1)])
    yield from _runs(statistics)
    yield from _last_runs(statistics)
    yield from _work(statistics.totals)
    yield from _costs(statistics.totals)
    yield from _sagas(statistics)
    yield from _staging(staging)


def _runs(statistics: RunStatistics) -> Iterator[Metric]:
    ended = [one for one in statistics.groups if one.exit_code is not None]
    endless = {one.verb: one.runs for one in statistics.groups if one.exit_code is None}
    verbs = sorted({one.verb for one in statistics.groups})
    yield _counter(
        "runs",
        "Runs that ended, by exit code.",
        ("verb", "exit_code"),
        [((one.verb, str(one.exit_code)), one.runs) for one in ended],
    )
    yield _counter("run_seconds", "Seconds that runs took.", ("verb",), _by_verb(ended))
    yield _gauge(
        "runs_unfinished",
        "Runs without an end: killed, or still active.",
        ("verb",),
        [((verb,), endless.get(verb, 0)) for verb in verbs],
    )
    yield _gauge(
        "last_success_timestamp_seconds",
        "When a run last ended with exit code 0.",
        ("verb",),
        [((one.verb,), one.latest.timestamp()) for one in ended if one.exit_code == 0 and one.latest],
    )


def _last_runs(statistics: RunStatistics) -> Iterator[Metric]:
    last = statistics.last
    verb = ("verb",)
    started = [((one.verb,), one.started_at.timestamp()) for one in last]
    ended = [((one.verb,), one.finished_at.timestamp()) for one in last]
    took = [((one.verb,), (one.finished_at - one.started_at).total_seconds()) for one in last]
    codes = [((one.verb,), one.exit_code) for one in last]
    trips = [((one.verb, store), one.breaker_trips.get(store, 0)) for one in last for store in STORES]
    yield _gauge("last_run_start_timestamp_seconds", "When the last run that ended began.", verb, started)
    yield _gauge("last_run_end_timestamp_seconds", "When the last run ended.", verb, ended)
    yield _gauge("last_run_duration_seconds", "How long the last run took.", verb, took)
    yield _gauge("last_run_exit_code", "The exit code of the last run.", verb, codes)
    yield _gauge("last_run_breaker_trips", "How often its breaker opened for a store.", ("verb", "store"), trips)


def _work(totals: Sequence[RunTotal]) -> Iterator[Metric]:
    counted = {(one.label, one.sublabel): one.value for one in totals if one.measure == "by_source"}
    every = {(source, outcome.value): 0.0 for source, _ in counted for outcome in RecordResult}
    records = sorted({**every, **counted}.items())
    yield _counter("inputs", "Files and streams ingested.", (), _by_label(totals, "inputs"))
    yield _counter("records", "Records, by outcome.", ("source", "outcome"), records)
    yield _counter(
        "stage_seconds",
        "Seconds spent in each stage of ingests; stages overlap.",
        ("stage",),
        _by_label(totals, "stage_seconds", STAGES),
    )
    steps = [((one.label, one.sublabel), one.value) for one in totals if one.measure == "store_seconds"]
    yield _counter("store_seconds", "Seconds spent in each step of each store.", ("store", "step"), steps)
    yield _counter("store_calls", "Steps called on each store.", ("store",), _by_label(totals, "store_calls", STORES))
    yield _counter("store_retries", "Steps that were retried.", ("store",), _by_label(totals, "store_retries", STORES))
    yield _counter(
        "store_breaker_trips",
        "How often a breaker opened for a store.",
        ("store",),
        _by_label(totals, "breaker_trips", STORES),
    )


def _costs(totals: Sequence[RunTotal]) -> Iterator[Metric]:
    yield _counter("llm_calls", "Calls of language models.", (), _by_label(totals, "llm_calls"))
    yield _counter("llm_tokens", "Tokens of these calls, input and output.", (), _by_label(totals, "tokens"))
    yield _counter("llm_cost_usd", "The cost of these calls in US dollars.", (), _by_label(totals, "cost_usd"))


def _sagas(statistics: RunStatistics) -> Iterator[Metric]:
    yield _counter(
        "saga_rollbacks", "Sagas discarded before their pivot.", (), _by_label(statistics.totals, "rollbacks")
    )
    yield _counter(
        "saga_recoveries",
        "Sagas of killed runs that a later run settled.",
        (),
        _by_label(statistics.totals, "recovered"),
    )
    unsettled = {one.state: one.sagas for one in statistics.open_sagas}
    states = [((state,), unsettled.get(state, 0)) for state in _OPEN]
    yield _gauge("sagas_unsettled", "Open sagas.", ("state",), states)
    oldest = [((one.state,), one.oldest.timestamp()) for one in statistics.open_sagas]
    yield _gauge("sagas_unsettled_oldest_timestamp_seconds", "When the oldest open saga began.", ("state",), oldest)


def _staging(found: StagingStats) -> Iterator[Metric]:
    counts = found.by_status.items()
    status = ("status",)
    yield _gauge("staging_items", "Staged items.", status, [((s,), count.count) for s, count in counts])
    yield _gauge("staging_bytes", "Bytes of their payloads.", status, [((s,), count.bytes) for s, count in counts])
    yield _gauge(
        "staging_oldest_timestamp_seconds",
        "When the oldest staged item arrived.",
        status,
        [((s,), count.oldest.timestamp()) for s, count in counts if count.oldest],
    )
    failed = {**dict.fromkeys(STAGES, 0), **{stage: count.count for stage, count in found.failed_in.items()}}
    letters = [((stage,), count) for stage, count in failed.items()]
    yield _gauge("dead_letters", "Failed items kept, by the stage that failed.", ("stage",), letters)
    yield _gauge("staging_used_bytes", "Bytes that count against the limit.", (), [((), found.used)])
    yield _gauge("staging_limit_bytes", "The size limit of the staging directory.", (), [((), found.limit)])
    free = [] if found.free is None else [((), found.free)]
    yield _gauge("staging_free_bytes", "Free space of its disk.", (), free)


def _by_verb(ended: Iterable[RunGroup]) -> Samples:
    seconds: dict[str, float] = {}
    for one in ended:
        seconds[one.verb] = seconds.get(one.verb, 0.0) + one.seconds
    return [((verb,), value) for verb, value in sorted(seconds.items())]


def _by_label(totals: Iterable[RunTotal], measure: str, closed: Sequence[str] = ()) -> Samples:
    """The totals of a measure by its label, with all labels of a closed list; without a list, its single total."""
    found = {one.label: one.value for one in totals if one.measure == measure}
    if not closed:
        return [((), found.get("", 0.0))]
    return [((label,), value) for label, value in {**dict.fromkeys(closed, 0.0), **found}.items()]


def _counter(name: str, meaning: str, labels: Sequence[str], samples: Samples) -> Metric:
    return _filled(CounterMetricFamily(f"apex_{name}", meaning, labels=labels), samples)


def _gauge(name: str, meaning: str, labels: Sequence[str], samples: Samples) -> Metric:
    return _filled(GaugeMetricFamily(f"apex_{name}", meaning, labels=labels), samples)


def _filled(family: CounterMetricFamily | GaugeMetricFamily, samples: Samples) -> Metric:
    for labels, value in samples:
        family.add_metric(labels, value)
    return family
