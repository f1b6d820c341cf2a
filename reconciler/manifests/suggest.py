"""Guesses at what was meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reconciler.model.nearest import Nearest, nearest_in

_ALSO_CALLED = {
    "users": ("people",),
    "persons": ("people",),
    "teams": ("groups",),
    "consents": ("approvals",),
    "allow": ("approve",),
    "observe": ("read_only",),
    "until": ("expires", "ends"),
    "expires": ("ends", "until"),
    "ends": ("expires", "until"),
    "end": ("expires", "ends"),
    "from": ("starts",),
    "start": ("starts",),
    "delete": ("remove", "revoke"),
}
"""What other tools, or other places of a manifest, call it: nearer in meaning than in letters."""
_MAX_SHOWN = 12
"""As many words as advice names at once."""


def did_you_mean(word: str, known: Iterable[str], *, taken: Collection[str] = ()) -> str:
    """Advice that names the closest known word, or all of them when there are few and none is close.

    What is taken stands there already, so it was hardly meant, unless it is almost the same.
    """
    words: Collection[str] = known if isinstance(known, Collection) else list(known)
    free = Nearest(one for one in words if one not in taken) if taken else nearest_in(words)
    meant = [other for other in _ALSO_CALLED.get(word.casefold(), ()) if other in words and other not in taken]
    close = meant or free.find(word) or nearest_in(words).find(word, cutoff=0.9)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"write one of {listed(dict.fromkeys(words))}" if 0 < len(words) <= _MAX_SHOWN else ""


def listed(words: Iterable[str]) -> str:
    """The words as they read in a sentence."""
    return ", ".join(f"`{word}`" for word in words)
