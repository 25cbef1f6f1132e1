"""PostgreSQL, Redis and Neo4j servers that a test may stop, kill, pause and cut off, each behind a proxy.

The vectors stay embedded in each home: no package registry has a Qdrant server.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from scripts.servers.__main__ import Fleet
from tests.faults.oracle import identity
from tests.faults.scenario import FaultScenario
from tests.profiles import namespace
from tests.proxy import BOLT_COMMIT, Proxy, Trigger

SIZE, BATCH = 24, 4
"""Records of the scenario, and of one batch."""
MIDDLE = 12
"""A fault strikes when this record passes: the first of the fourth of six batches. It is new: nothing else names it."""
URLS = {"postgres": "APEX_POSTGRES_URL", "redis": "APEX_REDIS_URL", "neo4j": "APEX_GRAPH_URL"}


class Fault(StrEnum):
    """What happens to a server."""

    STOP = "stop"
    KILL = "kill"
    PAUSE = "pause"
    CUT = "cut"
    CUT_OFF = "cut off"
    DEAF = "deaf"


@dataclass(frozen=True)
class Moment:
    """The moment when a request that names the middle record, and then these bytes, reach this server's proxy."""

    server: str
    then: tuple[bytes, ...] = ()

    def requests(self, scenario: FaultScenario) -> tuple[bytes, ...]:
        """The requests, in the order in which the proxy sees them."""
        shipment = scenario.payloads[MIDDLE]["shipmentId"]
        named = identity(scenario.home, shipment, scenario.env) if self.server == "neo4j" else shipment
        return (named.encode(), *self.then)


MOMENTS: Mapping[str, Moment] = {
    "journalling": Moment("postgres"),
    "preparing": Moment("redis"),
    "at the pivot": Moment("neo4j"),
    "committing": Moment("neo4j", (BOLT_COMMIT,)),
    "publishing": Moment("redis", (b"EVALSHA",)),
}


class ServerCluster:
    """The servers and the proxies in front of them, by name."""

    def __init__(self, fleet: Fleet, proxies: dict[str, Proxy]) -> None:
        self.fleet = fleet
        self.proxies = proxies
        self._direct = {name: value for name, value in fleet.variables().items() if not name.startswith("APEX_TEST_")}

    def direct(self, home: Path) -> dict[str, str]:
        """The environment that puts a home's stores on the servers, in a namespace of the home."""
        return {**self._direct, "APEX_NAMESPACE": namespace(home)}

    def through_proxies(self, home: Path) -> dict[str, str]:
        """The same through the proxies, for runs that meet faults. No step may take long."""
        ways = {URLS[name]: proxy.url(self._direct[URLS[name]]) for name, proxy in self.proxies.items()}
        return {**self.direct(home), **ways, "APEX_STORE_TIMEOUT": "3"}

    def hold(self, scenario: FaultScenario, moment: str) -> Trigger:
        """Hold back the request that marks the moment."""
        return self.proxies[MOMENTS[moment].server].hold(*MOMENTS[moment].requests(scenario))

    def strike(self, name: str, fault: Fault) -> None:
        """Cause a fault of a server. It lasts until `restore`; `CUT` is over at once."""
        server, proxy = self.fleet.servers[name], self.proxies[name]
        match fault:
            case Fault.STOP:
                server.stop()
            case Fault.KILL:
                server.stop(signal.SIGKILL)
            case Fault.PAUSE:
                server.send(signal.SIGSTOP)
            case Fault.CUT:
                proxy.cut()
            case Fault.CUT_OFF:
                proxy.refuse()
            case Fault.DEAF:
                proxy.deafen()

    def restore(self) -> None:
        """Continue what is paused, start what is down, forward everything. Waits until all servers answer."""
        for server in self.fleet.servers.values():
            server.send(signal.SIGCONT)
        self.fleet.launch()
        self.fleet.await_answers()
        for proxy in self.proxies.values():
            proxy.restore()

    def secrets(self) -> set[str]:
        """The passwords, which no output may show."""
        passwords = {urlsplit(value).password for value in self._direct.values()}
        return {password for password in passwords | {self._direct["APEX_GRAPH_PASSWORD"]} if password}


@contextmanager
def server_cluster() -> Iterator[ServerCluster]:
    """New servers. They and their data are removed at the end."""
    fleet = Fleet.new()
    try:
        fleet.launch()
        fleet.await_answers()
        with ExitStack() as stack:
            proxies = {}
            for name, server in fleet.servers.items():
                proxies[name] = Proxy(("127.0.0.1", server.port))
                stack.callback(proxies[name].close)
            yield ServerCluster(fleet, proxies)
    finally:
        for server in fleet.servers.values():
            server.send(signal.SIGCONT)
        fleet.stop()
