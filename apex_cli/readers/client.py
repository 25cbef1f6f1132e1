"""A reader at the socket of the process that has the home."""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apex_cli.answers import Answer
from apex_cli.config import Settings
from apex_cli.errors import ApexError
from apex_cli.exports import ExportPage
from apex_cli.gaps import DAY
from apex_cli.inventory import EntityList, Neighbourhood, Overview
from apex_cli.queries import RecordHistory, RecordView
from apex_cli.readers import messages
from apex_cli.readers.messages import BadFrame, frame, read_frame, same_user, socket_path
from apex_cli.reports import MemoryReport, Portrait
from apex_cli.search.find import SearchResult
from apex_cli.stores.postgres.inventory import RecordList
from apex_cli.stores.postgres.runs import Run, RunStatistics
from apex_cli.stores.views import ANY_RECORD, Probe, RecordFilter
from apex_cli.typed_json import from_json, to_json
from apex_cli.verify import DiscrepancyReport

_CONNECT_SECONDS = 5.0
_SILENT_SECONDS = 30.0
"""A holder shows every two seconds that it works on an answer."""


class NoAnswer(Exception):
    """No holder answers now: none is there, it has just ended, or it has too much to do. Try again."""


class Refused(Exception):
    """The holder does not answer this reader; the text says why, and stands after "which"."""


class HolderBug(Exception):
    """The holder failed at the question by a bug."""


class RemoteReader(ABC):
    """`Reader` whose every question is a name with arguments, answered elsewhere."""

    @abstractmethod
    async def ask(self, question: str, **arguments: Any) -> Any:
        """The answer to one of `messages.QUESTIONS`, of the type that it has in `Reader`."""

    async def search(self, text: str, *, limit: int = 10, where: RecordFilter = ANY_RECORD) -> SearchResult:
        found: SearchResult = await self.ask("search", text=text, limit=limit, where=where)
        return found

    async def facts(
        self,
        entity: str,
        *,
        at: datetime | None = None,
        predicate: str | None = None,
        everything: bool = False,
        known_at: datetime | None = None,
    ) -> Answer:
        asked = {"at": at, "predicate": predicate, "everything": everything, "known_at": known_at}
        answer: Answer = await self.ask("facts", entity=entity, **asked)
        return answer

    async def get(self, ident: str) -> RecordView:
        view: RecordView = await self.ask("get", ident=ident)
        return view

    async def history(self, ident: str, *, known_at: datetime | None = None) -> RecordHistory:
        found: RecordHistory = await self.ask("history", ident=ident, known_at=known_at)
        return found

    async def overview(self) -> Overview:
        found: Overview = await self.ask("overview")
        return found

    async def list_records(
        self,
        *,
        source: str | None = None,
        data_type: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        entity: str | None = None,
        limit: int = 20,
    ) -> RecordList:
        asked = {"source": source, "data_type": data_type, "since": since, "until": until}
        found: RecordList = await self.ask("list_records", **asked, entity=entity, limit=limit)
        return found

    async def list_entities(self, *, kind: str | None = None, beginning: str = "", limit: int = 20) -> EntityList:
        found: EntityList = await self.ask("list_entities", kind=kind, beginning=beginning, limit=limit)
        return found

    async def neighbours(self, entity: str, *, at: datetime | None = None, limit: int = 50) -> Neighbourhood:
        found: Neighbourhood = await self.ask("neighbours", entity=entity, at=at, limit=limit)
        return found

    async def report(
        self,
        *,
        at: datetime | None = None,
        since: datetime | None = None,
        unseen_seconds: float = DAY,
        limit: int = 100,
    ) -> MemoryReport:
        asked = {"at": at, "since": since, "unseen_seconds": unseen_seconds, "limit": limit}
        found: MemoryReport = await self.ask("report", **asked)
        return found

    async def portrait(self, entity: str, *, at: datetime | None = None, limit: int = 300) -> Portrait:
        found: Portrait = await self.ask("portrait", entity=entity, at=at, limit=limit)
        return found

    async def export_page(
        self,
        *,
        after: str | None = None,
        source: str | None = None,
        data_type: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> ExportPage:
        asked = {"source": source, "data_type": data_type, "since": since, "until": until}
        page: ExportPage = await self.ask("export_page", after=after, **asked)
        return page

    async def runs(self, *, limit: int = 20, run_id: str | None = None) -> Sequence[Run]:
        found: Sequence[Run] = await self.ask("runs", limit=limit, run_id=run_id)
        return found

    async def statistics(self) -> RunStatistics:
        found: RunStatistics = await self.ask("statistics")
        return found

    async def check(self) -> Sequence[Probe]:
        probes: Sequence[Probe] = await self.ask("check")
        return probes

    async def verify(self) -> DiscrepancyReport:
        report: DiscrepancyReport = await self.ask("verify")
        return report


class SocketReader(RemoteReader):
    """`Reader` over the socket of a home. Also raises `NoAnswer`, `Refused` and `HolderBug`."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home
        self._memory = messages.memory_of(settings)

    async def ask(self, question: str, **arguments: Any) -> Any:
        asked = messages.Question(messages.SPEAKER, self._memory, question, arguments)
        try:
            reader, writer = await self._connect()
        except (OSError, TimeoutError) as error:
            raise NoAnswer from error
        try:
            if not same_user(writer.get_extra_info("socket")):
                raise NoAnswer
            writer.write(frame(messages.QUESTION, to_json(asked)))
            kind, body = await _whole(reader)
        except (BadFrame, OSError, TimeoutError) as error:
            raise NoAnswer from error
        finally:
            writer.close()
        return _value(question, kind, body)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(_CONNECT_SECONDS):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.setblocking(False)
                with socket_path(self._home, messages.SOCKET_NAME) as name:
                    await asyncio.get_running_loop().sock_connect(connection, name)
                return await asyncio.open_connection(sock=connection)
            except BaseException:
                connection.close()
                raise


async def _whole(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The kind of the last frame, and the bodies of all. Raises `BadFrame`, or `TimeoutError` for a silent holder."""
    parts: list[bytes] = []
    left = messages.LONGEST_ANSWER
    while True:
        async with asyncio.timeout(_SILENT_SECONDS):
            kind, body = await read_frame(reader, min(left, messages.PART_BYTES * 4))
        parts.append(body)
        left -= len(body)
        if kind not in (messages.WORKING, messages.PART):
            return kind, b"".join(parts)


def _value(question: str, kind: int, body: bytes) -> Any:
    """The answer. Raises the error that it was instead."""
    try:
        if kind == messages.LAST:
            return from_json(messages.types_of(question).answer, body)
        if kind == messages.FAILED:
            raise from_json(ApexError, body)
    except ValueError as error:
        raise Refused("answers in words that this apex does not know") from error
    text = body.decode("utf-8", "replace")
    raise HolderBug(text) if kind == messages.BROKEN else Refused(text)
