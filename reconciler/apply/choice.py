"""Which of the changes and requests that are planned now a saved plan chooses.

A saved plan is a file: it may be old, and anybody who can write to the place where it lies may have edited it. So apply
plans the organization once more, from what is declared, recorded and live at that moment, and carries out changes of
this new plan. The file only says which ones, by address and action. It also says what a reviewer saw; where that is not
what is planned now, the change is refused. A plan can therefore make apply do less than the manifests say, never more
and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from reconciler.engine.context import PlanningContext
from reconciler.engine.guards import COMMAND_LINE
from reconciler.engine.orders import hold_asked, request_of
from reconciler.model.address import Action, Address
from reconciler.model.change import Change, Risk, Waiting
from reconciler.model.plan import OrganizationPlan
from reconciler.model.resource import Live, Resource, Unknown, fingerprint_of
from reconciler.model.state import OrderStatus
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is carried out of one organization's plan."""

    changes: tuple[Change, ...]
    """As they are planned now, in the order of now."""
    refused: tuple[tuple[Change, str], ...]
    """What the file wants and what is not planned like this, with the reason. Nothing but the name of the step is from
    the file."""


def choose(part: OrganizationPlan, fresh: OrganizationPlan, live: Live) -> Choice:
    """What a plan chooses of `fresh`, which is planned from what apply sees, for the targets of the plan.

    For these targets, because a whole plan takes away more at once: the removal ratio would stop what it let through
    in the smaller one.
    """
    planned = {change.step: change for change in fresh.changes}
    stopped = {blocked.change.step: blocked.change for blocked in fresh.blocked}
    chosen: set[Address] = set()
    refused: list[tuple[Change, str]] = []
    for change in part.changes:
        again = planned.get(change.step)
        if again is None:
            known = stopped.get(change.step) or _bare_step(change, live)
            refused.append((known, _reason_not_planned(change, fresh, live)))
        elif difference := _difference(change, again):
            refused.append((again, difference))
        else:
            chosen.add(change.address)
    return Choice(changes=tuple(change for change in fresh.changes if change.address in chosen), refused=tuple(refused))


def _bare_step(change: Change, live: Live) -> Change:
    """The step that a file wants, without anything else that the file says of it."""
    before = live.resources.get(change.address)
    return Change(
        address=change.address,
        action=change.action,
        before=before,
        after=None,
        fingerprint=fingerprint_of(before),
        why="not planned now",
    )


def _reason_not_planned(change: Change, fresh: OrganizationPlan, live: Live) -> str:
    address, found = change.address, live.find(change.address)
    if not isinstance(found, Unknown) and fingerprint_of(found) != change.fingerprint:
        return describe_stale(change, found)
    instead = next((one for one in fresh.changes if one.address == address), None)
    if instead is not None:
        return f"it would be {instead.action.replace('_', ' ')} now"
    held_back = {one.change.address: f"{one.guard}: {one.message}" for one in fresh.blocked}
    held_back |= {one.address: f"it has to wait for {one.on}: {one.why}" for one in fresh.waiting}
    held_back |= {one.address: one.reason for one in fresh.left_out}
    why = held_back.get(address, "it would not be planned now")
    if change.approval.endswith(COMMAND_LINE):
        # A hint for those who relied on an approval that only held for the run that made the plan.
        why += f"; an approval of the command line holds for one run: apply with --approve {change.action}:{address}"
    return why


def agreed_to(change: Change) -> Change:
    """What somebody agrees to who reviews a step: what it starts from, where it leads, why, and what it costs.

    Not since when something has been so, which line asks for it, and how the tool judges it. Nor who carries it out:
    admins are asked in turn, so that every other step that is done or dropped moves it to somebody else, who may do it
    just as well. Who creates an organization becomes its admin, though, and who transfers an app was its owner.
    """
    is_about_actor = change.action in (Action.CREATE_ORGANIZATION, Action.TRANSFER_APP)
    actor, before = change.actor if is_about_actor else "", _without_age(change.before)
    return replace(change, before=before, actor=actor, place=None, risk=Risk.LOW, marks=())


def _difference(change: Change, again: Change) -> str:
    """What a reviewer saw of a change and what is not so now; empty when they come to the same."""
    seen, now = agreed_to(change), agreed_to(again)
    if seen.fingerprint != now.fingerprint:
        return describe_stale(change, again.before)
    if seen.before != now.before:
        return "it does not begin from what the plan says"
    if seen.after != now.after:
        return "it would lead to something else now"
    if seen.actor != now.actor:
        return f"it would be done as {now.actor} now"
    if change.why != again.why:
        return f"its reason is another one now: {again.why}"
    if (change.irreversible, change.exempt, change.cost) != (again.irreversible, again.exempt, again.cost):
        return "it would be judged differently now"
    if (change.approval, change.approval_terms) != (again.approval, again.approval_terms):
        return "it would be let through by another approval now, or by none"
    if change.place != again.place:
        return "another line of the manifests asks for it"
    first = set(again.needs) - set(change.needs)
    return f"{min(first)} has to go first" if first else ""


def _without_age(resource: Resource | None) -> Resource | None:
    """Systems round the day of a status, and show numbers on some pages only; names people see are not recorded.

    What role may give the same is no part of what is there.
    """
    return None if resource is None else replace(resource, since=None, platform_id="", name="", implied_by="")


def describe_stale(change: Change, found: Resource | None) -> str:
    """That something is not what a plan has seen any more, and in what."""
    said = "it is not what the plan saw any more"
    return said if change.before == found else f"{said}: {describe_move(seen=change.before, found=found)}"


def describe_move(*, seen: Resource | None, found: Resource | None) -> str:
    """The fields that moved, as `role admin -> standard, permissions + live`; or that it came or went."""
    if seen is None or found is None:
        return "it is absent now" if found is None else f"it is {found.status} now"
    return ", ".join(sorted(_moved_fields(_fields(seen), _fields(found))))


def _fields(resource: Resource) -> dict[str, Any]:
    values: dict[str, Any] = {"status": str(resource.status), "identity": resource.identity}
    for name, value in (*resource.shown.items(), *((f"pending {n}", v) for n, v in resource.pending.items())):
        values[name] = value if isinstance(value, str) else list(value)
    return values


def _moved_fields(seen: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """One text a field; sets of permissions are compared whatever their order, which is what DeepDiff is here for."""
    from deepdiff import DeepDiff

    differences = DeepDiff(seen, found, ignore_order=True, view="tree")
    for level in (one for kind in differences.values() for one in kind):
        name = level.path(output_format="list")[0]
        if isinstance(seen.get(name), list) and isinstance(found.get(name), list):
            lost = f" - {level.t1}" if isinstance(level.t1, str) else ""
            gained = f" + {level.t2}" if isinstance(level.t2, str) else ""
            yield f"{name}{lost}{gained}"
        else:
            yield f"{name} {_shown(seen.get(name))} -> {_shown(found.get(name))}"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " + ".join(map(str, value)) or "none"
    return str(value) if value else "none"


def steps_to_ask_for(part: OrganizationPlan, situation: PlanningContext) -> Iterator[Waiting]:
    """What a plan waits for, as far as nobody is asked for it already.

    An admin is not asked to give up the rights while the plan waits for another admin to come first, and nobody is
    asked a second time to answer the same invitation.
    """
    answers = (order for order in situation.orders.values() if order.party == order.parties)
    answered = {order.request for order in answers if order.status is not OrderStatus.SUPERSEDED}
    for waiting in part.waiting:
        is_early = waiting.action is Action.GIVE_UP_ADMIN and waiting.on != waiting.address.key
        if is_early or waiting.work_order or isinstance(situation.live.find(waiting.address), Unknown):
            continue
        is_answer = waiting.before is not None and waiting.before.status.is_pending
        if is_answer and request_of(waiting) in answered:
            continue
        if hold_asked(waiting, situation) is None:
            yield waiting


def chosen_requests(part: OrganizationPlan, fresh: OrganizationPlan, situation: PlanningContext) -> Iterator[Waiting]:
    """The steps to ask for now that a reviewer has seen like this in a saved plan."""
    seen = {(waiting.address, waiting.action, waiting.on): waiting for waiting in part.waiting if waiting.asks}
    for waiting in steps_to_ask_for(fresh, situation):
        reviewed = seen.get((waiting.address, waiting.action, waiting.on))
        if reviewed is not None and is_same_request(reviewed, waiting):
            yield waiting


def is_same_request(waiting: Waiting, again: Waiting) -> bool:
    """Whether somebody is asked for what a reviewer saw: how long it has waited already does not matter."""
    bare, bare_again = (
        replace(one, before=_without_age(one.before), since=None, ends="", place=None, work_order="", asks=False)
        for one in (waiting, again)
    )
    return bare == bare_again


def as_change(waiting: Waiting) -> Change:
    """A step that waits as the change it would be; nobody is appointed to act."""
    return Change(
        address=waiting.address,
        action=waiting.action,
        before=waiting.before,
        after=waiting.after,
        fingerprint=fingerprint_of(waiting.before),
        why=waiting.why,
        place=waiting.place,
    )
