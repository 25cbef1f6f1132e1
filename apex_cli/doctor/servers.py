"""Checks of the stores, from the facts that `Store.check` gives: each ok, worth knowing, or failed with a hint.

An embedded store has one check: what it runs on is part of apex. Everything else is about servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from apex_cli.config import Settings
from apex_cli.doctor.machine import Check, CheckStatus
from apex_cli.stores import backends

Facts = Mapping[str, Any]

SKEW_SECONDS = 5.0
"""Largest harmless difference between two clocks. Only times shown to people depend on a clock, never correctness."""

_ENCRYPTED = {
    "graph": "bolt+s:// or neo4j+s://",
    "postgres": "?sslmode=verify-full",
    "vectors": "https://",
    "cache": "rediss://",
}
_SHOWN = ("engine", "version", "edition", "schema", "role", "user", "database", "collection", "points")
_URLS = {each.store: each.url for each in backends.ALL}


def store_checks(settings: Settings, store: str, facts: Facts) -> Iterator[Check]:
    """The checks of one store that could be opened: one that names it, then one for each fact that matters.

    No facts mean an embedded store without data.
    """
    if not facts:
        yield Check(store, CheckStatus.OK, "embedded, no data yet: the first ingest makes it")
        return
    shown = ", ".join(f"{key} {facts[key]}" if key != "engine" else str(facts[key]) for key in _SHOWN if key in facts)
    yield Check(store, CheckStatus.OK, shown, facts=facts)
    url = _URLS[store](settings)
    if url.embedded:
        return
    if "tls" in facts:
        yield _tls(store, url, str(facts["tls"]))
    for fact, check in _CHECKS.items():
        if fact in facts:
            yield check(store, facts)


def _tls(store: str, url: str, tls: str) -> Check:
    name = f"{store}.tls"
    if tls != "off":
        return Check(name, CheckStatus.OK, "encrypted" if tls == "on" else f"encrypted ({tls})")
    if _on_this_machine(url):
        return Check(name, CheckStatus.OK, "not encrypted; the server is on this machine")
    hint = f"use {_ENCRYPTED[store]}, with APEX_TLS_CA_FILE for a private certificate authority"
    return Check(name, CheckStatus.NOTE, "not encrypted: others on the network can read passwords and data", hint)


def _on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname
    if host is None or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _privileges(store: str, facts: Facts) -> Check:
    missing = list(facts["privileges_missing"])
    if not missing:
        return Check(f"{store}.privileges", CheckStatus.OK, "complete")
    hint = f"grant them to {facts.get('role', 'the user')}, or make it the owner of the schema"
    return Check(f"{store}.privileges", CheckStatus.FAILED, f"missing: {', '.join(missing)}", hint)


def _schema(store: str, facts: Facts) -> Check:
    pending = list(facts["schema_pending"])
    if not pending:
        return Check(f"{store}.schema", CheckStatus.OK, "up to date")
    detail = f"not yet applied: {', '.join(map(str, pending))}"
    hint = "the next run applies them; take a backup before an upgrade"
    return Check(f"{store}.schema", CheckStatus.NOTE, detail, hint)


def _indexes(store: str, facts: Facts) -> Check:
    missing = list(facts["schema_missing"])
    if not missing:
        return Check(f"{store}.schema", CheckStatus.OK, "all constraints and indexes exist")
    hint = "the next run makes constraints and indexes, if the user may do so"
    return Check(f"{store}.schema", CheckStatus.NOTE, f"missing or not ready: {', '.join(missing)}", hint)


def _clock(store: str, facts: Facts) -> Check:
    skew = float(facts["clock_skew_seconds"])
    detail = f"{abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
    if abs(skew) <= SKEW_SECONDS:
        return Check(f"{store}.clock", CheckStatus.OK, detail)
    return Check(f"{store}.clock", CheckStatus.NOTE, detail, "set both clocks by NTP")


def _memory(store: str, facts: Facts) -> Check:
    policy, limit = str(facts["maxmemory_policy"]), int(facts.get("memory_limit_bytes", 0))
    detail = f"maxmemory-policy {policy}, " + (f"limit {limit / 1024**2:,.0f} MiB" if limit else "no limit")
    if policy == "noeviction":
        return Check(f"{store}.memory", CheckStatus.OK, detail)
    hint = "set maxmemory-policy noeviction: a server that evicts keys loses cached records and locks"
    return Check(f"{store}.memory", CheckStatus.FAILED if limit else CheckStatus.NOTE, detail, hint)


def _persistence(store: str, facts: Facts) -> Check:
    persistence = str(facts["persistence"])
    if persistence == "append-only file":
        return Check(f"{store}.persistence", CheckStatus.OK, persistence)
    hint = "appendonly yes keeps the cache over a restart; without it, `apex verify --repair` fills it again"
    return Check(f"{store}.persistence", CheckStatus.NOTE, persistence, hint)


def _dimension(store: str, facts: Facts) -> Check:
    # `open` refuses a collection of another dimension, so this one fits.
    return Check(f"{store}.dimension", CheckStatus.OK, f"{facts['dimension']}, as in the embedding model")


def _collection(store: str, facts: Facts) -> Check:
    if "points" in facts:
        return Check(f"{store}.collection", CheckStatus.OK, "exists")
    return Check(f"{store}.collection", CheckStatus.NOTE, "does not exist yet", "the first ingest makes it")


_CHECKS: Mapping[str, Callable[[str, Facts], Check]] = {
    "privileges_missing": _privileges,
    "schema_pending": _schema,
    "schema_missing": _indexes,
    "clock_skew_seconds": _clock,
    "maxmemory_policy": _memory,
    "persistence": _persistence,
    "dimension": _dimension,
    "collection": _collection,
}
"""By the fact that each one checks. Which facts there are depends on the engine."""
