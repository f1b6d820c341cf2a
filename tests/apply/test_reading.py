"""What a provider says is looked at before it is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.apply.planning import read_live
from reconciler.model import Address, Live, Organization, Place, Resource, Scope
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox.world import World
from reconciler.systems.catalogue import get_system

SCOPE = Scope(organization=Organization(key="bc", system=get_system("business_center"), place=Place("a.yaml", 1, 1)))
ANA = Address("bc", "member", "ana")
SOUND = Live(organization="bc", resources={ANA: Resource(address=ANA, attributes={"role": "admin"})})


class Wrong(SandboxProvider):
    """Answers with whatever it was given."""

    def __init__(self, answer: Live) -> None:
        super().__init__(World.in_memory())
        self._answer = answer

    def read(self, scope: Scope) -> Live:
        return self._answer


def with_resource(key: Address, address: Address) -> Live:
    return replace(SOUND, resources={**SOUND.resources, key: Resource(address=address)})


FOREIGN, STRANGE, HALF = (
    Address("other", "member", "mallory"),
    Address("bc", "spaceship", "x"),
    Address("bc", "pixel_access", "x"),
)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (replace(SOUND, organization="other"), "it is of other"),
        (with_resource(FOREIGN, FOREIGN), "other/member/mallory does not belong to bc"),
        (with_resource(STRANGE, STRANGE), "bc/spaceship/x is of a kind that this version does not know"),
        (with_resource(HALF, HALF), "bc/pixel_access/x does not name one access to pixel"),
        (with_resource(Address("bc", "member", "bo"), FOREIGN), "bc/member/bo is said of other/member/mallory"),
    ],
)
def test_a_reading_that_makes_no_sense_leaves_the_organization_unknown(answer: Live, reason: str) -> None:
    live = read_live(Wrong(answer), SCOPE)
    assert (live.resources, live.unknown) == ({}, {"bc/": f"what was read makes no sense: {reason}"})


def test_a_sound_reading_is_believed() -> None:
    assert read_live(Wrong(SOUND), SCOPE) == SOUND
