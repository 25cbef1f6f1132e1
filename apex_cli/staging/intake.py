"""How things come into the staging area: files, streams, and failed records of what is already there."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.files import write_new
from apex_cli.staging import files, names
from apex_cli.staging.area import Draft, StagingArea
from apex_cli.staging.items import FileIdentity, Item, ItemFailure, ItemStatus

STREAM_ORIGIN = "-"


def put_file(area: StagingArea, path: Path, *, source: str, forced_source: str | None, consume: bool) -> Item:
    """See `Staging.put`."""
    try:
        with files.readable(str(path)):
            resolved = path.resolve(strict=True)
            origin = path.parent.resolve() / path.name if path.is_symlink() else resolved
    except (RuntimeError, ValueError) as error:
        raise ReadError(f"{path} cannot be read: {error}") from error
    inside = resolved.is_relative_to(area.root)
    if inside and (item := _own(area, resolved)):
        return item
    with area.draft() as draft:
        payload = draft.path / names.payload_name(path.suffix)
        original = None
        if not (inside and _link(resolved, payload)):
            original = _copy(area, resolved, draft, payload, durable=inside)
        item = _new(area, source, names.input_id(path.name, str(origin)), payload)
        item.name, item.origin, item.forced_source = path.name, str(origin), forced_source
        if not inside:
            item.consume, item.original = consume, original
        placed = area.place(draft, item, durable=inside)
        if inside and not placed.busy:
            resolved.unlink(missing_ok=True)
        return placed


def put_stream(
    area: StagingArea, stream: BinaryIO, *, source: str, forced_source: str | None, name: str, extension: str
) -> Item:
    """See `Staging.put_stream`."""
    content = hashlib.blake2b()

    def read(size: int) -> bytes:
        chunk = stream.read(size)
        content.update(chunk)
        return chunk

    with area.draft() as draft:
        payload = draft.path / names.payload_name(extension)
        files.spill(read, name, payload, lambda size: area.admit(draft, size), durable=True)
        item = _new(area, source, names.input_id(name, STREAM_ORIGIN, content.digest()), payload)
        item.name, item.origin, item.forced_source = name, STREAM_ORIGIN, forced_source
        return area.place(draft, item, durable=True)


def put_record(
    area: StagingArea,
    parent: Item,
    *,
    locator: str,
    source: str,
    payload: bytes,
    failure: ItemFailure,
    record_id: str | None,
    extraction: bytes | None,
    extension: str,
) -> Item:
    """See `Staging.put_record`; `parent` is a whole input."""
    with area.draft() as draft:
        target = draft.path / names.payload_name(extension)
        write_new(target, payload)
        if extraction is not None:
            write_new(draft.path / names.EXTRACTION, extraction)
        item = _new(area, source, names.record_item_id(parent.item_id, locator, payload, record_id), target)
        item.name, item.origin, item.forced_source = locator, parent.origin, parent.forced_source
        item.status, item.failure, item.attempts = ItemStatus.FAILED, failure, 1
        item.staged_at, item.record_id = parent.staged_at, record_id
        return area.place(draft, item, durable=True)


def _new(area: StagingArea, source: str, item_id: str, payload: Path) -> Item:
    """The item that the payload of a draft will be when it is in place."""
    key = names.slug(source), item_id
    path = area.folder(key)
    return Item(
        source=key[0],
        item_id=item_id,
        path=path,
        payload=path / payload.name,
        name=item_id,
        origin=str(path / payload.name),
        status=ItemStatus.STAGED,
        attempts=0,
        staged_at=datetime.now(UTC),
        bytes=payload.stat().st_size,
    )


def _own(area: StagingArea, resolved: Path) -> Item | None:
    """The item whose payload `resolved`, a file in the area, is; None for a file that was dropped into the area.

    Raises `ReadError` for the area's own files.
    """
    parts = resolved.relative_to(area.root).parts
    is_item = len(parts) > 2 and names.is_item_id(parts[1])
    if is_item:
        item = area.load((parts[0], parts[1]))
        if item is not None and item.payload == resolved:
            return item
    if is_item or names.DRAFTS in parts[:1]:
        raise ReadError(f"{resolved} belongs to the staging area itself", code="staging_internal")
    return None


def _copy(area: StagingArea, path: Path, draft: Draft, payload: Path, *, durable: bool) -> FileIdentity:
    """Copy a regular file, of which no more than fits is read; returns what it was when the copy began."""
    with files.open_input(path) as file:
        found = os.fstat(file.fileno())
        area.admit(draft, found.st_size)
        ahead = found.st_size

        def admit(size: int) -> None:
            nonlocal ahead
            if size > ahead:
                area.admit(draft, size - ahead)
            ahead = max(0, ahead - size)

        files.spill(file.read, str(path), payload, admit, durable=durable)
    return FileIdentity.of(found)


def _link(path: Path, payload: Path) -> bool:
    """Give a regular file a second name; the first goes when the item is in place. False where it cannot have one."""
    if not stat.S_ISREG(path.lstat().st_mode):
        return False
    try:
        os.link(path, payload, follow_symlinks=False)
    except OSError:
        return False
    with suppress(PermissionError):
        payload.chmod(0o600)
    return True
