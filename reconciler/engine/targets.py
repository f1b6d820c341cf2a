"""Limiting a plan to some addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Self

from reconciler.model.address import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Patterns of addresses with `*` and `?`; an organization's key alone stands for all of it."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def covers(self, address: Address) -> bool:
        """Whether the plan may contain a change of this address."""
        if not (self.include or self.exclude):
            return True
        text = str(address)
        included = not self.include or any(_matches(text, pattern) for pattern in self.include)
        return included and not any(_matches(text, pattern) for pattern in self.exclude)

    def reach(self, prefix: str) -> bool:
        """Whether addresses that begin like this may be covered."""
        if any(_matches(prefix, pattern) for pattern in self.exclude):
            return False
        return not self.include or any(_may_match(prefix, pattern) for pattern in self.include)

    def describe(self) -> tuple[str, ...]:
        """The patterns as the plan records them, exclusions with a leading `!`."""
        return (*self.include, *(f"!{pattern}" for pattern in self.exclude))

    @classmethod
    def parse(cls, described: Iterable[str]) -> Self:
        """The limits that a plan recorded."""
        patterns = tuple(described)
        return cls(
            include=tuple(pattern for pattern in patterns if not pattern.startswith("!")),
            exclude=tuple(pattern[1:] for pattern in patterns if pattern.startswith("!")),
        )


EVERYTHING = Targets()
"""No limit."""


def _matches(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern) or ("/" not in pattern and text.startswith(f"{pattern}/"))


def _may_match(prefix: str, pattern: str) -> bool:
    """Whether an address that begins with `prefix` can match: as far as both go, their pieces do."""
    pieces = prefix.rstrip("/").split("/")
    if "/" not in pattern:
        return fnmatchcase(pieces[0], pattern)
    return all(fnmatchcase(piece, wanted) for piece, wanted in zip(pieces, pattern.split("/"), strict=False))
