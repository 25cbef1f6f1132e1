"""HTTP/1.1: one request read, routed, answered; connections stay open. And `/control/…`, without a key, for tests in
another process:

GET  /control/counts            requests, statuses, tokens, peak, the texts asked about, and those paid for twice
POST /control/reset             counts back to zero
POST /control/switch            one switch: the fields of `Switch`
POST /control/clear             remove all switches
POST /control/settings          any of `latency` (s), `automatic_batches`, `requests_per_minute`, `tokens_per_minute`,
                                `enforce_limits`
POST /control/batches/advance   one step for every batch that is not finished
POST /control/batches/expire    their completion window passes
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.openai_server.batches import Batches
from tests.openai_server.errors import ApiError
from tests.openai_server.ledger import Ledger
from tests.openai_server.service import MODEL_ROUTES, Answer, Service
from tests.openai_server.switches import Switch

if TYPE_CHECKING:
    from tests.openai_server.server import OpenAIServer

MODELS = ("gpt-5-mini", "gpt-4.1-mini", "gpt-4.1-nano", "text-embedding-3-small", "text-embedding-3-large")
_AZURE = re.compile(r"/openai/deployments/([^/]+)/(chat/completions|embeddings)")


class Handler(BaseHTTPRequestHandler):
    """One connection; `owner` is set by the server that makes the class its own."""

    owner: OpenAIServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 600

    def setup(self) -> None:
        """Open; the server may end the connection from outside."""
        super().setup()
        self.owner.connections.add(self.connection)

    def finish(self) -> None:
        """Closed."""
        self.owner.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the requests are in the ledger."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._serve()

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._serve()

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), {name: values[-1] for name, values in parse_qs(parts.query).items()}
        try:
            self._send(200, self._answer(path, query, raw))
        except ApiError as error:
            self._send(error.status, Answer(error.body()), error.headers)

    def _answer(self, path: str, query: dict[str, str], raw: bytes) -> Answer | bytes:
        owner = self.owner
        if path.startswith("/control/"):
            return Answer(control(owner.service, owner.batches, self.command, path, _object(raw)))
        self._check_key()
        azure = _AZURE.fullmatch(path)
        if azure:
            return owner.service.call(f"/v1/{azure[2]}", {"model": azure[1], **_object(raw)})
        path = path.removeprefix("/openai")
        if self.command == "POST" and path in MODEL_ROUTES:
            return owner.service.call(path, _object(raw))
        resource, _, rest = path.removeprefix("/v1/").partition("/")
        owner.service.ledger.arrived(f"/v1/{resource}")
        match resource:
            case "models":
                return Answer(_models(rest))
            case "files":
                return self._files(rest, query, raw)
            case "batches":
                return Answer(self._batches(rest, query, raw))
        raise self._unknown()

    def _files(self, rest: str, query: dict[str, str], raw: bytes) -> Answer | bytes:
        files = self.owner.files
        file_id, _, what = rest.partition("/")
        match self.command, bool(file_id), what:
            case "POST", False, "":
                return Answer(files.upload(self.headers.get("content-type", ""), raw).shown())
            case "GET", False, "":
                return Answer(page([one.shown() for one in files.all()], query))
            case "GET", True, "":
                return Answer(files.get(file_id).shown())
            case "GET", True, "content":
                return files.get(file_id).content
            case "DELETE", True, "":
                return Answer(files.delete(file_id))
        raise self._unknown()

    def _batches(self, rest: str, query: dict[str, str], raw: bytes) -> dict[str, Any]:
        batches = self.owner.batches
        batch_id, _, what = rest.partition("/")
        match self.command, bool(batch_id), what:
            case "POST", False, "":
                return batches.create(_object(raw))
            case "GET", False, "":
                return page(batches.all(), query)
            case "GET", True, "":
                return batches.get(batch_id)
            case "POST", True, "cancel":
                return batches.cancel(batch_id)
        raise self._unknown()

    def _unknown(self) -> ApiError:
        return ApiError(404, f"Invalid URL ({self.command} {self.path})")

    def _check_key(self) -> None:
        """Raises the 401, with the key masked as OpenAI does."""
        given = self.headers.get("api-key") or self.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not given:
            raise ApiError(401, "You didn't provide an API key.", headers={"www-authenticate": "Bearer"})
        if given != self.owner.api_key:
            masked = f"{given[:4]}{'*' * 8}{given[-4:]}" if len(given) > 12 else "*" * len(given)
            raise ApiError(401, f"Incorrect API key provided: {masked}.", code="invalid_api_key")

    def _send(self, status: int, answer: Answer | bytes, headers: dict[str, str] | None = None) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer.body, ensure_ascii=False).encode()
        broken = "" if isinstance(answer, bytes) else answer.broken
        if not self.path.startswith("/control/"):
            self.owner.service.ledger.answered(0 if broken else status)
        if broken == "cut":
            self._hang_up()
            return
        self.send_response(status)
        self.send_header("content-type", "application/octet-stream" if answer is body else "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("x-request-id", f"req_{id(answer):024x}")
        for name, value in {**self.owner.service.limits.headers(), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if broken else body)
        self.wfile.flush()
        if broken:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def page(rows: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    """A `list` object: at most `limit` rows after the one whose id is `after`."""
    ids = [row["id"] for row in rows]
    start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
    shown = rows[start : start + int(query.get("limit", 20))]
    ends = {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {"first_id": None, "last_id": None}
    return {"object": "list", "data": shown, **ends, "has_more": start + len(shown) < len(rows)}


def _object(raw: bytes) -> dict[str, Any]:
    """The request's JSON object; of no body, an empty one. Raises the 400."""
    try:
        body = json.loads(raw or b"{}")
    except ValueError as error:
        raise ApiError(400, "We could not parse the JSON body of your request.") from error
    if not isinstance(body, dict):
        raise ApiError(400, "The JSON body of your request is no object.")
    return body


def _models(name: str) -> dict[str, Any]:
    rows = [{"id": one, "object": "model", "created": 0, "owned_by": "fake-server"} for one in MODELS]
    if not name:
        return {"object": "list", "data": rows}
    found = next((row for row in rows if row["id"] == name), None)
    if found is None:
        raise ApiError(404, f"The model '{name}' does not exist.", code="model_not_found", param="model")
    return found


def control(service: Service, batches: Batches, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Execute one control request. Raises ApiError."""
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
