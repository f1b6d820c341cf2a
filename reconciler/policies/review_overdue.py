"""The access to every organization is reviewed as often as was agreed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from reconciler.model import Address, Severity, count
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale


def _check(world: PolicyInput, _: Parameters) -> Iterator[PolicyObjection]:
    reviewed = world.desired.reviewed or {}
    for organization in (there.organization for there in world.overviews.values()):
        every, last = organization.review_every or world.desired.review_every, reviewed.get(organization.key)
        if not every or (last is not None and last <= world.today < last + timedelta(days=every)):
            continue
        since = f"was last reviewed on {last}" if last else "was never reviewed"
        yield PolicyObjection(
            address=Address.whole(organization.key),
            message=f"the access to `{organization.key}` {since}, and is to be reviewed "
            f"every {count(every, 'day', 'days')}",
            place=organization.place,
            advice=f"`reconciler review start --scope {organization.key} --due DATE` begins a review",
        )


RULE = Rule(
    id="review-overdue",
    severity=Severity.WARNING,
    asks="The access to an organization was reviewed within the days that `review_every` says.",
    because="Who may do what is to be looked at regularly, at least every quarter; a review counts once it is closed.",
    where={"keys": ("review_every",)},
    check=_check,
    scale=Scale.ORGANIZATION,
)
