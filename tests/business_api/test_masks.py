"""Whose masked address is whose; a wrong guess would take somebody else's access."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from reconciler.model import Organization, Place, Scope, Status, is_masked, match_masks, may_show
from reconciler.providers.business_api.session import CenterNames, MemberList, make_roster
from reconciler.systems.catalogue import get_system

BC = Organization(key="bc", system=get_system("business_center"), identity="69", place=Place("a.yaml", 1, 1))


def row(email: str, *, number: str | None = None, status: str = "BOUND", role: str = "STANDARD") -> dict[str, object]:
    extended = {"finance_role": None}
    return {
        "user_id": number,
        "user_email": email,
        "user_role": role,
        "relation_status": status,
        "ext_user_role": extended,
    }


def roster(*rows: dict[str, object], learnt: dict[str, str] | None = None, **people: tuple[str, ...]) -> MemberList:
    return make_roster(rows, CenterNames(Scope(organization=BC, people=people)), learnt=learnt)


def test_a_mask_that_fits_one_person_is_theirs() -> None:
    found = match_masks(["a*a@x.example"], {"ana@x.example": "ana", "bo@x.example": "bo"})
    assert (found.people, found.ambiguous) == ({"a*a@x.example": "ana"}, {})


def test_a_mask_that_fits_two_people_is_nobodys() -> None:
    found = match_masks(["a*a@x.example"], {"ana@x.example": "ana", "alexa@x.example": "alexa"})
    assert (found.people, found.ambiguous) == ({}, {"a*a@x.example": frozenset({"ana", "alexa"})})


def test_two_rows_that_fit_one_person_are_both_nobodys() -> None:
    found = match_masks(["a*a@x.example", "a*a@x.example"], {"ana@x.example": "ana"})
    assert (found.people, found.ambiguous) == ({}, {"a*a@x.example": frozenset({"ana"})})


def test_stars_count_only_where_they_differ() -> None:
    people = {"ana@x.example": "ana", "alexa@x.example": "alexa"}
    assert match_masks(["a***a@x.example"], people).people == {}
    assert match_masks(["a***a@x.example", "a*a@x.example"], people).people == {
        "a***a@x.example": "alexa",
        "a*a@x.example": "ana",
    }


def test_a_mask_whose_stars_fit_nobody_is_doubted_and_no_stranger() -> None:
    found = match_masks(["a*****a@x.example", "b*b@x.example"], {"ana@x.example": "ana", "bob@x.example": "bob"})
    assert found.people == {"b*b@x.example": "bob"}
    assert found.ambiguous == {"a*****a@x.example": {"ana"}}


@pytest.mark.parametrize("shown", ["ana@straße.example", "ana@\u017ftrasse.example", "a*a@straße.example"])
def test_letters_that_only_fold_to_the_same_are_another_address(shown: str) -> None:
    """`ß` and `ss` are two domains, and whoever has one of them is a stranger in the other."""
    found = roster(row(shown, number="7"), ana=("ana@strasse.example",))
    assert "ana" not in found.seats
    assert "ana" not in found.people.values()


def test_another_domain_is_another_person() -> None:
    found = match_masks(["a*a@y.example"], {"ana@x.example": "ana"})
    assert (found.people, found.ambiguous) == ({}, {})


LOCAL = st.text("ab", min_size=1, max_size=5)


def hide(email: str, *, stars: int | None) -> str:
    local, _, domain = email.partition("@")
    hidden = max(len(local) - 2, 1) if stars is None else stars
    return f"{local[0]}{'*' * hidden}{local[-1] if len(local) > 2 else ''}@{domain}"


@given(st.sets(LOCAL, max_size=8), st.sets(LOCAL, max_size=6), st.sampled_from([None, 1, 3]))
def test_nobody_is_ever_taken_for_somebody_else(directory: set[str], inside: set[str], stars: int | None) -> None:
    """As long as everybody who is in is in the directory; strangers who look like somebody cannot be told."""
    candidates = {f"{name}@x.example": name for name in directory | inside}
    masks = {name: hide(f"{name}@x.example", stars=stars) for name in inside}
    found = match_masks(masks.values(), candidates)
    for name, mask in masks.items():
        assert found.people.get(mask, name) == name
        assert mask in found.people or name in found.ambiguous[mask]


def test_what_a_mask_may_show_is_told_loosely() -> None:
    assert may_show("a*a@x.example", "ALEXA@x.example")
    assert not may_show("a*a@x.example", "alex@x.example")
    assert may_show("a\u2022\u2022a@\u2026.example", "ana@x.example")
    assert not may_show("a*e@*.example", "ana@x.example")
    assert not may_show("*a", "@ana@x.example")
    assert is_masked("*@x.example")
    assert not is_masked("ana@x*.example")


def test_a_number_seen_before_decides_first() -> None:
    found = roster(
        row("a*a@x.example", number="1"),
        row("a*a@x.example", number="2"),
        learnt={"1": "ana", "2": "alexa"},
        ana=("ana@x.example",),
        alexa=("alexa@x.example",),
    )
    assert found.people == {"1": "ana", "2": "alexa"}
    assert found.ambiguous == {}
    assert found.seats["alexa"].email == "alexa@x.example"


def test_a_number_whose_address_is_another_persons_is_nobodys() -> None:
    found = roster(row("bo@x.example", number="1"), learnt={"1": "ana"}, ana=("ana@x.example",), bo=("bo@x.example",))
    assert found.seats == {}
    assert set(found.ambiguous) == {"ana", "bo"}


def test_whoever_took_an_address_that_nobody_else_has_is_still_known_by_number() -> None:
    found = roster(row("ana@home.example", number="1"), learnt={"1": "ana"}, ana=("ana@x.example",))
    assert found.people == {"1": "ana"}
    assert found.ambiguous == {}


def test_an_ambiguous_row_is_in_no_seat_and_its_people_are_told_why() -> None:
    found = roster(row("a*a@x.example", number="1"), ana=("ana@x.example",), alexa=("alexa@x.example",))
    assert found.seats == {}
    assert set(found.ambiguous) == {"ana", "alexa"}
    assert found.ambiguous["ana"] == (
        "member 1 is shown as a*a@x.example and may be any of alexa, ana; whose number is it? "
        'Add `identities: {business_center_id: "1"}` to whoever it is under `people`, a stranger too'
    )


def test_two_members_who_look_like_one_person_are_asked_about_with_both_numbers() -> None:
    found = roster(row("a*a@x.example", number="1"), row("a*a@x.example", number="2"), ana=("ana@x.example",))
    assert found.ambiguous["ana"] == (
        'several members are shown as a*a@x.example; who is who? Add `identities: {business_center_id: "1"}` or '
        '`identities: {business_center_id: "2"}` to whoever each of them is under `people`, a stranger too'
    )


def test_an_invitation_has_no_number_to_ask_about() -> None:
    rows = [row("a*a@x.example", status="PENDING"), row("b*b@x.example", status="PENDING")]
    found = roster(*rows, ana=("ana@x.example",), alexa=("alexa@x.example",), bob=("bob@x.example",))
    assert found.ambiguous["ana"] == (
        "an invitation is shown as a*a@x.example and may be any of alexa, ana; "
        "an admin sees at business.tiktok.com, Members, to whom it went, and can cancel it there"
    )
    assert (found.seats["bob"].user_id, found.people) == ("", {}), "a filler is nobody's number"


def test_whoever_was_found_whole_is_no_candidate_for_a_mask() -> None:
    found = roster(
        row("ana@x.example", number="1"),
        row("a*a@x.example", number="2"),
        ana=("ana@x.example",),
        alexa=("alexa@x.example",),
    )
    assert {seat.key: seat.user_id for seat in found.seats.values()} == {"ana": "1", "alexa": "2"}


def test_a_stranger_is_told_by_mask_and_number() -> None:
    found = roster(row("z*z@x.example", number="7"), row("whole@x.example", number="8"), ana=("ana@x.example",))
    assert set(found.seats) == {"z*z@x.example#7", "whole@x.example"}
    assert found.seats["z*z@x.example#7"].identity == "7"


def test_of_several_rows_of_a_person_the_one_that_gives_access_counts() -> None:
    found = roster(row("ana@x.example", status="REJECTED"), row("a*a@x.example", number="1"), ana=("ana@x.example",))
    assert (found.seats["ana"].status, found.seats["ana"].user_id) == (Status.ACTIVE, "1")
    found = roster(row("ana@x.example", status="REJECTED"), row("ana@x.example", number="1"), ana=("ana@x.example",))
    assert found.seats["ana"].status is Status.ACTIVE
    assert len(found.seats) == 1


def test_the_address_behind_a_mask_is_the_one_that_fits() -> None:
    found = roster(row("a*z@x.example", status="PENDING"), ana=("ana@x.example", "a.lopez@x.example"))
    assert found.seats["ana"].email == "a.lopez@x.example"


NAMELESS = row("", number="9")
PAIR: dict[str, Any] = {"ana": ("ana@x.example",), "bo": ("bo@x.example",)}


def test_a_member_who_is_shown_without_an_address_may_be_anybody_who_was_not_found() -> None:
    found = roster(row("a*a@x.example", number="1"), {**NAMELESS, "user_email": None, "user_name": "Bo"}, **PAIR)
    assert found.seats.keys() == {"ana"}
    assert found.ambiguous == {
        "bo": "member 9, called 'Bo', is shown without an e-mail address and may be anybody who was not found; "
        'whose number is it? Add `identities: {business_center_id: "9"}` to whoever it is under '
        "`people`, a stranger too"
    }


def test_a_member_without_an_address_is_known_by_a_number_that_was_learnt() -> None:
    found = roster(row("a*a@x.example", number="1"), NAMELESS, learnt={"9": "bo"}, **PAIR)
    assert (found.people, found.ambiguous) == ({"1": "ana", "9": "bo"}, {})


def test_whoever_has_another_number_is_not_the_member_without_an_address() -> None:
    found = roster(NAMELESS, learnt={"2": "bo"}, **PAIR)
    assert found.ambiguous.keys() == {"ana"}
    assert found.seats == {}, "and yet nobody is shown there who could be removed as a stranger"


def test_a_member_without_an_address_is_a_stranger_once_everybody_was_found() -> None:
    found = roster(row("ana@x.example", number="1"), row("bo@x.example", status="PENDING"), NAMELESS, **PAIR)
    assert found.ambiguous == {}
    assert found.seats.keys() == {"ana", "bo", "#9"}


def test_whoever_declined_may_be_in_as_the_member_without_an_address_all_the_same() -> None:
    found = roster(row("ana@x.example", number="1"), row("bo@x.example", status="REJECTED"), NAMELESS, **PAIR)
    assert found.ambiguous.keys() == {"bo"}
    assert found.seats.keys() == {"ana"}


def test_only_a_member_who_is_in_makes_others_uncertain() -> None:
    found = roster({**NAMELESS, "relation_status": "REJECTED"}, **PAIR)
    assert found.ambiguous == {}


def test_people_of_other_organizations_are_not_told_about_a_member_without_an_address() -> None:
    people = {**PAIR, "cy": ("cy@x.example",)}
    scope = Scope(organization=BC, people=people, members=frozenset({"ana", "dee@y.example"}))
    found = make_roster([NAMELESS], CenterNames(scope))
    assert found.ambiguous.keys() == {"ana", "dee@y.example"}
    assert found.seats == {}
