"""Whether a plan has nothing at all to say of an organization, and until which day that holds if nothing changes."""

from __future__ import annotations

from datetime import date, timedelta

from reconciler.engine.context import EVERYTHING, PlanningContext
from reconciler.engine.entitlements import change_days
from reconciler.engine.plan_warnings import find_lockout, find_warnings
from reconciler.model.declared import Desired
from reconciler.model.plan import OrganizationPlan


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
