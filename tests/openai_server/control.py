"""`/control/…`: what a test in another process reads and sets. No key is needed.

GET  /control/counts            requests, statuses, tokens, peak, the texts asked about, and those paid for twice
POST /control/reset             counts back to zero
POST /control/switch            one switch: the fields of `Switch`
POST /control/clear             no switch is set any more
POST /control/settings          any of `latency` (s), `automatic_batches`, `requests_per_minute`, `tokens_per_minute`,
                                `enforce_limits`
POST /control/batches/advance   one step for every batch that is not finished
POST /control/batches/expire    their completion window passes
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tests.openai_server.batches import Batches
from tests.openai_server.errors import ApiError
from tests.openai_server.ledger import Ledger
from tests.openai_server.service import Service
from tests.openai_server.switches import Switch


def control(service: Service, batches: Batches, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked and say what there is. Raises ApiError."""
    try:
        match method, path:
            case "GET", "/control/counts":
                return counts(service.ledger)
            case "POST", "/control/reset":
                service.ledger.reset()
            case "POST", "/control/switch":
                service.switches.add(Switch.of(body))
            case "POST", "/control/clear":
                service.switches.clear()
            case "POST", "/control/settings":
                settings(service, batches, **body)
            case "POST", "/control/batches/advance":
                return {"data": batches.advance()}
            case "POST", "/control/batches/expire":
                return {"data": batches.expire()}
            case _:
                raise ApiError(404, f"No such control: {method} {path}")
    except (TypeError, ValueError) as error:
        raise ApiError(400, str(error)) from error
    return {"ok": True}


def counts(ledger: Ledger) -> dict[str, Any]:
    """The ledger as JSON."""
    now = ledger.counts()
    return {
        "requests": dict(now.requests),
        "statuses": {str(status): times for status, times in now.statuses.items()},
        "input_tokens": dict(now.input_tokens),
        "output_tokens": dict(now.output_tokens),
        "peak": now.peak,
        "asked": [asdict(asked) for asked in now.asked],
        "repeated": [asdict(asked) for asked in now.repeated()],
    }


def settings(
    service: Service,
    batches: Batches,
    *,
    latency: float | None = None,
    automatic_batches: bool | None = None,
    requests_per_minute: int = 10_000,
    tokens_per_minute: int = 2_000_000,
    enforce_limits: bool | None = None,
) -> None:
    """Set what is given; limits are set together, with full buckets, when `enforce_limits` is."""
    if latency is not None:
        service.latency = latency
    if automatic_batches is not None:
        batches.automatic = automatic_batches
    if enforce_limits is not None:
        service.limits.set(requests_per_minute, tokens_per_minute, enforced=enforce_limits)
