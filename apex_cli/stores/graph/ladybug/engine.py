"""The database, its one thread, its transactions, and the edge where the engine's errors become ours.

Every statement runs in one thread of its own, one job at a time: the engine admits one writer, its checkpoint waits for
readers, and pure Python around the statements stays off the event loop. Each job has a connection of its own, because
connections keep a prepared statement for every Arrow table that they ever saw, and one whose BEGIN failed is unsafe.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from apex_cli.errors import StoreError, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.stores.graph.model.transaction import STORE, Row

if TYPE_CHECKING:
    import ladybug

    from apex_cli.stores.graph.model.operations import Columns

BUFFER_POOL_BYTES = 256 * 1024**2
_THREADS = 2
_DATA_ERRORS = (
    *("Conversion exception", "Binder exception", "Parser exception", "Overflow exception"),
    *("Runtime exception: Found duplicated primary key", "Runtime exception: Found NULL"),
)
_open_paths: set[Path] = set()

T = TypeVar("T")


class Session:
    """A connection for the length of one job."""

    def __init__(self, connection: ladybug.Connection) -> None:
        self._connection = connection

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows of one statement (always a constant string), by column name. Times are naive UTC."""
        result = self._connection.execute(query, dict(parameters or {}))
        found: list[Row] = self._single(result).get_as_arrow().to_pylist()
        return found

    def run(self, statement: str) -> None:
        """One statement (always a constant string) that answers nothing."""
        self._connection.execute(statement)

    def batches(self, query: str, size: int) -> Iterator[list[Row]]:
        """The rows of one statement without parameters, some at a time."""
        result = self._single(self._connection.execute(query))
        names = result.get_column_names()
        while result.has_next():
            yield [dict(zip(names, row, strict=True)) for row in result.get_n(size)]

    def join(self, query: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> list[Row]:
        """Bulk look-up, insertion or change by `LOAD FROM $df …`. No rows, no statement."""
        if not rows:
            return []
        from apex_cli.stores.graph.ladybug.arrow import table

        return self.rows(query, {"df": table(columns, rows)})

    def _single(self, result: Any) -> ladybug.QueryResult:
        if isinstance(result, list):
            raise TypeError("one statement at a time")
        answer: ladybug.QueryResult = result
        return answer


class LadybugEngine:
    """One Ladybug database in one file, for one process."""

    def __init__(self, path: Path, *, buffer_pool_bytes: int = BUFFER_POOL_BYTES) -> None:
        self._path = path.absolute()
        self._buffer_pool_bytes = buffer_pool_bytes
        self._thread: ThreadPoolExecutor | None = None
        self._database: ladybug.Database | None = None
        self._in_doubt = False
        """A commit failed: what is in memory may be more than what is in the file."""

    @property
    def database(self) -> ladybug.Database:
        if self._database is None:
            raise StoreTransient(STORE, "the graph is not open")
        return self._database

    async def open(self, tables: Sequence[str]) -> None:
        """Open or create the file and its tables. Raises `StoreUnavailable`.

        A second opening of the same file in one process is refused: closing either would drop the engine's file lock.
        """
        if self._path in _open_paths:
            raise StoreUnavailable(f"graph: {self._path} is open in this process already")
        _open_paths.add(self._path)
        self._thread = ThreadPoolExecutor(1, "apex-graph")
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._create, tables)
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
        """Wait for the job in hand, then close the file. Any number of times."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(thread, self._close))
        thread.shutdown(wait=False)

    async def run(self, job: Callable[[Session], T], *, write: bool = False) -> T:
        """Run a job in the engine's thread, in one transaction; only with `write` may it change anything.

        A cancelled caller does not stop the job. Raises `StoreError`s only, for whatever the engine raises.
        """
        if self._thread is None:
            raise StoreTransient(STORE, "the graph is not open")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, job, write)

    def _create(self, tables: Sequence[str]) -> None:
        import ladybug

        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._load()
        connection = ladybug.Connection(self.database)
        try:
            for statement in tables:
                connection.execute(statement)
        finally:
            connection.close()

    def _load(self) -> None:
        import ladybug

        self._database = ladybug.Database(
            self._path,
            buffer_pool_size=self._buffer_pool_bytes,
            max_num_threads=_THREADS,
            # Vectors do not compress, and trying costs a tenth of every commit.
            compression=False,
            # A log that a crash or a full disk cut off in the middle of a transaction counts up to the one before.
            throw_on_wal_replay_failure=False,
        )

    def _reload(self) -> None:
        """Read the file again after a commit that failed: a full disk may have stopped it half-way."""
        database, self._database = self.database, None
        _abandon(database)
        try:
            self._load()
        except (RuntimeError, OSError) as error:
            raise StoreTransient(
                STORE, f"cannot be opened again after a failed commit: {_first_line(error)}"
            ) from error
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
            damaged = f"what it holds does not fit together: {error!r}"
            raise StoreTerminal(STORE, damaged, hint="`apex verify --repair` writes it anew") from error
        finally:
            connection.close()

    def _transact(self, job: Callable[[Session], T], write: bool) -> T:
        if self._in_doubt:
            self._reload()
        with self._connected() as connection:
            connection.execute("BEGIN TRANSACTION" if write else "BEGIN TRANSACTION READ ONLY")
            try:
                result = job(Session(connection))
                self._in_doubt = write
                connection.execute("COMMIT")
                self._in_doubt = False
            except BaseException:
                # A failed statement has rolled back already, and says so.
                with suppress(RuntimeError):
                    connection.execute("ROLLBACK")
                raise
            return result


def _abandon(database: ladybug.Database) -> None:
    """Leave it as it is, in memory, for good: closing it would write, and where that fails the engine ends the process.

    The other reference is the interpreter's own, so that nothing closes it at the end either.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(database))


def translate(error: Exception) -> StoreError:
    """Ours for the engine's: what the data did wrong is terminal, as is a value that Arrow cannot take."""
    line = _first_line(error)
    terminal = not isinstance(error, RuntimeError) or line.startswith(_DATA_ERRORS)
    return StoreTerminal(STORE, line) if terminal else StoreTransient(STORE, line)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
