"""Guesses at what was meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str], *, taken: Collection[str] = ()) -> str:
    """Advice that names the closest known word, or all of them when there are few and none is close.

    What is taken stands there already, so it was hardly meant, unless it is almost the same.
    """
    choices = list(dict.fromkeys(known))
    free = [choice for choice in choices if choice not in taken]
    close = _closest(word, free, cutoff=0.6) or _closest(word, choices, cutoff=0.9)
    if close:
        return f"did you mean `{close}`?"
    if not choices or len(choices) > 12:
        return ""
    return f"write one of {listed(choices)}"


def _closest(word: str, choices: Iterable[str], *, cutoff: float) -> str:
    by_lower = {choice.lower(): choice for choice in reversed(list(choices))}
    close = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[close[0]] if close else ""


def listed(words: Iterable[str]) -> str:
    """The words as they read in a sentence."""
    return ", ".join(f"`{word}`" for word in words)
