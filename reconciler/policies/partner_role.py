"""Partners get no more than they need."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import KINDS, SHARES, Severity, role_in
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, words


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    allowed = words(parameters, "roles")
    for organization, declared in world.everything(SHARES):
        address, role = declared.address, role_in(declared.attributes)
        roles = organization.system.roles.get(address.kind, ())
        if not roles or declared.reason:
            continue
        if role not in (*allowed, roles[-1].name):
            partner, shared = address.parts
            yield PolicyObjection.to(
                declared,
                f"partner `{partner}` is {role} of {KINDS[KINDS[address.kind].parents[1]].title} `{shared}` without a "
                "reason",
                advice=f"share it as `{roles[-1].name}`, or write {{role: {role}, reason: ...}}",
            )


RULE = Rule(
    id="partner-role",
    severity=None,
    sets={"baseline": Severity.NOTE, "strict": Severity.ERROR, "agency": Severity.WARNING},
    asks="A partner has the weakest role on what is shared with it, one of `roles`, or a reason.",
    because="A partner decides by itself which of its people use what is shared; nobody here sees who they are.",
    where={"kinds": SHARES},
    parameters={"roles": ("analyst",)},
    check=_check,
    scale=Scale.PERSON,
    is_timeless=True,
)
