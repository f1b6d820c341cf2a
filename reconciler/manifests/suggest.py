"""Guesses at what was meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Advice that names the closest known word, or all of them when there are few and none is close."""
    choices = list(dict.fromkeys(known))
    by_lower = {choice.lower(): choice for choice in reversed(choices)}
    close = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{by_lower[close[0]]}`?"
    if not choices or len(choices) > 12:
        return ""
    return f"write one of {listed(choices)}"


def listed(words: Iterable[str]) -> str:
    """The words as they read in a sentence."""
    return ", ".join(f"`{word}`" for word in words)
