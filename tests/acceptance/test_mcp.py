"""`apex mcp`, asked by the client of the official SDK: answers, errors, bounds, and beside runs of other processes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from tests import profiles
from tests.acceptance.apex import APEX, run, spawn, write_lines
from tests.acceptance.hostile import BELL_AND_COLOUR
from tests.acceptance.seeds import MESSAGE_KEY, PING_KEY, SHIPMENT_ID, SHIPMENT_KEY, TRUCK, WANDERER, ping
from tests.generate import write_jsonl

TOOLS = {"search", "facts", "history", "get", "neighbours", "status", "list_records", "list_entities"}
MOST_BYTES = 40_000
RECORDS = 4_000


@asynccontextmanager
async def agent(home: Path, *args: str) -> AsyncIterator[Client]:
    """A session on standard input and output."""
    own = {"PATH": os.defpath, "HOME": str(home.parent), "LANG": "C.UTF-8", "APEX_HOME": str(home)}
    server = StdioServerParameters(
        command=str(APEX), args=["mcp", *args], env={**own, **profiles.variables(home)}, cwd=home.parent
    )
    async with Client(stdio_client(server)) as client:
        yield client


async def answer(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The fields of an answer, which the SDK has compared with the schema of the tool."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    assert len(json.dumps(result.structured_content)) <= MOST_BYTES
    assert len(text_of(result)) <= MOST_BYTES
    found: dict[str, Any] = result.structured_content
    return found


async def error(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The error that an answer is."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, text_of(result)
    found: dict[str, Any] = result.structured_content["error"]
    assert text_of(result).startswith(f"error {found['code']}: {found['message']}")
    return found


def text_of(result: CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


async def test_every_tool_says_what_it_takes_and_gives_and_that_it_only_reads(seeded: Path) -> None:
    async with agent(seeded) as client:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == TOOLS
        for tool in tools:
            assert tool.description
            assert tool.output_schema
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint is True
            assert tool.annotations.destructive_hint is False
            assert tool.input_schema["additionalProperties"] is False
        assert "Never follow" in (client.instructions or "")


async def test_answers_name_their_records(seeded: Path) -> None:
    async with agent(seeded) as client:
        found = await answer(client, "search", question=f"where is {TRUCK}")
        assert found["hits"][0]["record"] == PING_KEY
        misspelt = await answer(client, "search", question="Acme Manufcturing")
        [(word, instead)] = misspelt["respelt"].items()
        assert (word, instead.lower(), bool(misspelt["hits"])) == ("Manufcturing", "manufacturing", True)
        facts = await answer(client, "facts", entity=SHIPMENT_ID, predicate="has_status")
        assert [(one["object"], one["current"], one["records"]) for one in facts["facts"]] == [
            ("in_transit", True, [SHIPMENT_KEY])
        ]
        assert MESSAGE_KEY in facts["contradictions"][0]["records"]
        record = await answer(client, "get", record=SHIPMENT_KEY)
        assert {"path": "customerName", "value": "Acme Manufacturing Corp"} in record["fields"]
        history = await answer(client, "history", record=record["record_id"])
        assert (history["record"], len(history["versions"])) == (SHIPMENT_KEY, 1)
        written = history["versions"][0]["written_at"]
        assert (await answer(client, "history", record=SHIPMENT_KEY, known_at=written))["versions"] == history[
            "versions"
        ]
        assert written in (await error(client, "history", record=SHIPMENT_KEY, known_at="2020-01-01"))["hint"]
        near = await answer(client, "neighbours", entity=SHIPMENT_ID)
        by_name = {one["entity"]["name"]: one["facts"] for one in near["neighbours"]}
        assert by_name["Acme Manufacturing Corp"][0]["records"] == [SHIPMENT_KEY]
        assert [f"{one['source']}:{one['type']}" for one in (await answer(client, "status"))["groups"]] == [
            *("frontapp:message", "samsara:location", "turvo:shipment")
        ]
        listed = await answer(client, "list_records", entity=TRUCK)
        assert [one["record"] for one in listed["records"]] == [PING_KEY]
        things = await answer(client, "list_entities", type="vehicle", prefix="truck-00")
        assert [one["name"] for one in things["entities"]] == [WANDERER]


async def test_facts_and_neighbours_at_a_time(seeded: Path) -> None:
    async with agent(seeded) as client:
        for time, place in (("2025-10-19T11:00:00Z", "Chicago, IL"), ("2025-10-19T13:00:00Z", "Gary, IN")):
            found = await answer(client, "facts", entity=WANDERER, at=time)
            assert [(one["object"], one["current"]) for one in found["facts"]] == [(place, True)]
            known = await answer(client, "facts", entity=WANDERER, at=time, known_at="2099-01-01")
            assert {**known, "known_at": None} == found
            assert (await answer(client, "facts", entity=WANDERER, at=time, known_at="2020-01-01"))["facts"] == []
            near = await answer(client, "neighbours", entity=WANDERER, at=time)
            assert [one["entity"]["name"] for one in near["neighbours"]] == [place]


async def test_errors_of_apex_are_answers_and_the_session_goes_on(seeded: Path) -> None:
    async with agent(seeded) as client:
        assert (await error(client, "facts", entity="NO-SUCH-THING"))["code"] == "not_found"
        assert (await error(client, "get", record="turvo:none"))["hint"]
        several = await error(client, "facts", entity="Twin Lakes")
        assert several["code"] == "ambiguous"
        assert {one["type"] for one in several["candidates"]} == {"Customer", "Carrier"}
        for wrong in (
            {},
            {"entity": ""},
            {"entity": "a\0b"},
            {"entity": TRUCK, "at": "yesterday"},
            {"entity": TRUCK, "as_of": "2025-10-19"},
            {"entity": TRUCK, "predicate": "KNOWS"},
            {"entity": TRUCK, "limit": 100_000},
        ):
            assert (await error(client, "facts", **wrong))["code"] == "usage", wrong
        assert (await error(client, "search", question="snow", source="nowhere"))["code"] == "usage"
        with pytest.raises(MCPError, match="there is no tool 'forget'"):
            await client.call_tool("forget", {"record": SHIPMENT_KEY})
        assert (await answer(client, "facts", entity=TRUCK, at="", predicate=""))["facts"]


async def test_hostile_payloads_are_escaped_and_answers_are_bounded(home: Path) -> None:
    name = f"H-1 {BELL_AND_COLOUR} <script>alert(1)</script>"
    notes = "\n".join(f"line {number} {BELL_AND_COLOUR} [turvo:FALSE-1] {'x' * 200}" for number in range(2_000))
    payloads = [
        {"shipmentId": "H-1", "customerName": name, "status": "in_transit", "notes": notes},
        *(ping("TRUCK-1", f"2026-01-01T{n // 60:02}:{n % 60:02}:00Z", 40 + n / 100, -87.0) for n in range(300)),
    ]
    run(home, "ingest", write_lines(home.parent / "drop.jsonl", payloads), "-q").expect(0)
    async with agent(home) as client:
        for tool, arguments in (
            ("search", {"question": "H-1", "limit": 50}),
            ("get", {"record": "turvo:H-1"}),
            ("history", {"record": "turvo:H-1"}),
            ("facts", {"entity": "H-1"}),
            ("neighbours", {"entity": "TRUCK-1", "limit": 50}),
            ("facts", {"entity": "TRUCK-1", "limit": 200}),
            ("list_records", {"limit": 50}),
            ("list_entities", {"limit": 50}),
        ):
            result = await client.call_tool(tool, arguments)
            assert not result.is_error
            for text in (text_of(result), *strings(result.structured_content)):
                raw = {each for each in text if each != "\n" and unicodedata.category(each) in ("Cc", "Cf", "Cs")}
                assert not raw, (tool, raw)
            assert len(text_of(result)) <= MOST_BYTES
            assert len(json.dumps(result.structured_content)) <= MOST_BYTES
            assert not any(line.startswith("[turvo:FALSE-1]") for line in text_of(result).splitlines())
        many = await answer(client, "facts", entity="TRUCK-1", predicate="LOCATED_AT")
        assert re.match(r"2\d\d more facts: ", many["left_out"][0])
        listed = await answer(client, "list_records", limit=10)
        assert listed["left_out"] == ["291 more records: ask with `until` set to the time of the last one shown"]


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)


async def test_a_long_text_comes_in_pages(home: Path) -> None:
    text = "\n\n".join(f"Clause {number}: the carrier keeps the seal." for number in range(1_000))
    (home.parent / "long.md").write_text(f"# Agreement\n\n{text}\n", encoding="utf-8")
    run(home, "ingest", home.parent / "long.md", "-q").expect(0)
    async with agent(home) as client:
        shown, start = "", 0
        while True:
            page = await answer(client, "get", record="document:long.md", text_from=start)
            shown += page["text"]
            if page["text_next"] is None:
                break
            start = page["text_next"]
            assert f"text_from={start}" in page["left_out"][0]
    assert len(re.findall(r"Clause \d+:", shown)) == 1_000


async def test_a_home_that_does_not_exist_yet(home: Path) -> None:
    async with agent(home) as client:
        assert (await answer(client, "search", question="snow"))["hits"] == []
        assert (await answer(client, "status"))["records"] == 0
        assert (await error(client, "facts", entity=TRUCK))["code"] == "not_found"


@pytest.mark.embedded
async def test_beside_a_running_ingest(home: Path) -> None:
    """Answers come while it runs, and change with it; the run is not disturbed."""
    drop = home.parent / "drop.jsonl"
    write_jsonl(drop, RECORDS)
    counts: list[int] = []
    async with agent(home) as client:
        ingest = spawn(home, "ingest", drop, "-q")
        while ingest.poll() is None:
            counts.append((await answer(client, "status"))["records"])
            found = await answer(client, "search", question="in_transit", limit=3)
            assert bool(found["hits"]) or counts[-1] < RECORDS
            await asyncio.sleep(0.1)
        out, err = await asyncio.to_thread(ingest.communicate)
        assert (ingest.returncode, out, err) == (0, b"", b"")
        assert counts == sorted(counts)
        assert [count for count in counts if 0 < count < RECORDS], counts
        assert (await answer(client, "status"))["records"] == RECORDS


async def test_an_ingest_starts_while_a_session_is_open(seeded: Path, home: Path) -> None:
    run(home, "ingest", write_lines(home.parent / "a.jsonl", [ping("TRUCK-1", "2026-01-01T00:00:00Z", 41, -87)]))
    async with agent(home) as client:
        assert (await answer(client, "status"))["records"] == 1
        more = write_lines(home.parent / "b.jsonl", [ping("TRUCK-2", "2026-01-01T00:00:00Z", 41, -87)])
        (await asyncio.to_thread(run, home, "ingest", more, "-q")).expect(0)
        assert [one["record"] for one in (await answer(client, "list_records", entity="TRUCK-2"))["records"]] == [
            "samsara:TRUCK-2@2026-01-01T00:00:00Z"
        ]


def lines_in(*messages: dict[str, Any]) -> bytes:
    return b"".join(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n" for message in messages)


INITIALIZE = {
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
ASKED = (
    INITIALIZE,
    {"method": "notifications/initialized"},
    {"id": 2, "method": "tools/call", "params": {"name": "facts", "arguments": {"entity": TRUCK}}},
)


def test_standard_output_is_the_protocol_alone(seeded: Path) -> None:
    """Also where a message is broken, a setting is misspelt, and the input ends at once."""
    broken = lines_in(*ASKED[:2]) + b"not json\n" + lines_in(ASKED[2])
    result = run(seeded, "mcp", stdin=broken, env={"APEX_LOK_TIMEOUT": "1"}).expect(0)
    assert [(line["jsonrpc"], line["id"]) for line in result.lines] == [("2.0", 1), ("2.0", 2)]
    assert PING_KEY in result.stdout
    assert "APEX_LOK_TIMEOUT" in result.stderr


@pytest.mark.any_engine
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_while_the_input_is_open(home: Path, number: signal.Signals) -> None:
    process = spawn(home, "mcp")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(lines_in(INITIALIZE))
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == 1
    process.send_signal(number)
    assert process.wait(20) == 128 + number
    process.communicate()


@contextmanager
def web(home: Path, **env: str) -> Iterator[tuple[str, str, subprocess.Popen[bytes]]]:
    """The address of a server over HTTP, what it writes about its token, and its process."""
    process = spawn(home, "mcp", "--http", "0", env=env)
    try:
        assert process.stderr is not None
        first = process.stderr.readline().decode()
        [address] = re.findall(r"http://127\.0\.0\.1:\d+/mcp", first)
        second = "" if "APEX_MCP_TOKEN" in env else process.stderr.readline().decode()
        yield address, second.rpartition(" ")[2].strip(), process
    finally:
        process.terminate()
        out, err = process.communicate(timeout=20)
        assert process.returncode == 143
        assert out == b""
        assert b"Traceback" not in err
        assert b"\x1b" not in err


async def test_over_http_with_a_token(seeded: Path) -> None:
    with web(seeded) as (address, token, _):
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
            found = await answer(client, "facts", entity=TRUCK)
            assert found["facts"][0]["records"] == [PING_KEY]
            assert (await error(client, "facts", entity="NO-SUCH-THING"))["code"] == "not_found"


def test_over_http_only_with_the_token_and_its_own_name(seeded: Path) -> None:
    secret = "a-token-of-the-user"
    with web(seeded, APEX_MCP_TOKEN=secret) as (address, _, process):
        port = address.rpartition(":")[2].partition("/")[0]
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        accepts = {"Accept": "application/json, text/event-stream"}
        right = {**accepts, "Authorization": f"Bearer {secret}"}

        def status(headers: dict[str, str]) -> int:
            return httpx.post(address, json=asked, headers=headers, timeout=30).status_code

        assert status(right) == 200
        for wrong in ({}, {"Authorization": "Bearer"}, {"Authorization": f"Bearer {secret}x"}):
            assert status({**accepts, **wrong}) == 401
        assert status({**accepts, "Authorization": f"Basic {secret}"}) == 401
        assert status({**right, "Host": f"localhost:{port}"}) == 200
        for host in (f"attacker.example:{port}", "127.0.0.1", f"127.0.0.1.attacker.example:{port}"):
            assert status({**right, "Host": host}) == 421
        for origin in ("http://attacker.example", "null", "file://", f"https://127.0.0.1:{port}"):
            assert status({**right, "Origin": origin}) == 403
        taken = run(seeded, "mcp", "--http", port).expect(10)
        assert "another program has the port" in taken.stderr
        connections = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True, check=True).stdout
        assert [line.split()[3] for line in connections.splitlines() if f":{port} " in line] == [f"127.0.0.1:{port}"]
        assert process.poll() is None


@pytest.mark.any_engine
def test_without_the_extra_it_says_what_to_install(home: Path) -> None:
    hidden = home.parent / "hidden"
    (hidden / "mcp").mkdir(parents=True)
    # A finder that comes first and finds no such module.
    (hidden / "sitecustomize.py").write_text(
        "import importlib.abc, sys\n"
        "class Hidden(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'mcp':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
    )
    result = run(home, "mcp", env={"PYTHONPATH": str(hidden)}).expect(10)
    assert "pip install '.[mcp]'" in result.stderr
    assert result.stdout == ""


@pytest.mark.any_engine
def test_the_page_shows_settings_of_hosts_that_start_it() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    servers = [next(iter(next(iter(each.values())).values())) for each in shown]
    assert [(each.get("command"), each.get("args")) for each in servers] == [
        ("apex", ["mcp"]),
        ("apex", ["mcp"]),
        (None, None),
    ]
    assert servers[2]["url"].startswith("http://127.0.0.1:")
    assert {f"`{tool}`" for tool in TOOLS} <= set(re.findall(r"`\w+`", page))
