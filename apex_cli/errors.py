"""Every error that apex raises on purpose, and the exit code that each one means.

    ApexError
    ├── UsageError                 2   the command was given something it cannot take
    ├── StartError                10   nothing was begun
    │   ├── ConfigError                a setting is missing or wrong
    │   ├── StoreUnavailable           a store cannot be reached or started
    │   │   └── DiskFull                   too little room for what the embedded stores write
    │   └── StagingUnusable            the staging directory is full, read-only or not a directory
    ├── OutputError               10   the answer cannot be written where it should go
    ├── Locked                    11   another run holds the home
    ├── RecordError                3   one record (or one file) cannot be taken; the others go on
    │   ├── ReadError                  unreadable, broken or of an unknown kind
    │   ├── ExtractError               read, but no valid extraction exists
    │   │   ├── ModelRefused               the language model declines
    │   │   ├── ModelTruncated             its answer is longer than it may be
    │   │   ├── ModelAnswerInvalid         its answer is not of the form asked for
    │   │   └── ModelUnreachable           no answer within the time allowed
    │   ├── IdentityConflict           another thing has its id
    │   ├── EmbedError                 its text could not be embedded
    │   └── AnswerPending              a batch at the model's provider has yet to answer
    ├── RunHalted                  3   the run takes no more; what it holds stays staged
    │   ├── ModelUnusable              the provider refuses us (key, permission, model, quota) or is down
    │   └── BudgetExhausted            the tokens or dollars allowed are used up
    ├── ForgetRefused              3   more is gone of a synced folder than may be forgotten
    └── StoreError                     a store refused or failed; drivers' own errors never leave `stores`
        ├── StoreTransient             worth another try; never proof that nothing was applied
        ├── StoreTerminal              will fail again with the same data
        └── Fenced                     a newer epoch owns this record: the writer must stop

A user's error has a stable `code`, a message, and where one helps a `hint`: what to do about it.
"""

from __future__ import annotations

from apex_cli.exit_codes import ExitCode

_DOCTOR = "`apex doctor` shows what is wrong; what was not committed stays staged"


class ApexError(Exception):
    """Base of all deliberate errors. `code` is stable and machine readable."""

    message: str
    hint: str | None
    code: str = "error"
    exit_code: int = ExitCode.BUG

    def __init__(self, message: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return self.message


def unwrap_single_exception(error: BaseException) -> BaseException:
    """The one error inside groups of one, as task groups raise them."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


class UsageError(ApexError):
    """The command line asks for something that does not exist or does not fit together."""

    code = "usage"
    exit_code = ExitCode.USAGE


class StartError(ApexError):
    """The run could not start; nothing was staged and nothing was written."""

    code = "cannot_start"
    exit_code = ExitCode.CANNOT_START


class ConfigError(StartError):
    """A setting is missing or invalid."""

    code = "config"


class StoreUnavailable(StartError):
    """A store cannot be started or reached before the run begins."""

    code = "store_unavailable"


class DiskFull(StoreUnavailable):
    """The disk of the home has too little room. Found in the middle of a run, it ends the run early."""

    code = "disk_full"


class StagingUnusable(StartError):
    """The staging directory cannot take what it must: full, read-only, over its limit."""

    code = "staging_unusable"


class OutputError(ApexError):
    """The output of a command cannot be written to stdout. The work itself is complete."""

    code = "output"
    exit_code = ExitCode.CANNOT_START


class Locked(ApexError):
    """Another run is the writer of this home."""

    code = "locked"
    exit_code = ExitCode.LOCKED


class RecordError(ApexError):
    """One record or file fails alone. `stage`: where it failed; `retriable`: whether a later try may succeed."""

    code = "record"
    exit_code = ExitCode.RECORDS_FAILED
    stage = "read"
    retriable = False


class ReadError(RecordError):
    """The input cannot be read as what it claims to be."""

    code = "unreadable"


class ExtractError(RecordError):
    """The record was read, but no valid extraction exists for it."""

    code = "extract"
    stage = "extract"


class IdentityConflict(RecordError):
    """Two different things have one id: taking the second one would replace the first."""

    code = "identity_conflict"
    stage = "extract"

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            hint="ingest its input again with --id-field F, the field (or fields F,G) that differ, or with "
            "--collection NAME where it is of another collection",
        )


class EmbedError(RecordError):
    """The record's text could not be turned into vectors."""

    code = "embed"
    stage = "embed"
    retriable = True


class ModelRefused(ExtractError):
    """The language model declined to answer; asked again, it would again."""

    code = "llm_refused"


class ModelTruncated(ExtractError):
    """The language model's answer was cut off at the largest length allowed."""

    code = "llm_truncated"


class ModelAnswerInvalid(ExtractError):
    """The language model answered with broken JSON or not by the schema, and its one attempt to correct it did too."""

    code = "llm_invalid_answer"
    retriable = True


class ModelUnreachable(ExtractError):
    """The language model gave no answer: rate limits, server errors or time-outs, to the end of the time allowed."""

    code = "llm_unreachable"
    retriable = True


class AnswerPending(RecordError):
    """The answer comes with a batch that the provider works on; a later run finds it. Nothing has failed."""

    code = "llm_batch_pending"
    stage = "extract"
    retriable = True


class RunHalted(ApexError):
    """Found in the middle of a run: no record can go on for now. The run takes no more and leaves the rest staged."""

    code = "halted"
    exit_code = ExitCode.RECORDS_FAILED


class ModelUnusable(RunHalted):
    """The provider refuses whatever is asked (key, permission, model's name, quota), or has stopped answering."""

    code = "llm_unusable"


class BudgetExhausted(RunHalted):
    """What the run may spend, in tokens or dollars, is spent, or the next request would be over it."""

    code = "budget"


class ForgetRefused(ApexError):
    """More of a synced folder is gone than `--max-forget` allows. Nothing of it is forgotten."""

    code = "max_forget"
    exit_code = ExitCode.RECORDS_FAILED


class StoreError(ApexError):
    """A store refused or failed. `store` names it: graph, postgres, vectors or cache."""

    store: str
    code = "store"
    exit_code = ExitCode.RECORDS_FAILED

    def __init__(self, store: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{store}: {message}", hint=hint)
        self.store = store


class StoreTransient(StoreError):
    """A passing failure. The operation may or may not have been applied."""

    code = "store_transient"

    def __init__(self, store: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(store, message, hint=hint or _DOCTOR)


class StoreTerminal(StoreError):
    """The store rejects this data permanently."""

    code = "store_terminal"


class Fenced(StoreError):
    """A newer epoch owns this record: what this writer prepared is void."""

    code = "fenced"
