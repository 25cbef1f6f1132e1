"""The batches on disk, and how requests are divided into batches."""

from __future__ import annotations

from pathlib import Path

from apex_cli.llm.batch import QueuedRequest, divided
from apex_cli.llm.batch_api import MAX_BYTES, MAX_LINES
from apex_cli.llm.batch_store import BatchFailure, BatchRequest, BatchStore, ProviderBatch
from apex_cli.llm.usage import ModelUsage

BATCH = ProviderBatch(
    "0123456789abcdef",
    "host",
    "/responses",
    "m",
    {"k": BatchRequest(2, "s"), "v": BatchRequest(1)},
    {"s": {"type": "object"}},
)


async def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    store = BatchStore(tmp_path / "batches")
    async with store.locked():
        store.save(BATCH)
        store.save_failures({"k": BatchFailure(1, "llm_refused", "no")})
    again = BatchStore(tmp_path / "batches")
    async with again.locked():
        assert again.batches() == [BATCH]
        assert again.failures() == {"k": BatchFailure(1, "llm_refused", "no")}
        again.remove(BATCH)
        again.remove(BATCH)
        assert again.batches() == []
    assert (tmp_path / "batches").stat().st_mode & 0o777 == 0o700


async def test_damaged_files_are_left_out(tmp_path: Path) -> None:
    store = BatchStore(tmp_path)
    async with store.locked():
        store.save(BATCH)
        for number, content in enumerate(("", "{", "[]", "{}", '{"lines": 3}', '{"lines": {"k": {"no": 1}}}')):
            (tmp_path / f"batch-{number}.json").write_text(content)
        (tmp_path / "failures.json").write_text('{"k": {"attempts"')
        assert store.batches() == [BATCH]
        assert store.failures() == {}


def queued_request(model: str = "m", route: str = "/responses", body: str = "") -> QueuedRequest:
    return QueuedRequest(route, model, {"input": body}, None, ModelUsage())


def test_a_batch_has_one_route_and_one_model() -> None:
    kinds = [queued_request(), queued_request("n"), queued_request(route="/embeddings"), queued_request()]
    queued = {str(number): (one, BatchRequest(1)) for number, one in enumerate(kinds)}
    assert sorted(divided(queued)) == [["0", "3"], ["1"], ["2"]]


def test_a_batch_is_no_larger_than_the_provider_takes() -> None:
    small = {str(number): (queued_request(), BatchRequest(1)) for number in range(MAX_LINES + 1)}
    assert [len(part) for part in divided(small)] == [MAX_LINES, 1]
    large = {str(number): (queued_request(body="x" * (MAX_BYTES // 3)), BatchRequest(1)) for number in range(5)}
    assert [len(part) for part in divided(large)] == [2, 2, 1]
