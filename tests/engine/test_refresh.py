"""What is remembered of something that moved, vanished or could not be read."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.engine.drift import remember
from reconciler.model import Address, Declared, Live, Place, Record, Resource, Status
from reconciler.systems.catalogue import get_system

TODAY = date(2026, 11, 22)
HERE = Place("access.yaml", 1, 1)
CENTER = get_system("business_center")


def at(text: str) -> Address:
    return Address.parse(f"acme/{text}")


def record(text: str, status: Status = Status.ACTIVE, *, protect: bool = False) -> Record:
    return Record(address=at(text), status=status, asked=2, since=date(2026, 11, 1), protect=protect)


def remembered(
    known: Record | None, *, live: Resource | None = None, unknown: str = "", wanted: Declared | None = None
) -> Record | None:
    address = next(thing.address for thing in (known, live, wanted) if thing is not None)
    found = remember(
        records={} if known is None else {address: known},
        live=Live(
            organization="acme",
            resources={} if live is None else {address: live},
            unknown={unknown: "cannot be read"} if unknown else {},
        ),
        wanted={} if wanted is None else {address: wanted},
        in_question=[address],
        system=CENTER,
        today=TODAY,
    )
    return found.get(address)


def declared(text: str, *, protect: bool = False) -> Declared:
    return Declared(address=at(text), place=HERE, protect=protect)


@pytest.mark.parametrize(
    ("text", "was", "becomes"),
    [
        ("member/eve", Status.ACTIVE, Status.LEFT),
        ("member/eve", Status.INVITED, Status.DECLINED),
        ("member/eve", Status.EXPIRED, Status.EXPIRED),
        ("member/eve", Status.LEFT, Status.LEFT),
        ("tiktok_account/acme", Status.ACTIVE, Status.REVOKED_BY_OWNER),
        ("tiktok_account/acme", Status.REQUESTED, Status.LAPSED),
        ("ad_account/us", Status.REQUESTED, Status.LAPSED),
        ("pixel_access/shop/eve", Status.ACTIVE, Status.ACTIVE),
    ],
)
def test_what_a_vanished_thing_counts_as(text: str, was: Status, becomes: Status) -> None:
    kept = remembered(record(text, was), wanted=declared(text))
    assert kept is not None
    assert kept.status is becomes
    assert kept.since == (date(2026, 11, 1) if was is becomes else TODAY)
    assert kept.asked == 2


def test_what_is_neither_wanted_nor_there_is_forgotten() -> None:
    assert remembered(record("member/eve")) is None


def test_what_could_not_be_read_is_remembered_as_it_was() -> None:
    known = record("member/eve", protect=True)
    assert remembered(known, unknown="acme/member/", wanted=declared("member/eve")) == known


def test_what_is_wanted_and_there_is_remembered_from_now_on() -> None:
    live = Resource(address=at("member/eve"), attributes={"role": "standard"}, identity="eve@acme.example")
    kept = remembered(None, live=live, wanted=declared("member/eve", protect=True))
    assert kept == Record(
        address=at("member/eve"),
        attributes={"role": "standard"},
        identity="eve@acme.example",
        since=TODAY,
        protect=True,
        granted={},
    )


def test_an_invitation_sent_by_hand_counts_as_the_first() -> None:
    live = Resource(address=at("member/eve"), status=Status.INVITED, since=date(2026, 11, 20))
    kept = remembered(None, live=live, wanted=declared("member/eve"))
    assert kept is not None
    assert (kept.asked, kept.asked_on) == (1, date(2026, 11, 20))


def test_accepting_forgets_how_often_was_asked() -> None:
    kept = remembered(
        record("member/eve", Status.INVITED), live=Resource(address=at("member/eve")), wanted=declared("member/eve")
    )
    assert kept is not None
    assert kept.asked == 0


def test_protection_follows_the_declaration_while_there_is_one_and_stays_without() -> None:
    live = Resource(address=at("member/eve"))
    lifted = remembered(record("member/eve", protect=True), live=live, wanted=declared("member/eve"))
    kept = remembered(record("member/eve", protect=True), live=live)
    assert lifted is not None
    assert kept is not None
    assert (lifted.protect, kept.protect) == (False, True)


def test_an_end_is_known_once_it_was_seen_in_force_and_stays_known_when_it_has_passed() -> None:
    live = Resource(address=at("member/eve"))
    until = Declared(address=at("member/eve"), place=HERE, expires=date(2026, 12, 5))
    known = remembered(record("member/eve"), live=live, wanted=until)
    passed = remembered(known, live=live)
    lifted = remembered(known, live=live, wanted=declared("member/eve"))
    assert known is not None
    assert passed is not None
    assert lifted is not None
    assert (known.ends, passed.ends, lifted.ends) == (date(2026, 12, 5), date(2026, 12, 5), None)


def test_a_share_that_was_only_told_goes_with_its_partner_and_is_not_believed_again() -> None:
    """Its partner may be added anew, and nothing would show that the share did not come back with it."""
    told, shown = "pixel_share/north/web", "partner_share/north/us"
    assert remembered(record(told), wanted=declared(told)) is None
    assert remembered(record(shown), wanted=declared(shown)) is not None
