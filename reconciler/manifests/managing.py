"""`manages:`: the kinds of things that an organization leaves to this tool, and what is declared beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.manifests.nodes import Cursor
from reconciler.manifests.notes import Notes
from reconciler.model.declared import Declared, Organization
from reconciler.model.kinds import KINDS
from reconciler.model.suggestions import list_words, suggest_word
from reconciler.model.system import System


def read_manages(words: Sequence[str] | None, system: System, spot: Cursor, notes: Notes) -> frozenset[str]:
    """The kinds that are named; empty, which stands for all, where nothing is said or nothing of it is right."""
    if words is None:
        return frozenset()
    offered = [kind for kind in system.kinds if KINDS[kind].pieces == (kind,) and kind != "organization"]
    spots = spot.into("manages")
    if not words:
        advice = f"leave `manages` away to manage everything, or name what is managed: {list_words(offered)}"
        notes.error("manages-nothing", "nothing is managed here", spots.place, advice=advice)
    found: set[str] = set()
    for index, word in enumerate(words):
        place = spots.key(index)
        if word in found:
            notes.warning("listed-twice", f"`{word}` is in this list twice", place)
        elif word in offered:
            found.add(word)
        else:
            advice = suggest_word(word, offered)
            if word in system.kinds and KINDS[word].parents:
                advice = f"it comes with {list_words(KINDS[word].parents)}"
            notes.error("unknown-value", f"`{word}` is no kind of thing here", place, advice=advice)
    return frozenset(found)


def only_managed(organization: Organization, declared: Iterable[Declared], notes: Notes) -> Iterator[Declared]:
    """What is declared of managed kinds; a finding about the first thing of each other kind."""
    kinds = organization.kinds if organization.manages else KINDS.keys()
    told: set[str] = set()
    for one in declared:
        kind = one.address.kind
        if kind in kinds:
            yield one
        elif kind not in told:
            told.add(kind)
            message = f"{KINDS[kind].title} {one.address.key} is declared, and `manages` leaves that kind out"
            missing = [part for part in KINDS[kind].pieces if part not in organization.manages]
            advice = f"add {list_words(missing)} to `manages`, or take it out here"
            notes.error("not-managed", message, one.place, advice=advice)
