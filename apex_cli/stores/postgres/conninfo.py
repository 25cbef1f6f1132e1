"""What libpq is told: the URL, and what it leaves open.

libpq itself then looks into the service file, `.pgpass` and its `PG…` variables, as for any of its clients.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from apex_cli.addresses import Secret
from apex_cli.errors import StoreUnavailable
from apex_cli.stores.tls import Tls

CONNECT_SECONDS = 10
_DEAD_SECONDS = 30
"""How long a server that stops answering on the network keeps a connection (keepalives, unacknowledged data)."""


def conninfo(url: str, *, password: Secret | None, tls: Tls) -> str:
    """The connection string. What the URL says stands. Raises `StoreUnavailable`, without the words of the URL.

    An authority of our own means `sslmode=verify-full`, unless the URL says how strict to be.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise StoreUnavailable(
            "postgres: APEX_POSTGRES_URL is not what libpq takes as a connection URL",
            hint="for example postgresql://apex@localhost:5432/apex; write special characters as %XX",
        ) from None
    ours: dict[str, Any] = {
        "fallback_application_name": "apex",
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": _DEAD_SECONDS // 3,
        "keepalives_interval": _DEAD_SECONDS // 3,
        "keepalives_count": 2,
        "tcp_user_timeout": _DEAD_SECONDS * 1000,
    }
    if tls.ca_file is not None:
        ours |= {"sslrootcert": str(tls.ca_file), "sslmode": "verify-full"}
    if tls.cert_file is not None:
        ours |= {"sslcert": str(tls.cert_file), "sslkey": str(tls.key_file or tls.cert_file)}
    if password is not None:
        ours["password"] = password.reveal()
    return make_conninfo(**{**ours, **given})
