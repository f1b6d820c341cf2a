"""Which TikTok account is which: by its id or its handle, never by a title."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import LeaseTerms
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.states import read_state
from reconciler.editing.index import to_entry
from reconciler.editing.writer import Put
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, GuardSettings, Plan, Resource, Scope
from reconciler.providers.business_api.members import Accounts, as_handle, identify_accounts
from reconciler.providers.business_api.session import Session
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer
from reconciler.systems.catalogue import get_system
from tests.business_api.scripted import envelope, page, scripted
from tests.business_api.stage import CENTER, Stage, staged
from tests.sandbox.stage import SEED, new_world
from tests.tiers import scaled

ACME, DEE = "7600000000000000010", "7600000000000000009"
"""The ids that the staged world gives to @acme and @dee."""


def row(number: str, name: str, handle: str | None = None) -> dict[str, Any]:
    return {"asset_id": number, "asset_name": name, "tt_asset_handle": handle}


def told(
    *rows: Mapping[str, Any],
    declared: Mapping[str, str],
    ids: Mapping[str, str] | None = None,
    learnt: Mapping[str, str] | None = None,
    answers: Mapping[str, httpx2.Response] | None = None,
) -> Accounts:
    """What is told of a list; `declared` are keys -> handles or ids, `answers` are what identities say."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/open_api/v1.3/")
        return (answers or {}).get(path, envelope(code=40001, message="No permission"))

    def account(names: Mapping[str, str] | None) -> dict[tuple[str, str], str]:
        return {("tiktok_account", key): value for key, value in (names or {}).items()}

    client, _, _ = scripted(answer)
    scope = Scope(organization=CENTER, assets=account(declared), numbers=account(ids), learnt=account(learnt))
    return identify_accounts(Session(client, scope), list(rows))


def test_a_title_that_reads_like_our_handle_is_nobodys_handle() -> None:
    found = told(row("71", "acmeshop"), declared={"shop": "@acmeshop"})
    assert found.keys == {}
    assert found.doubts == {
        "shop": "it may be the linked account 71 ('acmeshop'), whose handle is not shown; "
        'if it is, add `id: "71"` to it, else declare that one by its id under a key of its own',
        "71": "its handle is not shown, and it may be the declared account shop",
    }


@pytest.mark.parametrize("shown", ["@acmeshop", "AcmeShop", "@ACMESHOP", " @acmeshop"])
def test_a_handle_is_the_same_in_any_case_with_or_without_its_sign(shown: str) -> None:
    found = told(row("71", "Acme Shop", shown), row("72", "acmeshop"), declared={"shop": "@acmeshop"})
    assert (found.keys, found.doubts) == ({"71": "shop"}, {})


def test_a_name_that_begins_with_the_sign_is_a_handle() -> None:
    assert told(row("71", "@AcmeShop"), declared={"shop": "@acmeshop"}).keys == {"71": "shop"}


def test_a_declared_id_tells_it_whatever_is_shown() -> None:
    rows = [row("71", "acmeshop"), row("72", "Our shop")]
    assert told(*rows, declared={"shop": "@acmeshop"}, ids={"shop": "72"}).keys == {"72": "shop"}
    assert told(*rows, declared={"shop": "72"}).keys == {"72": "shop"}


def test_a_handle_that_another_id_shows_is_not_the_account_with_the_declared_id() -> None:
    found = told(row("71", "@acmeshop"), declared={"shop": "@acmeshop"}, ids={"shop": "72"})
    assert (found.keys, found.doubts) == ({}, {})


def test_an_account_with_a_declared_id_that_is_not_listed_is_not_there_whatever_is_untitled() -> None:
    assert told(row("71", "Some shop"), declared={"shop": "@acmeshop"}, ids={"shop": "72"}).doubts == {}


def test_an_account_that_has_another_handle_now_is_known_by_the_id_that_was_recorded() -> None:
    found = told(row("71", "@acme.new"), declared={"shop": "@acmeshop"}, learnt={"shop": "71"})
    assert (found.keys, found.doubts) == ({"71": "shop"}, {})


def test_an_account_that_is_declared_by_its_new_handle_is_not_the_one_that_nobody_declares_any_more() -> None:
    declared = {"shop": "@acme.new", "@acme": "@acme"}
    assert told(row("71", "@acme.new"), declared=declared, learnt={"@acme": "71"}).keys == {"71": "shop"}
    assert told(row("71", "@elsewhere"), declared=declared, learnt={"@acme": "71"}).keys == {"71": "@acme"}


def test_a_handle_that_was_passed_on_while_the_recorded_account_is_there_is_in_doubt() -> None:
    rows = [row("71", "@acme.new"), row("72", "@acmeshop")]
    found = told(*rows, declared={"shop": "@acmeshop", "other": "@other"}, learnt={"shop": "71"})
    assert found.keys == {}
    assert found.doubts.keys() == {"shop", "72"}
    assert "add the `id:` of the one that it is" in found.doubts["shop"]
    assert told(*rows, declared={"shop": "@acmeshop"}, ids={"shop": "72"}).keys == {"72": "shop"}


def test_a_handle_that_is_there_under_a_new_id_is_the_account_once_the_recorded_one_is_gone() -> None:
    found = told(row("72", "@acmeshop"), declared={"shop": "@acmeshop"}, learnt={"shop": "71"})
    assert (found.keys, found.doubts) == ({"72": "shop"}, {})


def test_a_handle_that_two_accounts_show_is_in_doubt_and_others_go_on() -> None:
    rows = [row("71", "@acmeshop"), row("72", "@AcmeShop"), row("73", "@other")]
    found = told(*rows, declared={"shop": "@acmeshop", "other": "@other"})
    assert found.keys == {"73": "other"}
    assert found.doubts.keys() == {"shop", "71", "72"}


def test_what_matches_by_nothing_is_nobodys_once_all_declared_accounts_are_found() -> None:
    rows = [row("71", "@acmeshop"), row("72", "acmeshop"), row("73", "acmeshop")]
    found = told(*rows, declared={"shop": "@acmeshop"})
    assert (found.keys, found.doubts) == ({"71": "shop"}, {})


def identities(*pairs: tuple[str, str | None]) -> dict[str, httpx2.Response]:
    """Both lists that tell a handle: the ad account that uses the account, and as whom that one may post."""
    rows = [{"identity_id": f"i{at}", "display_name": name, "username": user} for at, (name, user) in enumerate(pairs)]
    info = {"page": 1, "page_size": 100, "total_number": len(rows), "total_page": 1}
    return {
        "bc/asset/advertiser/assigned/": page([{"advertiser_id": "7100"}], total=1),
        "identity/get/": envelope({"identity_list": rows, "page_info": info}),
    }


def test_the_handle_of_an_account_that_ads_use_is_told_by_its_identity() -> None:
    answers = identities(("Acme Shop", "acmeshop"), ("Other", "other"))
    assert told(row("71", "Acme Shop"), declared={"shop": "@acmeshop"}, answers=answers).keys == {"71": "shop"}


@pytest.mark.parametrize(
    "pairs",
    [
        [("Acme Shop", "acmeshop"), ("Acme Shop", "acmeshop.eu")],
        [("Acme Shop", None)],
        [("Acme", "acmeshop")],
        [("Acme Shop", "stranger")],
    ],
    ids=["two with one title", "no username", "another title", "another handle"],
)
def test_identities_that_do_not_tell_leave_no_grant_to_a_stranger(pairs: list[tuple[str, str | None]]) -> None:
    found = told(row("71", "Acme Shop"), declared={"shop": "@acmeshop"}, answers=identities(*pairs))
    assert found.keys == {}


class Office:
    """A workspace around the staged Business Center."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.store = LocalFileStore(folder)

    def request(self, accounts: Mapping[str, Mapping[str, Any]], mode: str) -> PlanRequest:
        center = {
            "system": "business_center",
            "id": CENTER.identity,
            "mode": mode,
            "members": {"ana": "admin", "bo": "standard"},
            "tiktok_accounts": accounts,
        }
        people = {key: {"email": f"{key}@acme.example"} for key in ("ana", "bo")}
        manifest = {"version": 1, "people": people, "organizations": {"bc": center}}
        loaded = load_manifests([SourceFile("all.yaml", json.dumps(manifest).encode())], today=date(2026, 11, 22))
        assert loaded.desired is not None, loaded.findings
        return PlanRequest(desired=loaded.desired, settings=GuardSettings(min_admins=1), today=date(2026, 11, 22))

    def plan(self, accounts: Mapping[str, Mapping[str, Any]], mode: str = "additive") -> Plan:
        return make_plan(self.request(accounts, mode), provider_for=lambda _: self.stage.provider, store=self.store)

    def apply(self, accounts: Mapping[str, Mapping[str, Any]], mode: str = "additive") -> list[str]:
        run = Run(clock=self.stage.world, terms=LeaseTerms(timer=SystemTimer()))
        report = apply_plan(
            self.plan(accounts, mode),
            self.request(accounts, mode),
            provider_for=lambda _: self.stage.provider,
            store=self.store,
            run=run,
        )
        return [str(change.address) for change, _ in report.results]

    def grants(self) -> list[tuple[str, str]]:
        """Who has access to which account, past everything that speaks of it."""
        rows = self.stage.world.rows(
            "SELECT asset.identity AS account, membership.identity AS person FROM asset_grant"
            " JOIN holding ON holding.id = asset_grant.holding JOIN asset ON asset.id = holding.asset"
            " JOIN membership ON membership.id = asset_grant.membership WHERE asset.kind = 'tiktok_account'",
            {},
        )
        return [(row["account"], row["person"]) for row in rows]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The link to @acme, of somebody who calls it as if it were @acmeshop."""
    named = SEED.replace('"@acme": {owner: cy,', '"@acme": {owner: cy, name: acmeshop,')
    with staged(world=new_world(named), account_names="title", account_handles="nowhere", tier="unlimited") as stage:
        yield Office(stage, tmp_path)


OURS = {"shop": {"handle": "@acmeshop", "access": {"bo": ["post"]}}}


@pytest.mark.parametrize("mode", ["additive", "authoritative"])
def test_a_stranger_who_takes_our_handle_for_a_title_gets_no_grant(office: Office, mode: str) -> None:
    assert office.apply(OURS, mode) == []
    assert office.grants() == []
    (part,) = office.plan(OURS, mode).organizations
    assert part.unread == ()
    waiting = {item.address.key: item.why for item in part.waiting}
    assert waiting.keys() == {"shop", "shop/bo"}
    assert f'add `id: "{ACME}"` to it' in waiting["shop"]


def test_the_way_out_that_is_written_leads_out(office: Office) -> None:
    ours = {"acme": {"handle": "@acme", "access": {"bo": ["post"]}}, **OURS}
    assert office.apply(ours) == []
    settled = {**ours, "acme": {**ours["acme"], "id": ACME}}
    assert sorted(office.apply(settled)) == ["bc/tiktok_account/shop", "bc/tiktok_account_access/acme/bo"]
    assert office.grants() == [("@acme", "bo@acme.example")]
    assert [(c.action.value, c.address.key) for c in office.plan(settled).changes] == [("link", "shop")]


def test_the_id_is_recorded_and_outlives_the_line_that_gave_it(office: Office) -> None:
    acme = {"handle": "@acme", "access": {"bo": ["post"]}}
    assert office.apply({"acme": {**acme, "id": ACME}}) == ["bc/tiktok_account_access/acme/bo"]
    record = read_state(office.store, "bc").records[Address("bc", "tiktok_account", "acme")]
    assert (record.identity, record.platform_id) == ("@acme", ACME)
    assert office.plan({"acme": acme}).is_settled, "the id that was learnt tells it"


def test_another_handle_of_a_known_account_changes_nothing_and_is_told(tmp_path: Path) -> None:
    acme = {"handle": "@acme", "access": {"bo": ["post"]}}
    with staged(account_handles="assets", tier="unlimited") as stage:
        office = Office(stage, tmp_path)
        assert office.apply({"acme": acme}) == ["bc/tiktok_account_access/acme/bo"]
        with stage.world.transaction() as db:
            db.execute("UPDATE asset SET identity = '@acme.new', name = '@acme.new' WHERE identity = '@acme'")
        plan = office.plan({"acme": acme})
        assert plan.is_settled
        (finding,) = [one for one in plan.findings if one.id == "other-identity"]
        assert finding.message == f"@acme is called @acme.new now; its id {ACME} is the same"
        assert finding.advice == f'write `handle: "@acme.new"`, with `id: "{ACME}"` beside it'
        assert office.plan({"acme": {**acme, "handle": "@acme.new"}}).changes == ()
        renamed = {"acme": {**acme, "handle": "@acme.new", "id": ACME}}
        plan = office.plan(renamed, "authoritative")
        assert plan.is_settled
        assert [one.id for one in plan.findings if one.id in ("other-identity", "renamed")] == []


def test_accounts_that_nobody_declares_are_listed_by_id_and_title_and_imported_by_id(office: Office) -> None:
    live = office.stage.provider.read(Scope(organization=CENTER))
    (found,) = [one for at, one in live.resources.items() if at.kind == "tiktok_account"]
    assert (found.identity, found.platform_id, found.name) == (ACME, ACME, "acmeshop")
    (left,) = [one for one in office.plan({}).organizations[0].drift if one.address.kind == "tiktok_account"]
    assert (left.address.key, left.live.name if left.live else "") == (ACME, "acmeshop")
    renamed = Resource(address=Address("bc", "tiktok_account", "acmeshop"), identity=ACME, platform_id=ACME)
    entry = to_entry(renamed, get_system("business_center"), name="acmeshop")
    assert isinstance(entry, Put)
    assert entry.value == {"id": ACME, "name": "acmeshop"}


@settings(max_examples=scaled(200))
@given(data=st.data())
def test_no_account_is_ever_taken_for_another_and_what_shows_itself_is_found(data: st.DataObject) -> None:
    """True accounts have an id, a handle and a title; titles are handles of others as often as not."""
    number = data.draw(st.integers(1, 5))
    handles = {f"7{at}": f"@h{at}" for at in range(number)}
    titles = {one: data.draw(st.sampled_from(["h0", "h1", "Shop", ""])) for one in handles}
    shown = {one: data.draw(st.sampled_from([handles[one], handles[one][1:].upper(), None])) for one in handles}
    listed = [one for one in handles if data.draw(st.booleans())]
    declared = {f"k{one}": handle for one, handle in handles.items() if data.draw(st.booleans())}
    ids = {key: key[1:] for key in declared if data.draw(st.booleans())}
    learnt = {key: key[1:] for key in declared if data.draw(st.booleans())}
    rows = data.draw(st.permutations([row(one, titles[one], shown[one]) for one in listed]))
    found = told(*rows, declared=declared, ids=ids, learnt=learnt)
    assert {f"k{one}" for one in found.keys} == set(found.keys.values())
    evident = {one for one in listed if f"k{one}" in declared and (shown[one] or f"k{one}" in {**ids, **learnt})}
    assert found.keys.keys() == evident
    nameless = {one for one in listed if not shown[one]} - evident
    unseen = {key for key in declared if key[1:] not in evident and key not in ids}
    assert set(found.doubts) == (nameless | unseen if nameless and unseen else set())


def test_a_sign_that_only_becomes_a_letter_makes_no_handle() -> None:
    """The sign for kelvin is a `k` in lower case: another account would go by the handle of ours."""
    assert as_handle("@Acme.Kit") == "@acme.kit"
    assert as_handle("@acme.\u212ait") == ""
