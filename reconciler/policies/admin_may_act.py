"""Admins may act for the business."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, words


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    systems = words(parameters, "systems")
    for organization, admin, person in world.every_member(admins_only=True):
        if organization.system.name in systems and (person is None or "may_act" not in person.statements):
            yield PolicyObjection.to(
                admin,
                f"`{admin.address.key}` administers `{organization.key}` and has not confirmed that they may act for "
                "the business",
                advice="ask them, and write the day: `statements: {may_act: ...}`",
                person=person,
            )


RULE = Rule(
    id="admin-may-act",
    severity=None,
    sets={"strict": Severity.WARNING},
    asks="Every admin of these systems has confirmed that they may act for the business.",
    because="The Admin of a Business Center must be allowed to act for the business, and decides who gets its assets.",
    where={"systems": "systems"},
    parameters={"systems": ("business_center",)},
    check=_check,
    scale=Scale.PERSON,
    is_timeless=True,
)
