"""Access that an asset group gives, where the interface lists it among the direct access of a member, or does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.address import Address
from reconciler.core.kinds import Action
from reconciler.core.live import Live, Unknown
from reconciler.core.outcome import Applied
from reconciler.core.resource import Resource
from reconciler.providers.sandbox.groups import add_asset_to_group, create_group, set_group_role
from reconciler.providers.sandbox.organizations import get_organization
from reconciler.providers.sandbox.registry import get_person
from tests.business_api.stage import SCOPE, Stage, staged
from tests.sandbox.stage import US

US_BO = Address("acme-bc", "ad_account_access", "us/bo")


def put_into_a_group(stage: Stage, person: str = "bo", role: str = "operator") -> None:
    bc, ana = get_organization(stage.world, "bc"), get_person(stage.world, "ana")
    create_group(stage.world, bc, actor=ana, name=f"of {person}")
    add_asset_to_group(stage.world, bc, actor=ana, name=f"of {person}", ad_account=US)
    address = f"{person}@acme.example"
    set_group_role(stage.world, bc, actor=ana, name=f"of {person}", address=address, role=role)


def read(stage: Stage, declared: str = "") -> Live:
    """What is there, where this role is declared for Bo."""
    return stage.provider.read(replace(SCOPE, roles={US_BO: declared} if declared else {}))


def test_access_that_only_a_group_gives_is_not_taken_for_direct_access() -> None:
    with staged(group_access_listed=True) as stage:
        put_into_a_group(stage)
        found = read(stage).find(US_BO)
    assert isinstance(found, Unknown)
    assert found.reason == "it may be what an asset group gives: whether such access is listed is not documented"


def test_where_group_access_is_not_listed_what_is_listed_is_direct() -> None:
    with staged() as stage:
        put_into_a_group(stage)
        put_into_a_group(stage, "ana")
        stage.do(Action.GRANT, "ad_account_access", "us/bo", role="operator")
        found = read(stage).find(US_BO)
    assert isinstance(found, Resource), "that Ana is not listed shows that groups are not"


def test_a_lower_role_than_that_of_the_group_shows_that_groups_are_not_listed() -> None:
    with staged() as stage:
        put_into_a_group(stage)
        stage.do(Action.GRANT, "ad_account_access", "us/bo", role="analyst")
        found = read(stage).find(US_BO)
    assert isinstance(found, Resource)
    assert found.attributes == {"role": "analyst"}


@pytest.mark.parametrize("listed", [True, False])
def test_a_higher_role_than_that_of_the_group_is_direct_access(*, listed: bool) -> None:
    with staged(group_access_listed=listed) as stage:
        put_into_a_group(stage)
        stage.do(Action.GRANT, "ad_account_access", "us/bo", role="admin")
        found = read(stage).find(US_BO)
    assert isinstance(found, Resource)
    assert found.attributes == {"role": "admin"}


@pytest.mark.parametrize(("declared", "is_told"), [("analyst", False), ("operator", True), ("admin", True)])
def test_what_a_group_gives_counts_where_at_least_that_is_declared(declared: str, *, is_told: bool) -> None:
    with staged(group_access_listed=True) as stage:
        put_into_a_group(stage)
        assert isinstance(read(stage, declared).find(US_BO), Resource) is is_told


def test_access_is_raised_above_what_a_group_gives() -> None:
    with staged(group_access_listed=True, scope=replace(SCOPE, roles={US_BO: "admin"})) as stage:
        put_into_a_group(stage)
        stage.provider.read(stage.scope)
        done = stage.do(Action.CHANGE_GRANT, "ad_account_access", "us/bo", role="admin")
    assert isinstance(done, Applied)
    assert done.live is not None
    assert done.live.attributes == {"role": "admin"}
