"""The names somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from reconciler.model.nearest import Nearest

_SHOWN = 3


def nearest(text: str, known: Iterable[str]) -> str:
    """`did you mean ...?` with up to three names; empty when none is near."""
    names = sorted(known)
    wanted = text.strip()
    close = _of_the_same_name(wanted.casefold(), names) or Nearest(names).find(wanted, count=_SHOWN)
    close = close or _containing(wanted.casefold(), names)
    return f"did you mean {' or '.join(f'`{name}`' for name in close)}?" if close else ""


def _of_the_same_name(wanted: str, names: list[str]) -> list[str]:
    """Addresses with another kind, or without the kind that was left out, but the same key."""
    _, *rest = wanted.split("/")
    key = "/".join(rest[1:] or rest)
    return _most_alike(wanted, [name for name in names if key and name.casefold().endswith(f"/{key}")])


def _containing(wanted: str, names: list[str]) -> list[str]:
    """Names of which the text is a part, the most alike first; a part of one or two letters says nothing."""
    if len(wanted) < 3:
        return []
    return _most_alike(wanted, [name for name in names if wanted in name.casefold()])


def _most_alike(wanted: str, found: list[str]) -> list[str]:
    return sorted(found, key=lambda name: (-SequenceMatcher(None, wanted, name.casefold()).ratio(), name))[:_SHOWN]
