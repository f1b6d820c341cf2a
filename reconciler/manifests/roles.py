"""Telling somebody that a role does not exist, and which one they probably mean."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.manifests.notes import Notes
from reconciler.model.finding import Place
from reconciler.model.kinds import KINDS
from reconciler.model.suggestions import list_words, suggest_word
from reconciler.model.system import Role, System
from reconciler.systems import SYSTEMS


def note_unknown_role(notes: Notes, name: str, system: System, kind: str, place: Place) -> None:
    """A finding for a role or permission that a system does not know for this kind."""
    known = [*system.roles.get(kind, ()), *system.permissions.get(kind, ())]
    word = "permission" if kind in system.permissions else "role"
    message = f"`{name}` is no {word} here: {_title(kind)} in {system.name}"
    notes.error("unknown-role", message, place, advice=_advice(name, known, system, kind))


def _advice(name: str, known: Sequence[Role], system: System, kind: str) -> str:
    word = name.lower().replace("-", "_")
    meant = [role.name for role in known if word == role.name or word in role.aliases or name == role.label]
    if meant:
        return f"did you mean `{meant[0]}`? {_all(known)}"
    advice = suggest_word(name, (role.name for role in known))
    elsewhere = _elsewhere(name, system, kind)
    return "; ".join(part for part in (advice, f"`{name}` exists for {elsewhere}" if elsewhere else "") if part)


def _all(known: Sequence[Role]) -> str:
    return f"There are {list_words(role.name for role in known)}" if len(known) > 1 else "There is no other"


def _elsewhere(name: str, system: System, kind: str) -> str:
    """Where the word is a role: for the same kind if possible, and nearby rather than far away."""
    found = [
        (other_kind != kind, other.name != system.name, other.name, other_kind)
        for variants in SYSTEMS.values()
        for other in variants.values()
        for other_kind in (*other.roles, *other.permissions)
        if other.find_role(other_kind, name)
    ]
    if not found:
        return ""
    _, is_far, other_system, other_kind = min(found)
    if not is_far and system.find_role(other_kind, name) is None:
        return f"{_title(other_kind)} with another `role_system` or `kind`"
    return f"{_title(other_kind)} in {other_system}"


def _title(kind: str) -> str:
    return KINDS[kind].title if kind in KINDS else "finance role"
