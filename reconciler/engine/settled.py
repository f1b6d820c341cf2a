"""Whether a plan has nothing at all to say of an organization, until which day that holds, and of whom it depends."""

from __future__ import annotations

from datetime import date, timedelta

from reconciler.engine.context import EVERYTHING, PlanningContext
from reconciler.engine.entitlements import change_days
from reconciler.engine.identities import remembered_in
from reconciler.engine.plan_warnings import find_lockout, find_warnings
from reconciler.model.address import person_in
from reconciler.model.declared import Desired, is_masked
from reconciler.model.plan import OrganizationPlan
from reconciler.model.resource import Owner, Resource
from reconciler.model.state import Record

EVERY_ORGANIZATION = "/"
"""A name that every organization has: whatever goes by it matters to all of them."""
EVERY_PERSON = "@"
"""A name that every person has: an organization that names it may be about anybody."""


def is_settled(context: PlanningContext, part: OrganizationPlan, desired: Desired) -> bool:
    """Whether nothing is to be done, waited for, shown or remembered; in doubt it is not.

    What is pending anywhere, what was found otherwise and what people read for us changes with time or with what
    somebody says, so an organization that has any of it is looked at every time.
    """
    state, live = context.state, context.live
    is_at_rest = not (state.drift or state.waits or state.deferred or state.in_doubt or state.rosters or live.taken)
    has_pending = (
        any(order.is_pending for order in state.orders.values())
        or any(found.status.is_pending for found in live.resources.values())
        or any(record.status.is_pending for record in state.records.values())
    )
    says_nothing = part.is_settled and not (part.drift or part.is_first)
    if has_pending or not (is_at_rest and says_nothing):
        return False
    return not find_warnings([context], [part], desired, recorded={}, targets=EVERYTHING)


def find_next_day(context: PlanningContext, desired: Desired) -> date | None:
    """The first UTC day on which dates alone may change the plan of a settled organization; None if none ever does.

    These are the days of all lines, those of the people themselves included, the announced ends that are recorded, and
    the day on which a plan begins to warn that no admin will be left.
    """
    today = context.today
    days = change_days(desired.resources.get(context.organization.key, {}).values(), today)
    days += [record.ends for record in context.state.records.values() if record.ends and record.ends > today]
    if (lockout := find_lockout(context)) is not None:
        days.append(lockout - timedelta(days=context.settings.lockout_notice_days))
    return min(days, default=None)


def find_names(context: PlanningContext, desired: Desired) -> set[str]:
    """Everything by which a settled organization may be about somebody, or about a group, of the directory.

    Whoever and whatever goes by no such name may come, change and go, and its plan is the same. These are keys and
    identities of people who are declared, remembered or shown there, who own or have reviewed something, groups, and
    required admins, of whom a plan of any organization tells that they are nobody. A group that nobody is in leaves no
    trace in what is declared; what it lets in is for `EVERY_ORGANIZATION`.
    """
    state, live = context.state, context.live
    declared = desired.resources.get(context.organization.key, {})
    remembered = remembered_in(state)
    seen: list[Record | Resource] = [*state.records.values(), *live.resources.values()]
    found = {*context.organization.owners, *context.settings.required_admins, live.acting}
    found.update(person_in(address) for known in (declared, remembered, live.resources) for address in known)
    found.update(name for one in declared.values() for name in one.owners)
    found.update(name for one in declared.values() for line in one.lines for name in (line.through, line.reviewed_by))
    found.update(identity for identity in remembered.values() if identity)
    found.update(one.identity for one in live.resources.values())
    found.update(one.platform_id for one in seen)
    # Whose a mask is, or an app that a person owns, is worked out from the accounts of all people.
    if live.unknown or any(map(is_masked, found)) or any(Owner.of(one.attributes).person for one in seen):
        found.add(EVERY_PERSON)
    return found - {""} | {EVERY_ORGANIZATION}
