"""What apex relies on the embedded graph engine for: each of these things was wrong in an earlier version of it.

Run all of them, and those marked `campaign`, before another version of ladybug is taken. The numbers are those of the
issues of github.com/LadybugDB/ladybug. Statements are those of apex, or have the shape of the issue's. At these sizes
the faults showed: 0.17.1 and 0.20.2 fail the tests of #771 and #924, 0.18.1 that of #678 too, 0.19.1 nearly all. #843
showed only in a file that had been in use for long.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from apex_cli.errors import StoreTerminal
from apex_cli.stores.graph.ladybug import engine
from apex_cli.stores.graph.ladybug.engine import LadybugEngine
from apex_cli.stores.graph.ladybug.schema import TABLES
from apex_cli.stores.graph.ladybug.transaction import LadybugTransaction
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.operations import Access, Query, Row, Write
from tests.plans import NOON

REPOSITORY = Path(__file__).parents[2]
VALUES = {"text": "", "texts": ["Entity", "Carrier"], "time": NOON, "int": 1, "ints": [1], "bool": True}


def large(*values: Any) -> Any:
    return pytest.param(*values, marks=[pytest.mark.campaign, pytest.mark.timeout(900)])


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[LadybugEngine]:
    """The engine as apex opens it, on the tables of apex."""
    graph = LadybugEngine(path)
    await graph.open()
    try:
        await graph.run(_make_tables, Access.WRITE)
        yield graph
    finally:
        await graph.close()


def _make_tables(graph: LadybugTransaction) -> None:
    for table in TABLES:
        graph.run(table)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "probe.lbug"


@pytest.fixture
def checkpoint_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each transaction ends in a checkpoint."""
    monkeypatch.setattr(engine, "CHECKPOINT_BYTES", 1)


def row(what: Write, **values: Any) -> tuple[Any, ...]:
    """A row of a write; columns without a value get one of their kind."""
    return tuple(values.get(name, VALUES[kind]) for name, kind in what.columns.items())


def written(what: Write, rows: Iterable[Mapping[str, Any]]) -> Callable[[LadybugTransaction], None]:
    return lambda graph: graph.write(what, [row(what, **each) for each in rows])


def scanned(what: Query) -> Callable[[LadybugTransaction], list[Row]]:
    return lambda graph: [each for rows in graph.scan(what) for each in rows]


def text(kind: str, number: int, version: int = 0) -> str:
    """A text that no other row has, and that is too long to lie in the row itself."""
    return f"{kind} {number:07d} in version {version}, of some company of Chicago"


async def entities(graph: LadybugEngine, numbers: Iterable[int]) -> None:
    rows = [
        {"uuid": f"entity-{number}", "attributes": text("attributes", number), "state": text("state", number)}
        | {"name": text("name", number), "aliases": [text("alias", number), f"vehicle:unit:{number}"]}
        for number in numbers
    ]
    await graph.run(written(ops.NEW_ENTITY, rows), Access.WRITE)


async def episodes(graph: LadybugEngine, numbers: Iterable[int]) -> None:
    rows = [{"uuid": f"record-{number}", "content": text("content", number)} for number in numbers]
    await graph.run(written(ops.NEW_EPISODE, rows), Access.WRITE)


# #822: two MATCHes bound all rows to the nodes of the first. #861: a MATCH on a column of LOAD FROM bound none.
# #733: none was bound after a key that is not there. #887: none by the property of a node that another MATCH bound.


@pytest.mark.parametrize("edges", [3_000, large(24_000)])
async def test_an_edge_joins_the_nodes_that_its_row_names(file: Path, edges: int) -> None:
    nodes = edges // 2 + 1
    pairs = [(f"record-{number * 7 % nodes}", f"entity-{number * 11 % nodes}") for number in range(edges)]
    mentions = [
        {"record": record, "node": node, "uuid": str(number), "observation": text("observation", number)}
        for number, (record, node) in enumerate(pairs)
    ]
    facts = [
        {"uuid": f"fact-{number}", "subject": f"entity-{number * 7 % nodes}", "object": f"entity-{number * 13 % nodes}"}
        for number in range(edges)
    ]
    async with opened(file) as graph:
        await entities(graph, range(nodes))
        await episodes(graph, range(nodes))
        await graph.run(written(ops.NEW_MENTION, mentions), Access.WRITE)
        await graph.run(written(ops.NEW_FACT, facts), Access.WRITE)
    async with opened(file) as graph:
        found = await graph.run(scanned(ops.ALL_MENTIONS), Access.PLAIN)
        assert sorted((each["record"], each["node"], each["observation"]) for each in found) == sorted(
            (each["record"], each["node"], each["observation"]) for each in mentions
        )
        for query, end in ((ops.ALL_SUBJECTS, "subject"), (ops.ALL_OBJECTS, "object")):
            ends = await graph.run(scanned(query), Access.PLAIN)
            assert sorted((each["fact"], each["node"]) for each in ends) == sorted(
                (each["uuid"], each[end]) for each in facts
            )


@pytest.mark.parametrize("kind", ["INT64", "INT32", "SERIAL", "STRING"])
@pytest.mark.parametrize("rows", ["LOAD FROM $rows", "UNWIND $rows AS row"])
async def test_an_edge_joins_the_nodes_of_its_row_whatever_the_type_of_its_keys(
    file: Path, kind: str, rows: str
) -> None:
    def create(graph: LadybugTransaction) -> None:
        graph.run(f"CREATE NODE TABLE N (id {kind} PRIMARY KEY, name STRING)")
        graph.run("CREATE REL TABLE E (FROM N TO N)")
        for number in range(40):
            key = "" if kind == "SERIAL" else f"id: {key_of(number)!r},"
            graph.run(f"CREATE (:N {{{key} name: 'node {number}'}})")

    def key_of(number: int) -> int | str:
        return f"key {number}" if kind == "STRING" else number

    pairs = [(number * 3 % 40, number * 7 % 40) for number in range(100)]
    # Every tenth row names a node that is not there, the first one too.
    named = [(number + 1_000 if at % 10 == 0 else number, other) for at, (number, other) in enumerate(pairs)]
    values: Any = [{"s": key_of(source), "t": key_of(target)} for source, target in named]
    if rows.startswith("LOAD"):
        values = pa.Table.from_pylist(values)
    source, target = ("s", "t") if rows.startswith("LOAD") else ("row.s", "row.t")
    for at, matches in enumerate(
        (
            f"MATCH (a:N) WHERE a.id = {source} MATCH (b:N) WHERE b.id = {target}",
            f"MATCH (a:N {{id: {source}}}) MATCH (b:N {{id: {target}}})",
            f"MATCH (a:N {{id: {source}}}), (b:N {{id: {target}}})",
        )
    ):
        statement = f"{rows} {matches} CREATE (a)-[:E]->(b)"
        async with opened(file.with_suffix(f".{at}")) as graph:
            await graph.run(create, Access.WRITE)
            await graph.run(
                partial(LadybugTransaction.run, statement=statement, parameters={"rows": values}), Access.WRITE
            )
            made = await graph.run(
                lambda session: session.rows("MATCH (a:N)-[:E]->(b:N) RETURN a.name AS a, b.name AS b"), Access.PLAIN
            )
        assert sorted((each["a"], each["b"]) for each in made) == sorted(
            (f"node {number}", f"node {other}") for number, other in named if number < 40
        ), statement


@pytest.mark.parametrize("by", ["key: k", "entity: k"])
@pytest.mark.parametrize("rows", ["LOAD FROM $rows", "UNWIND $rows AS row"])
async def test_a_match_by_a_property_of_what_another_match_bound(file: Path, by: str, rows: str) -> None:
    """Aliases lead to entities: found by their key, or by a property that is no key."""
    nodes = range(300)
    column = "k" if rows.startswith("LOAD") else "row.k"
    statement = f"""{rows} MATCH (a:ApexAlias {{{by.replace(" k", f" {column}")}}}) MATCH (n:Entity {{uuid: a.entity}})
        RETURN {column} AS key, n.name AS name"""
    keys = [{"k": f"entity-{number}" if by.startswith("entity") else f"key-{number}"} for number in (999, *nodes)]
    values = pa.Table.from_pylist(keys) if rows.startswith("LOAD") else keys
    async with opened(file) as graph:
        await entities(graph, nodes)
        aliases = [{"key": f"key-{number}", "entity": f"entity-{number}"} for number in nodes]
        await graph.run(written(ops.NEW_ALIAS, aliases), Access.WRITE)
        found = await graph.run(lambda session: session.rows(statement, {"rows": values}), Access.PLAIN)
    assert sorted((each["key"], each["name"]) for each in found) == sorted(
        (key["k"], text("name", number)) for number, key in enumerate(keys[1:])
    )


async def test_look_ups_find_what_scans_find_also_before_the_commit(file: Path) -> None:
    """Relations that are followed from a node, and those of the whole table: some of each committed, new, deleted."""

    def lists(found: Iterable[Row], *names: str) -> list[tuple[Any, ...]]:
        return sorted(tuple(each[name] for name in names) for each in found)

    def compare(graph: LadybugTransaction) -> None:
        keys = {kind: [f"{kind}-{number}" for number in range(-10, 700)] for kind in ("entity", "record", "fact")}
        named = ("record", "node", "observation")
        mentions = lists(scanned(ops.ALL_MENTIONS)(graph), *named)
        assert lists(graph.look_up(ops.OBSERVATIONS_BY_RECORD, keys["record"]), *named) == mentions
        assert lists(graph.look_up(ops.OBSERVATIONS_BY_NODE, keys["entity"]), *named) == mentions
        entities = graph.look_up(ops.MENTIONED_ENTITIES, keys["record"])
        assert lists(entities, "record", "id") == sorted(each[:2] for each in mentions)
        facts = graph.look_up(ops.FACTS, keys["fact"])
        subjects = {each["fact"]: each["node"] for each in scanned(ops.ALL_SUBJECTS)(graph)}
        objects = {each["fact"]: each["node"] for each in scanned(ops.ALL_OBJECTS)(graph)}
        both = sorted(subjects.keys() & objects.keys())
        assert lists(facts, "id", "subject_id", "object_id") == [(one, subjects[one], objects[one]) for one in both]
        assert len(mentions) > 500
        assert len(facts) > 200

    def change(graph: LadybugTransaction) -> None:
        add(graph, 300, 600)
        graph.write(ops.DELETE_ENTITY, [(f"entity-{number}",) for number in (*range(0, 300, 7), *range(300, 600, 9))])
        graph.write(ops.DELETE_MENTION, [("record-5", "entity-65"), ("record-305", "entity-306")])
        graph.write(ops.SET_OBSERVATION, [("record-8", "entity-9", "another"), ("record-310", "entity-311", "new")])
        compare(graph)

    def add(graph: LadybugTransaction, start: int, end: int) -> None:
        numbers = range(start, end)
        written(ops.NEW_ENTITY, [{"uuid": f"entity-{number}"} for number in numbers])(graph)
        written(ops.NEW_EPISODE, [{"uuid": f"record-{number}"} for number in numbers])(graph)
        pairs = [(f"record-{number}", f"entity-{(number + other) % end}") for number in numbers for other in (1, 60)]
        mentions = [{"record": record, "node": node, "observation": record + node} for record, node in pairs]
        written(ops.NEW_MENTION, mentions)(graph)
        facts = [(f"fact-{number}", f"entity-{number}", f"entity-{number * 7 % end}") for number in numbers]
        written(ops.NEW_FACT, [{"uuid": uuid, "subject": one, "object": two} for uuid, one, two in facts])(graph)

    async with opened(file) as graph:
        await graph.run(lambda session: add(session, 0, 300), Access.WRITE)
    async with opened(file) as graph:
        await graph.run(change, Access.WRITE)
        await graph.run(compare, Access.PLAIN)
    async with opened(file) as graph:
        await graph.run(compare, Access.PLAIN)
        with pytest.raises(StoreTerminal):
            await graph.run(written(ops.SET_OBSERVATION, [{"record": "record-5", "node": "entity-65"}]), Access.WRITE)
        with pytest.raises(StoreTerminal):
            await graph.run(written(ops.DELETE_MENTION, [{"record": "record-5", "node": "entity-700"}]), Access.WRITE)


# #678, #658: after DETACH DELETE and a checkpoint, a scan read other texts of other rows, or empty ones.


@pytest.mark.usefixtures("checkpoint_each")
@pytest.mark.parametrize(("rows", "rounds"), [(10_000, 2), large(100_000, 13)])
async def test_a_deletion_changes_no_other_row(file: Path, rows: int, rounds: int) -> None:
    numbers = range(rows)
    mentions = [
        {"record": f"record-{number}", "node": f"entity-{number}", "observation": text("observation", number)}
        for number in numbers
    ]
    facts = [
        {"uuid": f"fact-{number}", "subject": f"entity-{number}", "object": f"entity-{(number + 1) % rows}"}
        | {"name": text("predicate", number), "fact": text("fact", number)}
        for number in numbers
    ]
    left = set(numbers)
    async with opened(file) as graph:
        for part in range(4):
            some = slice(part * rows // 4, (part + 1) * rows // 4)
            await entities(graph, numbers[some])
            await episodes(graph, numbers[some])
            await graph.run(written(ops.NEW_MENTION, mentions[some]), Access.WRITE)
        await graph.run(written(ops.NEW_FACT, facts), Access.WRITE)
    for each in range(rounds):
        # A block inside of a checkpoint's rows, and single rows that are far from one another.
        first = rows * (3 + 5 * each) // 80
        gone = left & {*range(first, first + 200), *range(each, rows, rows // 7)}
        left -= gone
        async with opened(file) as graph:
            await graph.run(written(ops.DELETE_ENTITY, [{"k": f"entity-{number}"} for number in gone]), Access.WRITE)
            assert await texts(graph) == expected(left, rows)
        async with opened(file) as graph:
            assert await texts(graph) == expected(left, rows)


def expected(left: set[int], rows: int) -> dict[str, set[Any]]:
    return {
        "entities": {
            (f"entity-{number}", text("name", number), text("attributes", number), text("state", number))
            for number in left
        },
        "aliases": {(text("alias", number), f"vehicle:unit:{number}") for number in left},
        "mentions": {(f"record-{number}", f"entity-{number}", text("observation", number)) for number in left},
        "facts": {(f"fact-{number}", text("predicate", number)) for number in range(rows)},
        "subjects": {(f"fact-{number}", f"entity-{number}") for number in left},
        "objects": {(f"fact-{(number - 1) % rows}", f"entity-{number}") for number in left},
    }


async def texts(graph: LadybugEngine) -> dict[str, set[Any]]:
    """What scans find."""
    found = {
        query: await graph.run(scanned(query), Access.PLAIN)
        for query in (ops.ALL_NODES, ops.ALL_MENTIONS, ops.ALL_FACTS, ops.ALL_SUBJECTS, ops.ALL_OBJECTS)
    }
    return {
        "entities": {(each["id"], each["name"], each["attributes"], each["state"]) for each in found[ops.ALL_NODES]},
        "aliases": {tuple(each["aliases"]) for each in found[ops.ALL_NODES]},
        "mentions": {(each["record"], each["node"], each["observation"]) for each in found[ops.ALL_MENTIONS]},
        "facts": {(each["id"], each["predicate"]) for each in found[ops.ALL_FACTS]},
        "subjects": {(each["fact"], each["node"]) for each in found[ops.ALL_SUBJECTS]},
        "objects": {(each["fact"], each["node"]) for each in found[ops.ALL_OBJECTS]},
    }


# #714, #771: a log with a record of more than 2 or 4 KB could not be replayed after a kill.

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.contract.test_ladybug import Access, opened, ops, sized, written

async def main():
    async with opened(Path(sys.argv[1])) as graph:
        for size in map(int, sys.argv[2:]):
            await graph.run(written(ops.NEW_EPISODE, [sized(size)]), Access.WRITE)
            await graph.run(written(ops.SET_EPISODE, [sized(size, 1)]), Access.WRITE)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def sized(size: int, version: int = 0) -> dict[str, Any]:
    """An episode with a text of so many characters."""
    unit = text("content", size, version)
    return {"uuid": f"record-{size}", "k": f"record-{size}", "content": (unit * (size // len(unit) + 1))[:size]}


@pytest.mark.parametrize(
    "sizes", [(1_000, 2_500, 4_090, 5_000, 70_000, 1_100_000), large(*[(*range(500, 20_000, 250), 30_000_000)])]
)
async def test_large_records_of_the_log_are_there_after_a_kill(file: Path, sizes: Sequence[int]) -> None:
    command = [sys.executable, "-c", KILLED, str(file), *map(str, sizes)]
    killed = await asyncio.to_thread(subprocess.run, command, cwd=REPOSITORY, capture_output=True)
    assert killed.returncode == -9, killed.stderr.decode()
    async with opened(file) as graph:
        found = await graph.run(
            lambda session: session.rows("MATCH (e:Episodic) RETURN e.uuid AS id, e.content AS content"), Access.PLAIN
        )
    assert {each["id"]: each["content"] for each in found} == {
        f"record-{size}": sized(size, 1)["content"] for size in sizes
    }


# #843: after some 700 checkpoints the file was damaged. #924: each one used up 9 MB of the largest size of the file.


async def change(graph: LadybugEngine, number: int) -> dict[str, str | None]:
    """Insert, change and delete in one transaction. Returns states of entities by id, None for a deleted one."""
    new, old = [f"entity-{number * 3 + each}" for each in range(3)], f"entity-{(number - 5) * 3}"
    states: dict[str, str | None] = {each: text(each, number) for each in new}

    def job(session: LadybugTransaction) -> None:
        rows = [{"uuid": each, "name": each, "state": states[each]} for each in new]
        written(ops.NEW_ENTITY, rows)(session)
        written(ops.NEW_EPISODE, [{"uuid": f"record-{number}"}])(session)
        written(ops.NEW_MENTION, [{"record": f"record-{number}", "node": each} for each in new])(session)
        if number >= 5:
            states[old] = None
            written(ops.DELETE_ENTITY, [{"k": old}])(session)
            written(ops.SET_STATE, [{"k": new[1], "state": text("changed", number)}])(session)
            states[new[1]] = text("changed", number)

    await graph.run(job, Access.WRITE)
    return states


async def stored(path: Path) -> dict[str, str]:
    """The states of all entities that there are; each is mentioned."""
    async with opened(path) as graph:
        found = await graph.run(scanned(ops.ALL_NODES), Access.PLAIN)
        mentions = await graph.run(scanned(ops.ALL_MENTIONS), Access.PLAIN)
    assert sorted(each["node"] for each in mentions) == sorted(each["id"] for each in found)
    return {each["id"]: each["state"] for each in found}


@pytest.mark.usefixtures("checkpoint_each")
@pytest.mark.parametrize(("times", "sessions"), [(24, 4), large(1_500, 10)])
async def test_many_checkpoints_leave_a_whole_file(file: Path, times: int, sessions: int) -> None:
    states: dict[str, str | None] = {}
    for start in range(0, times, times // sessions):
        async with opened(file) as graph:
            for number in range(start, start + times // sessions):
                states |= await change(graph, number)
        assert await stored(file) == {each: state for each, state in states.items() if state is not None}


LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from apex_cli.stores.graph.ladybug import address_space, engine
from tests.contract.test_ladybug import change, opened

engine.CHECKPOINT_BYTES = 1
limit = address_space._used() + address_space.LIMITED_POOL_BYTES + 2 * address_space.SMALLEST_BYTES + 2**28
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

async def main():
    async with opened(Path(sys.argv[1])) as graph:
        for number in range(64):
            await change(graph, number)

asyncio.run(main())
"""


async def test_many_checkpoints_in_a_limited_address_space(file: Path) -> None:
    """The database may be 512 MiB large, the least that apex gives it, and not 64 times 9 MB."""
    command = [sys.executable, "-c", LIMITED, str(file)]
    ended = await asyncio.to_thread(subprocess.run, command, cwd=REPOSITORY, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert len(await stored(file)) == 64 * 3 - 59
