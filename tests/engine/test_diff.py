"""The difference between what is wanted and what is live."""

from __future__ import annotations

import pytest

from reconciler.engine.diff import Difference, agrees, diff
from reconciler.model import Address, Declared, Place, Resource, Status

EVE = Address("acme", "member", "eve")
BO = Address("acme", "member", "bo")


def wanted(address: Address, role: str = "standard") -> Declared:
    return Declared(address=address, attributes={"role": role}, place=Place("access.yaml", 1, 1))


def live(address: Address, role: str = "standard", status: Status = Status.ACTIVE) -> Resource:
    return Resource(address=address, attributes={"role": role}, status=status)


def test_equal_worlds_do_not_differ() -> None:
    assert diff(desired={EVE: wanted(EVE)}, live={EVE: live(EVE)}) == []


def test_every_side_that_stands_alone_is_a_difference_in_order_of_address() -> None:
    assert diff(desired={EVE: wanted(EVE)}, live={BO: live(BO)}) == [
        Difference(BO, None, live(BO)),
        Difference(EVE, wanted(EVE), None),
    ]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.ACTIVE])
def test_only_what_is_in_force_agrees(status: Status) -> None:
    assert not agrees(wanted(EVE), live(EVE, status=status))


def test_a_change_that_is_under_way_does_not_agree() -> None:
    under_way = Resource(address=EVE, attributes={"role": "standard"}, pending={"role": "admin"})
    assert not agrees(wanted(EVE), under_way)


def test_identities_are_not_compared() -> None:
    assert agrees(wanted(EVE), Resource(address=EVE, attributes={"role": "standard"}, identity="eve@elsewhere.example"))
