"""The process that starts and ends workers: `python -m apex_cli.formats.launcher FD`.

It imports what every worker needs and then only forks, so that a worker costs no new interpreter. It gets its orders
over the socket `FD`, one at a time: `START` with the socket of a new worker, and `END` of a worker. Both are answered.
It reads no file itself and stays small: the peak memory of a fork begins at that of its parent, and is reported with
its death. It lives as long as the process that started it, and its workers live no longer than it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback

from apex_cli.formats import frames, memory, worker
from apex_cli.formats.confinement import confine, die_with

_LONGEST_ORDER = 1024
_LONGEST_WORDS = 64 * 1024


class _Workers:
    """The running workers, each with the pipe that its standard error goes to."""

    def __init__(self) -> None:
        self._said: dict[int, int] = {}

    def start(self, control: socket.socket, descriptor: int) -> int:
        """Fork a worker that serves this socket; its process id."""
        said, says = os.pipe()
        # Whatever a library says must not hold it up, nor the launcher.
        os.set_blocking(said, False)
        os.set_blocking(says, False)
        launcher = os.getpid()
        pid = os.fork()
        if not pid:
            status = 1
            try:
                control.close()
                for other in self._said.values():
                    os.close(other)
                os.dup2(says, 2)
                os.close(says)
                die_with(launcher)
                worker.serve(socket.socket(fileno=descriptor), said)
                status = 0
            except BaseException:  # noqa: BLE001 - whatever it is, a fork must not go on as the launcher
                os.write(2, traceback.format_exc().encode("utf-8", "replace")[-_LONGEST_WORDS // 2 :])
            finally:
                # At once: its socket must not be closed before its exit status is sure.
                os._exit(status)
        os.close(says)
        os.close(descriptor)
        self._said[pid] = said
        return pid

    def end(self, pid: int) -> tuple[int, int, str]:
        """Kill a worker, unless it is dead: its exit code (`-N`: by signal N), peak memory in bytes, last words."""
        said = self._said.pop(pid)
        os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        try:
            words = os.read(said, _LONGEST_WORDS)
        except BlockingIOError:
            words = b""
        finally:
            os.close(said)
        return os.waitstatus_to_exitcode(status), memory.peak_of(usage), words.decode("utf-8", "replace")

    def close(self) -> None:
        """End all of them."""
        for pid in list(self._said):
            self.end(pid)


def main(descriptor: int) -> None:
    """Serve until the other end of the socket is closed, then end the workers."""
    confine()
    workers = _Workers()
    control = socket.socket(fileno=descriptor)
    try:
        while True:
            order, descriptors, _, _ = socket.recv_fds(control, _LONGEST_ORDER, 1)
            if not order:
                return
            kind, pid = frames.decode(order)
            if kind == frames.START:
                answer = frames.encode(frames.STARTED, workers.start(control, descriptors[0]))
            else:
                answer = frames.encode(frames.ENDED, workers.end(pid))
            control.sendall(answer)
    finally:
        workers.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
