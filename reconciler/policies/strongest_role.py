"""The strongest role on an asset has a reason."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import KINDS, Severity, person_in
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, words


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    for organization, declared in world.everything(words(parameters, "kinds")):
        address = declared.address
        roles = organization.system.roles.get(address.kind, ())
        if len(roles) < 2 or declared.reason:
            continue
        if declared.attributes.get("role") == roles[0].name:
            who = person_in(address) or f"partner {address.parts[0]}"
            yield PolicyObjection.to(
                declared,
                f"`{who}` is {roles[0].name} ({KINDS[address.kind].title}) without a reason: {address}",
                advice=f"give `{roles[1].name}`, or write {{role: {roles[0].name}, reason: ...}}",
            )


RULE = Rule(
    id="strongest-role",
    severity=None,
    sets={"strict": Severity.WARNING, "agency": Severity.WARNING},
    asks="The strongest role on an asset has a reason; `kinds` says on which.",
    because="Access is meant to be Operator or Analyst; Admin of an ad account reaches finance and settings besides, "
    "and careless grants are a known failure.",
    where={"kinds": "kinds"},
    parameters={"kinds": ("ad_account_access", "asset_group_access", "partner_share")},
    check=_check,
    scale=Scale.PERSON,
    is_timeless=True,
)
