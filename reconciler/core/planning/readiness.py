"""What must be there before a change makes sense, and whom to wait for where it is not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from reconciler.core.address import Address
from reconciler.core.change import Change, LeftOut, Waiting
from reconciler.core.kinds import KINDS, Action, Shape
from reconciler.core.live import Unknown
from reconciler.core.planning.order import parents_of
from reconciler.core.planning.situation import Situation
from reconciler.core.resource import Resource, Status

_PARENTS_FIRST = (Shape.ORGANIZATION, Shape.MEMBERSHIP, Shape.ASSET, Shape.GRANT)


def hold_until_ready(
    changes: Sequence[Change], *, held: Collection[Address], situation: Situation
) -> Iterator[Change | Waiting | LeftOut]:
    """Each change whose parents are there or come into being in this plan; for the others, whom they wait for."""
    coming = {change.address: change for change in changes}
    not_coming = set(held)
    for change in sorted(changes, key=lambda change: _PARENTS_FIRST.index(KINDS[change.address.kind].shape)):
        obstacle = None if change.after is None else _first_obstacle(change, coming, not_coming, situation)
        if obstacle is not None:
            not_coming.add(change.address)
            del coming[change.address]
        yield obstacle or change


def _first_obstacle(
    change: Change, coming: dict[Address, Change], held: Collection[Address], situation: Situation
) -> Waiting | LeftOut | None:
    for parent in parents_of(change.address):
        found = situation.live.find(parent)
        if isinstance(found, Unknown):
            return LeftOut(address=change.address, reason=f"{parent} could not be read: {found.reason}")
        if found is not None and found.status is Status.ACTIVE:
            continue
        creation = coming.get(parent)
        if found is None and creation is not None and creation.after and creation.after.status is Status.ACTIVE:
            continue
        return _wait_for(change, parent, found, is_held=parent in held and creation is None)
    return None


def _wait_for(change: Change, parent: Address, found: Resource | None, *, is_held: bool) -> Waiting:
    kind = KINDS[parent.kind]
    on = parent.key if parent.kind == "member" else f"{kind.title} {parent.key}"
    if found is not None and found.status is Status.INVITED:
        why = f"{parent.key} has not accepted the invitation yet"
    elif found is not None and found.status.is_pending:
        why = f"{kind.title} {parent.key} is not approved yet"
    elif is_held:
        why = f"{kind.title} {parent.key} is held back in this plan"
    else:
        why = f"{kind.title} {parent.key} is not there yet"
    return Waiting(
        address=change.address,
        action=change.action,
        on=on,
        why=why,
        since=found.since if found else None,
        before=change.before,
        after=change.after,
        place=change.place,
    )


def is_needed_owner(change: Change, situation: Situation) -> Waiting | None:
    """The owner of an app stays until the transfer of the app is completed."""
    if change.action not in {Action.REMOVE, Action.REMOVE_AND_INVITE} or change.address.kind != "member":
        return None
    if "app" not in situation.organization.system.kinds:
        return None
    apps = situation.owned_apps.get(change.address.key, ())
    if not apps:
        return None
    names = ", ".join(str(app) for app in apps)
    return Waiting(
        address=change.address,
        action=change.action,
        on=change.address.key,
        why=f"still owns {names}; the transfer must be completed first",
        before=change.before,
        after=change.after,
        place=change.place,
    )
