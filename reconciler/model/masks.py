"""Whose a masked identity is, such as `a*n@acme.example`, in answers of an interface as well as on pages.

The documentation shows the first and the last character of the part before the @ and stars between; which addresses
are masked, how short ones are, and whether there are as many stars as hidden characters is not said. So a mask is
read loosely, any number of stars for any number of characters, unless the masks at hand have different numbers of
stars: then the number tells something, and the strict reading may settle what the loose one leaves open.

Only what is certain is told. A row that might be several people's, or a person who might be in several rows, is
ambiguous: a wrong guess would take access away from somebody else.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field
from itertools import product

from reconciler.model.values import dataclass

STAR = "*"
_HIDDEN = "[*\u2022\u2026]"
"""A star, or a dot or an ellipsis as pages draw them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """What could be told about masked addresses."""

    people: Mapping[str, str] = field(default_factory=dict)
    """Mask -> the one person it must be."""
    ambiguous: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Mask -> the people it might be."""


def is_masked(identity: str) -> bool:
    """Whether it does not say whose it is: of an address, because the part before the @ is hidden in part."""
    return STAR in (identity.rpartition("@")[0] or identity)


def tells_account(identity: str) -> bool:
    """Whether it is an address that says whose it is; numbers and masks are no address of a manifest."""
    return "@" in identity and not is_masked(identity)


def may_show(mask: str, identity: str) -> bool:
    """Whether an identity may be what a mask shows; where an @ is shown, what is hidden does not reach over it."""
    return _pattern(mask.lower(), is_strict=False).fullmatch(identity.lower()) is not None


def match_masks(rows: Iterable[str], candidates: Mapping[str, str]) -> Matches:
    """Tell whose each mask is.

    `rows` are the masks of all rows that nobody is known for yet, repeated ones repeated. `candidates` are the
    addresses, in lower case, of people who were not found in any other row -> the person.
    """
    masks = [row.lower() for row in rows]
    loose = _fits(masks, candidates, is_strict=False)
    strict = _fits(masks, candidates, is_strict=True) if _stars_tell(masks) else {}
    certain = _certain(masks, strict or loose)
    doubtful = {mask: people for mask, people in loose.items() if mask not in certain and people}
    return Matches(people=certain, ambiguous={mask: frozenset(people) for mask, people in doubtful.items()})


def _stars_tell(masks: Iterable[str]) -> bool:
    """Masks with different numbers of stars show that the number depends on what they hide."""
    return len({mask.partition("@")[0].count(STAR) for mask in masks}) > 1


def _fits(masks: Iterable[str], candidates: Mapping[str, str], *, is_strict: bool) -> dict[str, set[str]]:
    shelves = _shelve(candidates)
    fits: dict[str, set[str]] = {}
    for mask in set(masks):
        local, _, domain = mask.rpartition("@")
        pattern = _pattern(local, is_strict=is_strict)
        shelf = shelves[domain, local[:1].strip(STAR), local[-1:].strip(STAR)]
        fits[mask] = {person for name, person in shelf if pattern.fullmatch(name)}
    return fits


def _shelve(candidates: Mapping[str, str]) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    """Addresses by domain and outer characters, an empty text standing for any: comparing all with all is slow."""
    shelves: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for email, person in candidates.items():
        local, _, domain = email.rpartition("@")
        for first, last in product({local[:1], ""}, {local[-1:], ""}):
            shelves[domain, first, last].append((local, person))
    return shelves


def _pattern(masked: str, *, is_strict: bool) -> re.Pattern[str]:
    hidden = "[^@]" if "@" in masked else "."

    def describe(part: str) -> str:
        if not re.match(_HIDDEN, part):
            return re.escape(part)
        if not is_strict:
            return f"{hidden}*"
        # A single star may be there only because there is always one.
        return f"{hidden}?" if len(part) == 1 else f"{hidden}{{{len(part)}}}"

    return re.compile("".join(map(describe, re.split(f"({_HIDDEN}+)", masked))))


def _certain(masks: list[str], fits: Mapping[str, set[str]]) -> dict[str, str]:
    """Masks of one row that fit one person, who fits no other row."""
    claims: dict[str, int] = defaultdict(int)
    for mask in masks:
        for person in fits[mask]:
            claims[person] += 1
    alone = {mask: next(iter(people)) for mask, people in fits.items() if len(people) == 1}
    return {mask: person for mask, person in alone.items() if claims[person] == 1}
