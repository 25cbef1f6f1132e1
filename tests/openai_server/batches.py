"""`/v1/files` and `/v1/batches`. A test advances the batches one step at a time.

A batch is made `validating`. Each `advance` takes every unfinished batch one step: `validating → in_progress` (or
`failed`, when its file is no batch), `in_progress → completed`, `cancelling → cancelled`. The lines are answered in the
last step, with the faults set for the route `batch-line`; those that failed are in the error file.
"""

from __future__ import annotations

import email
import email.policy
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.openai_server.errors import ApiError, missing
from tests.openai_server.service import BATCH_LINE, MODEL_ROUTES, Service


@dataclass(frozen=True)
class StoredFile:
    """A file: its `file` object's fields, and its bytes."""

    id: str
    name: str
    purpose: str
    content: bytes
    created_at: int = field(default_factory=lambda: int(time.time()))

    def shown(self) -> dict[str, Any]:
        """The `file` object."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created_at,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


class Files:
    """All files, in memory; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, StoredFile] = {}
        self._made = 0

    def add(self, name: str, purpose: str, content: bytes) -> StoredFile:
        """Keep a new file."""
        with self._lock:
            self._made += 1
            made = StoredFile(f"file-{self._made:024x}", name, purpose, content)
            self._files[made.id] = made
        return made

    def upload(self, content_type: str, body: bytes) -> StoredFile:
        """Keep what a multipart form (RFC 7578) holds: `purpose` and `file`."""
        form = email.message_from_bytes(
            b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + body, policy=email.policy.HTTP
        )
        parts = {str(part.get_param("name", header="content-disposition")): part for part in form.iter_parts()}
        if "file" not in parts or "purpose" not in parts:
            raise missing("purpose" if "file" in parts else "file")
        purpose = _content(parts["purpose"]).decode()
        if purpose != "batch":
            raise ApiError(400, f"Invalid value: '{purpose}'. This fake keeps 'batch' files only.", param="purpose")
        return self.add(parts["file"].get_filename() or "upload", purpose, _content(parts["file"]))

    def get(self, file_id: str) -> StoredFile:
        """A file by id. Raises the 404."""
        with self._lock:
            found = self._files.get(file_id)
        if found is None:
            raise ApiError(404, f"No such File object: {file_id}", param="id")
        return found

    def all(self) -> list[StoredFile]:
        """All files, the newest first."""
        with self._lock:
            return list(reversed(self._files.values()))

    def delete(self, file_id: str) -> dict[str, Any]:
        """Remove a file. Raises the 404."""
        self.get(file_id)
        with self._lock:
            self._files.pop(file_id, None)
        return {"id": file_id, "object": "file", "deleted": True}


def _content(part: Any) -> bytes:
    content: bytes = part.get_payload(decode=True)
    return content


Batch = dict[str, Any]
_EXPIRED = {
    "code": "batch_expired",
    "message": "This request could not be executed before the completion window expired.",
}
_TIMES = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
_FINISHED = ("completed", "failed", "expired", "cancelled")


class Batches:
    """All batches, in memory; safe to use from any thread. `automatic`: every look at a batch advances it."""

    def __init__(self, service: Service, files: Files) -> None:
        self._service = service
        self._files = files
        self._lock = threading.RLock()
        self._batches: dict[str, Batch] = {}
        self.automatic = False

    def create(self, body: dict[str, Any]) -> Batch:
        """A new batch of an uploaded file. Raises ApiError."""
        for name in ("input_file_id", "endpoint", "completion_window"):
            if not isinstance(body.get(name), str):
                raise missing(name)
        if body["endpoint"] not in MODEL_ROUTES:
            raise ApiError(400, f"Invalid value: '{body['endpoint']}'.", param="endpoint")
        self._files.get(body["input_file_id"])
        now = int(time.time())
        with self._lock:
            batch: Batch = {
                "id": f"batch_{len(self._batches) + 1:024x}",
                "object": "batch",
                "endpoint": body["endpoint"],
                "errors": None,
                "input_file_id": body["input_file_id"],
                "completion_window": body["completion_window"],
                "status": "validating",
                "output_file_id": None,
                "error_file_id": None,
                "created_at": now,
                "expires_at": now + 24 * 3600,
                **{f"{name}_at": None for name in _TIMES},
                "request_counts": {"total": 0, "completed": 0, "failed": 0},
                "metadata": body.get("metadata"),
            }
            self._batches[batch["id"]] = batch
            return dict(batch)

    def get(self, batch_id: str) -> Batch:
        """A batch as it is now. Raises the 404."""
        with self._lock:
            if self.automatic:
                self._step(self._found(batch_id))
            return dict(self._found(batch_id))

    def all(self) -> list[Batch]:
        """All batches, the newest first."""
        with self._lock:
            return [dict(batch) for batch in reversed(self._batches.values())]

    def cancel(self, batch_id: str) -> Batch:
        """Ask a batch to stop; the next step makes it `cancelled`. Raises ApiError for one that is finished."""
        with self._lock:
            batch = self._found(batch_id)
            if batch["status"] in _FINISHED:
                raise ApiError(409, f"Cannot cancel a batch with status '{batch['status']}'.")
            self._become(batch, "cancelling")
            return dict(batch)

    def advance(self) -> list[Batch]:
        """One step for every batch that is not finished; all batches as they are then, the newest first."""
        with self._lock:
            for batch in self._batches.values():
                self._step(batch)
        return self.all()

    def expire(self) -> list[Batch]:
        """The completion window of every unfinished batch passes: all its lines are in the error file."""
        with self._lock:
            for batch in self._batches.values():
                if batch["status"] not in _FINISHED:
                    lines = self._lines(batch)
                    self._finish(batch, "expired", [_line(number, one, None) for number, one in enumerate(lines)])
        return self.all()

    def _found(self, batch_id: str) -> Batch:
        if batch_id not in self._batches:
            raise ApiError(404, f"No batch found with id '{batch_id}'.")
        return self._batches[batch_id]

    def _become(self, batch: Batch, status: str) -> None:
        batch["status"] = status
        batch[f"{status}_at"] = int(time.time())

    def _step(self, batch: Batch) -> None:
        match batch["status"]:
            case "validating":
                self._validate(batch)
            case "in_progress":
                made = [self._answered(batch, number, one) for number, one in enumerate(self._lines(batch))]
                self._finish(batch, "completed", made)
            case "cancelling":
                self._become(batch, "cancelled")

    def _validate(self, batch: Batch) -> None:
        try:
            lines = self._lines(batch)
            problem = problem_of(lines, batch["endpoint"])
        except (ValueError, AttributeError):
            lines, problem = [], "This line is not parseable as valid JSON."
        if problem:
            data = [{"code": "invalid_request", "message": problem, "param": None, "line": None}]
            batch["errors"] = {"object": "list", "data": data}
            self._become(batch, "failed")
            return
        batch["request_counts"] = {"total": len(lines), "completed": 0, "failed": 0}
        self._become(batch, "in_progress")

    def _lines(self, batch: Batch) -> list[dict[str, Any]]:
        text = self._files.get(batch["input_file_id"]).content.decode()
        return [json.loads(line) for line in text.split("\n") if line.strip()]

    def _answered(self, batch: Batch, number: int, line: dict[str, Any]) -> dict[str, Any]:
        try:
            status, body = 200, self._service.call(batch["endpoint"], line["body"], route=BATCH_LINE).body
        except ApiError as error:
            status, body = error.status, error.body()
        return _line(number, line, {"status_code": status, "request_id": f"req_{number:024x}", "body": body})

    def _finish(self, batch: Batch, status: str, lines: list[dict[str, Any]]) -> None:
        """`output_file_id` and `error_file_id` are null where there is no such line, as with OpenAI."""

        def kept(name: str, wanted: Callable[[dict[str, Any]], bool]) -> tuple[int, str | None]:
            found = [json.dumps(line, ensure_ascii=False) for line in lines if wanted(line)]
            if not found:
                return 0, None
            content = "".join(f"{line}\n" for line in found).encode()
            return len(found), self._files.add(f"{batch['id']}_{name}.jsonl", "batch_output", content).id

        done, batch["output_file_id"] = kept("output", _good)
        failed, batch["error_file_id"] = kept("error", lambda line: not _good(line))
        batch["request_counts"] = {"total": len(lines), "completed": done, "failed": failed}
        self._become(batch, "finalizing")
        self._become(batch, status)


def _good(line: dict[str, Any]) -> bool:
    return bool(line["response"]) and line["response"]["status_code"] == 200


def _line(number: int, line: dict[str, Any], response: dict[str, Any] | None) -> dict[str, Any]:
    """A line of the output or error file; without a response, one that was never executed."""
    return {
        "id": f"batch_req_{number:024x}",
        "custom_id": line["custom_id"],
        "response": response,
        "error": None if response else _EXPIRED,
    }


def problem_of(lines: list[dict[str, Any]], endpoint: str) -> str:
    """Why OpenAI would fail this batch; "" when it would not."""
    problems = {
        "The batch file is empty.": not lines,
        "The batch has more than 50000 requests.": len(lines) > 50_000,
        "A line has no custom_id or no body.": any(
            not isinstance(line.get("custom_id"), str) or not isinstance(line.get("body"), dict) for line in lines
        ),
        "A custom_id is used twice.": len({line.get("custom_id") for line in lines}) < len(lines),
        "The URL of a line does not match the endpoint of the batch.": any(
            line.get("url") != endpoint or line.get("method") != "POST" for line in lines
        ),
        "All requests of a batch must be for the same model.": len({_model(line) for line in lines}) > 1,
    }
    return next((text for text, met in problems.items() if met), "")


def _model(line: dict[str, Any]) -> str:
    body = line.get("body")
    return str(body.get("model")) if isinstance(body, dict) else ""
