"""Metrics for Prometheus: totals over all runs, the last run, the staging directory, open sagas.

Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` on counters. Metrics export
timestamps; compute ages in PromQL, because an age in a file that is not refreshed would not grow.
Label values come from closed lists; those of stores, stages and states are always present, also at zero.
The text format is 0.0.4. A node exporter's textfile collector reads files named `*.prom`, at any moment
(https://github.com/prometheus/node_exporter#textfile-collector).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from apex_cli import __version__
from apex_cli.config import Settings
from apex_cli.errors import ConfigError
from apex_cli.files import write_atomic
from apex_cli.results import RecordStatus
from apex_cli.run_stats import STAGES, STORES
from apex_cli.staging import StagingDirectory, StagingStats
from apex_cli.stores.postgres.runs import RunGroup, RunStatistics, RunTotal

Samples = Iterable[tuple[Sequence[str], float]]
_OPEN = ("PREPARED", "RESOLVING", "COMMITTED")
_READABLE = 0o644
"""The exporter runs as another user."""


def collect(settings: Settings, known: RunStatistics) -> list[Metric]:
    """Every metric family with its samples, in a fixed order. Looks at the staging directory, so it may take a while.

    Raises `StagingUnusable`.
    """
    staging = StagingDirectory(settings.staging_dir, max_bytes=settings.staging_max_bytes)
    return list(families(known, staging.stats(), settings.namespace))


def as_text(families: Iterable[Metric]) -> bytes:
    """Families in the text format 0.0.4, UTF-8."""

    class Collected(Collector):
        def collect(self) -> Iterator[Metric]:
            yield from families

    return generate_latest(Collected())


def check_textfile(path: Path) -> None:
    """Check before a run that the file can be written. Raises `ConfigError`."""
    if path.suffix != ".prom":
        raise ConfigError(
            f"the metrics file {path} is not named *.prom", hint="a node exporter reads no other files; rename it"
        )
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK) or path.is_dir():
        raise _unusable(path, "its directory is missing or cannot be written to")


def write_textfile(path: Path, content: bytes) -> None:
    """Replace the file in one step, durable, mode 0644; of several writers the last one wins. Raises `ConfigError`."""
    try:
        write_atomic(path, content, mode=_READABLE)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error


def _unusable(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        f"the metrics file {path} cannot be written: {reason}",
        hint="name a file in a directory that this user may write to",
    )


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
    yield from _sagas(statistics)
    yield from _staging(staging)


def _runs(statistics: RunStatistics) -> Iterator[Metric]:
    ended = [one for one in statistics.groups if one.exit_code is not None]
    endless = {one.verb: one.runs for one in statistics.groups if one.exit_code is None}
    verbs = sorted({one.verb for one in statistics.groups})
    codes = [((one.verb, str(one.exit_code)), one.runs) for one in ended]
    unfinished = [((verb,), endless.get(verb, 0)) for verb in verbs]
    successes = [((one.verb,), one.latest.timestamp()) for one in ended if one.exit_code == 0 and one.latest]
    yield _counter("runs", "Runs that ended, by exit code.", ("verb", "exit_code"), codes)
    yield _counter("run_seconds", "Seconds that runs took.", ("verb",), _by_verb(ended))
    yield _gauge("runs_unfinished", "Runs without an end: killed, or still active.", ("verb",), unfinished)
    yield _gauge("last_success_timestamp_seconds", "When a run last ended with exit code 0.", ("verb",), successes)


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
    every = {(source, outcome.value): 0.0 for source, _ in counted for outcome in RecordStatus}
    records = sorted({**every, **counted}.items())
    yield _counter("inputs", "Files and streams ingested.", (), _by_label(totals, "inputs"))
    yield _counter("records", "Records, by outcome.", ("source", "outcome"), records)
    stages = _by_label(totals, "stage_seconds", STAGES)
    yield _counter("stage_seconds", "Seconds spent in each stage of ingests; stages overlap.", ("stage",), stages)
    steps = [((one.label, one.sublabel), one.value) for one in totals if one.measure == "store_seconds"]
    yield _counter("store_seconds", "Seconds spent in each step of each store.", ("store", "step"), steps)
    yield _counter("store_calls", "Steps called on each store.", ("store",), _by_label(totals, "store_calls", STORES))
    yield _counter("store_retries", "Steps that were retried.", ("store",), _by_label(totals, "store_retries", STORES))
    trips = _by_label(totals, "breaker_trips", STORES)
    yield _counter("store_breaker_trips", "How often a breaker opened for a store.", ("store",), trips)
    yield _counter("llm_calls", "Calls of language models.", (), _by_label(totals, "llm_calls"))
    yield _counter("llm_tokens", "Tokens of these calls, input and output.", (), _by_label(totals, "tokens"))
    yield _counter("llm_cost_usd", "The cost of these calls in US dollars.", (), _by_label(totals, "cost_usd"))


def _sagas(statistics: RunStatistics) -> Iterator[Metric]:
    rollbacks, recoveries = (_by_label(statistics.totals, measure) for measure in ("rollbacks", "recovered"))
    yield _counter("saga_rollbacks", "Sagas discarded before their pivot.", (), rollbacks)
    yield _counter("saga_recoveries", "Sagas of killed runs that a later run settled.", (), recoveries)
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
    oldest = [((s,), count.oldest.timestamp()) for s, count in counts if count.oldest]
    yield _gauge("staging_oldest_timestamp_seconds", "When the oldest staged item arrived.", status, oldest)
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
