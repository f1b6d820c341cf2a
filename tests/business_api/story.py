"""One Business Center from its first plan to an empty one, and what its world holds, told without the provider.

The world meets every open question: joiners, somebody invited in the wrong role, a leaver, an admin who steps down,
access of every kind, an asset group that exists and one that does not, a TikTok account, a pixel, and a partner.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import LeaseTerms
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Cause, Desired, DriftSort, GuardSettings, Plan
from reconciler.providers.business_api.client import Client
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.sandbox.api.configuration import Options, add_token
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.assets import add_asset_to_group, create_group, set_group_role
from reconciler.sandbox.people import accept, approve, grant_by_hand, invite_by_hand, remove_by_hand
from reconciler.sandbox.registry import get_organization, get_person
from reconciler.sandbox.world import Refusal, World
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer
from tests.business_api.facts import facts, invitations
from tests.business_api.stage import WorldTicker
from tests.sandbox.stage import new_world

TODAY = date(2026, 11, 22)
CENTER, NORTH = "6900000000000000001", "6900000000000000002"
US, EU = "7100000000000000001", "7100000000000000002"
SOUTH = "6900000000000000003"
PEOPLE = ("ana", "bo", "cy", "eve", "gil", "hal", "iva", "jon")
EMAILS = {person: f"{person}@acme.example" for person in PEOPLE} | {"jon": "jon@contract.example"}
TOKEN = "token-of-ana"
ROUNDS = 5
"""Without faults: invite, wait for answers, give what needs them, and find nothing to do."""

SEED = f"""
version: 1
people:
  {{ana: ana@acme.example, bo: bo@acme.example, cy: cy@acme.example, eve: eve@acme.example, gil: gil@acme.example,
  hal: hal@acme.example, iva: iva@acme.example, jon: jon@contract.example, gus: gus@north.example}}
organizations:
  bc:
    system: business_center
    id: "{CENTER}"
    members: {{ana: admin, bo: admin, hal: admin, eve: standard, gil: standard, iva: standard}}
    ad_accounts: {{"{US}": US, "{EU}": EU}}
    pixels: {{"7300000000000000001": Web}}
    catalogs: {{"7200000000000000001": Shoes}}
    partners: {{"{SOUTH}": {{"{EU}": analyst}}}}
  south: {{system: business_center, id: "{SOUTH}", members: {{gus: admin}}}}
  north: {{system: business_center, id: "{NORTH}", members: {{gus: admin}}}}
tiktok_accounts:
  "@rival": {{owner: gus, name: acme, linked: {{bc: [existing_posts]}}}}
  "@acme": {{owner: ana, name: Acme Shoes, linked: {{bc: [existing_posts]}}}}
"""
WANTED: dict[str, Any] = {
    "version": 1,
    "people": {person: {"email": email} for person, email in EMAILS.items()},
    "organizations": {
        "bc": {
            "system": "business_center",
            "id": CENTER,
            "mode": "authoritative",
            "members": {
                **dict.fromkeys(("ana", "bo"), "admin"),
                **dict.fromkeys(("cy", "hal", "iva", "jon"), "standard"),
                "gil": {"role": "standard", "finance": "analyst"},
            },
            "ad_accounts": {
                "us": {"id": US, "access": {"gil": "operator", "cy": "analyst"}},
                "eu": {"id": EU, "access": {"bo": "admin"}},
            },
            "catalogs": {"shoes": {"id": "7200000000000000001", "access": {"cy": "ad_promote"}}},
            "pixels": {"web": {"id": "7300000000000000001", "ad_accounts": ["us"]}},
            "tiktok_accounts": {
                "acme": {
                    "handle": "@acme",
                    "permissions": ["existing_posts"],
                    "ad_accounts": ["us"],
                    "access": {"gil": ["post", "live"]},
                },
                "rival": {"handle": "@rival", "permissions": ["existing_posts"]},
            },
            "asset_groups": {
                "Old": {"ad_accounts": ["us"], "access": {"gil": "operator"}},
                "New": {"ad_accounts": ["us", "eu"], "access": {"bo": "analyst"}},
            },
            "partners": {
                "north": {"id": NORTH, "shares": {"us": "analyst"}},
                "south": {"id": SOUTH, "shares": {"eu": "operator"}},
            },
        }
    },
}
KEYS = {
    **{email: person for person, email in EMAILS.items()},
    US: "us",
    EU: "eu",
    "7200000000000000001": "shoes",
    "7300000000000000001": "web",
    "@acme": "acme",
    "@rival": "rival",
    NORTH: "north",
    SOUTH: "south",
}
MEMBERS = {
    **dict.fromkeys(("ana", "bo"), "active admin"),
    **dict.fromkeys(("cy", "hal", "iva", "jon"), "active standard"),
    "gil": "active standard analyst",
}
SETTLED = {
    **{f"member/{person}": seat for person, seat in MEMBERS.items()},
    "ad_account_access/us/gil": "operator",
    "ad_account_access/us/cy": "analyst",
    "ad_account_access/eu/bo": "admin",
    "catalog_access/shoes/cy": "ad_promote",
    "tiktok_account/acme": "existing_posts",
    "tiktok_account_access/acme/gil": "live,post",
    "tiktok_account_use/acme/us": "",
    "tiktok_account/rival": "existing_posts",
    "pixel_use/web/us": "",
    "asset_group/Old": "",
    "asset_group_asset/Old/us": "",
    "asset_group_access/Old/gil": "operator",
    "asset_group/New": "",
    "asset_group_asset/New/us": "",
    "asset_group_asset/New/eu": "",
    "asset_group_access/New/bo": "analyst",
    "partner/north": "active",
    "partner_share/north/us": "analyst",
    "partner/south": "active",
    "partner_share/south/eu": "operator",
}
"""Everything that shall be, and nothing else, in the end."""
AT_FIRST = {"ad_account_access/us/eve", "ad_account_access/eu/ana"}
"""Access that nobody declares."""
ADMINISTERED = ("ad_account_access/", "catalog_access/")
INVITED = {"cy": 1, "iva": 1, "jon": 2}
"""How often at most; once by hand in the wrong role, in the case of jon."""


class Wires(Protocol):
    """Makes a client of an emulator, whose time is that of the ticker."""

    def __call__(self, emulator: Emulator, ticker: WorldTicker) -> Client:
        """A client that speaks to the emulator in some way."""
        ...


def desired(numbers: Mapping[str, str] | None = None, **identities: dict[str, str]) -> Desired:
    """What is wanted; more `identities` of some people, and `numbers` of TikTok accounts."""
    people = {key: {**person, "identities": identities.get(key, {})} for key, person in WANTED["people"].items()}
    wanted = deepcopy({**WANTED, "people": people})
    for key, number in (numbers or {}).items():
        wanted["organizations"]["bc"]["tiktok_accounts"][key]["id"] = number
    text = json.dumps(wanted)
    loaded = load_manifests([SourceFile("access/all.yaml", text.encode())], today=TODAY)
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


def facts_of(world: World) -> dict[str, str]:
    """Everything that the Business Center holds, by address."""
    return facts(world, CENTER, KEYS)


def members(world: World) -> dict[str, str]:
    """Whoever is in or invited -> status, role, finance role."""
    return {
        address.removeprefix("member/"): seat
        for address, seat in facts_of(world).items()
        if address.startswith("member/")
    }


def access(world: World) -> dict[str, str]:
    """Access to assets that people were given themselves."""
    found = facts_of(world).items()
    return {key: role for key, role in found if "_access/" in key and not key.startswith("asset_group")}


def may_stay(options: Options) -> set[str]:
    """What nobody can bring about where the platform answers like this, so that the plan has to name it."""
    found = set()
    if options.pixel_links_need_role or options.pixel_updates_need_role:
        found.add("pixel_use/web/us")
    if options.group_member_again == "ignored" and not options.groups_may_be_empty:
        found.add("asset_group_access/Old/gil")
    if options.email_domains:
        found.add("member/jon")
    if options.share_again != "raises":
        found.add("partner_share/south/eu")
    return found


def unreadable(options: Options) -> set[str]:
    """Parts that the platform does not show where it answers like this."""
    found = {"bc/pixel_use/web/"} if options.pixel_links_need_role else set()
    if options.profile == "gateway":
        found |= {f"bc/managed_account{part}/" for part in ("", "_access", "_use")}
    return found


class Story:
    """A world, what shall become of it, and the runs in between."""

    def __init__(
        self, folder: Path, wires: Wires, *, options: Mapping[str, Any], knobs: Mapping[str, Any], scopes: str = ""
    ) -> None:
        self.world = new_world(SEED, **knobs)
        _prepare(self.world)
        self.emulator = Emulator(self.world, Options().changed(options))
        self.store = LocalFileStore(folder)
        self.desired = desired()
        self.is_faulty = False
        self.is_partial = bool(scopes)
        add_token(self.world, TOKEN, person=get_person(self.world, "ana"), scopes=scopes)
        self.client = wires(self.emulator, WorldTicker(self.world))

    def play(self, faults: Sequence[Sequence[Fault]] = ()) -> None:
        """Rounds of plan and apply; people answer in between, and things go wrong in the first ones."""
        self.is_faulty = bool(faults)
        for number in range(ROUNDS + len(faults)):
            self.emulator.faults.clear()
            for fault in faults[number] if number < len(faults) else ():
                self.emulator.faults.add(fault)
            self.run()
            self.judge()
            if number == 0 and not (faults or self.is_partial):
                # Nobody has answered yet: invitations are in the lists.
                assert {one.prefix for one in self.plan().unread} <= unreadable(self.emulator.options)
            self.world.advance(timedelta(hours=1))
            if number >= 1:
                self.answer()
        self.emulator.faults.clear()

    def conclude(self) -> None:
        """Everybody and everything declared is in, and nothing else; or the plan names what is in the way, by age."""
        off = self.off()
        assert off <= may_stay(self.emulator.options), self.said(off)
        plan = self.plan(retry=False)
        assert (plan.changes, plan.asks, plan.blocked) == ((), (), ())
        named = _named(plan)
        assert named.keys() >= off, self.said(off - named.keys())
        assert named.keys() <= off | _unread(plan)
        assert {one.prefix for one in plan.unread} <= unreadable(self.emulator.options)
        unverified = [one for part in plan.organizations for one in part.drift if one.sort is DriftSort.UNVERIFIED]
        assert plan.is_as_declared is not bool(named or plan.unread or unverified)
        invited = invitations(self.world, EMAILS)
        assert {person: invited[person] for person in INVITED if f"member/{person}" not in off} == {
            person: times for person, times in INVITED.items() if f"member/{person}" not in off
        }
        if off:
            self.grow_old(off)

    def grow_old(self, off: set[str]) -> None:
        """What is in the way for days is shown with the day since when, and goes on to be all there is."""
        began = self.world.now().date()
        self.world.advance(timedelta(days=2))
        self.run()
        assert self.off() == off
        plan = self.plan(retry=False)
        ages = _named(plan)
        # What cannot be read is told with when it was read last, if ever.
        for address in off - _unread(plan):
            since = ages[address]
            assert since is not None, f"{address} has no age"
            assert since <= began, f"{address} is said to be in the way since {since} only"

    def off(self) -> set[str]:
        """What is otherwise than declared, according to the world."""
        now = facts_of(self.world)
        if self.emulator.options.admin_access != "explicit":
            admins = {person for person, seat in members(self.world).items() if seat.startswith("active admin")}
            now |= {
                address: "admin"
                for address in SETTLED
                if address.startswith(ADMINISTERED) and address.rpartition("/")[2] in admins
            }
        return {address for address in now.keys() | SETTLED.keys() if now.get(address) != SETTLED.get(address)}

    def said(self, off: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
        """For whoever reads a failure: address -> what is, what shall be."""
        now = facts_of(self.world)
        return {address: (now.get(address), SETTLED.get(address)) for address in sorted(off)}

    def judge(self) -> None:
        """What has to be so at any time, whatever goes wrong."""
        now = members(self.world)
        assert {"ana", "bo", "gil", "hal"} <= now.keys() <= {*MEMBERS, "eve"}
        assert now["ana"].startswith("active admin")
        assert now["bo"].startswith("active admin")
        assert now["gil"].startswith("active")
        assert now["hal"].startswith("active")
        assert all(times <= INVITED.get(person, 0) for person, times in invitations(self.world, EMAILS).items())
        given = access(self.world).keys()
        assert given <= SETTLED.keys() | AT_FIRST
        assert self.is_faulty or "ad_account_access/us/gil" in given, "changed, never simply lost"

    def run(self) -> None:
        provider = BusinessApiProvider(self.client, clock=self.world)
        self.apply(self.plan(provider), provider)

    def apply(self, plan: Plan, provider: BusinessApiProvider) -> None:
        run = Run(clock=self.world, terms=LeaseTerms(timer=SystemTimer()))
        apply_plan(plan, self.request(), provider_for=lambda _: provider, store=self.store, run=run)

    def plan(self, provider: BusinessApiProvider | None = None, *, retry: bool = True) -> Plan:
        used = provider or BusinessApiProvider(self.client, clock=self.world)
        return make_plan(replace(self.request(), retry=retry), provider_for=lambda _: used, store=self.store)

    def answer(self) -> None:
        """Everybody who was asked agrees; who was not asked yet cannot."""
        for person in INVITED:
            if members(self.world).get(person) == "invited standard":
                with suppress(Refusal):
                    accept(self.world, person, "bc")
        for partner in (NORTH, SOUTH):
            with suppress(Refusal):
                approve(self.world, partner, "bc")
        if self.emulator.options.account_names == "title":
            # As the plan asks: `add id: ... to it`.
            rows = self.world.rows("SELECT id, identity FROM asset WHERE kind = 'tiktok_account'", {})
            self.desired = desired({KEYS[row["identity"]]: str(7600000000000000000 + row["id"]) for row in rows})

    def close(self) -> None:
        self.client.close()
        self.world.close()

    def request(self) -> PlanRequest:
        settings = GuardSettings(removal_ratio_from=100)  # half of so few people change
        return PlanRequest(desired=self.desired, settings=settings, today=self.world.now().date(), retry=True)


def _unread(plan: Plan) -> set[str]:
    left_out = [item for part in plan.organizations for item in part.left_out if item.cause is Cause.UNREAD]
    return {f"{item.address.kind}/{item.address.key}" for item in left_out}


def _named(plan: Plan) -> dict[str, date | None]:
    """Whatever the plan says is in the way: address -> since when, if need be of the person it waits for."""
    left_out = [item for part in plan.organizations for item in part.left_out]
    ages = {f"{item.address.kind}/{item.address.key}": item.since for item in left_out}
    ages |= {f"{item.address.kind}/{item.address.key}": item.since for item in plan.waiting}
    people = {f"{w.address.kind}/{w.address.key}": ages.get(f"member/{w.on}") for w in plan.waiting}
    return {address: since or people.get(address) for address, since in ages.items()}


def _prepare(world: World) -> None:
    """What a seed has no words for."""
    bc, ana = get_organization(world, "bc"), get_person(world, "ana")
    invite_by_hand(world, "ana", "jon", "bc", "admin")
    remove_by_hand(world, "ana", "iva", "bc")
    create_group(bc, actor=ana, name="Stale")
    add_asset_to_group(bc, actor=ana, name="Stale", ad_account=EU)
    set_group_role(bc, actor=ana, name="Stale", address="gil@acme.example", role="analyst")
    create_group(bc, actor=ana, name="Old")
    add_asset_to_group(bc, actor=ana, name="Old", ad_account=US)
    set_group_role(bc, actor=ana, name="Old", address="gil@acme.example", role="analyst")
    for person, kind, asset, roles in (
        ("eve", "ad_account", US, "operator"),
        ("gil", "ad_account", US, "analyst"),
        ("ana", "ad_account", EU, "analyst"),
        ("gil", "tiktok_account", "@acme", "direct_message"),
    ):
        grant_by_hand(world, admin="ana", person=person, organization="bc", kind=kind, asset=asset, roles=roles)
