"""Members are people whom one can name."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale


def _check(world: PolicyInput, _: Parameters) -> Iterator[PolicyObjection]:
    for organization, member, person in world.every_member():
        if person is None and member.expires is None:
            yield PolicyObjection.to(
                member,
                f"`{member.address.key}` is a member of `{organization.key}` and nobody in the directory",
                advice="declare who it is under `people`, or write `expires`",
            )


RULE = Rule(
    id="named-members",
    severity=Severity.WARNING,
    sets={"strict": Severity.ERROR},
    asks="Every member is a person in the directory, or their membership has an end.",
    because="Somebody known by an address alone has no end date, no employment and no other accounts, so nothing ends "
    "when they leave.",
    where={"employments": ("",)},
    check=_check,
    scale=Scale.PERSON,
    is_timeless=True,
)
