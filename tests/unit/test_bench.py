"""The benchmark's figures, computed from given samples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from bench.dataset import GraphRows
from bench.figures import (
    IngestSample,
    RawSample,
    Samples,
    ServerSamples,
    figures,
    rate,
    ratio,
    server_figures,
    steadiness,
    window_rates,
)
from bench.ingest import high_water
from bench.server_writers import by_name


def _ingest(
    records: int, seconds: float, *, arrivals: Sequence[float] = (), peak_bytes: int | None = None
) -> IngestSample:
    return IngestSample(records, seconds + 0.1, seconds, arrivals, peak_bytes, {"postgres": seconds / 5})


def _samples(*, peak_bytes: int | None = 300_000_000) -> Samples:
    """3,000 records in 10 s: the first thousand in 5 s, the second in 2 s, the third in 2.5 s."""
    arrivals = [5.0] * 1000 + [7.0] * 1000 + [9.5] * 1000
    return Samples(
        help_seconds=[0.3, 0.1, 0.2],
        first=_ingest(1, 3.9),
        cold=[_ingest(1, 1.9), _ingest(1, 0.9), _ingest(1, 5.9)],
        small=_ingest(300, 2.0, peak_bytes=None if peak_bytes is None else 250_000_000),
        large=_ingest(3000, 10.0, arrivals=arrivals, peak_bytes=peak_bytes),
        again=_ingest(3000, 0.5),
        raw=RawSample(6.0, {"postgres": 1.0, "graph": 5.0}),
        side_by_side=RawSample(5.0, {"postgres": 1.5, "graph": 5.0}),
        preparing_seconds=4.0,
    )


def test_every_figure_follows_from_the_samples() -> None:
    found = {figure.name: figure.value for figure in figures(_samples())}
    windows = found.pop("ingest_windows")
    assert windows == pytest.approx([200, 500, 400])
    assert found == pytest.approx(
        {
            "help": 0.2,
            "cold_start": 2.0,
            "first_start": 4.0,
            "ingest": 300,
            "steadiness": 0.8,
            "unchanged": 6000,
            "peak_small": 250_000_000,
            "peak_large": 300_000_000,
            "memory_growth": 1.2,
            "raw": 500,
            "raw_postgres": 1.0,
            "raw_graph": 5.0,
            "raw_side_by_side": 600,
            "understanding": 4.0,
            "raw_understood": 300,
            "saga": 0.6,
            "saga_side_by_side": 0.5,
            "saga_understood": 1.0,
        }
    )


def test_every_figure_of_servers_follows_from_the_samples() -> None:
    samples = ServerSamples(
        one=_samples().large,
        pair=[_ingest(1500, 4.0), _ingest(1500, 5.0)],
        verified=3000,
        raw=RawSample(6.0, {"graph": 5.0}),
        side_by_side=RawSample(5.0, {"graph": 5.0}),
        preparing_seconds=4.0,
    )
    found = {figure.name: figure.value for figure in server_figures(samples)}
    assert found.pop("ingest_windows") == pytest.approx([200, 500, 400])
    assert found == pytest.approx(
        {
            "ingest": 300,
            "steadiness": 0.8,
            "seconds_postgres": 2.0,
            "share_postgres": 0.2,
            "pair": 600,
            "pair_gain": 2.0,
            "pair_verified": 3000,
            "raw": 500,
            "raw_graph": 5.0,
            "raw_side_by_side": 600,
            "understanding": 4.0,
            "raw_understood": 300,
            "saga": 0.6,
            "saga_side_by_side": 0.5,
            "saga_understood": 1.0,
        }
    )


def test_memory_that_cannot_be_measured_gives_no_figure() -> None:
    found = {figure.name: figure.value for figure in figures(_samples(peak_bytes=None))}
    assert (found["peak_small"], found["peak_large"], found["memory_growth"]) == (None, None, None)


def test_a_window_counts_only_when_full() -> None:
    assert window_rates([1.0, 2.0, 3.0, 4.0, 5.0], window=2) == pytest.approx([1.0, 1.0])
    assert window_rates([1.0], window=2) == []


def test_records_that_arrive_at_one_moment_still_have_a_rate() -> None:
    assert all(one > 0 for one in window_rates([1.0] * 4, window=2))
    assert rate(5, 0.0) > 0


@pytest.mark.parametrize("rates", [[], [100.0], [100.0, 200.0]])
def test_steadiness_needs_a_window_after_the_second(rates: list[float]) -> None:
    assert steadiness(rates) is None


def test_a_ratio_to_nothing_is_no_figure() -> None:
    assert ratio(1.0, 0) is None
    assert ratio(1.0, None) is None
    assert ratio(0, 2.0) == 0


def test_the_high_water_mark_is_read_from_the_status_of_a_process() -> None:
    assert high_water("Name:\tapex\nVmPeak:\t  9000 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n") == 2048 * 1024
    assert high_water("Name:\tapex\nState:\tZ (zombie)\n") == 0


def test_rows_for_a_server_have_times_in_milliseconds_and_vectors_as_lists() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    vector = np.array([0.5, 0.25], dtype=np.float32)
    fact = ("f", "g", now, "CARRIES", "words", "{}", now, now, ["r"], None, None)
    rows = GraphRows(facts=[fact], fact_vectors=[("f", vector)])
    assert by_name("fact_vectors", rows) == [{"k": "f", "vector": [0.5, 0.25]}]
    (sent,) = by_name("facts", rows)
    assert sent["valid_at"] == sent["created_at"] == 1_767_225_600_000
    assert (sent["invalid_at"], sent["episodes"], sent["uuid"]) == (None, ["r"], "f")
