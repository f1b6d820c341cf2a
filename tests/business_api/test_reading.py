"""What is read, what it costs, and what is unknown rather than empty."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest

from reconciler.model import Action, Address, Applied, Attributes, Live, ProviderError, Resource, Status, Unknown, Waits
from reconciler.providers.business_api.client import Client, Connection
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.sandbox.api.configuration import issue_token
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.api.transport import BusinessApiTransport
from reconciler.sandbox.assets import add_asset, create_group, grant, request_access, set_group_role
from reconciler.sandbox.partners import add_partner, share
from reconciler.sandbox.people import accept, approve, decline
from reconciler.sandbox.registry import get_organization, get_person
from reconciler.systems.catalogue import get_system
from tests.business_api.scripted import envelope, page, scripted
from tests.business_api.stage import ASSETS, CENTER, PEOPLE, SCOPE, Stage, staged
from tests.sandbox.stage import NORTH, SEED, new_world


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


NORTHERN = "7100000000000000077"


def find(live: Live, kind: str, key: str) -> object:
    return live.find(Address("acme-bc", kind, key))


def test_the_business_center_comes_first_and_everything_else_after_it(stage: Stage) -> None:
    live = stage.provider.read(SCOPE)
    assert (live.acting, dict(live.unknown)) == ("ana", {})
    assert next(iter(stage.emulator.counted)) == "GET bc/get/"
    kinds = {address.kind for address in live.resources}
    assert kinds == {
        "organization",
        "member",
        "ad_account",
        "tiktok_account",
        "catalog",
        "pixel",
        "shop",
        "lead_library",
        "managed_account",
    }


@pytest.mark.parametrize("masking", ["all", "some", "none"])
def test_members_are_the_same_people_however_their_addresses_are_shown(masking: str) -> None:
    with staged(mask_emails=masking) as stage:
        stage.do(Action.INVITE, "member", "cy", role="standard")
        live = stage.provider.read(SCOPE).resources
    told = {a.key: (r.status, r.identity) for a, r in live.items() if a.kind == "member"}
    assert told == {
        "ana": (Status.ACTIVE, "ana@acme.example"),
        "bo": (Status.ACTIVE, "bo@acme.example"),
        "cy": (Status.INVITED, "cy@acme.example"),
    }


def test_people_who_cannot_be_told_apart_are_unknown_with_all_their_access_and_nobody_is_removed() -> None:
    scope = replace(SCOPE, people={**PEOPLE, "bob": ("bx@acme.example",)})
    with staged(keyword_finds_masked=False) as stage:
        stage.do(Action.GRANT, "ad_account_access", "us/bo", role="analyst")
        live = stage.provider.read(scope)
    for person in ("bo", "bob"):
        for kind, key in (("member", person), ("ad_account_access", f"us/{person}")):
            found = find(live, kind, key)
            assert isinstance(found, Unknown)
            assert "may be any of bo, bob" in found.reason
    assert {a.key for a in live.resources if a.kind == "member"} == {"ana"}
    assert find(live, "member", "cy") is None


def test_people_whose_masks_are_alike_are_told_apart_by_searching_where_that_works() -> None:
    scope = replace(SCOPE, people={**PEOPLE, "bob": ("bx@acme.example",), "cyd": ("cx@acme.example",)})
    with staged(scope=scope) as stage:
        assert isinstance(stage.do(Action.INVITE, "member", "cy", role="standard"), Applied)
        assert isinstance(stage.do(Action.INVITE, "member", "bob", role="admin"), Applied)
        assert isinstance(stage.do(Action.GRANT, "ad_account_access", "us/bo", role="analyst"), Applied)
        live = stage.provider.read(scope)
    members = {a.key: (r.status, r.attributes["role"]) for a, r in live.resources.items() if a.kind == "member"}
    assert members == {
        "ana": (Status.ACTIVE, "admin"),
        "bo": (Status.ACTIVE, "standard"),
        "bob": (Status.INVITED, "admin"),
        "cy": (Status.INVITED, "standard"),
    }
    assert dict(live.unknown) == {}


def test_people_whose_masks_are_alike_are_told_apart_by_the_numbers_that_earlier_runs_learnt() -> None:
    alike = replace(SCOPE, people={**PEOPLE, "bob": ("bx@acme.example",)})
    with staged(keyword_finds_masked=False) as stage:
        before = stage.provider.read(SCOPE).resources
        numbers = {found.platform_id: key.key for key, found in before.items() if key.kind == "member"}
        assert sorted(numbers.values()) == ["ana", "bo"]
        assert isinstance(find(stage.provider.read(alike), "member", "bo"), Unknown)
        learnt = replace(alike, platform_ids=numbers)
        live = stage.provider.read(learnt)
        assert dict(live.unknown) == {}
        assert find(live, "member", "bob") is None
        stage.scope = learnt
        assert stage.do(Action.REMOVE, "member", "bo") == Applied(live=None)
    assert stage.count("POST bc/member/delete/") == 1


@pytest.mark.parametrize("answer", ["empty", "40001", "40007"])
def test_a_business_center_that_the_token_does_not_see_is_unknown(answer: str) -> None:
    scope = replace(SCOPE, organization=replace(CENTER, identity="6900000000000000099"))
    with staged(unknown_bc=answer) as stage:
        live = stage.provider.read(scope)
    assert live.resources == {}
    assert list(live.unknown) == ["acme-bc/"]


def test_whoever_is_no_admin_sees_that_it_is_there_and_nothing_else() -> None:
    with staged(person="bo") as stage:
        live = stage.provider.read(SCOPE)
    assert [address.kind for address in live.resources] == ["organization"]
    found = find(live, "member", "ana")
    why = "the token's owner is STANDARD there; only an ADMIN sees and changes who has access"
    assert found == Unknown(why, is_part=True)


@pytest.mark.parametrize("status", ["REVIEWING", "DENY", "PUNISH"])
def test_a_business_center_out_of_service_is_only_named(status: str) -> None:
    row = {"bc_info": {"bc_id": CENTER.identity, "status": status}, "user_role": "ADMIN"}
    client, script, _ = scripted(page([row], total=1))
    with staged() as stage:
        live = BusinessApiProvider(client, clock=stage.world).read(SCOPE)
    assert len(script.requests) == 1
    assert live.unknown == {"acme-bc/": f"the Business Center is not in service: its status is {status}"}


@pytest.mark.parametrize("rows", [[], [{"user_id": "7", "user_role": "STANDARD", "relation_status": "BOUND"}]])
def test_a_list_without_the_admin_who_asks_for_it_is_unread(rows: list[dict[str, str]]) -> None:
    """It says of itself that it is whole; whoever was known to be in would count as gone."""
    center = {"bc_info": {"bc_id": CENTER.identity, "status": "ENABLE"}, "user_role": "ADMIN"}
    client, _, _ = scripted(page([center], total=1), page(rows, total=len(rows)))
    with staged() as stage:
        live = BusinessApiProvider(client, clock=stage.world).read(SCOPE)
    assert list(live.unknown) == ["acme-bc/"]
    assert "shows no admin" in live.unknown["acme-bc/"]


@pytest.mark.parametrize(
    ("path", "unknown"),
    [
        ("bc/member/get/", ["acme-bc/"]),
        ("bc/asset/admin/get/", ["acme-bc/ad_account/", "acme-bc/ad_account_access/"]),
        ("bc/asset/member/get/", ["acme-bc/ad_account_access/eu/"]),
        ("bc/asset/advertiser/assigned/", ["acme-bc/tiktok_account_use/handle/"]),
        ("bc/pixel/link/get/", ["acme-bc/pixel_use/web/"]),
        (
            "bc/asset_group/list/",
            ["acme-bc/asset_group/", "acme-bc/asset_group_access/", "acme-bc/asset_group_asset/"],
        ),
    ],
)
def test_what_is_refused_is_unknown_and_everything_else_is_read(path: str, unknown: list[str]) -> None:
    with staged() as stage:
        stage.emulator.faults.add(Fault(kind="code", code=40001, message="No permission", path=path))
        live = stage.provider.read(SCOPE)
    assert sorted(live.unknown) == unknown
    assert all("No permission (code 40001, request" in reason for reason in live.unknown.values())


def test_access_that_could_not_be_read_for_one_person_is_unknown_for_that_person(stage: Stage) -> None:
    stage.emulator.faults.add(Fault(kind="code", code=40001, path="bc/asset/get/"))
    live = stage.provider.read(SCOPE)
    assert isinstance(find(live, "tiktok_account_access", "handle/ana"), Unknown)
    assert find(live, "tiktok_account_access", "handle/bo") is None


def test_without_partners_their_shares_are_unknown_and_so_are_assets_they_might_share(stage: Stage) -> None:
    stage.emulator.faults.add(Fault(kind="code", code=40001, path="bc/partner/get/", times=9))
    live = stage.provider.read(SCOPE)
    assert "acme-bc/partner/" in live.unknown
    assert "acme-bc/partner_share/" in live.unknown
    assert "acme-bc/ad_account/" in live.unknown


def test_a_token_that_is_worth_nothing_stops_the_run() -> None:
    client, script, _ = scripted(envelope(code=40105, message="Access token is incorrect or has been revoked."))
    with staged() as stage, pytest.raises(ProviderError, match="incorrect or has been revoked") as caught:
        BusinessApiProvider(client, clock=stage.world).read(SCOPE)
    assert "auth exchange" in caught.value.advice
    assert len(script.requests) == 1


def test_other_systems_are_refused(stage: Stage) -> None:
    scope = replace(SCOPE, organization=replace(CENTER, system=get_system("developers")))
    with pytest.raises(ProviderError, match="does not reach"):
        stage.provider.read(scope)


@pytest.mark.parametrize("number", ["equal", "other"])
def test_the_tokens_owner_is_found_by_number_or_else_by_name_and_masked_address(number: str) -> None:
    with staged(core_user_id=number) as stage:
        assert stage.provider.read(SCOPE).acting == "ana"


def test_an_owner_who_might_be_two_members_is_not_guessed() -> None:
    seed = SEED.replace("bo: bo@acme.example", "bo: {email: bo@acme.example, name: Sam}").replace(
        "ana: {email", "ana: {name: Sam, email"
    )
    scope = replace(SCOPE, people={**PEOPLE, "bo": ("aba@acme.example",)})
    admins = seed.replace("bo@acme", "aba@acme").replace("{ana: admin, bo: standard}", "{ana: admin, bo: admin}")
    with staged(world=new_world(admins), core_user_id="other", keyword_finds_masked=True) as stage:
        assert stage.provider.read(scope).acting == ""


def test_the_only_admin_there_is_must_be_the_owner_whatever_the_interface_tells_of_them(stage: Stage) -> None:
    stage.emulator.faults.add(Fault(kind="code", code=40001, path="user/info/", times=9))
    assert stage.provider.read(SCOPE).acting == "ana"
    assert isinstance(stage.do(Action.CHANGE_ROLE, "member", "bo", role="admin"), Applied)
    assert stage.provider.read(SCOPE).acting == ""


def test_among_people_who_cannot_be_told_apart_the_owner_is_not_guessed() -> None:
    scope = replace(SCOPE, people={**PEOPLE, "bob": ("bx@acme.example",)})
    with staged(keyword_finds_masked=False, core_user_id="other") as stage:
        stage.emulator.faults.add(Fault(kind="code", code=40001, path="user/info/", times=9))
        assert stage.provider.read(scope).acting == ""


@pytest.mark.parametrize("configured", ["ana", "6800000000000000001"])
def test_the_owner_can_be_configured(configured: str) -> None:
    with staged(core_user_id="other", self_is=configured) as stage:
        assert stage.provider.read(SCOPE).acting == "ana"
        assert stage.count("GET user/info/") == 0


def test_a_member_who_declined_and_one_who_asks_are_shown_as_such(stage: Stage) -> None:
    stage.do(Action.INVITE, "member", "cy", role="standard")
    decline(stage.world, "cy", "bc")
    found = stage.live("member", "cy")
    assert found is not None
    assert found.status is Status.DECLINED


@pytest.mark.parametrize("listed", [True, False])
def test_ad_accounts_that_partners_share_are_found_wherever_they_are_listed(*, listed: bool) -> None:
    seed = SEED.replace("members: {gus: admin}}", f'members: {{gus: admin}}, ad_accounts: {{"{NORTHERN}": North}}}}')
    with staged(world=new_world(seed), shared_in_listed=listed) as stage:
        _share_with_acme(stage)
        live = stage.provider.read(SCOPE)
        some = stage.provider.read_some(SCOPE, [Address("acme-bc", "ad_account", NORTHERN)])
    for seen in (live, some):
        assert Address("acme-bc", "ad_account", NORTHERN) in seen.resources


def _share_with_acme(stage: Stage) -> None:
    north, gus = get_organization(stage.world, "north"), get_person(stage.world, "gus")
    add_partner(north, actor=gus, partner=CENTER.identity)
    share(north, actor=gus, partner=CENTER.identity, identity=NORTHERN, role="operator")


@pytest.mark.parametrize("name", ["Acme Official!", "Acme  Store"])
def test_an_account_that_hides_its_handle_may_be_any_declared_one_that_was_not_found(name: str) -> None:
    with staged(account_names="title") as stage:
        with stage.world.transaction() as db:
            db.execute("UPDATE asset SET name = ? WHERE identity = '@acme'", (name,))
        live = stage.provider.read(SCOPE)
    found = find(live, "tiktok_account", "handle")
    assert isinstance(found, Unknown)
    assert name in found.reason


def test_access_is_read_the_cheaper_way_and_again_the_same_way() -> None:
    seed = SEED.replace('"7100000000000000002": EU brand', '"7100000000000000002": EU brand, "7100000000000000003": x')
    with staged(world=new_world(seed)) as stage:
        stage.do(Action.GRANT, "ad_account_access", "us/bo", role="operator")
        stage.emulator.counted.clear()
        live = stage.provider.read(SCOPE)
        assert stage.count("GET bc/asset/member/get/") == 3  # catalog, library, managed account; ad accounts by person
        stage.emulator.counted.clear()
        address = Address("acme-bc", "ad_account_access", "us/bo")
        assert stage.provider.read_some(SCOPE, [address]).find(address) == live.find(address)
        assert dict(stage.emulator.counted) == {"GET bc/asset/get/": 1}


@pytest.mark.parametrize("finds", [True, False])
def test_a_single_member_is_searched_for_where_that_works_and_else_everybody_is_read(*, finds: bool) -> None:
    with staged(keyword_finds_masked=finds) as stage:
        stage.provider.read(SCOPE)
        for person, is_there in (("bo", True), ("cy", False), ("bo", True)):
            address = Address("acme-bc", "member", person)
            stage.emulator.counted.clear()
            found = stage.provider.read_some(SCOPE, [address]).find(address)
            assert (found is not None) == is_there
        assert dict(stage.emulator.counted) == {"GET bc/member/get/": 1}


def test_links_that_need_a_role_on_the_pixel_are_unknown_and_not_none() -> None:
    with staged(pixel_links_need_role=True) as stage:
        live = stage.provider.read(SCOPE)
    assert isinstance(find(live, "pixel_use", "web/us"), Unknown)


def test_reading_everything_takes_no_more_calls_than_the_contract_needs(stage: Stage) -> None:
    stage.provider.read(SCOPE)
    counted = dict(stage.emulator.counted)
    assert counted == {
        "GET bc/get/": 1,
        "GET bc/member/get/": 1,
        "GET user/info/": 1,
        "GET bc/partner/get/": 1,
        "GET bc/asset/admin/get/": 7,
        "GET bc/asset/member/get/": 5,
        "GET bc/asset/get/": 6,
        "GET bc/asset/advertiser/assigned/": 2,
        "GET bc/pixel/link/get/": 1,
        "GET bc/asset_group/list/": 1,
    }


def test_requested_access_is_seen_when_somebody_has_asked_by_hand(stage: Stage) -> None:
    ana, bc = get_person(stage.world, "ana"), get_organization(stage.world, "bc")
    theirs, access = "7300000000000000077", Address("acme-bc", "ad_account_access", "dee/bo")
    add_asset(stage.world, "pixel", theirs, get_person(stage.world, "dee"))
    request_access(bc, actor=ana, kind="ad_account", identity=ASSETS["ad_account", "dee"])
    request_access(bc, actor=ana, kind="pixel", identity=theirs)
    asked = stage.live("ad_account", "dee")
    assert asked is not None
    assert asked.status is Status.REQUESTED
    for live in (stage.provider.read(SCOPE), stage.provider.read_some(SCOPE, [access])):
        assert not live.unknown, "nobody has access to what was only asked for, so there is nothing to read"
        assert live.find(access) is None
    approve(stage.world, ASSETS["ad_account", "dee"], "bc")
    given = stage.live("ad_account", "dee")
    assert given is not None
    assert given.status is Status.ACTIVE


def test_a_slow_answer_is_read_again(stage: Stage) -> None:
    stage.emulator.faults.add(Fault(kind="slow", path="bc/member/get/", seconds=3600))
    stage.emulator.faults.add(Fault(kind="reset", path="bc/partner/get/"))
    assert not stage.provider.read(SCOPE).unknown


def test_accepting_makes_a_member_of_an_invited_person(stage: Stage) -> None:
    assert isinstance(stage.do(Action.INVITE, "member", "cy", role="standard"), Applied)
    accept(stage.world, "cy", "bc")
    found = stage.live("member", "cy")
    assert found is not None
    assert found.status is Status.ACTIVE


def test_an_unreadable_answer_stops_nothing_else() -> None:
    broken = httpx2.Response(200, text="<html>")
    client, _, _ = scripted(broken)
    with staged() as stage:
        live = BusinessApiProvider(client, clock=stage.world).read(SCOPE)
    assert list(live.unknown) == ["acme-bc/"]


def test_shares_of_catalogs_are_listed_and_others_are_as_they_were_told() -> None:
    told: dict[Address, Attributes] = {
        Address("acme-bc", "pixel_share", key): {} for key in ("north/web", "north/old", "south/web")
    }
    catalog, pixel = Address("acme-bc", "catalog_share", "north/shoes"), Address("acme-bc", "pixel_share", "north/web")
    with staged(scope=replace(SCOPE, told=told)) as stage:
        bc, ana = get_organization(stage.world, "bc"), get_person(stage.world, "ana")
        assert not _shares(stage), "there is no partner"
        add_partner(bc, actor=ana, partner=NORTH)
        assert set(_shares(stage)) == {pixel}, "the old pixel is not there any more, and south is no partner"
        share(bc, actor=ana, partner=NORTH, kind="catalog", identity=ASSETS["catalog", "shoes"], role="admin")
        found = _shares(stage)
        assert {at: (one.attributes, one.unread) for at, one in found.items()} == {
            catalog: ({"role": "admin"}, ()),
            pixel: ({}, ("presence",)),
        }
        assert stage.provider.read_some(stage.scope, [pixel, catalog]).resources.items() >= found.items()
        stage.emulator.faults.add(Fault(kind="code", code=40001, path="bc/partner/get/", times=9))
        assert isinstance(stage.provider.read(stage.scope).find(pixel), Unknown)


def _shares(stage: Stage) -> dict[Address, Resource]:
    live = stage.provider.read(stage.scope)
    return {at: one for at, one in live.resources.items() if at.kind.endswith("_share")}


@pytest.mark.parametrize("kind", ["catalog", "pixel", "shop", "tiktok_account"])
def test_what_no_call_shares_is_handed_out(stage: Stage, kind: str) -> None:
    key = next(key for known, key in ASSETS if known == kind)
    role = {"role": "ad_promote"} if kind == "catalog" else {}
    outcome = stage.do(Action.SHARE, f"{kind}_share", f"north/{key}", **role)
    assert isinstance(outcome, Waits)
    assert [order.operation for order in outcome.orders] == ["business_center.share_asset"]
    assert not any(path.startswith("POST") for path in stage.emulator.counted)


class WithoutOneMember(httpx2.BaseTransport):
    """The interface, whose list of members lacks one of them and says of itself that it is whole."""

    def __init__(self, behind: httpx2.BaseTransport, number: str) -> None:
        self._behind, self._number = behind, number

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._behind.handle_request(request)
        if not request.url.path.endswith("/bc/member/get/"):
            return answer
        rows = [row for row in json.loads(answer.read())["data"]["list"] if row["user_id"] != self._number]
        return page(rows, total=len(rows))


@pytest.mark.parametrize("kind", ["catalog_access", "asset_group_access"])
def test_somebody_with_access_whom_the_list_of_members_lacks_is_not_passed_over(kind: str) -> None:
    with staged() as stage:
        center, ana = get_organization(stage.world, "bc"), get_person(stage.world, "ana")
        shoes, bo = ASSETS["catalog", "shoes"], "bo@acme.example"
        grant(center, actor=ana, kind="catalog", identity=shoes, address=bo, roles=["ad_promote"])
        create_group(center, actor=ana, name="Europe")
        set_group_role(center, actor=ana, name="Europe", address=bo, role="analyst")
        whole = stage.provider.read(SCOPE)
        admins = {
            one.address.key
            for one in whole.resources.values()
            if one.address.kind == "member" and one.attributes["role"] == "admin"
        }
        found = next(one for one in whole.resources if one.kind == kind and one.parts[1] not in admins)
        number = whole.resources[Address("acme-bc", "member", found.parts[1])].platform_id
        connection = Connection(access_token=issue_token(stage.world, get_person(stage.world, "ana")), workers=1)
        transport = WithoutOneMember(BusinessApiTransport(stage.emulator, sleep=stage.ticker.sleep), number)
        with Client(connection, transport=transport, ticker=stage.ticker) as client:
            live = BusinessApiProvider(client, clock=stage.world).read(SCOPE)
    reason = live.unknown[f"acme-bc/{kind}/{found.parts[0]}/"]
    assert f"it shows member {number}, whom the list of members does not have" in reason
    assert isinstance(live.find(found), Unknown)
