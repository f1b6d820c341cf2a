"""Counting members and admins, where a whole plan would say less than one change."""

from __future__ import annotations

import pytest

from reconciler.engine.membership_counts import MembershipCounts, Tenure
from reconciler.model import Action, Address, Change, Limit, Resource, Status, System
from reconciler.systems.catalogue import get_system

LEGACY = get_system("developers")


def member(key: str, role: str, status: Status = Status.ACTIVE) -> Resource:
    return Resource(address=Address("acme", "member", key), attributes={"role": role}, status=status)


def count(*members: Resource, min_admins: int = 2, system: System = LEGACY) -> MembershipCounts:
    return MembershipCounts(system, members, min_admins=min_admins, tenure_of=lambda _: Tenure.LASTING)


def change(action: Action, before: Resource | None, after: Resource | None) -> Change:
    [address] = {side.address for side in (before, after) if side is not None}
    return Change(address=address, action=action, before=before, after=after, fingerprint="", why="declared")


def removal(before: Resource) -> Change:
    return change(Action.REMOVE, before, None)


@pytest.mark.parametrize(("admins", "min_admins", "floor"), [(0, 2, 1), (1, 2, 1), (2, 2, 2), (3, 2, 2), (3, 1, 1)])
def test_the_floor_is_the_minimum_or_what_there_was_but_never_none(admins: int, min_admins: int, floor: int) -> None:
    people = [member(f"p{number}", "admin") for number in range(admins)]
    assert count(*people, min_admins=min_admins).floor == floor


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.ACTIVE])
def test_only_active_admins_count(status: Status) -> None:
    headcount = count(member("ana", "admin"), member("bo", "admin", status))
    assert headcount.active_admins == {"ana"}
    assert headcount.invited_admins == (("bo",) if status is Status.INVITED else ())


def test_the_floor_stays_where_it_was_when_admins_come() -> None:
    ana = member("ana", "admin")
    headcount = count(ana)
    headcount.record(
        change(Action.CHANGE_ROLE, member("bo", "member"), member("bo", "admin")), outcome=member("bo", "admin")
    )
    assert headcount.floor == 1
    assert headcount.objection(removal(ana)) is None


def test_a_removed_admin_is_counted_out() -> None:
    ana, bo, cy = (member(key, "admin") for key in ("ana", "bo", "cy"))
    headcount = count(ana, bo, cy)
    headcount.record(removal(ana), outcome=None)
    assert headcount.objection(removal(bo)) == ("min_admins", "1 active admin would remain, at least 2 must")


def test_an_admin_who_is_removed_and_invited_again_is_no_admin_meanwhile() -> None:
    ana = member("ana", "admin")
    again = change(Action.REMOVE_AND_INVITE, ana, member("ana", "admin", Status.INVITED))
    assert count(ana).objection(again) == ("min_admins", "0 active admins would remain, at least 1 must")


def test_invited_members_fill_the_cap() -> None:
    people = [member(f"p{number}", "member", Status.INVITED) for number in range(10)]
    invitation = change(Action.INVITE, None, member("zoe", "member", Status.INVITED))
    usual = "the usual one: https://developers.tiktok.com/doc/working-with-organizations, 2026-11"
    full = f"11 active and invited members, the limit is 10 ({usual})"
    assert count(*people).objection(invitation) == ("cap", full)
    assert count(*people[1:]).objection(invitation) is None


def test_declined_and_expired_invitations_do_not_fill_the_cap() -> None:
    people = [member(f"p{number}", "member", Status.DECLINED) for number in range(10)]
    invitation = change(Action.INVITE, None, member("zoe", "member", Status.INVITED))
    assert count(*people).objection(invitation) is None


def test_a_role_with_a_cap_takes_no_more_holders_but_keeps_those_it_has() -> None:
    system = get_system("business_center")
    admins = [member(f"p{number:02}", "admin") for number in range(21)]
    headcount = count(*admins, member("zoe", "standard"), system=system)
    promotion = change(Action.CHANGE_ROLE, member("zoe", "standard"), member("zoe", "admin"))
    usual = "the usual one: https://ads.tiktok.com/help/article/add-users-tiktok-business-center, 2024-08"
    raised = "there are more already, so write the limit that TikTok agreed to into `limits:`"
    assert headcount.objection(promotion) == ("cap", f"22 people with role admin, the limit is 20 ({usual}); {raised}")
    assert headcount.limits == (
        Limit(what="members", used=22, most=4000, origin=usual),
        Limit(what="admin", used=21, most=20, origin=usual),
        Limit(what="standard", used=1, most=3980, origin=usual),
    )
    assert headcount.objection(change(Action.CHANGE_ROLE, admins[0], admins[0])) is None


def test_nothing_but_memberships_is_counted() -> None:
    app = Resource(address=Address("acme", "app", "login"), attributes={"owner": "organization:acme"})
    headcount = count(member("ana", "admin"))
    headcount.record(change(Action.TRANSFER_APP, None, app), outcome=app)
    assert headcount.objection(change(Action.TRANSFER_APP, app, None)) is None
    assert headcount.active_admins == {"ana"}


def test_trying_something_out_on_a_copy_leaves_the_count_as_it_is() -> None:
    ana, bo, cy = member("ana", "admin"), member("bo", "admin"), member("cy", "member", Status.INVITED)
    headcount = count(ana, bo)
    copy = headcount.fork()
    copy.record(removal(bo), outcome=None)
    copy.record(change(Action.INVITE, None, cy), outcome=cy)
    assert copy.active_admins == {"ana"}
    assert headcount.active_admins == {"ana", "bo"}
    assert (copy.role_of("cy"), headcount.role_of("cy")) == ("member", "")
