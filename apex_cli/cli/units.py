"""Sizes and ages for people."""

from __future__ import annotations


def size(count: int) -> str:
    """`512 B`, `1.5 KiB`, `10.0 GiB` (IEC 80000-13 binary prefixes)."""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1024:
            return f"{value:.1f} {unit}"
    return f"{value / 1024:.1f} PiB"


def age(seconds: float) -> str:
    """`45s`, `12m`, `5h`, `3d`: whole units, rounded down."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{max(0, int(seconds))}s"
