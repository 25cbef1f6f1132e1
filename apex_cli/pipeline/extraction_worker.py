"""Extraction by rules in a process of its own: `python -m apex_cli.pipeline.extraction_worker FD`.

Python runs one thread at a time, and the graph's commit keeps it busy. So a long run gives its records to a worker,
which answers with their extractions. To send both costs a sixth of what extracting costs: 0.5 s for 10,000 records.

The worker needs nothing but records, and holds nothing: it is killed when it is no longer needed. Where it dies, or
something cannot be sent, the records are extracted in this process. So no record depends on it.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields
from operator import attrgetter
from socket import socketpair
from threading import Lock
from typing import TYPE_CHECKING, Any

from apex_cli.config_files import SourceTable
from apex_cli.errors import RecordError
from apex_cli.formats.confinement import confine, environment
from apex_cli.model import Claim, Entity, Extraction, Phrase, Record
from apex_cli.sources import registry

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Extracted = list[Extraction | RecordError]
_SLICE = 250
"""Records of one message, which both processes hold while it is sent."""


def _by_fields(kind: type[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Pickles a dataclass as a call with all its fields. Its own way takes more than twice the time."""
    values = attrgetter(*(field.name for field in fields(kind)))
    return lambda one: (kind, values(one))


class _Pickler(pickle.Pickler):
    dispatch_table = copyreg.dispatch_table | {
        kind: _by_fields(kind) for kind in (Record, Extraction, Entity, Claim, Phrase)
    }


def _pickled(value: object) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(value)
    return buffer.getvalue()


def extract_each(records: Sequence[Record]) -> Extracted:
    """Extract records by rules, in their order; errors take the place of extractions."""
    found: Extracted = []
    for record in records:
        try:
            found.append(registry.extract(record))
        except RecordError as error:
            found.append(error)
    return found


class ExtractionWorker:
    """The worker process, started by the first call. `sources` are those that the configuration describes.

    Close it at the end, also from another thread while it works.
    """

    def __init__(self, sources: Sequence[SourceTable]) -> None:
        self._sources = tuple(sources)
        self._known = frozenset((*(one.name for one in registry.BUILT_IN), *(one.name for one in sources)))
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._is_lost = False
        self._lock = Lock()

    def extract_each(self, records: Sequence[Record]) -> Extracted:
        """What the function of this name returns. Blocks; this process may do other work meanwhile."""
        found: Extracted = []
        for start in range(0, len(records), _SLICE):
            part = records[start : start + _SLICE]
            found += self._ask(part) or extract_each(part)
        return found

    def _ask(self, records: Sequence[Record]) -> Extracted | None:
        """None where the worker does not answer."""
        with self._lock:
            if self._is_lost or not self._known.issuperset(record.source for record in records):
                return None
            try:
                connection = self._connection or self._start()
                connection.send_bytes(_pickled(records))
                # Its own answers only: it has the other end of the socket, and nothing else has.
                found: Extracted = pickle.loads(connection.recv_bytes())  # noqa: S301
            except Exception:  # noqa: BLE001 - pickling raises of any kind; what cannot be sent is extracted here
                self._end()
                return None
            return found

    def _start(self) -> Connection:
        from multiprocessing.connection import Connection

        ours, theirs = socketpair()
        with theirs:
            connection = self._connection = Connection(ours.detach())
            # Without -P, a file in the working directory that is called as a module would be run as that module.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(),
            )
        connection.send_bytes(_pickled(self._sources))
        return connection

    def close(self) -> None:
        """End the process. Idempotent. Records that it has not answered for are extracted here."""
        self._is_lost = True
        process = self._process
        if process is not None:
            # A thread that waits for its answer gets none then, and gives back the lock.
            process.kill()
        with self._lock:
            self._end()

    def _end(self) -> None:
        self._is_lost = True
        process, self._process = self._process, None
        connection, self._connection = self._connection, None
        if process is not None:
            process.kill()
            process.wait()
        if connection is not None:
            connection.close()


def main(descriptor: int) -> None:
    """Serve until the other end of the socket is closed."""
    from multiprocessing.connection import Connection

    confine()
    connection = Connection(descriptor)
    with suppress(EOFError, OSError):
        registry.configure(pickle.loads(connection.recv_bytes()))  # noqa: S301 - its parent sends it
        while True:
            found = extract_each(pickle.loads(connection.recv_bytes()))  # noqa: S301
            connection.send_bytes(_pickled(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
