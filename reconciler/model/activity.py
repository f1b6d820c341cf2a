"""What a system's own log says that somebody did."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.address import Address
from reconciler.model.kinds import KINDS

_WORD = re.compile(r"[^\s,;:!?()\[\]<>\"'`]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEntry:
    """One entry of the log. All texts come from outside."""

    at: datetime
    """In UTC."""
    who: str
    """Person key where it is known whose number or name the system shows; else that number or name, or empty."""
    what: str
    """In the words of the system, which are nowhere documented."""
    address: Address | None = None
    """What it is about, where the words name exactly that."""


def find_subject(
    text: str, *, organization: str, keys: Mapping[str, str], assets: Mapping[tuple[str, str], str]
) -> Address | None:
    """What a text is about, told from the names in it; None unless they come to exactly one address.

    `keys` are the identifiers of people in lower case -> person key, `assets` (kind, key) -> identifier, as in a scope.
    Names are enough: sentences change with the language and the version of a site, names do not. Of people only e-mail
    addresses count, because a handle may also be that of an account.
    """
    words = {word.rstrip(".").casefold() for word in _WORD.findall(text)}
    named = {("member", keys.get(word, word)) for word in words if "@" in word[1:] and "*" not in word}
    named |= {thing for thing, name in assets.items() if name.casefold() in words}
    parts = dict(named)
    if len(parts) != len(named):
        return None
    for kind in KINDS.values():
        expected = kind.parents or (kind.name,)
        if parts.keys() == set(expected):
            return Address(organization, kind.name, "/".join(parts[name] for name in expected))
    return None
