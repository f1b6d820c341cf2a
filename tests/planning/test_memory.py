"""What is remembered of something that moved, vanished or could not be read."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.core.address import Address
from reconciler.core.declared import Declared, Move
from reconciler.core.finding import Place
from reconciler.core.live import Live
from reconciler.core.planning.memory import follow_moves, remember
from reconciler.core.resource import Resource, Status
from reconciler.core.state import Record
from reconciler.systems import get_system

TODAY = date(2026, 11, 22)
HERE = Place("access.yaml", 1, 1)
CENTER = get_system("business_center")


def at(text: str) -> Address:
    return Address.parse(f"acme/{text}")


def record(text: str, status: Status = Status.ACTIVE, *, protect: bool = False) -> Record:
    return Record(address=at(text), status=status, asked=2, since=date(2026, 11, 1), protect=protect)


def moved(*moves: tuple[str, str], records: tuple[str, ...], wanted: tuple[str, ...] = ()) -> set[str]:
    found = follow_moves(
        {at(text): record(text) for text in records},
        [Move(source=at(source), target=at(target), place=HERE) for source, target in moves],
        wanted={at(text) for text in wanted},
    )
    assert all(kept.address == address for address, kept in found.items())
    return {str(address).removeprefix("acme/") for address in found}


def test_a_member_takes_all_grants_along() -> None:
    records = (
        "member/eva",
        "ad_account_access/us/eva",
        "pixel_access/shop/eva",
        "ad_account_access/us/bo",
        "ad_account/us",
    )
    assert moved(("member/eva", "member/eve"), records=records) == {
        "member/eve",
        "ad_account_access/us/eve",
        "pixel_access/shop/eve",
        "ad_account_access/us/bo",
        "ad_account/us",
    }


def test_a_moved_grant_moves_alone() -> None:
    records = ("member/eva", "ad_account_access/us/eva")
    assert moved(("ad_account_access/us/eva", "ad_account_access/eu/eva"), records=records) == {
        "member/eva",
        "ad_account_access/eu/eva",
    }


def test_an_asset_whose_key_reads_like_a_person_does_not_move_with_the_person() -> None:
    records = ("member/eva", "ad_account/eva", "ad_account_access/eva/bo")
    assert moved(("member/eva", "member/eve"), records=records) == {
        "member/eve",
        "ad_account/eva",
        "ad_account_access/eva/bo",
    }


def test_what_is_remembered_at_the_target_is_not_overwritten() -> None:
    assert moved(("member/eva", "member/eve"), records=("member/eva", "member/eve")) == {"member/eva", "member/eve"}


def test_moves_can_follow_one_another() -> None:
    moves = (("member/eva", "member/eve"), ("member/eve", "member/evi"))
    assert moved(*moves, records=("member/eva",)) == {"member/evi"}


def test_a_move_that_happened_long_ago_does_nothing() -> None:
    assert moved(("member/eva", "member/eve"), records=("member/eve",)) == {"member/eve"}


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
