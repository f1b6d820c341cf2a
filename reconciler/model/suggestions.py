"""Which known word or name somebody may have meant.

Comparing letter by letter is slow, so it is only done with a few words that an index proposes: a workspace with
thousands of unknown names is told about each of them without comparing each with each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import combinations, islice

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

_MAX_COMPARED = 24
"""Words that are compared letter by letter for one question; as many are compared without an index."""
_MAX_TWO_LETTERS = 14
"""Longer words are only indexed with one letter left out: there are too many ways to leave out two."""
_MAX_LENGTH = 64
"""Longer words have their other letters left out of the index."""
_END = 4
"""Letters at the front and at the back by which words that are less alike are proposed."""
_MAX_LISTED = 13
"""As many words as advice lists at once."""
_MAX_NAMES = 3


class Nearest:
    """The known words, ready to be asked many times."""

    def __init__(self, known: Iterable[str]) -> None:
        self._by_folded = {word.casefold(): word for word in sorted(set(known), reverse=True)}
        self._index: dict[str, list[str]] | None = None

    def find(self, word: str, *, count: int = 1, cutoff: float = 0.6) -> list[str]:
        """The words that are most like another one, the most alike first."""
        from difflib import get_close_matches

        folded = word.casefold()
        close = get_close_matches(folded, self._candidates(folded), n=count, cutoff=cutoff)
        return [self._by_folded[one] for one in close]

    def _candidates(self, folded: str) -> list[str]:
        if len(self._by_folded) <= _MAX_COMPARED:
            return sorted(self._by_folded)
        index = self._index
        if index is None:
            index = self._index = {}
            for known in sorted(self._by_folded):
                for mark in _marks(known):
                    index.setdefault(mark, []).append(known)
        proposed = (known for mark in _marks(folded) for known in islice(index.get(mark, ()), _MAX_COMPARED))
        return list(islice(dict.fromkeys(proposed), _MAX_COMPARED))


def _marks(word: str) -> Iterator[str]:
    """What similar words have in common, the surest first: all but one or two letters, the ends."""
    short = word[:_MAX_LENGTH]
    for left_out in range(3 if len(short) <= _MAX_TWO_LETTERS else 2):
        for places in combinations(range(len(short)), left_out):
            yield "".join(letter for place, letter in enumerate(short) if place not in places)
    yield f"{word[:_END]}<"
    yield f">{word[-_END:]}"


_asked: list[tuple[Collection[str], int, Nearest]] = []
"""The last collections that were asked about, with their size then."""
_MAX_KEPT = 16


def _nearest_in(known: Collection[str]) -> Nearest:
    """The words of a collection; asked again about the same collection, the same index.

    Few words need no index, and must not drive out that of many.
    """
    if len(known) <= _MAX_COMPARED:
        return Nearest(known)
    for kept, size, nearest in _asked:
        if kept is known and size == len(known):
            return nearest
    nearest = Nearest(known)
    _asked.insert(0, (known, len(known), nearest))
    del _asked[_MAX_KEPT:]
    return nearest


def suggest_word(word: str, known: Iterable[str], *, taken: Collection[str] = ()) -> str:
    """Advice that names the closest known word, or all of them when there are few and none is close.

    What is taken stands there already, so it was hardly meant, unless it is almost the same.
    """
    words: Collection[str] = known if isinstance(known, Collection) else list(known)
    free = Nearest(one for one in words if one not in taken) if taken else _nearest_in(words)
    meant = [other for other in _ALSO_CALLED.get(word.casefold(), ()) if other in words and other not in taken]
    close = meant or free.find(word) or _nearest_in(words).find(word, cutoff=0.9)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"write one of {list_words(dict.fromkeys(words))}" if 0 < len(words) <= _MAX_LISTED else ""


def suggest_names(text: str, known: Iterable[str]) -> str:
    """Advice that names up to three known keys or addresses; empty when none is near."""
    names, wanted = sorted(known), text.strip().casefold()
    # First addresses with another kind, or without the kind that was left out, but the same key.
    _, *rest = wanted.split("/")
    key = "/".join(rest[1:] or rest)
    close = _most_alike(wanted, [name for name in names if key and name.casefold().endswith(f"/{key}")])
    close = close or Nearest(names).find(wanted, count=_MAX_NAMES)
    if not close and len(wanted) > 2:  # a part of one or two letters says nothing
        close = _most_alike(wanted, [name for name in names if wanted in name.casefold()])
    return f"did you mean {' or '.join(f'`{name}`' for name in close)}?" if close else ""


def _most_alike(wanted: str, found: list[str]) -> list[str]:
    from difflib import SequenceMatcher

    return sorted(found, key=lambda name: (-SequenceMatcher(None, wanted, name.casefold()).ratio(), name))[:_MAX_NAMES]


def count(number: float, singular: str, plural: str) -> str:
    """`1 file`, `12,000 files`: every number with its word, in messages, findings and documents alike."""
    return f"{number:,} {singular if number == 1 else plural}"


def list_words(words: Iterable[str]) -> str:
    """The words as they read in a sentence."""
    return ", ".join(f"`{word}`" for word in words)
