"""The names somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from itertools import takewhile

_MOST = 5_000
"""Comparing letter by letter with more names than this takes longer than anybody waits."""
_SHOWN = 3


def nearest(text: str, known: Iterable[str]) -> str:
    """`did you mean ...?` with up to three names; empty when none is near."""
    by_folded = {name.casefold(): name for name in sorted(known, reverse=True)}
    wanted = text.strip().casefold()
    candidates = list(by_folded)
    if len(candidates) > _MOST:
        candidates = sorted(candidates, key=lambda name: (-_common_ends(wanted, name), name))[:_MOST]
    close = get_close_matches(wanted, candidates, n=_SHOWN, cutoff=0.6) or _containing(wanted, candidates)
    return f"did you mean {' or '.join(f'`{by_folded[name]}`' for name in close)}?" if close else ""


def _containing(wanted: str, names: list[str]) -> list[str]:
    """Names of which the text is a part, the most alike first; a part of one or two letters says nothing."""
    if len(wanted) < 3:
        return []
    found = [name for name in names if wanted in name]
    return sorted(found, key=lambda name: (-SequenceMatcher(None, wanted, name).ratio(), name))[:_SHOWN]


def _common_ends(one: str, other: str) -> int:
    """How many letters agree from the front, and from the back."""
    both = ((one, other), (one[::-1], other[::-1]))
    return sum(len(list(takewhile(lambda pair: pair[0] == pair[1], zip(*pair, strict=False)))) for pair in both)
