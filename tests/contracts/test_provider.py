"""What every provider owes the rest of the tool, told as a story over each of them.

A new provider joins by adding a function to `PROVIDERS` that builds the stage for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from reconciler.model import (
    KINDS,
    Action,
    Address,
    Applied,
    Change,
    Failed,
    Live,
    Organization,
    Outcome,
    Place,
    Provider,
    Resource,
    Scope,
    Status,
    Waits,
    fingerprint_of,
)
from reconciler.providers.business_api.client import TIERS, Client, Connection
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.api.configuration import Options, issue_token
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.transport import BusinessApiTransport
from reconciler.sandbox.people import accept, approve, decline
from reconciler.sandbox.registry import get_person
from reconciler.sandbox.world import World
from reconciler.systems.catalogue import get_system
from tests.sandbox.stage import EU, NORTH, OF_DEE, START, US, new_world

PLACE = Place("access/acme.yaml", 1, 1)
PEOPLE = {key: (f"{key}@acme.example",) for key in ("ana", "bo", "cy")}
DEV = Organization(key="acme-dev", system=get_system("developers"), identity="Acme Inc.", place=PLACE)
BC = Organization(
    key="acme-bc", system=get_system("business_center"), identity="6900000000000000001", name="Acme", place=PLACE
)
BRAND = Organization(key="acme-brand", system=get_system("organization_account"), identity="@acme", place=PLACE)
ASSETS = {
    ("ad_account", "us"): US,
    ("ad_account", "eu"): EU,
    ("ad_account", "dee"): OF_DEE,
    ("tiktok_account", "handle"): "@acme",
    ("tiktok_account", "creator"): "@dee",
    ("pixel", "web"): "7300000000000000001",
    ("asset_group", "europe"): "Europe",
    ("partner", "north"): NORTH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A provider, and the people on the other side of it."""

    provider: Provider
    accept: Callable[[str, str], None]
    decline: Callable[[str, str], None]
    approve: Callable[[str, str], None]
    close: Callable[[], None]

    def do(self, scope: Scope, action: Action, kind: str, key: str, *, actor: str = "ana", **attributes: Any) -> object:
        """Carry out a change as a plan would have it, and return the outcome."""
        return self.provider.apply(scope, self.change(scope, action, kind, key, actor=actor, **attributes))

    def change(
        self, scope: Scope, action: Action, kind: str, key: str, *, actor: str = "ana", **attributes: Any
    ) -> Change:
        address = Address(scope.organization.key, kind, key)
        before = self.provider.read(scope).resources.get(address)
        ends = action in (Action.REMOVE, Action.REVOKE, Action.CANCEL_INVITATION, KINDS[kind].delete)
        after = None if ends else Resource(address=address, attributes=attributes)
        return Change(
            address=address,
            action=action,
            before=before,
            after=after,
            fingerprint=fingerprint_of(before),
            why="declared",
            actor=actor,
        )

    def live(self, scope: Scope, kind: str, key: str) -> Resource | None:
        return self.provider.read(scope).resources.get(Address(scope.organization.key, kind, key))


def _sandbox() -> Subject:
    world: World = new_world()
    return Subject(
        provider=SandboxProvider(world),
        accept=lambda person, organization: accept(world, person, organization),
        decline=lambda person, organization: decline(world, person, organization),
        approve=lambda what, organization: approve(world, what, organization),
        close=world.close,
    )


class WithBusinessApi:
    """The sandbox for everything but Business Centers; those over the emulated interface, with each actor's token."""

    name = "business_api"

    def __init__(self, world: World) -> None:
        emulator = Emulator(world, Options(tier="unlimited", mask_emails="none"))
        self._others = SandboxProvider(world)
        self.clients = {person: self._client(world, emulator, person) for person in ("ana", "bo")}
        self._by_actor = {person: BusinessApiProvider(made, clock=world) for person, made in self.clients.items()}

    @staticmethod
    def _client(world: World, emulator: Emulator, person: str) -> Client:
        token = issue_token(world, get_person(world, person))
        connection = Connection(access_token=token, tier=TIERS["unlimited"], workers=1)
        return Client(connection, transport=BusinessApiTransport(emulator))

    def read(self, scope: Scope) -> Live:
        return self._for(scope, "ana").read(scope)

    def read_some(self, scope: Scope, addresses: Sequence[Address]) -> Live:
        return self._for(scope, "ana").read_some(scope, addresses)

    def apply(self, scope: Scope, change: Change) -> Outcome:
        return self._for(scope, change.actor).apply(scope, change)

    def _for(self, scope: Scope, actor: str) -> Provider:
        if scope.organization.system.name != "business_center":
            return self._others
        return self._by_actor.get(actor, self._by_actor["ana"])


def _business_api() -> Subject:
    world = new_world()
    provider = WithBusinessApi(world)

    def close() -> None:
        for client in provider.clients.values():
            client.close()
        world.close()

    return Subject(
        provider=provider,
        accept=lambda person, organization: accept(world, person, organization),
        decline=lambda person, organization: decline(world, person, organization),
        approve=lambda what, organization: approve(world, what, organization),
        close=close,
    )


PROVIDERS: dict[str, Callable[[], Subject]] = {"sandbox": _sandbox, "business_api": _business_api}


def takes_a_person(outcome: object) -> bool:
    """Where a way to reach a system has no means for a step, it says who has to do it and how."""
    if isinstance(outcome, Waits):
        assert outcome.on
        assert outcome.why
    return isinstance(outcome, Waits)


@pytest.fixture(params=list(PROVIDERS))
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    built = PROVIDERS[request.param]()
    yield built
    built.close()


DEVELOPERS = Scope(organization=DEV, people=PEOPLE, assets={("app", "game"): "awx-game", ("app", "shop"): "awx-shop"})
CENTER = Scope(organization=BC, people=PEOPLE, assets=ASSETS)
EVERY_SCOPE = pytest.mark.parametrize("scope", [DEVELOPERS, CENTER], ids=["developers", "business_center"])


@EVERY_SCOPE
def test_reading_shows_the_organization_its_members_and_when(subject: Subject, scope: Scope) -> None:
    live = subject.provider.read(scope)
    key = scope.organization.key
    assert live.resources[Address(key, "organization", key)].identity == scope.organization.identity
    ana = live.resources[Address(key, "member", "ana")]
    assert (ana.attributes, ana.status, ana.identity) == ({"role": "admin"}, Status.ACTIVE, "ana@acme.example")
    assert ana.since in (START.date(), None)  # not every system tells
    assert live.observed_at is not None
    assert not live.unknown


@EVERY_SCOPE
def test_every_resource_lies_under_its_own_address_and_in_a_kind_the_system_has(subject: Subject, scope: Scope) -> None:
    for address, resource in subject.provider.read(scope).resources.items():
        assert resource.address == address
        assert address.organization == scope.organization.key
        assert address.kind in scope.organization.system.kinds


def test_an_organization_that_is_not_there_is_absent_rather_than_unknown(subject: Subject) -> None:
    live = subject.provider.read(replace(DEVELOPERS, organization=replace(DEV, identity="Nobody Inc.")))
    assert (dict(live.resources), dict(live.unknown)) == ({}, {})


def test_whoever_no_manifest_knows_is_keyed_by_their_identity(subject: Subject) -> None:
    live = subject.provider.read(replace(CENTER, people={"ana": ("ANA@acme.example",)}))
    assert {address.key for address in live.resources if address.kind == "member"} == {"ana", "bo@acme.example"}


def test_an_invitation_is_pending_until_the_person_answers(subject: Subject) -> None:
    outcome = subject.do(CENTER, Action.INVITE, "member", "cy", role="standard", finance="analyst")
    invited = subject.live(CENTER, "member", "cy")
    assert outcome == Applied(live=invited)
    assert invited is not None
    assert (invited.status, invited.attributes) == (Status.INVITED, {"role": "standard", "finance": "analyst"})
    subject.accept("cy", "bc")
    accepted = subject.live(CENTER, "member", "cy")
    assert accepted is not None
    # Only whoever has joined has a number and a name, where the platform tells them.
    assert replace(accepted, platform_id="", name="") == replace(invited, status=Status.ACTIVE, name="")


def test_a_declined_invitation_stays_visible_until_it_is_repeated(subject: Subject) -> None:
    subject.do(DEVELOPERS, Action.INVITE, "member", "cy", role="member")
    subject.decline("cy", "dev")
    declined = subject.live(DEVELOPERS, "member", "cy")
    assert declined is not None
    assert declined.status is Status.DECLINED
    subject.do(DEVELOPERS, Action.INVITE, "member", "cy", role="member")
    repeated = subject.live(DEVELOPERS, "member", "cy")
    assert repeated is not None
    assert repeated.status is Status.INVITED


def test_a_refusal_is_an_outcome_with_reason_and_code_and_changes_nothing(subject: Subject) -> None:
    before = subject.provider.read(CENTER)
    outcome = subject.do(CENTER, Action.INVITE, "member", "cy", actor="bo", role="standard")
    assert isinstance(outcome, Failed)
    assert outcome.reason
    assert outcome.code == "40001"
    assert subject.provider.read(CENTER).resources == before.resources


@pytest.mark.parametrize("actor", ["", "nobody"])
def test_without_somebody_to_act_as_nothing_happens(subject: Subject, actor: str) -> None:
    assert isinstance(subject.do(CENTER, Action.REMOVE, "member", "bo", actor=actor), Failed)


def test_reinviting_replaces_the_role_of_a_pending_invitation(subject: Subject) -> None:
    subject.do(CENTER, Action.INVITE, "member", "cy", role="standard")
    subject.do(CENTER, Action.REINVITE, "member", "cy", role="admin")
    live = subject.live(CENTER, "member", "cy")
    assert live is not None
    assert (live.status, live.attributes) == (Status.INVITED, {"role": "admin"})


def test_a_reinvitation_that_is_refused_leaves_the_first_one_standing(subject: Subject) -> None:
    subject.do(CENTER, Action.INVITE, "member", "cy", role="standard")
    assert isinstance(subject.do(CENTER, Action.REINVITE, "member", "cy", role="boss"), Failed)
    live = subject.live(CENTER, "member", "cy")
    assert live is not None
    assert live.attributes == {"role": "standard"}


def test_members_change_roles_and_go(subject: Subject) -> None:
    subject.do(CENTER, Action.CHANGE_ROLE, "member", "bo", role="admin", finance="manager")
    live = subject.live(CENTER, "member", "bo")
    assert live is not None
    assert live.attributes == {"role": "admin", "finance": "manager"}
    assert subject.do(CENTER, Action.REMOVE, "member", "bo") == Applied(live=None)
    assert subject.live(CENTER, "member", "bo") is None


def test_a_cancelled_invitation_is_gone(subject: Subject) -> None:
    subject.do(CENTER, Action.INVITE, "member", "cy", role="standard")
    assert subject.do(CENTER, Action.CANCEL_INVITATION, "member", "cy") == Applied(live=None)
    assert subject.live(CENTER, "member", "cy") is None


def test_removing_and_inviting_ends_with_an_invitation(subject: Subject) -> None:
    subject.do(DEVELOPERS, Action.CHANGE_ROLE, "member", "bo", role="admin")
    subject.do(DEVELOPERS, Action.REMOVE_AND_INVITE, "member", "bo", role="member")
    live = subject.live(DEVELOPERS, "member", "bo")
    assert live is not None
    assert (live.status, live.attributes) == (Status.INVITED, {"role": "member"})


def test_giving_up_admin_rights_waits_for_that_person(subject: Subject) -> None:
    subject.do(DEVELOPERS, Action.CHANGE_ROLE, "member", "bo", role="admin")
    outcome = subject.do(DEVELOPERS, Action.GIVE_UP_ADMIN, "member", "bo", role="member")
    assert isinstance(outcome, Waits)
    assert outcome.on == "bo"
    live = subject.live(DEVELOPERS, "member", "bo")
    assert live is not None
    assert live.attributes == {"role": "admin"}


def test_people_are_found_by_another_of_their_identities(subject: Subject) -> None:
    scope = Scope(organization=BRAND, people={**PEOPLE, "dee": ("dee@creator.example", "+34600333444")})
    address = Address("acme-brand", "member", "dee")
    by_phone = Resource(address=address, attributes={"role": "operator"}, identity="+34600333444")
    change = subject.change(scope, Action.INVITE, "member", "dee", role="operator")
    subject.provider.apply(scope, replace(change, after=by_phone))
    live = subject.live(scope, "member", "dee")
    assert live is not None
    assert live.identity == "+34600333444"
    assert subject.do(scope, Action.CANCEL_INVITATION, "member", "dee") == Applied(live=None)


def test_an_app_transfer_awaits_acceptance(subject: Subject) -> None:
    owned = subject.live(DEVELOPERS, "app", "game")
    assert owned is not None
    assert owned.attributes == {"owner": "person:bo"}
    outcome = subject.do(DEVELOPERS, Action.TRANSFER_APP, "app", "game", owner="organization:acme-dev")
    assert isinstance(outcome, Applied)
    assert outcome.live == replace(owned, status=Status.AWAITING_ACCEPTANCE, pending={"owner": "organization:acme-dev"})


@pytest.mark.parametrize(
    ("kind", "key", "first", "second"),
    [
        ("ad_account_access", "us/bo", {"role": "operator"}, {"role": "analyst"}),
        ("tiktok_account_access", "handle/bo", {"permissions": ("post",)}, {"permissions": ("live", "post")}),
        ("pixel_access", "web/bo", {}, None),
        ("pixel_use", "web/us", {}, None),
        ("tiktok_account_use", "handle/us", {}, None),
    ],
)
def test_grants_are_given_changed_and_revoked(
    subject: Subject, kind: str, key: str, first: dict[str, Any], second: dict[str, Any] | None
) -> None:
    for action, attributes in ((Action.GRANT, first), (Action.CHANGE_GRANT, second)):
        if attributes is not None:
            outcome = subject.do(CENTER, action, kind, key, **attributes)
            if takes_a_person(outcome):
                return
            live = subject.live(CENTER, kind, key)
            assert live is not None
            assert live.attributes == attributes
    assert subject.do(CENTER, Action.REVOKE, kind, key) == Applied(live=None)
    assert subject.live(CENTER, kind, key) is None


def test_groups_are_founded_filled_and_deleted(subject: Subject) -> None:
    steps: list[tuple[Action, str, str, dict[str, Any]]] = [
        (Action.CREATE_GROUP, "asset_group", "europe", {}),
        (Action.GRANT, "asset_group_asset", "europe/eu", {}),
        (Action.GRANT, "asset_group_access", "europe/bo", {"role": "analyst"}),
        (Action.CHANGE_GRANT, "asset_group_access", "europe/bo", {"role": "operator"}),
    ]
    for action, kind, key, attributes in steps:
        outcome = subject.do(CENTER, action, kind, key, **attributes)
        if takes_a_person(outcome):
            return
        assert isinstance(outcome, Applied)
        assert outcome.live is not None
        assert outcome.live.attributes == attributes
    for kind, key in (("asset_group_access", "europe/bo"), ("asset_group_asset", "europe/eu")):
        assert subject.do(CENTER, Action.REVOKE, kind, key) == Applied(live=None)
    assert subject.do(CENTER, Action.DELETE_GROUP, "asset_group", "europe") == Applied(live=None)


def test_a_group_is_called_what_the_manifests_call_it(subject: Subject) -> None:
    group = Address(BC.key, "asset_group", "emea")
    first = replace(CENTER, details={group: {"name": "All of Europe"}})
    if takes_a_person(subject.do(first, Action.CREATE_GROUP, "asset_group", "emea", called="All of Europe")):
        return
    live = subject.live(first, "asset_group", "emea")
    assert live is not None
    assert live.attributes == {"called": "All of Europe"}
    assets = {**ASSETS, ("asset_group", "emea"): live.identity}
    then = replace(first, details={group: {"name": "EMEA"}}, assets=assets)
    outcome = subject.do(then, Action.RENAME_GROUP, "asset_group", "emea", called="EMEA")
    assert isinstance(outcome, Applied)
    assert outcome.live == subject.live(then, "asset_group", "emea")
    assert outcome.live is not None
    assert outcome.live.attributes == {"called": "EMEA"}
    nameless = subject.live(CENTER, "asset_group", "EMEA")
    assert nameless is not None
    assert not nameless.attributes, "whose name is not declared, that is nobody's business"


def test_links_and_access_requests_wait_for_the_owner(subject: Subject) -> None:
    steps: list[tuple[Action, str, str, dict[str, Any], str]] = [
        (Action.LINK, "tiktok_account", "creator", {"permissions": ("existing_posts",)}, "@dee"),
        (Action.REQUEST_ACCESS, "ad_account", "dee", {}, OF_DEE),
    ]
    for action, kind, key, attributes, identity in steps:
        outcome = subject.do(CENTER, action, kind, key, **attributes)
        if takes_a_person(outcome):
            continue
        assert isinstance(outcome, Applied)
        assert outcome.live is not None
        assert (outcome.live.status, outcome.live.attributes) == (Status.REQUESTED, attributes)
        subject.approve(identity, "bc")
        live = subject.live(CENTER, kind, key)
        assert live is not None
        assert live.status is Status.ACTIVE


def test_a_link_asks_for_more_while_what_it_has_stands(subject: Subject) -> None:
    wanted = ("existing_posts", "live")
    outcome = subject.do(CENTER, Action.CHANGE_LINK, "tiktok_account", "handle", permissions=wanted)
    if not takes_a_person(outcome):
        assert isinstance(outcome, Applied)
        assert outcome.live is not None
        assert outcome.live.attributes == {"permissions": ("existing_posts",)}
        assert outcome.live.pending == {"permissions": wanted}
    assert subject.do(CENTER, Action.UNLINK, "tiktok_account", "handle") == Applied(live=None)


def test_partners_get_shares_that_are_raised_lowered_and_ended(subject: Subject) -> None:
    subject.do(CENTER, Action.ADD_PARTNER, "partner", "north")
    for action, role in (
        (Action.SHARE, "analyst"),
        (Action.CHANGE_SHARE, "admin"),
        (Action.CHANGE_SHARE, "operator"),
    ):
        outcome = subject.do(CENTER, action, "partner_share", "north/us", role=role)
        assert isinstance(outcome, Applied)
        assert outcome.live is not None
        assert outcome.live.attributes == {"role": role}
    assert subject.do(CENTER, Action.UNSHARE, "partner_share", "north/us") == Applied(live=None)
    assert subject.do(CENTER, Action.REMOVE_PARTNER, "partner", "north") == Applied(live=None)


def test_a_created_organization_has_its_creator_as_admin(subject: Subject) -> None:
    scope = replace(DEVELOPERS, organization=replace(DEV, key="new", identity="New Inc.", name="New Inc."))
    assert isinstance(subject.do(scope, Action.CREATE_ORGANIZATION, "organization", "new", actor="bo"), Applied)
    live = subject.live(scope, "member", "bo")
    assert live is not None
    assert live.attributes == {"role": "admin"}
    assert subject.do(scope, Action.DELETE_ORGANIZATION, "organization", "new", actor="bo") == Applied(live=None)


@EVERY_SCOPE
def test_reading_some_says_the_same_as_reading_all(subject: Subject, scope: Scope) -> None:
    subject.do(CENTER, Action.GRANT, "ad_account_access", "us/bo", role="operator")
    subject.do(CENTER, Action.GRANT, "pixel_use", "web/us")
    everything = subject.provider.read(scope).resources
    for address, resource in everything.items():
        assert subject.provider.read_some(scope, [address]).find(address) == resource
    absent = Address(scope.organization.key, "member", "nobody")
    assert subject.provider.read_some(scope, [*everything, absent]).find(absent) is None
