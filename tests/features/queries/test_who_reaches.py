"""The access matrix: every way to a thing, the strongest role of all, and who could take access."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from reconciler.cli.options import RENDERERS
from reconciler.engine.holdings import AccessMatrix, Reach
from reconciler.features.queries import access as reaching
from reconciler.features.queries.access import who
from reconciler.features.queries.directory import Sources
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, ReconcilerError, Record, State, Status, StoreError, state_to_json
from reconciler.output.document import Style
from reconciler.stores.local_file import LocalFileStore

TODAY = date(2026, 11, 22)
CENTER = """
version: 1
people:
  ana: {email: ana@acme.example}
  eve: {email: eve@acme.example}
  finn: {email: finn@acme.example}
groups:
  buyers: {members: [finn]}
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, eve: standard, finn: standard}
    ad_accounts:
      us-brand: {id: "7100000000000000001", access: {eve: analyst, group:buyers: operator}}
      de-brand: {id: "7100000000000000002"}
    tiktok_accounts:
      handle: {handle: "@acme", permissions: [existing_posts], ad_accounts: [us-brand], access: {eve: [live, post]}}
    asset_groups:
      all: {ad_accounts: [us-brand, de-brand], access: {eve: operator}}
    partners:
      north: {id: "6900000000000000002", shares: {us-brand: analyst}}
  acme-dev:
    system: developers
    name: Acme
    members: {ana: admin, eve: member}
    apps: {shop: {client_key: awx1}}
"""
MANIFESTS = [SourceFile("access/acme.yaml", CENTER.encode())]


def record(address: str, *, status: Status = Status.ACTIVE, **attributes: str | tuple[str, ...]) -> Record:
    return Record(address=Address.parse(address), attributes=attributes, status=status)


CENTER_RECORDS = (
    record("acme-bc/member/ana", role="admin"),
    record("acme-bc/member/eve", role="standard"),
    record("acme-bc/member/finn", role="standard", status=Status.INVITED),
    record("acme-bc/ad_account/us-brand"),
    record("acme-bc/ad_account/de-brand"),
    record("acme-bc/tiktok_account/handle", permissions=("existing_posts",)),
    record("acme-bc/tiktok_account_access/handle/eve", permissions=("live", "post")),
    record("acme-bc/tiktok_account_use/handle/us-brand"),
    record("acme-bc/ad_account_access/us-brand/eve", role="analyst"),
    record("acme-bc/ad_account_access/us-brand/finn", role="operator"),
    record("acme-bc/asset_group/all"),
    record("acme-bc/asset_group_asset/all/us-brand"),
    record("acme-bc/asset_group_access/all/eve", role="operator"),
    record("acme-bc/partner/north"),
    record("acme-bc/partner_share/north/us-brand", role="analyst"),
)


@pytest.fixture
def store(tmp_path: Path) -> LocalFileStore:
    store = LocalFileStore(tmp_path)
    keep(store, "acme-bc", *CENTER_RECORDS)
    keep(store, "acme-dev", record("acme-dev/member/eve", role="member"), record("acme-dev/app/shop"))
    return store


def keep(store: LocalFileStore, organization: str, *records: Record, looked: Mapping[str, date] | None = None) -> None:
    state = State(
        organization=organization,
        lineage="l1",
        serial=1,
        records={one.address: one for one in records},
        looked=looked or {},
    )
    token = store.acquire(organization, purpose="test", ttl=timedelta(minutes=1)).token
    store.write(organization, state_to_json(state), replacing=None, token=token)


def ask(text: str, store: LocalFileStore, as_of: date | None = None) -> AccessMatrix:
    return reaching.access(text, Sources(files=MANIFESTS, store=store, today=TODAY, as_of=as_of))


def cells(matrix: AccessMatrix) -> dict[tuple[str, str], Reach]:
    return {(f"{reach.on.kind}/{reach.on.key}", reach.subject.key): reach for reach in matrix.reaches}


def test_of_several_ways_the_strongest_role_counts(store: LocalFileStore) -> None:
    eve = cells(ask("acme-bc/ad_account/us-brand", store))["ad_account/us-brand", "eve"]
    assert eve.effective == {"role": "operator"}
    assert eve.intended == {"role": "operator"}
    assert [way.address.kind for way in eve.ways] == ["ad_account_access", "asset_group_access"]


def test_a_way_through_a_group_needs_the_account_to_be_in_the_group(store: LocalFileStore) -> None:
    eve = cells(ask("acme-bc/ad_account/de-brand", store))["ad_account/de-brand", "eve"]
    assert eve.effective is None
    assert eve.intended == {"role": "operator"}


def test_whoever_has_not_accepted_yet_reaches_nothing(store: LocalFileStore) -> None:
    finn = cells(ask("acme-bc/ad_account/us-brand", store))["ad_account/us-brand", "finn"]
    assert (finn.effective, finn.intended) == (None, {"role": "operator"})
    (way,) = finn.ways
    assert way.declared is not None
    assert way.declared.through == "group:buyers"


def test_an_admin_without_access_can_take_it(store: LocalFileStore) -> None:
    matrix = ask("acme-bc/ad_account/us-brand", store)
    assert [reach.subject.key for reach in matrix.reaches if reach.can_take] == ["ana"]
    assert not any(reach.can_take for reach in ask("acme-bc", store).reaches if reach.on.kind == "organization")


def test_partners_come_last_with_what_is_shared(store: LocalFileStore) -> None:
    last = ask("acme-bc/ad_account/us-brand", store).reaches[-1]
    assert (str(last.subject), last.effective) == ("acme-bc/partner/north", {"role": "analyst"})
    assert [str(reach.on) for reach in ask("acme-bc/partner/north", store).reaches] == ["acme-bc/ad_account/us-brand"]


def test_permissions_are_kept_as_a_set(store: LocalFileStore) -> None:
    eve = cells(ask("acme-bc/tiktok_account/handle", store))["tiktok_account/handle", "eve"]
    assert eve.effective == {"permissions": ("live", "post")}


def test_a_member_is_shown_with_everything_they_reach(store: LocalFileStore) -> None:
    assert set(cells(ask("acme-bc/member/eve", store))) == {
        ("organization/acme-bc", "eve"),
        ("ad_account/de-brand", "eve"),
        ("ad_account/us-brand", "eve"),
        ("asset_group/all", "eve"),
        ("tiktok_account/handle", "eve"),
    }


def test_where_nobody_is_given_access_one_by_one_all_members_have_it(store: LocalFileStore) -> None:
    found = cells(ask("acme-dev/app/shop", store))
    assert found["app/shop", "eve"].effective == {"role": "member"}
    assert found["app/shop", "ana"].effective is None


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.AWAITING_ACCEPTANCE])
@pytest.mark.parametrize(
    ("owner", "told"), [("person:kai", "owned by kai in person"), ("organization:Beta", "owned by organization Beta")]
)
def test_an_app_that_somebody_else_owns_is_nobodys_here(tmp_path: Path, status: Status, owner: str, told: str) -> None:
    store = LocalFileStore(tmp_path)
    keep(
        store,
        "acme-dev",
        record("acme-dev/member/ana", role="admin"),
        record("acme-dev/member/eve", role="member"),
        record("acme-dev/app/shop", status=status, owner=owner),
    )
    matrix = ask("acme-dev/app/shop", store)
    assert not matrix.reaches
    text = RENDERERS.access["text"](matrix, Style())
    assert f"{told}; nobody here has it until the transfer is accepted" in text
    assert text.endswith("0 people have access.\n")
    assert {reach.on.kind for reach in ask("acme-dev", store).reaches} == {"organization"}
    assert ask("acme-dev/member/ana", store).owned_elsewhere == ()


def test_an_app_that_the_organization_owns_is_had_by_its_members(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    keep(
        store,
        "acme-dev",
        record("acme-dev/member/eve", role="member"),
        record("acme-dev/app/shop", owner="organization:acme-dev"),
    )
    matrix = ask("acme-dev/app/shop", store)
    assert cells(matrix)["app/shop", "eve"].effective == {"role": "member"}
    assert matrix.owned_elsewhere == ()


@pytest.mark.parametrize(
    ("address", "held", "can_take"),
    [
        ("acme-bc/ad_account_access/us-brand/ana", {"role": "analyst"}, True),
        ("acme-bc/ad_account_access/us-brand/ana", {"role": "admin"}, False),
        ("acme-bc/asset_group_access/all/ana", {"role": "operator"}, True),
        ("acme-bc/tiktok_account_access/handle/ana", {"permissions": ("live", "post")}, True),
    ],
)
def test_an_admin_who_has_little_can_take_more(
    address: str, held: dict[str, str | tuple[str, ...]], can_take: bool, tmp_path: Path
) -> None:
    store = LocalFileStore(tmp_path)
    keep(store, "acme-bc", *CENTER_RECORDS, Record(address=Address.parse(address), attributes=held))
    thing = "tiktok_account/handle" if "tiktok" in address else "ad_account/us-brand"
    cell = cells(ask(f"acme-bc/{thing}", store))[thing, "ana"]
    assert cell.effective == held
    assert cell.can_take is can_take
    told = RENDERERS.access["text"](ask(f"acme-bc/{thing}", store), Style())
    assert ("can give themselves more" in told) is can_take


def test_an_app_of_which_nothing_is_recorded_is_reached_by_nobody(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    keep(store, "acme-dev", record("acme-dev/member/ana", role="admin"), record("acme-dev/member/eve", role="member"))
    found = cells(ask("acme-dev/app/shop", store))
    assert {(one.effective, one.can_take) for one in found.values()} == {(None, False)}
    assert RENDERERS.access["text"](ask("acme-dev/app/shop", store), Style()).endswith("0 people have access.\n")


def test_what_nothing_is_recorded_of_leads_nowhere_yet(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    keep(store, "acme-dev", record("acme-dev/member/ana", role="admin"))
    text = RENDERERS.access["text"](ask("acme-dev", store), Style())
    told = [line for line in text.splitlines() if line.lstrip().startswith("eve")]
    assert told
    assert all("member, not given yet" in line for line in told)


def test_what_was_not_looked_at_today_says_when_it_was(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    looked = {"member": TODAY - timedelta(days=2), "organization": TODAY}
    keep(store, "acme-dev", record("acme-dev/member/ana", role="admin"), looked=looked)
    told = RENDERERS.access["text"](ask("acme-dev", store), Style())
    assert told.startswith("acme-dev (TikTok for Developers organization), as last read on 2026-11-20\n")
    found = who("ana", Sources(files=MANIFESTS, store=store, today=TODAY))
    assert "in here, as last read on 2026-11-20)" in RENDERERS.who["text"](found, Style())


def test_connections_are_listed_at_both_ends(store: LocalFileStore) -> None:
    told = [str(one.address) for one in ask("acme-bc/ad_account/us-brand", store).connections]
    assert told == ["acme-bc/asset_group_asset/all/us-brand", "acme-bc/tiktok_account_use/handle/us-brand"]
    assert [str(one.address) for one in ask("acme-bc/tiktok_account/handle", store).connections] == told[1:]
    assert ask("acme-bc/member/eve", store).connections == ()


def test_an_organization_that_no_manifest_declares_is_told_from_its_records(store: LocalFileStore) -> None:
    keep(store, "old-bc", record("old-bc/member/ana", role="admin"), record("old-bc/ad_account/x"))
    matrix = ask("old-bc", store)
    assert matrix.system == "business_center"
    assert cells(matrix)["ad_account/x", "ana"].can_take


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("acme-bd", "did you mean `acme-bc`"),
        ("acme-bc/ad_account/us-brnd", "did you mean `acme-bc/ad_account/us-brand`"),
        ("acme-bc/ad_account_access/us-brand/eve", "did you mean `acme-bc/ad_account/us-brand`"),
        ("zzzzzz", "there are: acme-bc, acme-dev"),
        ("", "there are: acme-bc, acme-dev"),
        ("acme-bc/", "did you mean"),
    ],
)
def test_what_is_not_there_is_an_error_with_what_is_near(text: str, advice: str, store: LocalFileStore) -> None:
    with pytest.raises(ReconcilerError) as raised:
        ask(text, store)
    assert raised.value.advice.startswith(advice)


def test_a_past_day_has_records_only_or_nothing(store: LocalFileStore) -> None:
    now = cells(ask("acme-bc/ad_account/us-brand", store, as_of=date(2999, 1, 1)))
    assert now["ad_account/us-brand", "eve"].effective == {"role": "operator"}
    assert now["ad_account/us-brand", "eve"].intended is None
    with pytest.raises(StoreError, match="nothing is kept of acme-bc as of 2020-01-01"):
        ask("acme-bc", store, as_of=date(2020, 1, 1))


def test_nobody_is_said_to_have_no_access_on_a_day_of_which_nothing_is_known(tmp_path: Path) -> None:
    matrix = ask("acme-bc", LocalFileStore(tmp_path), as_of=date(2026, 11, 1))
    assert matrix.has_no_state
    text = RENDERERS.access["text"](matrix, Style())
    assert "Nobody can tell who has access." in text
    assert "Nothing is known of acme-bc at the end of 2026-11-01" in text
