"""The MCP server: lists the tools, answers their calls, and speaks on standard input and output.

Standard output carries the protocol alone. An error of apex is the answer of the tool, with code, message and hint: the
agent reads it and asks again. So is a bug, whose traceback goes to standard error.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import traceback
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import mcp_types as types
from anyio import AsyncFile
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter, ValidationError

from apex_cli import __version__
from apex_cli.cli.agents import answers, stdin
from apex_cli.cli.agents.shapes import ErrorShape
from apex_cli.cli.agents.tools import BY_NAME, INSTRUCTIONS, TOOLS, Tool
from apex_cli.cli.output import Output, clean, clean_lines, redact
from apex_cli.config import Settings
from apex_cli.errors import ApexError, unwrap_single_exception
from apex_cli.pipeline.reading import MemoryReader
from apex_cli.readers.protocol import Reader

_FINISH_SECONDS = 10.0
_POLL_SECONDS = 0.05


@dataclass(slots=True)
class CallCount:
    """Counts the calls that are under way. How many of them ask the memory at once is up to its reader."""

    calls: int = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        self.calls += 1
        try:
            yield
        finally:
            self.calls -= 1

    async def finish(self) -> None:
        """Wait until the calls are answered that have come, `_FINISH_SECONDS` at most."""
        until = time.monotonic() + _FINISH_SECONDS
        # The last message may still be on its way from the stream to its call.
        await asyncio.sleep(_POLL_SECONDS)
        while self.calls and time.monotonic() < until:  # noqa: ASYNC110 - calls come and go
            await asyncio.sleep(_POLL_SECONDS)


def server(reader: Reader, output: Output, count: CallCount) -> Server[Any]:
    """The server over a memory. `output` gets the tracebacks of bugs."""

    async def list_tools(_: Any, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in TOOLS])

    async def call_tool(_: ServerRequestContext[Any], asked: types.CallToolRequestParams) -> types.CallToolResult:
        tool = BY_NAME.get(asked.name)
        if tool is None:
            known = ", ".join(BY_NAME)
            raise MCPError(types.INVALID_PARAMS, clean(f"there is no tool {asked.name[:100]!r}; there are {known}"))
        try:
            arguments = tool.arguments.model_validate(asked.arguments or {})
        except ValidationError as error:
            return _failed(_wrong(tool, error))
        with count.one():
            try:
                answer = await tool.ask(reader, arguments)
                answer.bounded()
                return _result(answer.as_text(), answer.model_dump(mode="json"))
            except Exception as error:  # noqa: BLE001
                return _failed(_error(unwrap_single_exception(error), output))

    return Server(
        "apex",
        version=__version__,
        title="apex freight memory",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve_stdio(settings: Settings, output: Output) -> None:
    """Answer on standard input and output until the input ends, and what has been asked until then."""
    if sys.stdin is not None and sys.stdin.isatty():
        output.note("waiting for an agent: its host starts this command; Ctrl-D ends it")
    count = CallCount()

    async def lines() -> AsyncIterator[str]:
        async for line in stdin.lines():
            yield line
        # The SDK cancels what is under way when the input ends. Of `apex mcp < questions.jsonl` that would be all.
        await count.finish()

    try:
        # The SDK only iterates over the lines.
        read = cast("AsyncFile[str]", lines())
        async with MemoryReader(settings) as reader, stdio_server(stdin=read) as (incoming, outgoing):
            served = server(reader, output, count)
            await served.run(incoming, outgoing, served.create_initialization_options())
    except* BrokenPipeError:
        # The agent has gone.
        pass


def log_to(output: Output) -> None:
    """Show what the libraries of the server log on standard error, made safe: it may hold what others sent."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            output.note(f"{record.levelname.lower()}: {clean(redact(record.getMessage()))}")
            if record.exc_info and output.verbose:
                output.note(clean_lines(redact("".join(traceback.format_exception(*record.exc_info)))))

    handler = Lines(logging.INFO if output.verbose else logging.WARNING)
    for name in ("mcp", "uvicorn"):
        log = logging.getLogger(name)
        log.setLevel(handler.level)
        log.addHandler(handler)
        log.propagate = False


def _described(tool: Tool[Any]) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        output_schema=TypeAdapter(tool.answer).json_schema(mode="serialization"),
        annotations=types.ToolAnnotations(
            title=tool.title, read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )


def _error(error: BaseException, output: Output) -> ErrorShape:
    """What the caller sees. A bug is shown on standard error, too."""
    if isinstance(error, ApexError):
        return answers.error(error)
    output.note(clean_lines(redact("".join(traceback.format_exception(error)))))
    what = redact(f"{type(error).__name__}: {str(error)[:500]}")
    return ErrorShape(code="bug", message=f"this is a bug in apex: {what}", hint="please report it")


def _wrong(tool: Tool[Any], error: ValidationError) -> ErrorShape:
    """Which arguments are wrong, and which there are."""
    wrong = [
        f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg'].removeprefix('Value error, ')}"
        for each in error.errors(include_url=False, include_input=False)[:10]
    ]
    known = ", ".join(tool.arguments.model_fields)
    return ErrorShape(code="usage", message="; ".join(wrong), hint=f"{tool.name} takes {known}" if known else None)


def _failed(error: ErrorShape) -> types.CallToolResult:
    return _result(error.as_text(), {"error": error.model_dump()}, is_error=True)


def _result(text: str, fields: Mapping[str, Any], *, is_error: bool = False) -> types.CallToolResult:
    content = types.TextContent(type="text", text=text)
    return types.CallToolResult(content=[content], structured_content=fields, is_error=is_error)
