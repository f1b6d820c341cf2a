"""Address patterns, many at once: which of them match an address is found without trying each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase

_WILD = re.compile(r"[*?\[\]]")


class AddressPatterns:
    """Patterns with `*`, `?` and `[...]`, as `fnmatch` reads them, by their number."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._by_part: dict[str, list[tuple[int, str]]] = defaultdict(list)
        """What an address has to be, or to end or to begin with, for the patterns to match."""
        for number, pattern in enumerate(patterns):
            self._by_part[_literal_part(pattern)].append((number, pattern))

    def find(self, address: str) -> list[int]:
        """Numbers of those that match, sorted."""
        slashes = [index for index, letter in enumerate(address) if letter == "/"] if self._by_part else []
        parts = {address, "", *(address[index:] for index in slashes), *(address[: index + 1] for index in slashes)}
        possible = sorted(one for part in parts if part in self._by_part for one in self._by_part[part])
        return [number for number, pattern in possible if fnmatchcase(address, pattern)]


def _literal_part(pattern: str) -> str:
    """The whole, without a wildcard; else the end from a slash on, or the beginning up to one; or nothing."""
    pieces = _WILD.split(pattern)
    if len(pieces) == 1:
        return pattern
    head, tail = pieces[0], pieces[-1]
    return tail[tail.index("/") :] if "/" in tail else head[: head.rfind("/") + 1]
