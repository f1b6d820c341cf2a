"""Whatever people try, in whatever order: the platform's own laws hold afterwards."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reconciler.sandbox import apps, assets, members, partners, people, registry
from reconciler.sandbox.world import Refusal
from tests.sandbox.stage import EU, NORTH, OF_DEE, US, Stage, new_world
from tests.tiers import scaled

PEOPLE = st.sampled_from(["ana", "bo", "cy", "dee", "gus"])
ADDRESSES = st.sampled_from(["ana@acme.example", "bo@acme.example", "cy@acme.example", "dee@creator.example"])
ORGANIZATIONS = st.sampled_from(["dev", "owned", "research", "brand", "studio", "bc", "north"])
CENTERS = st.sampled_from(["bc", "north"])
ROLES = st.sampled_from(["admin", "member", "operator", "administrator", "editor", "standard", "owner", "analyst"])
HANDLES = st.sampled_from(["@dee", "@acme"])
AD_ACCOUNTS = st.sampled_from([US, EU, OF_DEE])
ADMINS = {"admin", "administrator", "owner"}
CAP = 4


class Platform(RuleBasedStateMachine):
    """People doing things at random; whatever is refused is simply not done."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(new_world(developers_members=CAP, developers_must_be_registered=False))
        self.world = self.stage.world

    def teardown(self) -> None:
        self.world.close()

    @rule(actor=PEOPLE, address=ADDRESSES, place=ORGANIZATIONS, role=ROLES)
    def invite(self, actor: str, address: str, place: str, role: str) -> None:
        with suppress(Refusal):
            people.invite_by_hand(self.world, actor, address, place, role)

    @rule(person=PEOPLE, place=ORGANIZATIONS, agree=st.booleans())
    def answer(self, person: str, place: str, agree: bool) -> None:
        with suppress(Refusal):
            (people.accept if agree else people.decline)(self.world, person, place)

    @rule(person=PEOPLE, place=ORGANIZATIONS)
    def go(self, person: str, place: str) -> None:
        with suppress(Refusal):
            people.leave(self.world, person, place)

    @rule(person=PEOPLE, place=ORGANIZATIONS)
    def step_down(self, person: str, place: str) -> None:
        with suppress(Refusal):
            people.give_up_admin(self.world, person, place)

    @rule(actor=PEOPLE, address=ADDRESSES, place=ORGANIZATIONS, role=ROLES)
    def change(self, actor: str, address: str, place: str, role: str) -> None:
        with suppress(Refusal):
            organization = self.stage[place]
            members.change_role(organization, actor=self.stage.person(actor), address=address, role=role)

    @rule(actor=PEOPLE, address=ADDRESSES, place=ORGANIZATIONS)
    def remove(self, actor: str, address: str, place: str) -> None:
        with suppress(Refusal):
            people.remove_by_hand(self.world, actor, address, place)

    @rule(days=st.integers(0, 40))
    def pass_time(self, days: int) -> None:
        self.world.advance(timedelta(days=days))

    @rule(actor=PEOPLE, place=st.sampled_from(["dev", "owned", "research"]), agree=st.booleans())
    def move_app(self, actor: str, place: str, agree: bool) -> None:
        with suppress(Refusal):
            apps.initiate_transfer(self.world, "awx-game", to=self.stage[place], actor=self.stage.person(actor))
        with suppress(Refusal):
            people.transfer(self.world, "awx-game", actor, "accept" if agree else "decline")

    @rule(actor=PEOPLE, place=CENTERS, address=ADDRESSES, ad_account=AD_ACCOUNTS)
    def give_ad_account(self, actor: str, place: str, address: str, ad_account: str) -> None:
        with suppress(Refusal):
            assets.grant(
                self.stage[place],
                actor=self.stage.person(actor),
                kind="ad_account",
                identity=ad_account,
                address=address,
                roles=["operator"],
            )

    @rule(actor=PEOPLE, place=CENTERS, address=ADDRESSES, handle=HANDLES, ad_account=AD_ACCOUNTS)
    def use_account(self, actor: str, place: str, address: str, handle: str, ad_account: str) -> None:
        center, person = self.stage[place], self.stage.person(actor)
        with suppress(Refusal):
            assets.allow_use(center, actor=person, kind="tiktok_account", identity=handle, ad_account=ad_account)
        with suppress(Refusal):
            assets.grant(
                center,
                actor=person,
                kind="tiktok_account",
                identity=handle,
                address=address,
                roles=["post"],
            )

    @rule(actor=PEOPLE, place=CENTERS, handle=HANDLES, ad_account=AD_ACCOUNTS)
    def ask(self, actor: str, place: str, handle: str, ad_account: str) -> None:
        center, person = self.stage[place], self.stage.person(actor)
        with suppress(Refusal):
            assets.request_link(center, actor=person, handle=handle, permissions=["existing_posts"])
        with suppress(Refusal):
            assets.request_access(center, actor=person, kind="ad_account", identity=ad_account)

    @rule(place=CENTERS, what=st.one_of(HANDLES, AD_ACCOUNTS), agree=st.booleans())
    def owner_answers(self, place: str, what: str, agree: bool) -> None:
        with suppress(Refusal):
            (people.approve if agree else people.revoke)(self.world, what, place)

    @rule(actor=PEOPLE, handle=HANDLES, place=CENTERS)
    def unlink(self, actor: str, handle: str, place: str) -> None:
        with suppress(Refusal):
            assets.unlink(self.stage[place], actor=self.stage.person(actor), handle=handle)

    @rule(actor=PEOPLE, ad_account=AD_ACCOUNTS, role=st.sampled_from(["analyst", "operator", "admin"]))
    def lend(self, actor: str, ad_account: str, role: str) -> None:
        person, center = self.stage.person(actor), self.stage["bc"]
        with suppress(Refusal):
            partners.add_partner(center, actor=person, partner=NORTH)
        with suppress(Refusal):
            partners.share(center, actor=person, partner=NORTH, identity=ad_account, role=role)

    @rule(actor=PEOPLE, ad_account=AD_ACCOUNTS, whole=st.booleans())
    def take_back(self, actor: str, ad_account: str, whole: bool) -> None:
        person, center = self.stage.person(actor), self.stage["bc"]
        with suppress(Refusal):
            if whole:
                partners.remove_partner(center, actor=person, partner=NORTH)
            else:
                partners.unshare(center, actor=person, partner=NORTH, identity=ad_account)

    @rule(actor=PEOPLE, address=ADDRESSES, ad_account=AD_ACCOUNTS)
    def group(self, actor: str, address: str, ad_account: str) -> None:
        person, center = self.stage.person(actor), self.stage["bc"]
        with suppress(Refusal):
            assets.create_group(center, actor=person, name="g")
        with suppress(Refusal):
            assets.add_asset_to_group(center, actor=person, name="g", ad_account=ad_account)
        with suppress(Refusal):
            assets.set_group_role(center, actor=person, name="g", address=address, role="admin")

    @invariant()
    def every_organization_has_an_active_admin(self) -> None:
        for organization in registry.list_organizations(self.world):
            roles = self._members(organization.id, "active")
            assert ADMINS & set(roles), f"{organization.name} has only {roles}"

    @invariant()
    def nobody_is_over_the_limit_and_the_owner_is_one(self) -> None:
        for place in ("dev", "research"):
            assert len(self._members(self.stage[place].id, "active", "invited")) <= CAP
        assert self._members(self.stage["owned"].id, "active").count("owner") == 1

    @invariant()
    def access_is_held_by_members_on_assets_their_center_has(self) -> None:
        stray = self.world.rows(
            "SELECT 1 FROM asset_grant JOIN holding ON holding.id = asset_grant.holding"
            " JOIN membership ON membership.id = asset_grant.membership"
            " WHERE membership.status <> 'active' OR holding.status <> 'active'"
            " OR membership.organization <> holding.organization"
            " UNION ALL SELECT 1 FROM asset_use JOIN holding ON holding.id = asset_use.holding"
            " JOIN holding AS other ON other.id = asset_use.ad_account"
            " WHERE 'active' <> holding.status OR 'active' <> other.status"
            " OR holding.organization <> other.organization"
            " UNION ALL SELECT 1 FROM group_member JOIN membership ON membership.id = group_member.membership"
            " WHERE membership.status <> 'active'",
            {},
        )
        assert not stray

    @invariant()
    def only_what_is_owned_is_shared(self) -> None:
        stray = self.world.rows(
            "SELECT 1 FROM share JOIN holding ON holding.id = share.holding WHERE holding.relation <> 'owner'"
            " UNION ALL SELECT 1 FROM holding WHERE relation = 'partner' AND NOT EXISTS (SELECT 1 FROM share"
            " JOIN holding AS lent ON lent.id = share.holding WHERE lent.asset = holding.asset)",
            {},
        )
        assert not stray

    def _members(self, organization: int, *statuses: str) -> list[str]:
        rows = self.world.rows("SELECT role, status FROM membership WHERE organization = :id", {"id": organization})
        return [row["role"] for row in rows if row["status"] in statuses]


TestPlatform = Platform.TestCase
TestPlatform.settings = settings(max_examples=scaled(25), stateful_step_count=50)
