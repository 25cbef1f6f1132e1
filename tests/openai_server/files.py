"""`/v1/files`: uploads of batches, and the files that batches leave."""

from __future__ import annotations

import email
import email.policy
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.openai_server.errors import ApiError, missing


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
            raise ApiError(400, f"Invalid value: '{purpose}'. This test double keeps 'batch' files.", param="purpose")
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
        """Forget a file. Raises the 404."""
        self.get(file_id)
        with self._lock:
            self._files.pop(file_id, None)
        return {"id": file_id, "object": "file", "deleted": True}


def _content(part: Any) -> bytes:
    content: bytes = part.get_payload(decode=True)
    return content
