"""A call whose answer never came is settled by looking."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.apply.planning import Settled, recorded_as_live, settle
from reconciler.apply.states import StateBuilder
from reconciler.model import Action, Address, Applied, Change, Deferral, Failed, InDoubt, Live, Resource, State, Status
from reconciler.systems.catalogue import get_system
from tests.apply.given import EVE, INVITE, REMOVE, TODAY, change, resource, state

PROMOTE = change(Action.CHANGE_ROLE, resource(), resource(role="admin"))
REINVITE = change(
    Action.REINVITE, resource(status=Status.INVITED), replace(resource(role="admin"), status=Status.INVITED)
)

SHARE = Address("bc", "partner_share", "north/us")
LOWER = change(Action.CHANGE_SHARE, resource(SHARE, role="operator"), resource(SHARE, role="analyst"))

HIDDEN = replace(resource(), attributes={}, unread=("role",))
PROMOTE_UNSEEN = change(Action.CHANGE_ROLE, HIDDEN, resource(role="admin"))


def settled(doubt: Change, found: Resource | None, *, known: bool = False) -> Settled:
    before = replace(state(EVE) if known else state(), in_doubt={EVE: doubt})
    live = Live(organization="bc", resources={EVE: found} if found else {})
    return settle(before, live, system=get_system("business_center"), today=TODAY)


@pytest.mark.parametrize(
    ("doubt", "found", "happened"),
    [
        (INVITE, resource(status=Status.INVITED), True),
        (INVITE, None, False),
        (INVITE, resource(), True),
        (REMOVE, None, True),
        (REMOVE, resource(), False),
        (REMOVE, resource(role="admin"), False),
        (PROMOTE, resource(role="admin"), True),
        (PROMOTE, resource(), False),
        (PROMOTE, None, False),
        (REINVITE, None, True),
        (PROMOTE_UNSEEN, HIDDEN, False),
    ],
    ids=[
        "invited",
        "not invited",
        "invited, and accepted meanwhile",
        "removed",
        "not removed",
        "not removed, but changed by somebody",
        "promoted",
        "not promoted",
        "not promoted, and gone",
        "cancelled, and not invited again",
        "nothing shows whether promoted",
    ],
)
def test_what_is_there_says_what_happened(doubt: Change, found: Resource | None, happened: bool) -> None:
    result = settled(doubt, found)
    ((_, outcome),) = result.findings
    assert isinstance(outcome, Applied if happened else Failed)
    assert result.state.in_doubt == {}
    assert result.state.deferred == {}, "what had no effect was refused by nobody"


@pytest.mark.parametrize("found", [None, resource(status=Status.INVITED)])
def test_what_the_system_accepted_and_never_shows_is_put_aside_like_a_failure(found: Resource | None) -> None:
    system, looks = get_system("business_center"), Live(organization="bc", resources={EVE: found} if found else {})
    ledger = StateBuilder(state(), system=system, today=TODAY)
    ledger.begin(INVITE)
    ledger.take(INVITE, InDoubt(reason="accepted, not shown", has_looked=True, is_accepted=True))
    result = settle(ledger.state(), looks, system=system, today=TODAY).state
    assert result.in_doubt == {}
    aside = Deferral(reason="accepted, not shown", since=TODAY, tried=TODAY, identity=INVITE.identity)
    assert result.deferred == ({} if found else {EVE: aside})


def test_an_invitation_that_took_effect_counts_like_any_other() -> None:
    result = settled(INVITE, resource(status=Status.INVITED))
    assert result.state.invitations == {TODAY: 1}
    assert (result.state.records[EVE].asked, result.state.records[EVE].asked_on) == (1, TODAY)


def test_an_invitation_that_had_no_effect_does_not_count() -> None:
    assert settled(INVITE, None).state.invitations == {}


def test_a_half_done_new_invitation_is_not_taken_for_a_refusal_of_the_person() -> None:
    assert EVE not in settled(REINVITE, None, known=True).state.records


def test_a_share_that_was_taken_away_and_not_given_again_is_gone_through_us() -> None:
    before = replace(state(SHARE), in_doubt={SHARE: LOWER})
    result = settle(before, Live(organization="bc"), system=get_system("business_center"), today=TODAY)
    assert result.findings == ((LOWER, Applied(live=None)),)
    assert SHARE not in result.state.records


def test_what_cannot_be_read_stays_in_doubt() -> None:
    before = replace(state(), in_doubt={EVE: INVITE})
    live = Live(organization="bc", unknown={"bc/": "503"})
    result = settle(before, live, system=get_system("business_center"), today=TODAY)
    assert result.state.in_doubt == {EVE: INVITE}
    assert isinstance(result.findings[0][1], InDoubt)


def test_without_a_look_at_the_system_what_is_in_doubt_is_unknown_and_never_planned() -> None:
    before = replace(state(EVE), in_doubt={EVE: REMOVE})
    live = recorded_as_live(before)
    assert live.find(EVE) is not None
    assert EVE not in live.resources


def test_a_state_without_doubts_is_left_as_it_is() -> None:
    before: State = state(EVE)
    assert settle(before, Live(organization="bc"), system=get_system("business_center"), today=TODAY).state is before
