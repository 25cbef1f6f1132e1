"""What the facts that a store tells of itself mean for a run: each ok, worth knowing, or wrong, with what to do.

A store that is embedded is sound by construction; what follows its first line is about servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from apex_cli.addresses import StoreUrl
from apex_cli.config import Settings
from apex_cli.doctor.check import STORES, Check, State

Facts = Mapping[str, Any]

SKEW_SECONDS = 5.0
"""Clocks this far apart still let times be compared by eye; nothing but the times that people see rests on them."""

_ENCRYPTED = {
    "graph": "bolt+s:// or neo4j+s://",
    "postgres": "?sslmode=verify-full",
    "vectors": "https://",
    "cache": "rediss://",
}
_TOLD = ("engine", "version", "edition", "schema", "role", "user", "database", "collection", "points")


def judged(settings: Settings, store: str, facts: Facts) -> Iterator[Check]:
    """The checks of one store that could be opened and asked: one that says what it is, then one for each thing."""
    told = ", ".join(f"{key} {facts[key]}" if key != "engine" else str(facts[key]) for key in _TOLD if key in facts)
    yield Check(store, State.OK, told, facts=facts)
    url: StoreUrl = getattr(settings, STORES[store])
    if url.embedded:
        return
    if "tls" in facts:
        yield _tls(store, url, str(facts["tls"]))
    for fact, judge in _JUDGES.items():
        if fact in facts:
            yield judge(store, facts)


def _tls(store: str, url: str, tls: str) -> Check:
    name = f"{store}.tls"
    if tls != "off":
        return Check(name, State.OK, "encrypted" if tls == "on" else f"encrypted ({tls})")
    if _on_this_machine(url):
        return Check(name, State.OK, "not encrypted; the server is on this machine")
    hint = f"use {_ENCRYPTED[store]}, with APEX_TLS_CA_FILE for an authority of your own"
    return Check(name, State.NOTE, "not encrypted: passwords and data can be read on the way", hint)


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
        return Check(f"{store}.privileges", State.OK, "nothing is missing")
    hint = f"grant them to {facts.get('role', 'the user')}, or let it own what is in the namespace"
    return Check(f"{store}.privileges", State.FAILED, f"missing: {', '.join(missing)}", hint)


def _schema(store: str, facts: Facts) -> Check:
    pending = list(facts["schema_pending"])
    if not pending:
        return Check(f"{store}.schema", State.OK, "up to date")
    detail = f"not yet applied: {', '.join(map(str, pending))}"
    return Check(f"{store}.schema", State.NOTE, detail, "the next run applies them; take a backup before an upgrade")


def _indexes(store: str, facts: Facts) -> Check:
    missing = list(facts["schema_missing"])
    if not missing:
        return Check(f"{store}.schema", State.OK, "constraints and indexes are there")
    hint = "let the user make constraints and indexes, or wait until they are built"
    return Check(f"{store}.schema", State.FAILED, f"missing or not ready: {', '.join(missing)}", hint)


def _clock(store: str, facts: Facts) -> Check:
    skew = float(facts["clock_skew_seconds"])
    detail = f"{abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
    if abs(skew) <= SKEW_SECONDS:
        return Check(f"{store}.clock", State.OK, detail)
    return Check(f"{store}.clock", State.NOTE, detail, "let both machines keep time by NTP")


def _memory(store: str, facts: Facts) -> Check:
    policy, limit = str(facts["maxmemory_policy"]), int(facts.get("memory_limit_bytes", 0))
    detail = f"maxmemory-policy {policy}, " + (f"limit {limit / 1024**2:,.0f} MiB" if limit else "no limit")
    if policy == "noeviction":
        return Check(f"{store}.memory", State.OK, detail)
    hint = "set maxmemory-policy noeviction: a server that evicts drops records from the cache, and locks"
    return Check(f"{store}.memory", State.FAILED if limit else State.NOTE, detail, hint)


def _persistence(store: str, facts: Facts) -> Check:
    kept = str(facts["persistence"])
    if kept == "append-only file":
        return Check(f"{store}.persistence", State.OK, kept)
    hint = "appendonly yes keeps the cache over a restart; without, `apex verify --repair` fills it again"
    return Check(f"{store}.persistence", State.NOTE, kept, hint)


def _dimension(store: str, facts: Facts) -> Check:
    # A collection of another dimension is refused by `open`, which is told as the store's failure.
    return Check(f"{store}.dimension", State.OK, f"{facts['dimension']}, as the embedding model makes them")


_JUDGES: Mapping[str, Callable[[str, Facts], Check]] = {
    "privileges_missing": _privileges,
    "schema_pending": _schema,
    "schema_missing": _indexes,
    "clock_skew_seconds": _clock,
    "maxmemory_policy": _memory,
    "persistence": _persistence,
    "dimension": _dimension,
}
"""By the fact that each one judges; a store says what its engine knows."""
