"""Neo4j Community from Maven Central, started by its own entry point on a Java that is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from scripts.servers.process import CACHE, Server, ServersError, free_port, new_password, private_file

VERSION = "5.26.30"
DEBIAN = "openjdk-17-jre-headless maven"
START_SECONDS = 120.0
_FETCH_SECONDS = 900.0
_POM = Path(__file__).with_name("neo4j-pom.xml")
_SETTINGS = {
    "server.default_listen_address": "127.0.0.1",
    "server.http.enabled": "false",
    "server.https.enabled": "false",
    "server.memory.heap.initial_size": "512m",
    "server.memory.heap.max_size": "512m",
    "server.memory.pagecache.size": "128m",
    "dbms.usage_report.enabled": "false",
}


def prepare(folder: Path) -> Server:
    """Configuration and first password in `folder`; fetches the server into the cache where it is not there yet.

    Raises `ServersError` without Java 17 or newer, or Maven to fetch with.
    """
    java = _java()
    classes = f"{_fetched()}/*"
    port, password = free_port(), new_password()
    settings = {**_SETTINGS, "server.bolt.listen_address": f"127.0.0.1:{port}"}
    configuration = folder / "conf"
    configuration.mkdir()
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    private_file(configuration / "neo4j.conf", text)
    _set_initial_password(java, classes, folder, password)
    argv = (
        *(java, "-Xmx512m", "-XX:+UseSerialGC", "-cp", classes, "org.neo4j.server.CommunityEntryPoint"),
        *(f"--home-dir={folder}", f"--config-dir={configuration}"),
    )
    return Server("neo4j", argv, folder=str(folder), port=port, user="neo4j", password=password)


def answers(server: Server) -> bool:
    """Whether it takes the password."""
    try:
        with neo4j.GraphDatabase.driver(_url(server), auth=(server.user, server.password)) as driver:
            driver.verify_connectivity()
        return True
    except (DriverError, Neo4jError):
        return False


def variables(server: Server) -> dict[str, str]:
    """How apex and the tests reach it."""
    found = {}
    for prefix in ("APEX", "APEX_TEST"):
        found[f"{prefix}_GRAPH_URL"] = _url(server)
        found[f"{prefix}_GRAPH_USER"] = server.user
        found[f"{prefix}_GRAPH_PASSWORD"] = server.password
    return found


def _url(server: Server) -> str:
    return f"bolt://127.0.0.1:{server.port}"


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        raise ServersError(f"Java is not installed: apt-get install {DEBIAN}")
    reported = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    release = re.search(r'version "(\d+)', reported)
    if release is None or int(release[1]) < 17:
        raise ServersError(f"Neo4j needs Java 17 or newer, {java} is older: apt-get install {DEBIAN}")
    return java


def _fetched() -> Path:
    """The folder of jars. It appears whole or not at all; fetching needs Maven and the network, once."""
    jars = CACHE / f"neo4j-{VERSION}"
    if jars.is_dir():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        raise ServersError(f"Maven is not installed: apt-get install {DEBIAN}")
    print(f"fetching Neo4j {VERSION} from Maven Central (120 MB, once) ...", flush=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        fetched = subprocess.run(
            [
                *(maven, "--batch-mode", "--quiet", "--file", str(_POM), f"-Dneo4j.version={VERSION}"),
                *(f"-Dmaven.repo.local={work}/repository", "dependency:copy-dependencies"),
                f"-DoutputDirectory={work}/jars",
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=_FETCH_SECONDS,
        )
        if fetched.returncode != 0:
            raise ServersError(f"Neo4j cannot be fetched: {fetched.stdout.strip()[-1500:]}")
        Path(work, "jars").rename(jars)
    return jars


def _set_initial_password(java: str, classes: str, folder: Path, password: str) -> None:
    """By `neo4j-admin`'s main class; it takes arguments from a file, so the list of processes shows no password."""
    argument = private_file(folder / "password.argument", password)
    done = subprocess.run(
        [java, "-cp", classes, "org.neo4j.cli.AdminTool", "dbms", "set-initial-password", f"@{argument}"],
        env={"NEO4J_HOME": str(folder), "NEO4J_CONF": str(folder / "conf"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    argument.unlink()
    if done.returncode != 0:
        raise ServersError(f"Neo4j's first password cannot be set: {done.stderr.strip()}")
