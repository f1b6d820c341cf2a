"""Which name each remembered thing has today: one rule for plans, reviews, scopes and questions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml

from reconciler.engine.identities import Dispute, Identities, Names, rename_to_today
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Action,
    Address,
    Change,
    Desired,
    DriftSort,
    KnownDrift,
    Record,
    Resource,
    Severity,
    State,
    Status,
)

EVA = "eva@acme.example"


def desired(
    *, people: dict[str, str], members: tuple[str, ...] = (), moved: tuple[tuple[str, str], ...] = (), **sections: Any
) -> Desired:
    """Of one Business Center; whoever of the people is a member is one as standard."""
    document = {
        "version": 1,
        "people": {key: {"email": email} for key, email in {"ana": "ana@acme.example", **people}.items()},
        "organizations": {
            "bc": {
                "system": "business_center",
                "id": "6900000000000000001",
                "members": {"ana": "admin", **dict.fromkeys(members, "standard")},
                **sections,
            }
        },
        "moved": [{"from": f"bc/{source}", "to": f"bc/{target}"} for source, target in moved],
    }
    loaded = load_manifests([SourceFile("access.yaml", yaml.safe_dump(document).encode())])
    assert loaded.desired is not None, [one.message for one in loaded.findings if one.severity is Severity.ERROR]
    return loaded.desired


def names(wanted: Desired, **remembered: str) -> Names:
    """`member__eva="eva@..."` is a remembered member and what the system knows them by."""
    things = {Address("bc", *name.split("__", 1)): identity for name, identity in remembered.items()}
    return Identities(wanted).names("bc", things)


def keys(found: Names) -> dict[str, str]:
    return {"/".join(name): key for name, key in found.keys.items()}


def test_a_person_under_another_key_is_the_same_account() -> None:
    found = names(desired(people={"evelyn": EVA}), member__eva=EVA)
    assert keys(found) == {"member/eva": "evelyn"}
    assert found.today(Address("bc", "ad_account_access", "eva/eva")) == Address(
        "bc", "ad_account_access", "eva/evelyn"
    )


def test_whoever_was_named_by_address_is_found_in_the_directory() -> None:
    wanted = desired(people={"eva": EVA})
    assert keys(Identities(wanted).names("bc", {Address("bc", "member", EVA): ""})) == {f"member/{EVA}": "eva"}


def test_an_address_corrected_under_the_same_key_is_the_same_person() -> None:
    assert keys(names(desired(people={"eva": "eva@new.example"}), member__eva=EVA)) == {}


def test_an_address_that_passes_from_one_person_to_another_is_in_dispute() -> None:
    found = names(desired(people={"eva": "moss@home.example", "lind": EVA}, members=("lind",)), member__eva=EVA)
    assert found == Names(disputes=(Dispute(identity=EVA, recorded="eva", declared="lind"),))


def test_an_asset_is_whatever_has_its_id() -> None:
    accounts = {"us-brand": {"id": "71"}, "us": {"id": "72"}}
    found = names(desired(people={}, ad_accounts=accounts), ad_account__us="71")
    assert (keys(found), found.displaced) == ({"ad_account/us": "us-brand"}, frozenset())


def test_two_assets_that_exchange_their_keys_exchange_their_records() -> None:
    accounts = {"us": {"id": "72"}, "eu": {"id": "71"}}
    found = names(desired(people={}, ad_accounts=accounts), ad_account__us="71", ad_account__eu="72")
    assert keys(found) == {"ad_account/us": "eu", "ad_account/eu": "us"}


def test_a_key_that_means_another_asset_leaves_the_former_one_under_its_id() -> None:
    found = names(desired(people={}, ad_accounts={"us": {"id": "72"}}), ad_account__us="71")
    assert keys(found) == {"ad_account/us": "71"}
    assert found.displaced == {("ad_account", "us")}


def test_a_handle_is_the_same_in_any_case() -> None:
    accounts = {"acme": {"handle": "@acme", "permissions": ["existing_posts"]}}
    assert keys(names(desired(people={}, tiktok_accounts=accounts), tiktok_account__acme="@ACME")) == {}


def test_a_group_without_an_id_goes_where_it_is_moved_to() -> None:
    groups: dict[str, Any] = {"media": {"ad_accounts": []}}
    wanted = desired(people={}, asset_groups=groups, moved=(("asset_group/buyers", "asset_group/media"),))
    assert keys(names(wanted, asset_group__buyers="5")) == {"asset_group/buyers": "media"}
    assert keys(names(desired(people={}, asset_groups=groups), asset_group__buyers="5")) == {}


@pytest.mark.parametrize("turned", [False, True])
def test_moves_are_followed_to_their_end_in_any_order(*, turned: bool) -> None:
    moves = (("member/e1", "member/e2"), ("member/e2", "member/e3"))
    wanted = desired(people={"e3": "new@acme.example"}, moved=moves[::-1] if turned else moves)
    assert keys(names(wanted, member__e1="old@acme.example")) == {"member/e1": "e3"}
    assert keys(names(wanted, member__e2="old@acme.example")) == {"member/e2": "e3"}
    assert keys(names(wanted, member__e3="old@acme.example")) == {}


def test_a_move_to_somebody_else_is_not_followed() -> None:
    wanted = desired(people={"cy": "cy@acme.example"}, moved=(("member/cy", "member/eve@acme.example"),))
    found = names(wanted, member__cy="cy@acme.example")
    assert keys(found) == {}
    assert [one.why for one in found.refused] == ["cy@acme.example is still cy in the manifests"]


def test_a_move_to_what_is_recorded_too_is_not_followed() -> None:
    wanted = desired(people={}, moved=(("asset_group/a", "asset_group/b"),), asset_groups={"b": {"ad_accounts": []}})
    found = names(wanted, asset_group__a="5", asset_group__b="6")
    assert keys(found) == {}
    assert [one.why for one in found.refused] == ["asset_group/b is recorded too, as 6"]


def test_of_two_records_of_one_thing_both_get_its_name() -> None:
    found = names(desired(people={}, ad_accounts={"us": {"id": "71"}}), ad_account__old="71", ad_account__us="71")
    assert keys(found) == {"ad_account/old": "us"}


def test_access_does_not_move_by_itself() -> None:
    wanted = desired(
        people={"eva": EVA},
        ad_accounts={"us": {"id": "71"}, "eu": {"id": "72"}},
        moved=(("ad_account_access/us/eva", "ad_account_access/eu/eva"),),
    )
    access = Address("bc", "ad_account_access", "us/eva")
    found = Identities(wanted).names("bc", {Address("bc", "ad_account", "us"): "71"}, recorded={access})
    assert keys(found) == {}
    assert len(found.refused) == 1


def test_a_change_in_doubt_is_looked_for_under_the_name_of_today() -> None:
    before = Address("bc", "member", "eva")
    invited = Resource(address=before, attributes={"role": "standard"}, status=Status.INVITED, identity=EVA)
    change = Change(
        address=before,
        action=Action.INVITE,
        before=None,
        after=invited,
        fingerprint="absent",
        why="declared",
        actor="ann",
    )
    state = State(organization="bc", in_doubt={before: change})
    wanted = desired(people={"evelyn": EVA}, members=("evelyn",))
    now = Address("bc", "member", "evelyn")
    (renamed,) = rename_to_today(state, Identities(wanted)).state.in_doubt.values()
    assert (renamed.address, renamed.after) == (now, replace(invited, address=now))


def test_what_an_audit_has_written_under_the_name_of_today_counts_most() -> None:
    before, now = Address("bc", "member", "eva"), Address("bc", "member", "evelyn")
    known = KnownDrift(address=before, sort=DriftSort.CHANGED, live="old", first_seen=date(2026, 11, 1))
    accepted = replace(known, address=now, live="new", reason="OPS-1")
    records = {before: Record(address=before, identity=EVA)}
    wanted = Identities(desired(people={"evelyn": EVA}))
    for drift in ({before: known, now: accepted}, {now: accepted, before: known}):
        state = State(organization="bc", records=records, drift=drift)
        assert rename_to_today(state, wanted).state.drift == {now: accepted}
