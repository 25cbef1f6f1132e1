"""The database file, its one thread, its transactions, and the translation of the engine's errors.

All jobs run one after the other in one thread of their own. The engine admits one writer, its checkpoint waits for
readers, and the Python around the statements does not block the event loop. Each job has a connection of its own:
a connection keeps a prepared statement for every Arrow table that it ever saw, and one whose BEGIN failed is unsafe.
No statement is prepared ahead: one over an Arrow table is bound to that table when it is prepared.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from apex_cli.errors import StoreError, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.stores.graph.ladybug.address_space import sizes
from apex_cli.stores.graph.ladybug.transaction import LadybugTransaction
from apex_cli.stores.graph.model.operations import STORE, Access

if TYPE_CHECKING:
    import ladybug

_THREADS = 2
CHECKPOINT_BYTES = 32 * 1024**2
"""How long the log becomes before its changes go to the file, about 3,000 records. A start after a kill replays at most
so much: 0.04 s of processor time for each MB.
"""
_DATA_ERRORS = (
    *("Conversion exception", "Binder exception", "Parser exception", "Overflow exception"),
    *("Runtime exception: Found duplicated primary key", "Runtime exception: Found NULL"),
)
_open_paths: set[Path] = set()

T = TypeVar("T")


class LadybugEngine:
    """One Ladybug database in one file, for one process."""

    holds_vectors = False

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._thread: ThreadPoolExecutor | None = None
        self._database: ladybug.Database | None = None
        self._in_doubt = False
        """A commit failed: memory may hold more than the file."""

    @property
    def database(self) -> ladybug.Database:
        if self._database is None:
            raise StoreTransient(STORE, "the graph is not open")
        return self._database

    async def open(self) -> None:
        """Open the file, or create an empty one. Raises `StoreUnavailable`.

        The same file cannot be opened twice in one process: closing either would release the engine's file lock.
        """
        if self._path in _open_paths:
            raise StoreUnavailable(f"graph: {self._path} is open in this process already")
        _open_paths.add(self._path)
        self._thread = ThreadPoolExecutor(1, "apex-graph")
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._load)
        except (RuntimeError, OSError) as error:
            await self.close()
            raise StoreUnavailable(
                f"graph: {self._path} cannot be opened: {_first_line(error)}",
                hint="is another process using it? `apex doctor` checks every store on its own",
            ) from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for the running job, then close the file. May be called any number of times."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(thread, self._close))
        thread.shutdown(wait=False)

    async def run(self, job: Callable[[LadybugTransaction], T], access: Access) -> T:
        """Run a job in the engine's thread, in one transaction; only with `WRITE` may it change anything.

        Every transaction is alone and sees one state of the graph, so the other kinds of access are the same here.
        A cancelled caller does not stop the job. Raises `StoreError`s only, for whatever the engine raises.
        """
        if self._thread is None:
            raise StoreTransient(STORE, "the graph is not open")
        write = access is Access.WRITE
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, job, write)

    async def replace(self, swap: Callable[[], None]) -> None:
        """Close the file, let `swap` put another one in its place, and open that. Jobs that come meanwhile wait.

        Raises what `swap` raises, and `StoreTransient`; the graph that is there then is open again, if it can be.
        """
        if self._thread is None:
            raise StoreTransient(STORE, "the graph is not open")
        await asyncio.get_running_loop().run_in_executor(self._thread, self._replace, swap)

    def _replace(self, swap: Callable[[], None]) -> None:
        self._close()
        _open_paths.add(self._path)
        try:
            swap()
        except OSError as error:
            raise StoreTransient(STORE, f"{self._path} cannot be replaced: {error.strerror}") from error
        finally:
            self._open_again("a rebuild")

    def _load(self) -> None:
        import ladybug

        self._path.parent.mkdir(parents=True, exist_ok=True)
        buffer_pool, largest = sizes(self._path)
        self._database = ladybug.Database(
            self._path,
            buffer_pool_size=buffer_pool,
            max_num_threads=_THREADS,
            max_db_size=largest,
            checkpoint_threshold=CHECKPOINT_BYTES,
            # A log that a crash or a full disk cut off counts up to its last whole transaction.
            throw_on_wal_replay_failure=False,
        )

    def _reload(self) -> None:
        """Open the file again after a commit that failed: a full disk may have stopped it half-way."""
        database, self._database = self.database, None
        _abandon(database)
        self._open_again("a failed commit")

    def _open_again(self, what: str) -> None:
        try:
            self._load()
        except (RuntimeError, OSError) as error:
            raise StoreTransient(STORE, f"cannot be opened again after {what}: {_first_line(error)}") from error
        self._in_doubt = False

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is not None and self._in_doubt:
            _abandon(database)
        elif database is not None:
            database.close()
        _open_paths.discard(self._path)

    @contextmanager
    def _connected(self) -> Iterator[ladybug.Connection]:
        import ladybug

        connection = ladybug.Connection(self.database)
        try:
            yield connection
        except StoreError:
            raise
        except (RuntimeError, ValueError, OverflowError) as error:
            raise translate(error) from error
        except LookupError as error:
            damaged = f"its data is inconsistent: {error!r}"
            raise StoreTerminal(STORE, damaged, hint="`apex verify --repair` rebuilds it") from error
        finally:
            connection.close()

    def _transact(self, job: Callable[[LadybugTransaction], T], write: bool) -> T:
        if self._in_doubt:
            self._reload()
        with self._connected() as connection:
            connection.execute("BEGIN TRANSACTION" if write else "BEGIN TRANSACTION READ ONLY")
            try:
                result = job(LadybugTransaction(connection))
                self._in_doubt = write
                connection.execute("COMMIT")
                self._in_doubt = False
            except BaseException:
                # A failed statement has rolled back already, so this one may be refused.
                with suppress(RuntimeError):
                    connection.execute("ROLLBACK")
                raise
            return result


def _abandon(database: ladybug.Database) -> None:
    """Keep the database in memory and never close it: closing writes, and where that fails the engine ends the process.

    One more reference, which is never released, keeps the interpreter from closing it at exit.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(database))


def translate(error: Exception) -> StoreError:
    """The `StoreError` for an error of the engine: terminal if the data caused it, or if Arrow cannot take a value."""
    line = _first_line(error)
    terminal = not isinstance(error, RuntimeError) or line.startswith(_DATA_ERRORS)
    return StoreTerminal(STORE, line) if terminal else StoreTransient(STORE, line)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
