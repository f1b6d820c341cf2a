"""Small English: counts and lists."""

from __future__ import annotations

from collections.abc import Sequence


def count(number: int, singular: str, plural: str) -> str:
    """`1 file`, `12,000 files`."""
    return f"{number:,} {singular if number == 1 else plural}"


def join(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; empty for nothing."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
