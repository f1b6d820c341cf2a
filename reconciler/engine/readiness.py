"""What must be there before a change makes sense, and whom to wait for where it is not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from reconciler.engine.context import PlanningContext
from reconciler.engine.order import parents_of
from reconciler.model.address import Address
from reconciler.model.change import Cause, Change, LeftOut, Waiting
from reconciler.model.kinds import KINDS, Action, Shape
from reconciler.model.live import Unknown
from reconciler.model.resource import Resource, Status
from reconciler.model.strength import is_administrator

SOMEBODY = "somebody who can tell"
"""Whom a thing waits for that cannot be told apart from another."""

_PARENTS_FIRST = (Shape.ORGANIZATION, Shape.MEMBERSHIP, Shape.ASSET, Shape.GRANT)


def hold_until_ready(
    changes: Sequence[Change], *, held: Collection[Address], kept: Mapping[Address, str], situation: PlanningContext
) -> Iterator[Change | Waiting | LeftOut]:
    """Each change whose parents are there or come into being in this plan; for the others, whom they wait for.

    `kept` are things that a guard does not let go, so nothing they hang on may go either: the system would take them
    along, and an approval to the one is none to the other.
    """
    needed = {parent: (address, kept[address]) for address in sorted(kept) for parent in parents_of(address)}
    coming = {change.address: change for change in changes}
    not_coming = set(held)
    for change in sorted(changes, key=lambda change: _PARENTS_FIRST.index(KINDS[change.address.kind].shape)):
        obstacle = _would_take_along(change, needed) or _first_obstacle(change, coming, not_coming, situation)
        if obstacle is not None:
            not_coming.add(change.address)
            del coming[change.address]
        yield obstacle or change


def _would_take_along(change: Change, needed: Mapping[Address, tuple[Address, str]]) -> Waiting | None:
    if change.address not in needed or change.after is not None:
        return None
    kept, guard = needed[change.address]
    why = "is protected" if guard == "protected" else f"is blocked by {guard}"
    return wait(change, on="an approval", why=f"{kept} would go with it and {why}")


def _first_obstacle(
    change: Change, coming: dict[Address, Change], held: Collection[Address], situation: PlanningContext
) -> Waiting | LeftOut | None:
    if change.after is None:
        return None
    for parent in parents_of(change.address):
        found = situation.live.find(parent)
        if isinstance(found, Unknown) and not found.is_part:
            return wait(change, on=SOMEBODY, why=f"{parent}: {found.reason}", since=situation.state.waits.get(parent))
        if isinstance(found, Unknown):
            return LeftOut(
                address=change.address, cause=Cause.UNREAD, reason=f"{parent} could not be read: {found.reason}"
            )
        if found is not None and found.status is Status.ACTIVE and not _is_somebodys(found):
            continue
        creation = coming.get(parent)
        if found is None and creation is not None and creation.after and creation.after.status is Status.ACTIVE:
            continue
        return _wait_for(change, parent, found, is_coming=creation is not None, is_held=parent in held)
    return None


def _is_somebodys(found: Resource) -> bool:
    """Whether an app that shall be the organization's still belongs to a person; nobody here can give access to it."""
    return str(found.attributes.get("owner", "")).startswith("person:")


def _wait_for(change: Change, parent: Address, found: Resource | None, *, is_coming: bool, is_held: bool) -> Waiting:
    kind = KINDS[parent.kind]
    on = parent.key if parent.kind == "member" else f"{kind.title} {parent.key}"
    if found is not None and found.status is Status.INVITED:
        why = f"{parent.key} has not accepted the invitation yet"
    elif found is not None and found.status.is_pending:
        why = f"{kind.title} {parent.key} is not approved yet"
    elif is_coming and parent.kind == "member":
        why = f"{parent.key} is invited by this plan and has to accept first"
    elif is_coming:
        why = f"{kind.title} {parent.key} is asked for by this plan and has to be approved first"
    elif is_held:
        why = f"{kind.title} {parent.key} is held back in this plan"
    else:
        why = f"{kind.title} {parent.key} is not there yet"
    return wait(change, on=on, why=why, since=found.since if found else None)


def is_needed_owner(change: Change, situation: PlanningContext) -> Waiting | None:
    """The owner of an app stays until the transfer of the app is completed."""
    if change.action not in {Action.REMOVE, Action.REMOVE_AND_INVITE} or change.address.kind != "member":
        return None
    if "app" not in situation.organization.system.kinds:
        return None
    apps = situation.owned_apps.get(change.address.key, ())
    if not apps:
        return None
    names = ", ".join(str(app) for app in apps)
    return wait(change, on=change.address.key, why=f"still owns {names}; the transfer must be completed first")


def why_nobody_can_act(situation: PlanningContext) -> str:
    """Why nothing can be done here: whoever could act may be among the members that could not be read."""
    live, organization = situation.live, situation.organization
    if live.acting:
        found = live.find(Address(organization.key, "member", live.acting))
        return found.reason if isinstance(found, Unknown) else ""
    if any(
        found.status is Status.ACTIVE and is_administrator(organization.system, address.kind, found.attributes)
        for address, found in live.resources.items()
    ):
        return ""
    unread = (f"{organization.key}/", f"{organization.key}/member/")
    return next((live.unknown[prefix] for prefix in unread if prefix in live.unknown), "")


def wait(change: Change, *, on: str, why: str, since: date | None = None) -> Waiting:
    """The same change, put off."""
    return Waiting(
        address=change.address,
        action=change.action,
        on=on,
        why=why,
        since=since,
        before=change.before,
        after=change.after,
        place=change.place,
    )
