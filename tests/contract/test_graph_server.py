"""What only a server can be asked: several writers, locks, cut connections, namespaces, and how it is opened."""

from __future__ import annotations

import asyncio
import random
import ssl
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import trustme
from neo4j import AsyncManagedTransaction

from apex_cli.errors import Fenced, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.model import Plan
from apex_cli.stores.graph.model.operations import (
    ALIASES,
    DELETE_PAGE,
    NEW_PAGE,
    PAGES,
    SET_PAGE,
    Access,
    GraphTransaction,
)
from apex_cli.stores.graph.neo4j import schema
from apex_cli.stores.graph.neo4j.engine import Neo4jGraph
from tests.graph_helpers import (
    forget,
    history,
    minute,
    only,
    opened,
    ping,
    place,
    random_history,
    shuffled,
    snapshot,
    vehicle,
)
from tests.graph_server import client, connected, credentials, empty, rows, server_graph
from tests.graphiti_search import found_facts
from tests.plans import GROUP, vector_of
from tests.proxy import BOLT_COMMIT, proxied
from tests.servers import server_url

TRUCK = vehicle("vehicle:unit:T1")
CHICAGO, GARY = place("chicago"), place("gary")
_DOUBLES = """MATCH (a:ApexAlias {group_id: $group}) WITH a.key AS key, count(*) AS times WHERE times > 1 RETURN key
    UNION ALL MATCH (n:Entity {group_id: $group}) UNWIND n.aliases AS key
    WITH key, count(*) AS times WHERE times > 1 RETURN key"""
_BLOCKED = """SHOW TRANSACTIONS YIELD status, parameters WHERE status STARTS WITH 'Blocked' AND
    parameters.group = $group RETURN count(*) AS n"""


async def commit_all(graph: Neo4jGraph, batches: Sequence[Sequence[Plan]]) -> None:
    for batch in batches:
        await graph.commit(batch)


async def test_writers_at_once_that_share_entities_make_one_graph(server: Neo4jGraph, tmp_path: Path) -> None:
    rng = random.Random(5)
    histories = random_history(rng, records=24)
    async with opened("ladybug", tmp_path) as embedded:
        for batch in shuffled(rng, histories):
            await embedded.commit([step.plan() for step in batch])
        expected = await snapshot(embedded, histories)
    shares = [
        [[step.plan() for step in batch] for batch in shuffled(rng, part)]
        for part in (histories[:8], histories[8:16], histories[16:])
    ]
    async with connected() as second, connected() as third:
        await asyncio.gather(*(commit_all(*pair) for pair in zip((server, second, third), shares, strict=True)))
        assert await second.audit() == []
    assert await rows(_DOUBLES, group=GROUP) == []
    assert await snapshot(server, histories) == expected


async def test_a_fence_and_a_commit_at_once_agree_on_what_happened(server: Neo4jGraph) -> None:
    async with connected() as other:
        for number in range(12):
            plan = ping(f"r{number}", TRUCK, CHICAGO, number)
            calls = [server.commit([plan]), other.settle([(plan.record_id, 2)])]
            if number % 2:
                calls.reverse()
            answers = await asyncio.gather(*calls, return_exceptions=True)
            refused = any(isinstance(answer, Fenced) for answer in answers)
            (marker,) = next(answer for answer in answers if isinstance(answer, dict)).values()
            held = (await other.read([plan.record_id])).get(plan.record_id)
            assert (marker, held and held.saga_id) == ((None, None) if refused else (plan.saga_id, plan.saga_id))


async def locked_out() -> None:
    """Wait until a transaction waits for the graph's lock."""
    while not (await rows(_BLOCKED, group=GROUP))[0]["n"]:  # noqa: ASYNC110 - the server sends no event
        await asyncio.sleep(0.02)


async def test_a_job_waits_for_another_ones_end(server: Neo4jGraph) -> None:
    async with client() as driver, driver.session() as session:
        transaction = await session.begin_transaction()
        await transaction.run("MERGE (g:ApexGroup {group_id: $group}) SET g.held = true", group=GROUP)
        commit = asyncio.create_task(server.commit([ping("one", TRUCK, CHICAGO, 0)]))
        await locked_out()
        assert not commit.done()
        await transaction.rollback()
        await commit
    assert await history(server, "T1") == [("chicago", 0, None)]


async def test_a_cancelled_commit_leaves_nothing_and_holds_nothing(server: Neo4jGraph) -> None:
    plan = ping("one", TRUCK, CHICAGO, 0)
    async with client() as driver, driver.session() as session:
        transaction = await session.begin_transaction()
        await transaction.run("MERGE (g:ApexGroup {group_id: $group}) SET g.held = true", group=GROUP)
        commit = asyncio.create_task(server.commit([plan]))
        await locked_out()
        commit.cancel()
        with pytest.raises(asyncio.CancelledError):
            await commit
        await transaction.rollback()
    assert await server.settle([(plan.record_id, 2)]) == {plan.record_id: None}
    assert await server.read([plan.record_id]) == {}


async def test_a_job_cancelled_in_its_thread_ends_at_its_next_question(server: Neo4jGraph) -> None:
    written, go_on, ended = threading.Event(), threading.Event(), []

    def job(graph: GraphTransaction) -> None:
        graph.write(NEW_PAGE, [("a page", [], [])])
        written.set()
        go_on.wait(60)
        try:
            graph.look_up(ALIASES, ["a key"])
        except asyncio.CancelledError as error:
            ended.append(type(error).__name__)
            raise

    running = asyncio.create_task(server._engine.run(job, Access.WRITE))
    await asyncio.to_thread(written.wait, 60)
    running.cancel()
    # No event says that nothing happens: too short a wait finds less, and never fails a sound job.
    await asyncio.sleep(0.1)
    assert not running.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended == ["CancelledError"]
    assert await rows("MATCH (p:ApexTimeline {group_id: $group}) RETURN p.page", group=GROUP) == []
    await server.commit([ping("one", TRUCK, CHICAGO, 0)])


async def test_a_read_sees_all_that_was_written_before_it(server: Neo4jGraph) -> None:
    pages = [f"page {number}" for number in range(500)]

    def job(graph: GraphTransaction) -> list[int]:
        graph.write(NEW_PAGE, [(page, ["old"], []) for page in pages])
        graph.write(SET_PAGE, [(page, ["new"], []) for page in pages])
        counts = [[row["evidence"] for row in graph.look_up(PAGES, pages)].count(["new"])]
        graph.write(DELETE_PAGE, [(page,) for page in pages])
        return [*counts, len(graph.look_up(PAGES, pages))]

    assert await server._engine.run(job, Access.WRITE) == [500, 0]


@pytest.mark.parametrize("reads", [True, False])
async def test_a_write_that_finds_nothing_to_change_fails_the_whole_job(server: Neo4jGraph, reads: bool) -> None:
    passed = []

    def job(graph: GraphTransaction) -> None:
        graph.write(NEW_PAGE, [("a page", [], [])])
        graph.write(SET_PAGE, [("no page", [], [])])
        graph.write(NEW_PAGE, [("another page", [], [])])
        if reads:
            graph.look_up(ALIASES, ["a key"])
            passed.append("the read")

    with pytest.raises(StoreTerminal, match="0 of 1 rows"):
        await server._engine.run(job, Access.WRITE)
    assert passed == []
    assert await rows("MATCH (p:ApexTimeline {group_id: $group}) RETURN p.page", group=GROUP) == []
    await server.commit([ping("one", TRUCK, CHICAGO, 0)])


async def test_an_error_of_a_job_that_has_written_leaves_nothing(server: Neo4jGraph) -> None:
    def job(graph: GraphTransaction) -> None:
        graph.write(NEW_PAGE, [(f"page {number}", [], []) for number in range(500)])
        graph.write(NEW_PAGE, [("last page", [], [])])
        raise StoreTerminal("graph", "wrong data")

    with pytest.raises(StoreTerminal, match="wrong data"):
        await server._engine.run(job, Access.WRITE)
    assert await rows("MATCH (p:ApexTimeline {group_id: $group}) RETURN p.page", group=GROUP) == []
    await server.commit([ping("one", TRUCK, CHICAGO, 0)])


async def test_what_takes_too_long_is_given_up_and_may_be_tried_again(server: Neo4jGraph) -> None:
    plan = ping("one", TRUCK, CHICAGO, 0)
    async with connected(timeout=1.0) as hasty, client() as driver, driver.session() as session:
        transaction = await session.begin_transaction()
        await transaction.run("MERGE (g:ApexGroup {group_id: $group}) SET g.held = true", group=GROUP)
        with pytest.raises(StoreTransient):
            await hasty.commit([plan])
        await transaction.rollback()
    await server.commit([plan])
    assert await history(server, "T1") == [("chicago", 0, None)]


async def test_a_paused_process_that_holds_the_lock_is_ended_by_the_server(server: Neo4jGraph) -> None:
    written, wake = threading.Event(), threading.Event()

    def job(graph: GraphTransaction) -> None:
        graph.write(NEW_PAGE, [("a page", [], [])])
        written.set()
        wake.wait(60)
        graph.write(NEW_PAGE, [("another page", [], [])])

    async with connected(timeout=3.0) as paused:
        running = asyncio.create_task(paused._engine.run(job, Access.WRITE))
        await asyncio.to_thread(written.wait, 60)
        await server.commit([ping("one", TRUCK, CHICAGO, 0)])
        wake.set()
        with pytest.raises(StoreTransient):
            await running
    assert await history(server, "T1") == [("chicago", 0, None)]
    written_pages = "MATCH (p:ApexTimeline {group_id: $group}) WHERE p.page ENDS WITH 'page' RETURN p"
    assert await rows(written_pages, group=GROUP) == []


async def test_a_cut_connection_makes_the_job_run_again_from_scratch(server: Neo4jGraph) -> None:
    attempts: list[int] = []
    async with connected() as direct:
        with proxied(server_url("GRAPH")) as (proxy, url):
            graph = server_graph(GROUP, url=url)
            await graph.open()

            def job(transaction: GraphTransaction) -> None:
                attempts.append(len(attempts))
                transaction.write(NEW_PAGE, [(f"page {len(attempts)}", [], [])])
                if len(attempts) == 1:
                    proxy.cut()
                transaction.write(NEW_PAGE, [("last page", [], [])])

            await graph._engine.run(job, Access.WRITE)
            assert attempts == [0, 1]
            held = await rows(
                "MATCH (p:ApexTimeline {group_id: $group}) RETURN p.page AS page ORDER BY page", group=GROUP
            )
            assert [row["page"] for row in held] == ["last page", "page 2"]
            await graph.close()
            await rows("MATCH (p:ApexTimeline {group_id: $group}) DELETE p", group=GROUP)
            assert await direct.audit() == []


async def test_a_commit_whose_answer_is_lost_is_found_by_its_marker(server: Neo4jGraph) -> None:
    plan = ping("one", TRUCK, CHICAGO, 0)
    with proxied(server_url("GRAPH")) as (proxy, url):
        graph = server_graph(GROUP, url=url)
        await graph.open()
        proxy.lose_answer(BOLT_COMMIT)
        with pytest.raises(StoreTransient):
            await graph.commit([plan])
        assert await graph.settle([(plan.record_id, 2)]) == {plan.record_id: plan.saga_id}
        await graph.close()
    before = await rows("MATCH (n) WHERE n.group_id = $group RETURN elementId(n) AS id ORDER BY id", group=GROUP)
    await server.settle([(plan.record_id, 2)])
    with pytest.raises(Fenced):
        await server.commit([plan])
    after = await rows("MATCH (n) WHERE n.group_id = $group RETURN elementId(n) AS id ORDER BY id", group=GROUP)
    assert before == after
    assert await history(server, "T1") == [("chicago", 0, None)]


async def test_two_namespaces_on_one_database_never_meet(server: Neo4jGraph) -> None:
    other = f"{GROUP}-other"
    mine = [ping("one", TRUCK, CHICAGO, 0), ping("two", TRUCK, GARY, 3)]
    theirs = [ping("one", TRUCK, GARY, 1, group_id=other)]
    try:
        async with connected(namespace=other) as elsewhere:
            await asyncio.gather(server.commit(mine), elsewhere.commit(theirs))
            assert await history(server, "T1") == [("chicago", 0, 3), ("gary", 3, None)]
            assert await history(elsewhere, "T1") == [("gary", 1, None)]
            assert (await only(server, "T1")).id != (await only(elsewhere, "T1")).id
            theirs_here = await server.read([theirs[0].record_id])
            assert theirs_here == {}
            assert await server.facts((await only(elsewhere, "T1")).id) == []
            assert await server.find_entities((await only(elsewhere, "T1")).id) == []
            found = await found_facts(elsewhere, other, "chicago", [0.0] * 255 + [1.0])
            assert [fact.episodes for fact in found] in ([], [[theirs[0].record_id]])
            assert (await elsewhere.check())["records"] == 1
            await elsewhere.commit([forget("one", 2, group_id=other)])
            assert await history(server, "T1") == [("chicago", 0, 3), ("gary", 3, None)]
    finally:
        await empty(other)


async def test_check_reports_the_server_and_its_contents(server: Neo4jGraph) -> None:
    await server.commit([ping("one", TRUCK, CHICAGO, 0)])
    facts = dict(await server.check())
    assert facts.pop("version").startswith(("5.", "202"))
    assert facts.pop("edition") in ("community", "enterprise")
    assert abs(facts.pop("clock_skew_seconds")) < 60
    counts = {"records": 1, "entities": 2, "facts": 1}
    assert facts == {"engine": "neo4j", "database": "neo4j", "tls": "off", "schema_missing": [], **counts}


class _RolledBack(Exception):
    """Ends a transaction that must not be committed."""


async def test_what_is_missing_is_named(server: Neo4jGraph) -> None:
    async def without(transaction: AsyncManagedTransaction) -> None:
        async def ask(statement: str) -> list[dict[str, Any]]:
            return [record.data() async for record in await transaction.run(statement)]

        await ask("DROP INDEX invalid_at_edge_index")
        await ask("DROP CONSTRAINT apex_timeline")
        assert await schema.missing(ask) == ["apex_timeline", "invalid_at_edge_index"]
        raise _RolledBack

    async with client() as driver, driver.session() as session:
        with pytest.raises(_RolledBack):
            # A drop waits for all who read the schema: the driver tries again where two wait for each other.
            await session.execute_write(without)


async def test_an_index_of_graphiti_gives_way_to_the_constraint_at_six_first_starts_at_once(server: Neo4jGraph) -> None:
    await rows("DROP CONSTRAINT mention_uuid IF EXISTS")
    await rows("CREATE INDEX mention_uuid IF NOT EXISTS FOR ()-[e:MENTIONS]-() ON (e.uuid)")
    graphs = [server_graph(GROUP) for _ in range(6)]
    try:
        await asyncio.gather(*(graph.open() for graph in graphs))
        assert [(await graph.check())["schema_missing"] for graph in graphs] == [[]] * len(graphs)
    finally:
        await asyncio.gather(*(graph.close() for graph in graphs))
    assert await rows("SHOW CONSTRAINTS YIELD name WHERE name = 'mention_uuid' RETURN name") == [
        {"name": "mention_uuid"}
    ]


async def test_a_constraint_that_another_process_makes_meanwhile_is_left_alone(server: Neo4jGraph) -> None:
    await rows("DROP CONSTRAINT mention_uuid IF EXISTS")
    await rows("CREATE INDEX mention_uuid IF NOT EXISTS FOR ()-[e:MENTIONS]-() ON (e.uuid)")
    overtaken = False

    async def slowly(statement: str) -> Sequence[Mapping[str, Any]]:
        nonlocal overtaken
        if "DROP INDEX" in statement and not overtaken:
            overtaken = True
            async with connected() as quick:
                assert (await quick.check())["schema_missing"] == []
        return await server._engine._ask(statement)

    await schema.build(slowly)
    assert overtaken
    assert (await server.check())["schema_missing"] == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"user": "stranger", "password": "not the password"}, "refuses the user or the password"),
        ({"url": "bolt://127.0.0.1:1"}, "cannot be reached"),
        ({"url": "http://127.0.0.1"}, "no scheme of Neo4j"),
        ({"url": "bolt://neo4j:s3cret@127.0.0.1"}, "contains a user or a password"),
        ({"database": "nowhere"}, "nowhere"),
        ({"trusted_ca": Path("ca.pem")}, "checks no certificate"),
    ],
)
async def test_a_server_that_cannot_be_used_is_named_without_the_password(
    settings: dict[str, Any], message: str
) -> None:
    graph = server_graph(GROUP, **settings)
    with pytest.raises(StoreUnavailable, match=message) as caught:
        await graph.open()
    shown = f"{caught.value} {caught.value.hint}"
    assert not any(secret in shown for secret in ("not the password", "s3cret"))
    await graph.close()


async def test_a_server_without_tls_is_refused_where_tls_is_asked_for(server: Neo4jGraph) -> None:
    graph = server_graph(GROUP, url=server_url("GRAPH").replace("bolt://", "bolt+s://"), timeout=5.0)
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await graph.open()


async def test_graphitis_own_driver_reads_what_apex_wrote(server: Neo4jGraph) -> None:
    own = server.graphiti_driver()
    from graphiti_core.driver.neo4j_driver import Neo4jDriver
    from graphiti_core.edges import EntityEdge
    from graphiti_core.nodes import EntityNode, EpisodicNode

    truck = vehicle("vehicle:unit:T1", attributes={"axles": 5})
    plans = [ping("one", truck, CHICAGO, 0), ping("two", truck, GARY, 3)]
    await server.commit(plans)
    known = await only(server, "T1")
    (past, now) = await server.facts(known.id)
    theirs = Neo4jDriver(server_url("GRAPH"), *credentials())
    try:
        await theirs.build_indices_and_constraints()
        for driver in (own, theirs):
            node = await EntityNode.get_by_uuid(driver, known.id)
            assert (node.name, sorted(node.labels), node.group_id) == ("T1", ["Entity", "Vehicle"], GROUP)
            edge = await EntityEdge.get_by_uuid(driver, past.id)
            assert (edge.source_node_uuid, edge.name, edge.fact) == (known.id, "LOCATED_AT", past.sentence)
            assert (edge.valid_at, edge.invalid_at, edge.episodes) == (past.valid_at, now.valid_at, list(past.records))
            assert edge.expired_at is not None
            await edge.load_fact_embedding(driver)
            assert edge.fact_embedding == pytest.approx(vector_of(past.sentence).tolist(), abs=1e-6)
            (episode,) = await EpisodicNode.get_by_uuids(driver, [plans[0].record_id])
            assert (episode.valid_at, episode.name) == (minute(0), "shipment one")
        assert (await EntityNode.get_by_uuid(own, known.id)).attributes == {"axles": 5}
    finally:
        await theirs.close()
    assert (await server.check())["schema_missing"] == []


async def test_a_certificate_is_trusted_by_its_authority_alone(server: Neo4jGraph, tmp_path: Path) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    for name, authority in (("ours", ours), ("theirs", theirs)):
        authority.cert_pem.write_to_path(tmp_path / name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    await server.commit([ping("one", TRUCK, CHICAGO, 0)])
    with proxied(server_url("GRAPH"), context) as (_, plain):
        url = plain.replace("bolt://", "bolt+s://")
        async with connected(url=url, trusted_ca=tmp_path / "ours") as safe:
            assert await history(safe, "T1") == [("chicago", 0, None)]
            assert (await safe.check())["tls"] == "on"
        for trusted in (tmp_path / "theirs", None):
            graph = server_graph(GROUP, url=url, trusted_ca=trusted)
            with pytest.raises(StoreUnavailable, match="certificate verify failed"):
                await graph.open()
        async with connected(url=plain.replace("bolt://", "bolt+ssc://")) as unchecked:
            assert await history(unchecked, "T1") == [("chicago", 0, None)]
