"""What the clients of all servers share: the certificates of TLS connections, and the difference of two clocks."""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM form: the authority to trust (None: the system's), and a client's certificate and key.

    They are the same for every server. A URL can override them.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """A client's context that checks certificate and host name. Raises `OSError` for files that are no PEM."""
        context = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context


NO_TLS_FILES = Tls()


async def clock_skew(ask: Callable[[], Awaitable[float]]) -> float:
    """Seconds by which the server is ahead. `ask` returns its Unix time; half the round trip counts as the way back."""
    before = time.time()
    theirs = await ask()
    return round(theirs - (before + time.time()) / 2, 3)
