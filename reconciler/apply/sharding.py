"""Dividing organizations among runners that know nothing of each other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Part `number` of `count`; 1/1 is everything."""

    number: int = 1
    count: int = 1

    def covers(self, organization: str) -> bool:
        """Whether an organization belongs to this part, which depends on nothing but its key and the count."""
        digest = hashlib.sha256(organization.encode()).digest()
        return int.from_bytes(digest[:8]) % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `K/N`; raises ValueError when it is not that."""
        number, separator, count = text.partition("/")
        if not (separator and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            message = f"{text!r} is not a shard: write K/N, for example 1/4"
            raise ValueError(message)
        return cls(number=int(number), count=int(count))


EVERYTHING = Shard()
"""All organizations."""


def shards_of(count: int) -> list[Shard]:
    """All parts, which together are everything and have nothing in common."""
    return [Shard(number=number, count=count) for number in range(1, count + 1)]
