"""Admins may act for the business."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, words


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    for organization in world.organizations():
        if organization.system.name not in words(parameters, "systems"):
            continue
        for admin in world.admins(organization):
            person = world.find_person(admin.address)
            if person is None or "may_act" not in person.statements:
                yield PolicyObjection(
                    address=admin.address,
                    message=f"`{admin.address.key}` administers `{organization.key}` and has not confirmed that they "
                    "may act for the business",
                    place=admin.place,
                    advice="ask them, and write the day: `statements: {may_act: ...}`",
                    related=(person.place,) if person else (),
                )


RULE = Rule(
    id="admin-may-act",
    severity=None,
    asks="Every admin of these systems has confirmed that they may act for the business.",
    because="The Admin of a Business Center must be allowed to act for the business, and decides who gets its assets.",
    parameters={"systems": ("business_center",)},
    check=_check,
)
