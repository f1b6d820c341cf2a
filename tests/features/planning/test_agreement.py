"""Whether two plans do the same, as far as a reviewer was asked about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from reconciler.apply.steps import agreed_to, is_same_request
from reconciler.features.planning.report import PlanDifference, compare_plans
from reconciler.model import Action, Address, Change, Mode, OrganizationPlan, Place, Plan, Waiting
from tests.apply.given import change, resource

ANA, BO = Address("bc", "member", "ana"), Address("bc", "member", "bo")
ELSEWHERE = Address("studio", "member", "ana")
INVITE_ANA = change(Action.INVITE, None, resource(ANA))
INVITE_BO = change(Action.INVITE, None, resource(BO))
REMOVE_ELSEWHERE = change(Action.REMOVE, resource(ELSEWHERE), None)

REMOVE_FOR_A_DAY = replace(REMOVE_ELSEWHERE, before=replace(resource(ELSEWHERE), since=date(2026, 11, 21)))


def plan_of(*changes: Change, **more: object) -> Plan:
    parts: dict[str, list[Change]] = {}
    for one in changes:
        parts.setdefault(one.address.organization, []).append(one)
    organizations = tuple(
        OrganizationPlan(
            organization=key, system="business_center", mode=Mode.ADDITIVE, lineage="l", serial=3, changes=tuple(steps)
        )
        for key, steps in parts.items()
    )
    return replace(Plan(today=date(2026, 11, 22), organizations=organizations), **more)  # type: ignore[arg-type]  # named fields


REVIEWED = plan_of(INVITE_ANA, INVITE_BO, REMOVE_ELSEWHERE)


def compare(plan: Plan) -> PlanDifference:
    return compare_plans(reviewed=REVIEWED, plan=plan)


@pytest.mark.parametrize(
    "plan",
    [
        REVIEWED,
        plan_of(REMOVE_ELSEWHERE, INVITE_ANA, INVITE_BO),
        plan_of(INVITE_ANA, INVITE_BO, REMOVE_ELSEWHERE, today=date(2026, 11, 30), tool_version="9", manifests="ff"),
        plan_of(replace(INVITE_ANA, place=Place(file="a.yaml", line=9, column=1)), INVITE_BO, REMOVE_ELSEWHERE),
        replace(REVIEWED, organizations=tuple(replace(part, serial=4) for part in REVIEWED.organizations)),
        plan_of(replace(INVITE_ANA, actor="bo"), INVITE_BO, REMOVE_ELSEWHERE),
        plan_of(INVITE_ANA, INVITE_BO, REMOVE_FOR_A_DAY),
    ],
    ids=["same", "organizations in another order", "day, version and manifests", "line", "serial", "turn", "since"],
)
def test_what_nobody_was_asked_about_may_differ(plan: Plan) -> None:
    assert compare(plan).is_none


def test_a_request_that_has_waited_longer_and_ends_on_another_day_is_the_same() -> None:
    seen = Waiting(
        address=ANA, action=Action.REINVITE, on="ana", why="no answer yet", since=date(2026, 11, 21), ends="a"
    )
    assert is_same_request(seen, replace(seen, since=date(2026, 11, 22), ends="b"))
    assert not is_same_request(seen, replace(seen, on="bo"))


@pytest.mark.parametrize(
    "alter",
    [
        lambda step: replace(step, after=resource(ANA, role="admin")),
        lambda step: replace(step, fingerprint="moved"),
        lambda step: replace(step, action=Action.REINVITE),
        lambda step: replace(step, why="another reason"),
        lambda step: replace(step, irreversible="for good"),
        lambda step: replace(step, approval="LEGAL-7"),
        lambda step: replace(step, needs=(BO,)),
    ],
    ids=["role", "what it starts from", "action", "reason", "irreversible", "approval", "needs"],
)
def test_a_step_that_differs_is_unseen_and_the_reviewed_one_missing(alter: Callable[[Change], Change]) -> None:
    other = alter(INVITE_ANA)
    departure = compare(plan_of(other, INVITE_BO, REMOVE_ELSEWHERE))
    assert (departure.unseen, departure.missing) == ((agreed_to(other),), (agreed_to(INVITE_ANA),))
    assert not departure.is_none


@pytest.mark.parametrize("action", [Action.CREATE_ORGANIZATION, Action.TRANSFER_APP])
def test_who_acts_is_agreed_to_where_that_decides_who_has_what(action: Action) -> None:
    step = change(action, None, resource(ANA))
    other = replace(step, actor="bo")
    assert compare_plans(reviewed=plan_of(step), plan=plan_of(other)).unseen == (other,)


def test_a_step_more_is_unseen() -> None:
    more = change(Action.REMOVE, resource(Address("studio", "member", "zoe")), None)
    assert compare(plan_of(*REVIEWED.changes, more)).unseen == (agreed_to(more),)


def test_a_step_twice_is_once_unseen() -> None:
    assert compare(plan_of(*REVIEWED.changes, INVITE_BO)).unseen == (agreed_to(INVITE_BO),)


def test_a_step_less_is_missing_because_another_may_have_been_agreed_to_for_its_sake() -> None:
    departure = compare(plan_of(INVITE_ANA, REMOVE_ELSEWHERE))
    assert (departure.unseen, departure.missing, departure.is_none) == ((), (agreed_to(INVITE_BO),), False)


def test_another_order_within_an_organization_is_another_plan() -> None:
    departure = compare(plan_of(INVITE_BO, INVITE_ANA, REMOVE_ELSEWHERE))
    assert (departure.unseen, departure.missing, departure.is_reordered) == ((), (), True)
    assert not departure.is_none
