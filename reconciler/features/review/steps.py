"""What a change of the manifests asks for that a plan would not do without an approval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.features.review.model import DangerousStep
from reconciler.model.access import is_administrator, is_downgrade
from reconciler.model.address import Address
from reconciler.model.declared import Approval, Declared, Organization
from reconciler.model.finding import Place
from reconciler.model.kinds import KINDS, Action

_Resources = Mapping[Address, Declared]
_LOWERING = frozenset({Action.CHANGE_SHARE, Action.CHANGE_GRANT, Action.CHANGE_LINK})
"""Dangerous only where they take something away."""


def find_steps(
    before: _Resources,
    after: _Resources,
    organization: Organization,
    *,
    approvals: Mapping[tuple[Address, Action], Approval],
) -> Iterator[DangerousStep]:
    """The dangerous steps in one organization that is declared on both sides or new, by address.

    Told from the manifests alone: what is done already asks for no step, and is then not in the plan.
    """
    system = organization.system
    for address, action, place in _steps(before, after, organization):
        irreversible = system.irreversible.get(action, "")
        why = irreversible or system.disruptive.get(action, "")
        if why:
            yield DangerousStep(
                action=action,
                address=address,
                why=why,
                irreversible=bool(irreversible),
                approval=approvals.get((address, action)),
                place=place,
            )


def _steps(
    before: _Resources, after: _Resources, organization: Organization
) -> Iterator[tuple[Address, Action, Place]]:
    if organization.deleted:
        # All that is in it goes with it, in one step.
        whole = Address.whole(organization.key)
        yield whole, Action.DELETE_ORGANIZATION, organization.place
        return
    for address in sorted(before.keys() | after.keys()):
        was, becomes = before.get(address), after.get(address)
        if was is None and becomes is not None:
            yield address, KINDS[address.kind].create, becomes.place
        elif becomes is None and was is not None:
            yield address, KINDS[address.kind].delete, was.place
        elif was is not None and becomes is not None and was.attributes != becomes.attributes:
            action = _action_of_change(was, becomes, organization)
            if action is not None:
                yield address, action, becomes.place


def _action_of_change(was: Declared, becomes: Declared, organization: Organization) -> Action | None:
    system, kind = organization.system, KINDS[was.address.kind]
    had, has = was.attributes, becomes.attributes
    loses_admin = is_administrator(system, kind.name, had) and not is_administrator(system, kind.name, has)
    if loses_admin and not system.demotes_admins:
        return Action.REMOVE_AND_INVITE
    if kind.change in _LOWERING and not is_downgrade(system, kind.name, before=had, after=has):
        return None
    return kind.change
