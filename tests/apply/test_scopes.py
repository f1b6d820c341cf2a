"""Whose address is whose, when the manifests change and the state remembers."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.apply.planning import Scopes
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, Desired, Record, Resource, Roster, Scope, State, Status

NOW = datetime(2026, 11, 22, tzinfo=UTC)
EVE = Address("bc", "member", "eve")


def load(manifest: str) -> Desired:
    loaded = load_manifests([SourceFile("access.yaml", manifest.encode())])
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


def scope(
    people: str,
    *,
    members: str = "{ana: admin, eve: standard}",
    remembered: str = "eve@old.example",
    more: str = "",
    others: tuple[Record, ...] = (),
    status: Status = Status.ACTIVE,
) -> Scope:
    """Of a Business Center in which Eve was recorded under the remembered address, with the number 42."""
    manifest = f"""
version: 1
people: {{ana: {{email: ana@acme.example}}, {people}}}
organizations: {{bc: {{system: business_center, id: "6900000000000000001", members: {members}}}}}
{more}
"""
    records = (Record(address=EVE, identity=remembered, platform_id="42", status=status), *others)
    state = State(organization="bc", records={record.address: record for record in records})
    return Scopes(load(manifest)).scope_of("bc", state)


def test_a_corrected_address_does_not_hide_the_account_that_was_given_access_before() -> None:
    found = scope("eve: {email: eve@new.example}")
    assert found.people["eve"] == ("eve@new.example", "eve@old.example")
    assert (found.keys["eve@old.example"], found.keys["eve@new.example"]) == ("eve", "eve")


def test_somebody_deleted_from_the_directory_is_still_found_under_the_remembered_address() -> None:
    found = scope("bo: {email: bo@acme.example}", members="{ana: admin, bo: admin}")
    assert (found.people["eve"], found.keys["eve@old.example"]) == (("eve@old.example",), "eve")


def test_an_address_that_is_somebody_elses_by_now_stays_the_account_of_whom_it_was_recorded_of() -> None:
    found = scope("eve: {email: eve@new.example}, finn: {email: eve@old.example}")
    assert found.people["eve"] == ("eve@new.example", "eve@old.example")
    assert found.keys["eve@old.example"] == "eve"
    assert dict(found.platform_ids) == {"42": "eve"}


def test_an_address_of_somebody_who_is_gone_is_theirs_who_has_it_now() -> None:
    found = scope("eve: {email: eve@new.example}, finn: {email: eve@old.example}", status=Status.LEFT)
    assert found.keys["eve@old.example"] == "finn"
    assert dict(found.platform_ids) == {}


def test_a_number_once_learnt_means_the_same_person_whatever_the_address_is_now() -> None:
    assert dict(scope("eve: {email: eve@new.example}").platform_ids) == {"42": "eve"}
    gone = scope("bo: {email: bo@acme.example}", members="{ana: admin, bo: admin}")
    assert dict(gone.platform_ids) == {"42": "eve"}


def read_rosters(people: str, *members: tuple[str, str]) -> dict[str, list[str]]:
    """Keys in the rosters of a scope, of which that of members lists keys with the addresses on the page."""
    desired = load(f"""
version: 1
people: {{ana: {{email: ana@acme.example}}, {people}}}
organizations: {{dev: {{system: developers, name: Acme, members: {{ana: admin}}}}}}
""")
    listed = tuple(Resource(address=Address("dev", "member", key), identity=known_as) for key, known_as in members)
    app = Resource(address=Address("dev", "app", "shop"), attributes={"owner": "person:eve"}, identity="awx1")
    managed = Resource(address=Address("dev", "app_access", "shop/eve"))
    kinds = {"member": listed, "app": (app,), "app_access": (managed,)}
    rosters = {kind: Roster(kind=kind, taken=NOW, resources=rows) for kind, rows in kinds.items()}
    found = Scopes(desired).scope_of("dev", State(organization="dev", rosters=rosters)).rosters
    keys = {kind: [one.address.key for one in roster.resources] for kind, roster in found.items()}
    return {**keys, "owner": [str(one.attributes["owner"]) for one in found["app"].resources]}


def test_a_person_who_got_another_key_since_a_roster_was_read_has_it_everywhere_in_it() -> None:
    found = read_rosters("eva: {email: eve@acme.example}", ("eve", "eve@acme.example"))
    assert found == {"member": ["eva"], "app": ["shop"], "app_access": ["shop/eva"], "owner": ["person:eva"]}


def test_a_row_is_of_whoever_has_the_account_although_its_key_means_somebody_else_by_now() -> None:
    people = "eva: {email: eve@acme.example}, eve: {email: eve.two@acme.example}"
    found = read_rosters(people, ("eve", "eve@acme.example"))
    assert (found["member"], found["app_access"], found["owner"]) == (["eva"], ["shop/eva"], ["person:eva"])


def test_two_rows_of_a_roster_may_turn_out_to_be_about_one_person() -> None:
    people = "eve: {email: eve@acme.example, identities: {developers: e@old.example}}"
    found = read_rosters(people, ("eve", "eve@acme.example"), ("e@old.example", "e@old.example"))
    assert found["member"] == ["eve", "eve"]


def test_members_are_whoever_is_declared_or_was_recorded_as_one() -> None:
    found = scope(
        "bo: {email: bo@acme.example}, cy: {email: cy@acme.example}", members="{ana: admin, d@y.example: admin}"
    )
    assert found.members == {"ana", "d@y.example", "eve"}


def test_a_number_goes_with_a_renamed_person() -> None:
    found = scope(
        "eva: {email: eve@old.example}",
        members="{ana: admin, eva: standard}",
        more="moved: [{from: bc/member/eve, to: bc/member/eva}]",
    )
    assert dict(found.platform_ids) == {"42": "eva"}


def test_a_number_that_is_remembered_of_two_people_means_nobody() -> None:
    ana = Record(address=Address("bc", "member", "ana"), identity="ana@acme.example", platform_id="42")
    assert dict(scope("eve: {email: eve@old.example}", others=(ana,)).platform_ids) == {}


def test_what_the_manifests_say_of_a_number_counts_more_than_what_was_learnt() -> None:
    other = scope('eve: {email: eve@old.example}, zoe: {identities: {business_center_id: "42"}}')
    assert dict(other.platform_ids) == {"42": "zoe"}
    corrected = scope('eve: {email: eve@old.example, identities: {business_center_id: "43"}}')
    assert dict(corrected.platform_ids) == {"43": "eve"}


def test_only_members_have_numbers_that_name_a_person() -> None:
    account = Record(address=Address("bc", "ad_account", "us"), identity="71", platform_id="71")
    assert dict(scope("eve: {email: eve@old.example}", others=(account,)).platform_ids) == {"42": "eve"}
