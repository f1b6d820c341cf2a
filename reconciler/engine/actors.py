"""Choosing who carries a change out: in every system only an active admin of that organization can act."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from reconciler.engine.context import PlanningContext
from reconciler.engine.membership_counts import MembershipCounts, Tenure, tenure_of
from reconciler.model.change import Change
from reconciler.model.kinds import Action
from reconciler.model.strength import is_administrator


def actor_for(change: Change, situation: PlanningContext, headcount: MembershipCounts) -> str:
    """Key of the person who acts at this point of the plan; empty when there is nobody who could.

    The configured identity where there is one; else an active admin who stays one, so that nobody is asked to act
    in the middle of their own removal. Never the person the change is about. An app is transferred by its owner.
    """
    if change.action is Action.CREATE_ORGANIZATION:
        return founder_of(situation)
    if change.action is Action.TRANSFER_APP and change.before is not None:
        owner = change.before.attributes.get("owner", "")
        if isinstance(owner, str) and owner.startswith("person:"):
            return owner.removeprefix("person:")
    if situation.live.acting:
        return situation.live.acting
    candidates: AbstractSet[str] = headcount.active_admins - {situation.person_of(change.address)}
    if _is_about_admins(change, situation):
        member = situation.organization.system.roles.get("member", ())
        appointing = {role.name for role in member if role.administers and role.manages_admins}
        candidates = {person for person in candidates if headcount.role_of(person) in appointing}
    return min(candidates, key=lambda person: (_unreliability(person, situation), person), default="")


def founder_of(situation: PlanningContext) -> str:
    """Who creates an organization and thereby becomes its first admin."""
    system = situation.organization.system
    admins = {
        address.key: not system.is_handed_over(declared.attributes.get("role"))
        for address, declared in situation.wanted.items()
        if is_administrator(system, address.kind, declared.attributes)
    }
    if situation.live.acting:
        return situation.live.acting if situation.live.acting in admins else ""
    return min(admins, key=lambda person: (admins[person], person), default="")


def _is_about_admins(change: Change, situation: PlanningContext) -> bool:
    """Whether a membership becomes, stays or stops being one that administers."""
    system = situation.organization.system
    sides = [side.attributes for side in (change.before, change.after) if side is not None]
    return any(is_administrator(system, change.address.kind, attributes) for attributes in sides)


def _unreliability(person: str, situation: PlanningContext) -> int:
    """Strangers act last: a work order tells them what is being done about them."""
    tenure = tenure_of(person, situation)
    return 0 if tenure.is_declared else 2 if tenure is Tenure.UNDECLARED else 1
