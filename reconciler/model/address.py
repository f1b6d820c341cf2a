"""The unique name of a managed thing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


class Address(NamedTuple):
    """`organization/kind/key`, for example `acme-bc/ad_account_access/us-brand/eve`.

    The key of an edge (a grant, a share) is made of the keys of the things it connects, joined by `/`; no
    manifest key may contain a slash. A NamedTuple rather than a dataclass because plans sort and hash hundreds of
    thousands of them. In JSON and YAML an address is its text.
    """

    organization: str
    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.organization}/{self.kind}/{self.key}"

    @property
    def parts(self) -> tuple[str, ...]:
        """The keys of the things an edge connects; one part for anything that is not an edge."""
        return tuple(self.key.split("/"))

    @classmethod
    def whole(cls, organization: str) -> Address:
        """The organization itself."""
        return cls(organization, "organization", organization)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `organization/kind/key`; raises ValueError when a part is missing."""
        organization, kind, key = [*text.split("/", 2), "", ""][:3]
        if not (organization and kind and key):
            message = f"{text!r} is not an address: write organization/kind/key"
            raise ValueError(message)
        return cls(organization, kind, key)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """An address is a string in plan and state files; pydantic is only loaded by whoever asks for this."""
        from pydantic_core import core_schema

        from_text = core_schema.no_info_after_validator_function(
            cls.parse, core_schema.str_schema(pattern=r"^[^/]+/[a-z_]+/.+$")
        )
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), from_text]),
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )


_WILD = re.compile(r"[*?\[\]]")


def is_pattern(text: str) -> bool:
    """Whether it has anything that stands for something else, as `fnmatch` reads it."""
    return any(letter in text for letter in "*?[")


class AddressPatterns:
    """Patterns with `*`, `?` and `[...]`, as `fnmatch` reads them, by their number; none is tried without a reason."""

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
