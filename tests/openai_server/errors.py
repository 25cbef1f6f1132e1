"""Errors in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """An error answer; `status` is the HTTP status."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        return {"error": {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}}


def missing(param: str) -> ApiError:
    """A required parameter is not there, or not of its type."""
    return ApiError(400, f"Missing or invalid required parameter: '{param}'.", param=param)


def rate_limited(retry_after: float) -> ApiError:
    """A 429; `retry_after` in seconds, in both headers that OpenAI's client reads."""
    return ApiError(
        429,
        f"Rate limit reached. Please try again in {retry_after:g}s.",
        kind="rate_limit_exceeded",
        code="rate_limit_exceeded",
        headers={"retry-after": f"{retry_after:g}", "retry-after-ms": f"{retry_after * 1000:.0f}"},
    )
