"""From a change to a work order, to somebody's word, to a roster that shows it; and every way in which that can end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.apply.journal import hold
from reconciler.audit.entries import SEEN
from reconciler.audit.log import AuditLog
from reconciler.features.work_orders.report import get_order, list_orders
from reconciler.model import (
    Action,
    AuditEntry,
    FailureReason,
    OrderStatus,
    Plan,
    ReconcilerError,
    Refused,
    StateLocked,
    Status,
    Waits,
    WorkOrder,
)
from reconciler.stores.local_file import LocalFileStore
from tests.features.work_orders.office import Office

ADMINS = {"ana": ("admin", Status.ACTIVE), "bo": ("admin", Status.ACTIVE)}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Two admins, and eve who is declared and not there."""
    made = Office(
        store=LocalFileStore(tmp_path), members={"ana": "admin", "bo": "admin", "eve": "operator"}, truth=dict(ADMINS)
    )
    made.observe()
    made.wait(hours=1)
    return made


def audited(office: Office) -> list[tuple[str, str, str]]:
    return [(entry.order, entry.action, entry.outcome) for entry in entries(office)]


def entries(office: Office) -> list[AuditEntry]:
    """Without what was only seen, which is about others."""
    return [entry for record in AuditLog(office.store).records() for entry in record.entries if entry.action != SEEN]


def test_a_change_becomes_one_order_for_each_person_who_has_to_act(office: Office) -> None:
    ((change, outcome),) = office.apply().results
    invite, accept = office.orders
    assert change.action is Action.INVITE
    assert isinstance(outcome, Waits)
    assert outcome.orders == (invite, accept)
    assert [(order.actor, order.party, order.status) for order in (invite, accept)] == [
        ("ana", 1, OrderStatus.OPEN),
        ("eve", 2, OrderStatus.OPEN),
    ]
    assert (invite.after, accept.after) == ("", invite.id)
    assert (invite.issued, invite.wanted, invite.identity) == (office.time, {"role": "operator"}, "eve@acme.example")
    assert audited(office) == [(f"{invite.id}, {accept.id}", "invite", "waits")]


def test_ids_are_short_and_the_same_for_the_same_state_and_serial(tmp_path: Path) -> None:
    offices = [Office(store=LocalFileStore(tmp_path / name), members={"ana": "admin"}) for name in "ab"]
    for office in offices:
        office.truth = {"ana": ("admin", Status.ACTIVE), "bo": ("operator", Status.ACTIVE)}
        office.observe()
        office.wait(hours=1)
    lineages = [office.state.lineage for office in offices]
    assert lineages[0] != lineages[1]
    for office in offices:
        office.members = {"ana": "admin", "bo": "admin"}
        office.apply()
    ids = [order.id for office in offices for order in office.orders]
    assert len(set(ids)) == len(ids) == 2
    assert all(len(name) == 9 and name.startswith("wo-") for name in ids)


def test_a_second_apply_asks_nobody_anything(office: Office) -> None:
    office.apply()
    before = office.state
    report = office.apply()
    assert report.results == ()
    assert office.state == before


def test_what_nobody_does_is_asked_for_again_three_times_and_then_reported(office: Office) -> None:
    first = office.time.date()
    for number in range(1, 5):
        office.apply()
        invite, accept = (order for order in office.orders if order.status is OrderStatus.OPEN)
        assert invite.expires == office.time + timedelta(days=30)
        assert accept.expires is None, "its time begins when the invitation is there"
        (wait,) = office.plan().waiting
        assert (wait.work_order, wait.since) == (invite.id, first)
        assert wait.ends.endswith(f"a new order on {invite.expires:%Y-%m-%d}")
        assert [found.id for found in office.plan().findings if found.id == "overdue"] == ["overdue"] * (number > 1)
        office.wait(hours=24 * 30)
    office.apply()
    assert not [order for order in office.orders if order.status.is_pending]
    (left_out,) = office.plan().organizations[0].left_out
    assert left_out.reason.startswith("4 work orders in a row were not done, the last one was ")
    assert left_out.since == first


def test_what_was_done_is_verified_by_the_roster_that_shows_it(office: Office) -> None:
    office.apply()
    for order in office.orders:
        office.wait(hours=1)
        office.act(order)
        office.done(order)
    assert waiting(office.plan()) == ["a newer roster"]
    office.wait(hours=1)
    office.observe()
    assert office.plan().is_settled
    office.apply()
    assert [order.status for order in office.orders] == [OrderStatus.VERIFIED] * 2
    assert [outcome for _, _, outcome in audited(office)] == ["waits", "done", "done", "verified", "verified"]


def waiting(plan: Plan) -> list[str]:
    return [item.on for item in plan.waiting]


def test_a_removal_that_was_only_said_to_be_done_is_asked_for_again(office: Office) -> None:
    office.truth["eve"] = ("operator", Status.ACTIVE)
    office.observe()
    office.wait(hours=1)
    office.apply()
    del office.members["eve"]
    office.apply()
    (first,) = office.orders
    office.wait(hours=1)
    office.done(first)
    office.wait(hours=1)
    office.observe()
    office.apply()
    failed, again = office.orders
    assert (failed.id, failed.status, failed.failure) == (first.id, OrderStatus.FAILED, FailureReason.NOT_SEEN)
    assert (again.status, again.request) == (OrderStatus.OPEN, first.request)


def test_an_invitation_has_to_be_accepted_within_a_day_of_being_sent(office: Office) -> None:
    office.apply()
    invite, accept = office.orders
    assert (accept.expires, accept.lasts) == (None, timedelta(hours=24))
    office.wait(hours=30)
    assert waiting(office.plan()) == ["ana"]
    office.done(invite)
    assert get_order(office.store, accept.id).expires == office.time + timedelta(hours=24)
    assert waiting(office.plan()) == ["eve"]
    office.wait(hours=24)
    office.apply()
    assert get_order(office.store, accept.id).status is OrderStatus.EXPIRED
    assert waiting(office.plan()) == ["a newer roster"]


def test_what_nobody_needs_any_more_is_withdrawn_and_audited(office: Office) -> None:
    office.apply()
    del office.members["eve"]
    assert {finding.id for finding in office.plan().findings} == {"work-order-withdrawn"}
    office.apply()
    assert {order.status for order in office.orders} == {OrderStatus.SUPERSEDED}
    assert [outcome for _, _, outcome in audited(office)] == ["waits", "superseded", "superseded"]
    assert office.plan().findings == ()


def test_an_invitation_that_was_withdrawn_too_late_is_cancelled(office: Office) -> None:
    office.apply()
    office.act(office.orders[0])
    del office.members["eve"]
    office.apply()
    office.wait(hours=1)
    office.observe()
    assert [(change.action, change.address.key) for change in office.plan().changes] == [
        (Action.CANCEL_INVITATION, "eve")
    ]


def test_who_declined_is_asked_again_only_with_a_approval(office: Office) -> None:
    office.apply()
    invite, accept = office.orders
    office.done(invite)
    office.desk().failed(accept.id, FailureReason.DECLINED, note="changed teams", by="eve")
    office.wait(hours=1)
    office.observe()
    (blocked,) = office.plan().blocked
    assert (blocked.guard, bool(blocked.approval)) == ("declined", True)
    office.apply()
    assert [order.status for order in office.orders] == [OrderStatus.SUPERSEDED, OrderStatus.FAILED]


def test_a_failed_first_part_withdraws_the_second(office: Office) -> None:
    office.apply()
    invite, accept = office.orders
    office.desk().failed(invite.id, FailureReason.WRONG_ADDRESS, note="bounced", by="ana")
    assert get_order(office.store, accept.id).status is OrderStatus.SUPERSEDED
    (left_out,) = office.plan().organizations[0].left_out
    assert left_out.reason == f"work order {invite.id} failed, wrong address: bounced; not asked again without --retry"
    assert office.apply().results == ()
    ((_, outcome),) = office.apply(retry=True).results
    assert isinstance(outcome, Waits)


def test_only_what_is_pending_can_be_reported(office: Office) -> None:
    office.apply()
    invite, accept = office.orders
    with pytest.raises(ReconcilerError, match="part 1 is still open"):
        office.done(accept)
    office.done(invite)
    with pytest.raises(ReconcilerError, match="done already, says ana"):
        office.done(invite)
    office.desk().failed(invite.id, FailureReason.OTHER, note="it was another person", by="ana")
    for report in (office.done, fail(office)):
        with pytest.raises(ReconcilerError, match="is failed already: it was another person"):
            report(invite)
    with pytest.raises(ReconcilerError, match="there is no work order 'wo-nobody'"):
        get_order(office.store, "wo-nobody")


def fail(office: Office) -> Callable[[WorkOrder], WorkOrder]:
    return lambda order: office.desk().failed(order.id, FailureReason.OTHER, note="", by="ana")


def test_the_audit_log_keeps_the_word_and_the_digest_of_the_evidence(office: Office) -> None:
    office.apply()
    invite = office.done(office.orders[0])
    entry = entries(office)[-1]
    assert (entry.order, entry.outcome, entry.actor, entry.detail) == (invite.id, "done", "ana", "a screenshot")
    assert entry.evidence == invite.evidence_digest != ""
    assert AuditLog(office.store).verify().broken == ""


def test_nobody_reports_while_somebody_else_has_the_organization(office: Office) -> None:
    office.apply()
    with hold(office.store, "org", purpose="apply", terms=office.terms), pytest.raises(StateLocked):
        office.done(office.orders[0])


def test_what_needs_another_step_waits_for_its_work_order_in_the_same_run(office: Office) -> None:
    office.truth["eve"] = ("operator", Status.ACTIVE)
    office.observe()
    office.apply()
    office.members = {"ana": "admin", "eve": "admin"}
    outcomes = {change.address.key: outcome for change, outcome in office.apply().results}
    assert isinstance(outcomes["eve"], Waits)
    assert isinstance(outcomes["bo"], Waits)
    assert "has to be done first" in outcomes["bo"].why
    assert not any(isinstance(outcome, Refused) for outcome in outcomes.values())
    assert [order.address.key for order in office.orders] == ["eve"]


def test_an_admin_who_has_to_step_down_is_asked_to(tmp_path: Path) -> None:
    office = Office(
        store=LocalFileStore(tmp_path),
        system="developers",
        members={"ana": "admin", "bo": "admin", "cy": "admin"},
        truth={**ADMINS, "cy": ("admin", Status.ACTIVE)},
    )
    office.observe()
    office.apply()
    office.members["cy"] = "member"
    notices: list[str] = []
    office.apply(notices=notices)
    (order,) = office.orders
    assert (order.action, order.actor) == (Action.GIVE_UP_ADMIN, "cy")
    assert notices == [notice for notice in notices if order.id in notice] != []
    office.apply()
    assert office.orders == [order]
    office.wait(hours=1)
    office.act(order)
    office.observe()
    office.apply()
    assert get_order(office.store, order.id).status is OrderStatus.VERIFIED
    assert office.plan().is_settled


def test_closed_orders_are_forgotten_after_a_year(office: Office) -> None:
    office.apply()
    del office.members["eve"]
    office.apply()
    office.wait(days=364)
    office.apply()
    assert len(office.orders) == 2
    office.wait(days=2)
    office.members["cy"] = "operator"
    office.apply()
    assert {order.address.key for order in office.orders} == {"cy"}


def test_lists_leave_out_what_is_over_unless_asked(office: Office) -> None:
    office.apply()
    office.desk().failed(office.orders[0].id, FailureReason.OTHER, note="", by="ana")
    assert list_orders(office.store) == ()
    assert len(list_orders(office.store, closed=True)) == 2
    assert [order.party for order in list_orders(office.store, closed=True, actor="eve")] == [2]


def test_one_look_judges_what_was_sent_and_ran_out_unanswered_before_it(office: Office) -> None:
    office.apply()
    invite, accept = office.orders
    office.wait(hours=1)
    office.done(invite)
    office.wait(hours=30)
    office.observe()
    office.apply()
    stand = {order.id: order.status for order in office.orders}
    assert stand[accept.id] is OrderStatus.EXPIRED
    assert stand[invite.id] is OrderStatus.SUPERSEDED


def test_whoever_has_to_answer_is_asked_although_the_order_to_invite_them_has_failed(office: Office) -> None:
    office.apply()
    invite, accept = office.orders
    office.desk().failed(invite.id, FailureReason.OTHER, note="bo did it", by="ana")
    office.truth["eve"] = ("operator", Status.INVITED)
    office.wait(hours=1)
    office.observe()
    office.apply()
    (answer,) = (order for order in office.orders if order.status is OrderStatus.OPEN)
    assert (answer.actor, answer.party, answer.parties) == ("eve", 1, 1)
    assert answer.id != accept.id
    before = office.state
    office.apply()
    assert office.state == before


def test_an_order_can_be_asked_of_another_admin_and_stays_theirs(tmp_path: Path) -> None:
    members = {"ana": "admin", "bo": "admin", "cy": "operator", "dee": "operator"}
    truth = {key: (role, Status.ACTIVE) for key, role in members.items() if key != "dee"}
    office = Office(store=LocalFileStore(tmp_path), members=members, truth=truth)
    office.observe()
    office.apply()
    (order,) = [one for one in office.orders if one.status is OrderStatus.OPEN and one.party == 1]
    other = next(key for key in ("ana", "bo") if key != order.actor)
    desk = replace(office.desk(), administers=lambda _, record: record.attributes.get("role") == "admin")
    for nobody in ("cy", "eve"):
        with pytest.raises(ReconcilerError, match=f"{nobody} is no admin of org"):
            desk.assign(order.id, nobody, by="ana")
    assert desk.assign(order.id, other, by="ana").actor == other
    with pytest.raises(ReconcilerError, match="already"):
        desk.assign(order.id, other, by="ana")
    office.wait(hours=1)
    office.observe()
    office.apply()
    assert [(one.id, one.actor, one.status) for one in office.orders if one.party == 1] == [
        (order.id, other, OrderStatus.OPEN)
    ]


def test_an_order_is_due_on_the_day_that_somebody_names_else_when_it_ends(office: Office) -> None:
    office.apply()
    invite, _ = office.orders
    assert (invite.due, invite.deadline) == (None, invite.expires)
    today, ends = office.time.date(), invite.issued + timedelta(days=30) if invite.issued else office.time
    for day, why in ((today - timedelta(days=1), "is over"), (ends.date() + timedelta(days=1), f"ends on {ends:%F}")):
        with pytest.raises(ReconcilerError, match=why):
            office.desk().assign(invite.id, due=day, by="ana")
    due = today + timedelta(days=2)
    asked = office.desk().assign(invite.id, due=due, by="ana")
    assert (asked.actor, asked.due, asked.expires) == (invite.actor, due, invite.expires)
    assert entries(office)[-1].detail.endswith(f"due on {due}")
    with pytest.raises(ReconcilerError, match=f"{invite.actor} is asked to do {invite.id} by {due} already"):
        office.desk().assign(invite.id, due=due, by="ana")
    office.wait(hours=24 * 2)
    assert not get_order(office.store, invite.id).is_overdue(office.time), "the last day is in time"
    office.wait(hours=24)
    assert [found.id for found in office.plan().findings] == ["overdue"]
    office.apply()
    assert [one.id for one in office.orders if one.is_overdue(office.time)] == [invite.id]
    office.done(invite)
    assert not any(one.is_overdue(office.time) for one in office.orders)
