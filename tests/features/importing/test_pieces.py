"""Keys, names and groups that an import chooses."""

from __future__ import annotations

import pytest

from reconciler.editing.index import NotExpressible
from reconciler.features.importing.compose import clean_name, find_teams, introduce, key_for_thing, render_manifest
from reconciler.model import Address, Resource
from reconciler.systems.catalogue import get_system

CENTER = get_system("business_center")
BRAND = get_system("organization_account")


@pytest.mark.parametrize(
    ("identity", "taken", "key"),
    [
        ("ana@acme.example", set(), "ana"),
        ("ana.lopez+ads@acme.example", set(), "ana.lopez"),
        ("ana@acme.example", {"ana"}, "ana-acme"),
        ("ana@acme.example", {"ana", "ana-acme"}, "ana-acme-2"),
        ("o'neil@acme.example", set(), "o-neil"),
        ("_@acme.example", set(), "person"),
        ("+34600111222", set(), "phone-34600111222"),
    ],
)
def test_somebody_new_gets_a_readable_key_that_is_free(identity: str, taken: set[str], key: str) -> None:
    assert introduce(identity, BRAND, shown=identity, name="", taken=taken)[0] == key


@pytest.mark.parametrize(
    ("identity", "shown", "why"),
    [
        ("6800000000000000001", "a*a@acme.example#6800000000000000001", "its address is only shown as"),
        ("6800000000000000001", "6800000000000000001", "neither an e-mail address nor a phone number"),
        ("@ana", "@ana", "neither an e-mail address nor a phone number"),
        ("ana@localhost", "ana@localhost", "no address that can be declared"),
        ("+34600111222", "+34600111222", "neither an e-mail address nor a phone number"),
    ],
)
def test_who_cannot_be_told_is_not_declared(identity: str, shown: str, why: str) -> None:
    with pytest.raises(NotExpressible, match=why):
        introduce(identity, CENTER, shown=shown, name="", taken=())


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("  Ana   Lopez ", "Ana Lopez"),
        ("Ana\u202eLopez", ""),
        ("a" * 101, ""),
        ("ghp_" + "a1B2" * 9, ""),
        ("*[x](y)*", "*[x](y)*"),
        ("Ana\x1b[31m", ""),
    ],
)
def test_names_from_outside_stand_in_a_reviewed_file_only_as_they_are_seen(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_things_are_called_as_people_call_them() -> None:
    assert key_for_thing("7100000000000000001", "US — Brand", set()) == "us-brand"
    assert key_for_thing("7100000000000000001", "US Brand", {"us-brand"}) == "us-brand-0001"
    assert key_for_thing("7100000000000000001", "", set()) == "7100000000000000001"
    assert key_for_thing("@acme.studio", "", set()) == "acme.studio"


def grant(asset: str, person: str, role: str = "operator") -> Resource:
    return Resource(address=Address("bc", "ad_account_access", f"{asset}/{person}"), attributes={"role": role})


def test_a_group_is_proposed_for_three_people_with_the_same_access_in_two_places() -> None:
    grants = [grant(asset, person) for asset in ("us-brand", "us-shop") for person in ("a", "b", "c")]
    (team,) = find_teams(grants, taken={"us-team"})
    assert (team.name, team.members) == ("us-team-2", ("a", "b", "c"))
    assert team.description == "have the same access to us-brand and us-shop"


@pytest.mark.parametrize(
    "grants",
    [
        [grant(asset, person) for asset in ("x", "y") for person in ("a", "b")],
        [grant("x", person) for person in ("a", "b", "c")],
        [*[grant("x", person) for person in "abc"], *[grant("y", person) for person in "abcd"]],
    ],
    ids=["two people", "one place", "nearly the same"],
)
def test_no_group_is_proposed_for(grants: list[Resource]) -> None:
    assert find_teams(grants, taken=()) == []


def test_long_lists_stand_below_one_another_and_comments_show_what_is_hidden() -> None:
    people = [f"somebody-{number}" for number in range(12)]
    text = render_manifest({"groups": {"x": {"members": people}}}, tails={("groups", "x"): ["seen \u202e\nx"]})
    assert text.splitlines()[:4] == ["groups:", "  x:", "    members:", "      - somebody-0"]
    assert text.splitlines()[-1] == "    # seen \\u202e\\nx"
