"""A provider that goes wrong exactly as its script says."""

from __future__ import annotations

import pytest

from reconciler.model import (
    Action,
    Address,
    Applied,
    Change,
    Failed,
    InDoubt,
    Organization,
    Place,
    ProviderError,
    Scope,
    Unknown,
)
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.systems.catalogue import get_system
from tests.sandbox.faulty import FaultyProvider, Script
from tests.sandbox.stage import Stage

BC = Organization(
    key="acme-bc",
    system=get_system("business_center"),
    identity="6900000000000000001",
    place=Place("access/acme.yaml", 1, 1),
)
SCOPE = Scope(organization=BC, people={"ana": ("ana@acme.example",), "bo": ("bo@acme.example",)})
BO = Address("acme-bc", "member", "bo")
REMOVAL = Change(
    address=BO, action=Action.REMOVE, before=None, after=None, fingerprint="", why="no longer declared", actor="ana"
)


@pytest.mark.parametrize(
    ("script", "outcome", "happened"),
    [
        (Script(fail={1: "overloaded"}), Failed(reason="overloaded"), False),
        (Script(lose_request={1: "no answer"}), InDoubt(reason="no answer"), False),
        (Script(lose_answer={1: "no answer"}), InDoubt(reason="no answer"), True),
        (Script(fail={2: "later"}), Applied(live=None), True),
    ],
)
def test_a_call_fails_with_or_without_effect(stage: Stage, script: Script, outcome: object, happened: bool) -> None:
    provider = FaultyProvider(SandboxProvider(stage.world), script)
    assert provider.apply(SCOPE, REMOVAL) == outcome
    assert ("bo" not in stage.members("bc")) is happened
    assert provider.calls == [REMOVAL]


def test_a_provider_can_give_up_altogether(stage: Stage) -> None:
    provider = FaultyProvider(SandboxProvider(stage.world), Script(crash={1: "signed out"}))
    with pytest.raises(ProviderError, match="signed out"):
        provider.apply(SCOPE, REMOVAL)
    assert "bo" in stage.members("bc")


@pytest.mark.parametrize("prefix", ["acme-bc/", "acme-bc/member/", "acme-bc/member/bo"])
def test_what_cannot_be_read_is_unknown_and_not_absent(stage: Stage, prefix: str) -> None:
    provider = FaultyProvider(SandboxProvider(stage.world), Script(unknown={prefix: "no permission"}))
    for live in (provider.read(SCOPE), provider.read_some(SCOPE, [BO])):
        assert live.find(BO) == Unknown("no permission", is_part=prefix.endswith("/"))
        assert BO not in live.resources
