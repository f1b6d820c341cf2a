"""What is live where only rosters tell, and what a change becomes where only people act."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reconciler.model import (
    Action,
    Address,
    Applied,
    AskingProvider,
    Change,
    Organization,
    Place,
    Resource,
    Roster,
    Scope,
    Unknown,
    Waits,
    fingerprint_of,
)
from reconciler.providers.work_orders import WorkOrdersProvider
from reconciler.systems.catalogue import get_system
from tests.features.work_orders.office import START

ORGANIZATION = Organization(
    key="dev", system=get_system("developers", "owner"), identity="Acme", place=Place("a.yaml", 1, 1)
)
EVE = Resource(address=Address("dev", "member", "eve"), attributes={"role": "member"}, identity="eve@acme.example")
APP = Resource(address=Address("dev", "app", "shop"), attributes={"owner": "person:eve"}, identity="awx1")
MANAGER = Resource(address=Address("dev", "app_access", "shop/eve"))


def roster(kind: str, *resources: Resource, days_ago: int = 0, **unknown: str) -> Roster:
    prefixes = {f"dev/{kind}/{key}": why for key, why in unknown.items()}
    return Roster(kind=kind, taken=START - timedelta(days=days_ago), resources=resources, unknown=prefixes)


def scope(*rosters: Roster) -> Scope:
    return Scope(organization=ORGANIZATION, rosters={one.kind: one for one in rosters})


def test_an_organization_that_nobody_has_looked_at_is_unknown() -> None:
    live = WorkOrdersProvider().read(scope())
    assert (dict(live.resources), live.observed_at) == ({}, None)
    found = live.find(EVE.address)
    assert isinstance(found, Unknown)
    assert "reconciler observe dev --from FILE" in found.reason


def test_nobody_is_asked_for_a_list_that_cannot_be_handed_in() -> None:
    center = replace(ORGANIZATION, key="bc", system=get_system("business_center"))
    live = WorkOrdersProvider().read(Scope(organization=center, rosters={"member": roster("member")}))
    found = live.find(Address("bc", "ad_account", "us"))
    assert isinstance(found, Unknown)
    assert "leave the kind out of its `manages:`" in found.reason
    assert "observe" not in found.reason


def test_an_organization_that_shall_be_created_is_absent_until_there_is_a_roster() -> None:
    provider = WorkOrdersProvider(exists=False)
    organization = Address("dev", "organization", "dev")
    assert provider.read(scope()).find(organization) is None
    assert provider.read(scope(roster("member"))).find(organization) is not None


def test_only_the_kinds_with_a_roster_are_known_each_with_its_own_age() -> None:
    live = WorkOrdersProvider().read(scope(roster("member", EVE), roster("app", APP, days_ago=3)))
    assert live.find(EVE.address) == EVE
    assert live.find(Address("dev", "member", "nobody")) is None
    assert isinstance(live.find(MANAGER.address), Unknown)
    assert (live.seen_at("member"), live.seen_at("app")) == (START, START - timedelta(days=3))
    assert live.observed_at == START - timedelta(days=3)


def test_what_a_roster_does_not_know_is_unknown() -> None:
    live = WorkOrdersProvider().read(scope(roster("member", EVE, eve="line 3 is cut off", bo="no role")))
    assert live.find(EVE.address) == Unknown("line 3 is cut off")
    assert live.find(Address("dev", "member", "bo")) == Unknown("no role")


def test_two_rows_about_one_person_are_unknown() -> None:
    other = replace(EVE, identity="e@old.example")
    assert isinstance(WorkOrdersProvider().read(scope(roster("member", EVE, other))).find(EVE.address), Unknown)


def test_every_resource_lies_under_its_own_address_and_in_a_kind_the_system_has() -> None:
    live = WorkOrdersProvider().read(scope(roster("member", EVE), roster("app", APP), roster("partner")))
    assert all(address == resource.address for address, resource in live.resources.items())
    assert {address.kind for address in live.resources} <= set(ORGANIZATION.system.kinds)


def test_a_change_becomes_orders_that_nobody_has_stored_yet() -> None:
    wanted = replace(EVE, attributes={"role": "admin"})
    change = Change(
        address=EVE.address,
        action=Action.CHANGE_ROLE,
        before=EVE,
        after=wanted,
        fingerprint=fingerprint_of(EVE),
        why="SEC-1",
        actor="ana",
    )
    outcome = WorkOrdersProvider().apply(scope(roster("member", EVE)), change)
    assert isinstance(outcome, Waits)
    (order,) = outcome.orders
    assert (order.id, order.issued, order.actor, order.reason) == ("", None, "ana", "SEC-1")
    assert order.wanted == {"role": "admin"}


def test_forgetting_asks_nobody() -> None:
    change = Change(
        address=APP.address, action=Action.FORGET, before=APP, after=None, fingerprint=fingerprint_of(APP), why="gone"
    )
    assert WorkOrdersProvider().apply(scope(roster("app", APP)), change) == Applied(live=APP)


def test_it_can_also_tell_people_of_steps_that_nobody_takes_for_them() -> None:
    assert isinstance(WorkOrdersProvider(), AskingProvider)
