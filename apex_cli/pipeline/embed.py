"""Stage 3, embed: vectors for the texts of a batch."""

from __future__ import annotations

from collections.abc import Sequence

from apex_cli.errors import AnswerPending, ApexError, RecordError, RunHalted
from apex_cli.halving import Attempt, halve
from apex_cli.pipeline.context import Batch, RecordInProgress, RunContext, leave_pending
from apex_cli.results import RecordStatus
from apex_cli.sources.registry import is_text

_OF_ONE_TEXT = frozenset({"llm_rejected", "llm_refused", "llm_too_long"})
"""Error codes of an embedder that concern one text, and not its server or all texts."""

_Failed = tuple[RecordInProgress, ApexError]


async def embed(context: RunContext, batch: Batch) -> None:
    """Embed what was extracted: one call for the batch; a text that the server refuses fails its record alone."""

    async def attempt(
        records: Sequence[RecordInProgress],
    ) -> Attempt[RecordInProgress, _Failed, RecordError | RunHalted]:
        try:
            done = await context.stores.embedding.apply(
                [each.extraction for each in records if each.extraction],
                [is_text(each.record.source, each.record.data_type) for each in records if each.extraction],
            )
        except (RecordError, RunHalted) as error:
            return Attempt([], records, error)
        for each, embedded in zip(records, done, strict=True):
            each.embedded = embedded
        return Attempt([])

    records = batch.open()
    if not records:
        return
    with context.summary.stats.stage("embed"):
        failures = await halve(
            records,
            attempt,
            failed=lambda each, error: (each, error),
            divisible=lambda error: error.code in _OF_ONE_TEXT,
        )
    for each, error in failures:
        fail(context, each, error)


def fail(context: RunContext, each: RecordInProgress, error: ApexError) -> None:
    """End a record that could not be extracted or embedded. Errors that concern the whole run end it early."""
    if isinstance(error, RunHalted):
        context.end_early(error)
    if isinstance(error, RunHalted | AnswerPending):
        leave_pending([each], error)
    else:
        each.end(RecordStatus.FAILED, error, error.stage if isinstance(error, RecordError) else "embed")
