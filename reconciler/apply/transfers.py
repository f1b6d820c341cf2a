"""Which organizations an app transfer concerns besides the one that gets the app."""

from __future__ import annotations

from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.declared import Desired, Organization
from reconciler.model.kinds import Action
from reconciler.model.plan import OrganizationPlan, Plan


def other_sides(part: OrganizationPlan, plan: Plan, desired: Desired) -> set[str]:
    """Keys of the declared organizations that the apps come from; their locks are held while `part` is carried out.

    From an organization it is that one. From a person it is every organization of the system where they are declared,
    or where this plan changes their membership: the owner must not be removed there while the app changes hands.
    """
    owners = {owner for change in part.changes if (owner := _owner_before(change))}
    if not owners:
        return set()
    changing = {change.address for change in plan.changes}
    return {
        key
        for key, organization in desired.organizations.items()
        if key != part.organization and organization.system.name == part.system
        for owner in owners
        if _is_side(owner, organization, present={*desired.resources.get(key, {}), *changing})
    }


def _owner_before(change: Change) -> str:
    if change.action is not Action.TRANSFER_APP or change.before is None:
        return ""
    return str(change.before.attributes.get("owner", ""))


def _is_side(owner: str, organization: Organization, *, present: set[Address]) -> bool:
    sort, _, name = owner.partition(":")
    if sort == "organization":
        return name in (organization.key, organization.name, organization.identity)
    return Address(organization.key, "member", name) in present
