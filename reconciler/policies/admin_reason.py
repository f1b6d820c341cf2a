"""Whoever administers an organization has a reason to."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale


def _check(world: PolicyInput, _: Parameters) -> Iterator[PolicyObjection]:
    for organization, admin, _person in world.every_member(admins_only=True):
        if not admin.reason:
            role = admin.attributes["role"]
            yield PolicyObjection.to(
                admin,
                f"`{admin.address.key}` is {role} of `{organization.key}` without a reason",
                advice=f"write {{role: {role}, reason: ...}}: what they do there, or a ticket",
            )


RULE = Rule(
    id="admin-reason",
    severity=None,
    sets={"strict": Severity.WARNING, "agency": Severity.WARNING},
    asks="Every admin has a reason: what they do there, or the ticket that says so.",
    because="An admin can do everything, so it is decided and not inherited: usually the owner of the business or "
    "whoever runs it from day to day.",
    check=_check,
    scale=Scale.PERSON,
    is_timeless=True,
)
