"""Every exit code of `apex` and its meaning. Code, `--help`, README and docs/scripting.md take theirs from here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended. A run that matches several codes ends with `MANUAL_RECOVERY` first of all."""

    OK = 0
    BUG = 1
    USAGE = 2
    RECORDS_FAILED = 3
    MANUAL_RECOVERY = 7
    NOTHING_TO_DO = 9
    CANNOT_START = 10
    LOCKED = 11
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.OK: "all committed, unchanged, or nothing to do",
    ExitCode.BUG: "a bug in apex",
    ExitCode.USAGE: "usage: an unknown verb, record or entity, or an ambiguous name",
    ExitCode.RECORDS_FAILED: "some records failed or stay staged; nothing is half-written",
    ExitCode.MANUAL_RECOVERY: "a saga could not be recovered because a store rejects it permanently",
    ExitCode.NOTHING_TO_DO: "nothing to do, only with `--error-on-empty`",
    ExitCode.CANNOT_START: "could not start: configuration, a store, the staging directory",
    ExitCode.LOCKED: "another run holds the home (its pid, host and start are named)",
    ExitCode.HANGUP: "interrupted by SIGHUP, after settling what was in flight",
    ExitCode.INTERRUPTED: "interrupted by SIGINT, after settling what was in flight",
    ExitCode.TERMINATED: "interrupted by SIGTERM, after settling what was in flight",
}
"""One line for each code, in the order of their numbers."""

ALWAYS = (ExitCode.BUG, ExitCode.HANGUP, ExitCode.INTERRUPTED, ExitCode.TERMINATED)
"""Codes that every verb can end with."""


def of_signal(number: int) -> int:
    """The exit code of a command that a signal stopped: 128 and the signal's number, as shells do."""
    return 128 + number
