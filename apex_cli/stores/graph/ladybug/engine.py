"""The database file, its one thread, its transactions, and the translation of the engine's errors.

Checkpoints are ours, not the engine's: one is made before a transaction, where the log is long, and before the file is
closed. So no commit fails because of a checkpoint, and the engine can be closed without one. After a commit or a
checkpoint that failed, memory may hold something else than the file and its log. So it is left, and these are opened.

The buffer pool starts small. Where the engine says that it is full, the file is opened again with the next larger one,
and what failed is done again: a checkpoint, the replay of a log, a transaction that was rolled back.

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
from apex_cli.stores.graph.ladybug.address_space import database_bytes, pool_sizes
from apex_cli.stores.graph.ladybug.transaction import LadybugTransaction
from apex_cli.stores.graph.model.operations import STORE, Access

if TYPE_CHECKING:
    import ladybug

_THREADS = 2
CHECKPOINT_BYTES = 32 * 1024**2
"""How long the log becomes before its changes go to the file, about 3,000 records. A start after a kill replays at most
so much, and one more transaction: 0.04 s of processor time for each MB.
"""
_POOL_IS_FULL = "The buffer pool is full"
"""In what the engine says where the pool is too small, whatever it was doing."""
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
        self._log = self._path.with_name(self._path.name + ".wal")
        self._pool, self._largest_pool = pool_sizes(self._path)
        self._in_doubt = False
        """A commit or a checkpoint failed: memory may hold something else than the file and its log."""

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
            self._open_again()

    def _load(self) -> None:
        """Open the file, with a larger pool where what is in its log needs one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while self._database is None:
            try:
                self._database = self._opened()
            except RuntimeError as error:
                if not self._grow(error):
                    raise

    def _opened(self) -> ladybug.Database:
        import ladybug

        database = ladybug.Database(
            self._path,
            buffer_pool_size=self._pool,
            max_num_threads=_THREADS,
            max_db_size=database_bytes(self._path),
            auto_checkpoint=False,
            # A log that a crash or a full disk cut off counts up to its last whole transaction.
            throw_on_wal_replay_failure=False,
        )
        connection = ladybug.Connection(database)
        connection.execute("CALL force_checkpoint_on_close=false")
        connection.close()
        return database

    def _grow(self, error: Exception) -> bool:
        """Whether the pool was too small. Then the database is closed, and the next pool is larger."""
        if _POOL_IS_FULL not in str(error) or self._pool >= self._largest_pool:
            return False
        self._pool = min(2 * self._pool, self._largest_pool)
        self._release()
        return True

    def _release(self) -> None:
        """Forget what is in memory. The file and its log stay as they are."""
        database, self._database = self._database, None
        if database is not None and self._in_doubt:
            _abandon(database)
        elif database is not None:
            database.close()
        self._in_doubt = False

    def _open_again(self) -> None:
        try:
            self._load()
        except (RuntimeError, OSError) as error:
            raise StoreTransient(STORE, f"cannot be opened again: {_first_line(error)}") from error

    def _checkpoint(self) -> None:
        """Bring what the log holds into the file. Where that fails, both stay as they are."""
        while self._log.exists():
            try:
                with self._connected() as connection:
                    connection.execute("CHECKPOINT")
                return
            except StoreError as error:
                if not self._grow(error):
                    self._in_doubt = True
                    raise

    def _close(self) -> None:
        if self._database is not None and not self._in_doubt:
            # What cannot leave the log is read from there by the next start.
            with suppress(StoreError):
                self._checkpoint()
        self._release()
        _open_paths.discard(self._path)

    @contextmanager
    def _connected(self) -> Iterator[ladybug.Connection]:
        import ladybug

        if self._in_doubt:
            self._release()
        if self._database is None:
            self._open_again()
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
        if write and self._log_bytes() >= CHECKPOINT_BYTES:
            self._checkpoint()
        while True:
            try:
                with self._begun(write) as transaction:
                    result = job(transaction)
                return result
            except StoreTransient as error:
                may_be_committed = self._in_doubt
                if not self._grow(error) or may_be_committed:
                    raise

    @contextmanager
    def _begun(self, write: bool) -> Iterator[LadybugTransaction]:
        """A transaction, committed when the block ends without an error."""
        with self._connected() as connection:
            connection.execute("BEGIN TRANSACTION" if write else "BEGIN TRANSACTION READ ONLY")
            try:
                yield LadybugTransaction(connection)
                self._in_doubt = write
                connection.execute("COMMIT")
                self._in_doubt = False
            except BaseException:
                # A failed statement has rolled back already, so this one may be refused.
                with suppress(RuntimeError):
                    connection.execute("ROLLBACK")
                raise

    def _log_bytes(self) -> int:
        try:
            return self._log.stat().st_size
        except FileNotFoundError:
            return 0


def _abandon(database: ladybug.Database) -> None:
    """Keep the database in memory and never close it: closing writes what a commit could not write to the log, and
    where that fails the engine ends the process.

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
