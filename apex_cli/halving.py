"""Find the bad items of a batch by halving it.

One refused record must not fail the others of its batch. A batch of eight whose sixth item is refused takes these
attempts (upper case: refused), and only `f` fails:

    ABCDEFGH → abcd, EFGH → EF, gh → e, F

One bad item of n costs about 2·log2(n) attempts more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
ErrorT = TypeVar("ErrorT", bound=Exception)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[ItemT, ResultT, ErrorT]):
    """What one attempt on several items gave: results that are final, and the items that `error` left undecided."""

    results: list[ResultT]
    undecided: Sequence[ItemT] = ()
    error: ErrorT | None = None


async def halve(
    items: Sequence[ItemT],
    attempt: Callable[[Sequence[ItemT]], Awaitable[Attempt[ItemT, ResultT, ErrorT]]],
    *,
    failed: Callable[[ItemT, ErrorT], ResultT],
    divisible: Callable[[ErrorT], bool],
) -> list[ResultT]:
    """Results of all items, in no promised order.

    `attempt` is tried on all items, and again on each half of what it leaves undecided. An item that is left alone, or
    an error that is not `divisible` (it concerns all items, such as a store that is down), gives `failed(item, error)`.
    """
    tried = await attempt(items)
    left, error = tried.undecided, tried.error
    if error is None or not left:
        return tried.results
    if len(left) == 1 or not divisible(error):
        return tried.results + [failed(item, error) for item in left]
    middle = len(left) // 2
    for half in (left[:middle], left[middle:]):
        tried.results.extend(await halve(half, attempt, failed=failed, divisible=divisible))
    return tried.results
