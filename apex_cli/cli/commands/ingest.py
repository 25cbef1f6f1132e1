"""`apex ingest`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from apex_cli.cli.ingesting import run_ingest
from apex_cli.cli.input_options import Collection, Consume, Exclude, IdField, Include, MaxForget, Sync
from apex_cli.cli.options import Extractor, Source, check_source, duration, filled
from apex_cli.cli.verb import EMPTY, LOCKED, MANUAL_RECOVERY, OK, RECORDS, START, USAGE, CommandContext, verb
from apex_cli.errors import UsageError
from apex_cli.units import Portion


@verb(
    *("json", "quiet", "home", "staging_dir", "lock_timeout"),
    examples=(
        "apex ingest fixtures/",
        "apex ingest - < fixtures/json/fuel_transactions.jsonl",
        "apex ingest fixtures/ --dry-run",
        "apex ingest fixtures/ --exclude '*.md' --exclude archive/",
        "apex ingest --explain fixtures/turvo",
        "apex ingest lines.jsonl --id-field order_id,line",
        "apex ingest /srv/drop --consume --min-age 30s --lock-timeout 4m -q",
        "apex ingest fixtures/ --sync --max-forget 25",
        "apex ingest fixtures/frontapp/ --extractor llm --max-cost 2.50",
    ),
    exits={**OK, **USAGE, **RECORDS, **MANUAL_RECOVERY, **EMPTY, **START, **LOCKED},
)
def ingest(
    context: CommandContext,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH", help="Files, directories and URLs (s3://, gs://, az://, https://, sftp://); - is stdin."
        ),
    ],
    source: Source = "auto",
    extractor: Annotated[
        Extractor,
        typer.Option(
            help="What reads entities and facts out of them: rules alone, or a language model for the free text too. "
            "auto is llm where OPENAI_API_KEY or OPENAI_BASE_URL is set."
        ),
    ] = "auto",
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", min=0.0, metavar="USD", help="Stop before models cost more.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, metavar="N", help="Stop before models use more tokens.")
    ] = None,
    llm_batch: Annotated[
        bool,
        typer.Option(
            "--llm-batch", help="Ask models by batches, at half the price: the next run collects the answers."
        ),
    ] = False,
    concurrency: Annotated[int | None, typer.Option(min=1, metavar="N", help="Extractions at a time.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, metavar="N", help="Most records a commit.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Take at most so many records.")] = None,
    collection: Collection = None,
    id_field: IdField = None,
    name: Annotated[
        str | None, typer.Option(parser=filled, metavar="N", help="What stdin is called, as if it were a file.")
    ] = None,
    include: Include = None,
    exclude: Exclude = None,
    sync: Sync = False,
    max_forget: MaxForget = None,
    consume: Consume = False,
    min_age: Annotated[
        float | None, typer.Option(parser=duration, metavar="TIME", help="Skip files changed more recently, e.g. 30s.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Take up again what failed before, whatever the reason.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Take content once more that is known or was forgotten.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and extract only; write nothing.")] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Show what each record is taken for, and why; write nothing. The first 20, or --limit."
        ),
    ] = False,
    error_on_empty: Annotated[bool, typer.Option("--error-on-empty", help="Exit 9 when nothing was there.")] = False,
    metrics_textfile: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Refresh this *.prom file at the end (APEX_METRICS_TEXTFILE)."),
    ] = None,
) -> None:
    """Commit records to the four stores.

    Stages, extracts, embeds, commits, cleans up. Reads JSON, sheets, mail, EDI, PDF and other documents, and what is in
    archives; README lists them. Each record is visible in all four stores or in none. Known records stay unchanged. A
    record that fails is kept (see `apex staging`), and the others continue. Sagas that an earlier run left open are
    settled first.

    With --sync the memory follows the folder: a record that is in no file any more is forgotten, and taken again when
    it comes back. What cannot be read, or is not looked at, stays.
    """
    from apex_cli.input_rules import Naming
    from apex_cli.pipeline.context import DEFAULT_MAX_FORGET, STDIN, IngestRequest
    from apex_cli.reading.selection import Selection

    if "" in paths:
        raise UsageError("a path is empty", hint="name a file or a directory; . is the working directory")
    if STDIN in paths and sys.stdin is None:
        raise UsageError("- is stdin, and stdin is closed", hint="pipe JSON lines into it, or name a file")
    if name is not None and STDIN not in paths:
        raise UsageError("--name names stdin, which is not among the inputs", hint="name - as well: apex ingest -")
    check_sync(paths, sync=sync, consume=consume, explain=explain, max_forget=max_forget)
    id_fields = id_fields_of(collection, id_field)
    settings = context.settings(
        concurrency=concurrency,
        batch_size=batch_size,
        max_cost=max_cost,
        max_tokens=max_tokens,
        metrics_textfile=metrics_textfile,
    )
    check_source(source)
    request = IngestRequest(
        paths=tuple(paths),
        source=source,
        extractor=extractor,
        llm_batch=llm_batch,
        limit=limit,
        consume=consume,
        min_age=min_age or 0.0,
        retry_failed=retry_failed,
        again=again,
        sync=sync,
        max_forget=max_forget or DEFAULT_MAX_FORGET,
        stdin=sys.stdin.buffer if STDIN in paths else None,
        naming=Naming(collection, id_fields, name),
        selection=Selection(tuple(include or ()), tuple(exclude or ())),
    )
    if explain:
        from apex_cli.cli.explaining import run_explain

        run_explain(context, settings, request)
    run_ingest(context, settings, request, dry_run=dry_run, error_on_empty=error_on_empty)


def id_fields_of(collection: str | None, given: list[str] | None) -> tuple[str, ...]:
    """The fields that `--id-field` names. Raises a usage error for a collection without a name."""
    from apex_cli.extract.collection_names import named

    if collection is not None and not named(collection):
        raise UsageError(f"{collection!r} has no letter or digit that could name a collection")
    return tuple(field.strip() for each in given or () for field in each.split(",") if field.strip())


def check_sync(paths: list[str], *, sync: bool, consume: bool, explain: bool, max_forget: Portion | None) -> None:
    """Raise a usage error for flags that do not fit together."""
    if max_forget is not None and not sync:
        raise UsageError("--max-forget limits what --sync forgets", hint="add --sync")
    if sync and consume:
        raise UsageError("--sync and --consume exclude each other", hint="--consume empties the folder by itself")
    if sync and explain:
        raise UsageError("--explain forgets nothing", hint="--sync --dry-run shows what would be forgotten")
    if sync and "-" in paths:
        raise UsageError("--sync compares files, and - is stdin", hint="ingest - in a run of its own")
