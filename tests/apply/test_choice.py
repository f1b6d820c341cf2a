"""What is said of a resource that moved between plan and apply."""

from __future__ import annotations

import pytest

from reconciler.apply.steps import describe_move
from reconciler.model import Address, Attributes, Resource, Status

EVE = Address("acme-bc", "tiktok_account_access", "acme/eve")


def resource(attributes: Attributes, status: Status = Status.ACTIVE) -> Resource:
    return Resource(address=EVE, attributes=attributes, status=status)


@pytest.mark.parametrize(
    ("seen", "found", "told"),
    [
        (resource({"role": "admin"}), resource({"role": "standard"}), "role admin -> standard"),
        (resource({"role": "admin"}), resource({"role": "admin", "finance": "manager"}), "finance none -> manager"),
        (resource({}, Status.INVITED), resource({}), "status invited -> active"),
        (
            resource({"permissions": ("live", "post")}),
            resource({"permissions": ("direct_message", "live", "post")}),
            "permissions + direct_message",
        ),
        (resource({"permissions": ("live", "post")}), resource({"permissions": ("post",)}), "permissions - live"),
        (resource({"role": "admin"}), None, "it is absent now"),
        (None, resource({}, Status.DECLINED), "it is declined now"),
    ],
)
def test_only_the_fields_that_moved_are_named(seen: Resource | None, found: Resource | None, told: str) -> None:
    assert describe_move(seen=seen, found=found) == told
