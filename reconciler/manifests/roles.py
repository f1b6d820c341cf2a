"""Telling somebody that a role does not exist, and which one they probably mean."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.finding import Place
from reconciler.core.kinds import KINDS
from reconciler.core.system import Role, System
from reconciler.manifests.notes import Notes
from reconciler.manifests.suggest import did_you_mean, listed
from reconciler.systems import SYSTEMS


def roles_known(systems: Sequence[System], kind: str) -> list[Role]:
    """The roles and permissions of a kind in any of the systems, each name once."""
    named = {
        role.name: role
        for one in reversed(systems)
        for role in reversed((*one.roles.get(kind, ()), *one.permissions.get(kind, ())))
    }
    return list(reversed(named.values()))


def note_unknown_role(notes: Notes, name: str, systems: Sequence[System], kind: str, place: Place) -> None:
    """A finding for a role that these variants of one system do not know for this kind."""
    known = roles_known(systems, kind)
    title = "the finance role" if kind not in KINDS else KINDS[kind].title
    if not known:
        message = f"a {systems[0].title} has no roles for {title}"
        notes.error("unknown-role", message, place, advice="`role_system: owner` has" if kind == "app_access" else "")
        return
    message = f"`{name}` is no role for {title} in {systems[0].name}"
    notes.error("unknown-role", message, place, advice=_advice(name, known, systems[0].name, kind))


def _advice(name: str, known: Sequence[Role], system: str, kind: str) -> str:
    word = name.lower().replace("-", "_")
    meant = [role.name for role in known if word == role.name or word in role.aliases or name == role.label]
    advice = f"did you mean `{meant[0]}`?" if meant else did_you_mean(name, (role.name for role in known))
    elsewhere = _elsewhere(name, system, kind)
    if meant and len(known) > 1:
        advice += f" known are {listed(role.name for role in known)}"
    return f"{advice}; `{name}` exists for {elsewhere}" if elsewhere else advice


def _elsewhere(name: str, system: str, kind: str) -> str:
    """Where this word is a role of the same kind, else where it is any role at all."""
    found = [
        (other_kind != kind, other != system, other, other_kind)
        for other, variants in SYSTEMS.items()
        for one in variants.values()
        for other_kind in (*one.roles, *one.permissions)
        if one.find_role(other_kind, name)
    ]
    if not found:
        return ""
    _, _, other, other_kind = min(found)
    title = KINDS[other_kind].title if other_kind in KINDS else "the finance role"
    return f"{title} in {other}"
