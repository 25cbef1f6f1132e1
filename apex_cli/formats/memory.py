"""The memory of a process that parses: its limit, what it had in use, and how its lack shows.

What is limited is address space: only that can be limited for one process, by any user. What is measured is memory in
use. The kernel keeps its peak beyond the death of a process, and libraries reserve much address space that they never
use: those of OCR a third of the limit. macOS cannot limit address space; there a parser may use more than it should.
"""

from __future__ import annotations

import errno
import re
import resource
import sys
from contextlib import suppress
from pathlib import Path

from apex_cli.errors import ReadError
from apex_cli.input_rules import ReadLimits

_UNIT = 1 if sys.platform == "darwin" else 1024
_MOST_IN_USE = 0.4
"""The part of its limit that a parser has in use where it dies for want of more.

A buffer that is too small is doubled: the last one that fits takes up to half of the limit. A tenth is for address
space that is reserved and not in use."""
_SAID = re.compile(
    r"bad_alloc|MemoryError|(?:cannot|can't|failed to|unable to) allocate|memory allocation of \d+ bytes failed|"
    r"(?:insufficient|not enough|out of) memory|failed to map segment|can't start new thread",
    re.IGNORECASE,
)
"""What C++, Rust, glibc, OpenCV and onnxruntime say of it."""


def limit_of(limits: ReadLimits) -> int:
    """Bytes that a parser may have: what `limits` say, or less where this process itself is limited."""
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    return limits.parse_memory if most == resource.RLIM_INFINITY else min(limits.parse_memory, most)


def set_limit(limits: ReadLimits) -> None:
    """Limit the address space of this process."""
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit_of(limits), resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (ValueError, OSError):
        # macOS refuses a limit below what every process has reserved there.
        if sys.platform == "linux":
            raise


def peak_of(usage: resource.struct_rusage) -> int:
    """The most bytes that a process had in use."""
    return usage.ru_maxrss * _UNIT


def forget_peak() -> int:
    """Measure the peak of this process from now on, where the system can; what it is now, in bytes."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak_of(resource.getrusage(resource.RUSAGE_SELF))


def is_near(peak: int, limits: ReadLimits) -> bool:
    """Whether a parser with this peak had so much in use that a request for more may have failed."""
    return peak > limit_of(limits) * _MOST_IN_USE


def is_lack(error: Exception) -> bool:
    """Whether an error of a library means that it got no memory. Many have an error of their own for it."""
    return isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM or says_lack(str(error))


def says_lack(words: str) -> bool:
    """Whether a library says that it got no memory."""
    return _SAID.search(words) is not None


def too_much(name: str, limits: ReadLimits) -> ReadError:
    """The error of a file that needs more memory than a parser may have."""
    return ReadError(
        f"{name} needs more than {limit_of(limits):,} bytes of memory to be read",
        hint="raise APEX_PARSE_MEMORY if the file is sound",
        code="too_large",
    )
