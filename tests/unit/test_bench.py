"""The benchmark's figures, computed from given samples."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bench.__main__ import report
from bench.dataset import GraphRows
from bench.figures import (
    IngestSample,
    PairSample,
    RawSample,
    Samples,
    ServerSamples,
    figures,
    part_rates,
    rate,
    ratio,
    server_figures,
    steadiness,
)
from bench.ingest import high_water
from bench.processor import listener, listening, parse_stat, process_seconds, total_ticks
from bench.server_writers import by_name


def _ingest(
    records: int, seconds: float, *, arrivals: Sequence[float] = (), peak_bytes: int | None = None
) -> IngestSample:
    spent = {"postgres": seconds / 5}
    return IngestSample(records, seconds + 0.1, seconds, arrivals, peak_bytes, spent, 1.2 * seconds)


def _samples(*, peak_bytes: int | None = 300_000_000) -> Samples:
    """3,000 records in 10 s, in batches of 600: the first in 5 s, then each in 1 s, the last in 1.25 s."""
    arrivals = [5.0] * 600 + [6.0] * 600 + [7.0] * 600 + [8.0] * 600 + [9.25] * 600
    return Samples(
        help_seconds=[0.3, 0.1, 0.2],
        first=_ingest(1, 3.9),
        cold=[_ingest(1, 1.9), _ingest(1, 0.9), _ingest(1, 5.9)],
        small=_ingest(300, 2.0, peak_bytes=None if peak_bytes is None else 250_000_000),
        large=_ingest(3000, 10.0, arrivals=arrivals, peak_bytes=peak_bytes),
        again=_ingest(3000, 0.5),
        long=_ingest(6000, 20.0, arrivals=[2 * moment for moment in arrivals for _ in range(2)]),
        raw=RawSample(6.0, {"postgres": 1.0, "graph": 5.0}, 4.5),
        side_by_side=RawSample(5.0, {"postgres": 1.5, "graph": 5.0}, None),
        preparing_seconds=4.0,
    )


def test_every_figure_follows_from_the_samples() -> None:
    found = {figure.name: figure.value for figure in figures(_samples())}
    assert found.pop("ingest_fifths") == pytest.approx([120, 600, 600, 600, 480])
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
        one=replace(_samples().large, store_seconds={"postgres": 2.0, "graph": 4.0}),
        pairs={
            "pair": PairSample([_ingest(1500, 4.0), _ingest(1500, 5.0)], 6.0, 3000),
            "apart": PairSample([_ingest(1500, 2.5), _ingest(1500, 2.0)], 4.5, 2999),
        },
        raw=RawSample(6.0, {"graph": 5.0}, 4.5),
        side_by_side=RawSample(5.0, {"graph": 5.0}, 4.5),
        raw_graph={1: RawSample(1.5, {}, 0.9), 2: RawSample(1.0, {}, 1.2)},
        preparing_seconds=4.0,
        graph_seconds={"ingest": 6.0, "pair": 9.0, "apart": None, "raw_graph_1": 3.0, "raw_graph_2": None},
    )
    found = {figure.name: figure.value for figure in server_figures(samples)}
    spent = {figure.name: figure.processor_seconds for figure in server_figures(samples)}
    assert [spent["raw_graph_1"], spent["raw_graph_2"]] == pytest.approx([0.3, 0.4])
    assert [spent["pair"], spent["apart"]] == pytest.approx([2.0, 1.5])
    assert found.pop("ingest_fifths") == pytest.approx([120, 600, 600, 600, 480])
    assert found == pytest.approx(
        {
            "ingest": 300,
            "ingest_graph_server": 2.0,
            "steadiness": 0.8,
            "seconds_graph": 4.0,
            "share_graph": 0.4,
            "seconds_postgres": 2.0,
            "share_postgres": 0.2,
            "pair": 600,
            "pair_graph_server": 3.0,
            "pair_gain": 2.0,
            "apart": 1200,
            "apart_graph_server": None,
            "apart_gain": 4.0,
            "apart_verified": 2999,
            "raw_graph_1": 2000,
            "raw_graph_1_graph_server": 1.0,
            "raw_graph_1_gain": 1.0,
            "raw_graph_2": 3000,
            "raw_graph_2_graph_server": None,
            "raw_graph_2_gain": 1.5,
            "graph_alone": 750,
            "graph_by_raw": 0.375,
            "pair_by_raw": 0.2,
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


def test_rates_stand_beside_the_processor_seconds_of_a_thousand_records() -> None:
    found = {figure.name: figure for figure in figures(_samples())}
    spent = {name: one.processor_seconds for name, one in found.items() if one.processor_seconds is not None}
    assert spent == pytest.approx({"ingest": 4.0, "unchanged": 0.2, "raw": 1.5})
    [_, _, line] = report({"cores": 2, "system": "s", "python": "p", "records": 1, "seconds": 1.0}, [found["ingest"]])
    assert line.split() == [
        "3,000",
        "records,",
        "end",
        "to",
        "end",
        "300/s",
        "4.00",
        "s",
        "a",
        "thousand",
        "(>=",
        "800)",
    ]


def test_processor_seconds_count_the_whole_tree_once() -> None:
    name = "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 200 0 0 5 6 70 80 20 0 1 0 100 0 0"
    assert parse_stat(name) == (1, 11, 150)
    stats = {7: (1, 10, 100), 8: (7, 1, 20), 9: (8, 2, 0), 10: (1, 999, 999)}
    assert sum(total_ticks(stats, 7, own=False)) == 100 + 21 + 2
    assert sum(total_ticks(stats, 7, own=True)) == 133


def test_a_listening_socket_is_found_by_its_port_alone() -> None:
    rest = "00000000:00000000 00:00000000 00000000     0        0"
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        f"   0: 0100007F:1E8B 00000000:0000 0A {rest} 11 1 0 100 0 0 10 0\n"
        f"   1: 0100007F:1E8B 0100007F:9C40 01 {rest} 12 1 0 20 4 30 10 -1\n"
        f"   2: 0100007F:1E8C 00000000:0000 0A {rest} 13 1 0 100 0 0 10 0\n"
    )
    assert listening(table, 0x1E8B) == {"socket:[11]"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_server_of_this_machine_is_found_by_its_port_and_has_processor_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listener(port) == os.getpid()
    assert listener(port) is None
    assert (process_seconds(os.getpid()) or 0) > 0
    assert process_seconds(None) is None


def test_a_detached_process_counts_after_its_parent_ended() -> None:
    burn = "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    detach = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {burn!r}], start_new_session=True)"
    script = (
        "import os, subprocess, sys\n"
        "from bench.processor import adopt_orphans, children_seconds\n"
        "adopt_orphans()\n"
        "before = children_seconds()\n"
        f"subprocess.run([sys.executable, '-c', {detach!r}], check=True)\n"
        "os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)\n"
        "print(children_seconds() - before)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    assert 0.5 <= float(ran.stdout) < 10


def test_memory_that_cannot_be_measured_gives_no_figure() -> None:
    found = {figure.name: figure.value for figure in figures(_samples(peak_bytes=None))}
    assert (found["peak_small"], found["peak_large"], found["memory_growth"]) == (None, None, None)


def test_what_arrives_together_was_done_since_the_batch_before() -> None:
    """Batches of 4, 6 and 10 that end at 2, 5 and 10 s: two records a second, however they are divided."""
    arrivals = [2.0] * 4 + [4.99, 4.99, 5.0, 5.0, 5.0, 5.0] + [10.0] * 10
    assert part_rates(arrivals, 2) == pytest.approx([2.0, 2.0])
    assert part_rates(arrivals, 3) == pytest.approx([2.0, 2.0, 2.0])
    assert steadiness(part_rates(arrivals, 3)) == pytest.approx(1.0)


def test_a_run_that_slows_down_shows_it() -> None:
    arrivals = [float(batch) for batch in range(1, 11) for _ in range(100)] + [12.0] * 100 + [14.0] * 100
    rates = part_rates(arrivals)
    assert rates[1] == pytest.approx(100)
    assert steadiness(rates) == pytest.approx(2.4 / 4.4)


def test_rates_need_a_batch_for_each_part() -> None:
    assert part_rates([1.0] * 4, 2) == []
    assert part_rates([], 2) == []
    assert steadiness([]) is None
    assert rate(5, 0.0) > 0


def test_a_ratio_to_nothing_is_no_figure() -> None:
    assert ratio(1.0, 0) is None
    assert ratio(1.0, None) is None
    assert ratio(0, 2.0) == 0


def test_the_high_water_mark_is_read_from_the_status_of_a_process() -> None:
    assert high_water("Name:\tapex\nVmPeak:\t  9000 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n") == 2048 * 1024
    assert high_water("Name:\tapex\nState:\tZ (zombie)\n") == 0


def test_rows_for_a_server_have_times_in_milliseconds_and_vectors_as_lists() -> None:
    now = 1_767_225_600_000_000
    vector = np.array([0.5, 0.25], dtype=np.float32)
    fact = ("f", "g", now, "CARRIES", "words", "{}", now, now, ["r"], None, None)
    rows = GraphRows(facts=[fact], fact_vectors=[("f", vector)])
    assert by_name("fact_vectors", rows) == [{"k": "f", "vector": [0.5, 0.25]}]
    (sent,) = by_name("facts", rows)
    assert sent["valid_at"] == sent["created_at"] == 1_767_225_600_000
    assert (sent["invalid_at"], sent["episodes"], sent["uuid"]) == (None, ["r"], "f")
