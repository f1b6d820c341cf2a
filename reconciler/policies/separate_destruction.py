"""Who decides about money does not also hold what destroys or gives away."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Declared, Severity, person_in, role_in
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, words


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    finance, roles = set(words(parameters, "finance")), set(words(parameters, "roles"))
    paying: dict[str, Declared] = {}
    destroying: dict[str, list[Declared]] = {}
    for _, declared in world.everything():
        who = person_in(declared.address)
        if declared.attributes.get("finance") in finance:
            paying.setdefault(who, declared)
        elif who and role_in(declared.attributes) in roles:
            destroying.setdefault(who, []).append(declared)
    for who, member in paying.items():
        if who not in destroying:
            continue
        named = [f"{role_in(one.attributes)} ({one.address})" for one in destroying[who]]
        more = f" and {len(named) - 1} more" if len(named) > 1 else ""
        yield PolicyObjection(
            address=member.address,
            message=f"`{who}` decides about payments in `{member.address.organization}` and is {named[0]}{more}",
            place=member.place,
            advice="give the finance role to somebody who can neither delete nor give away, or lower the other roles",
            related=tuple(one.place for one in destroying[who]),
        )


RULE = Rule(
    id="separate-destruction",
    severity=None,
    sets={"strict": Severity.WARNING, "agency": Severity.WARNING},
    asks="Nobody has one of these finance roles and, on an asset or in another organization, one of these roles.",
    because="Whoever can pay and can also delete, transfer or hand over can take the money and what it was spent on; "
    "two people have to agree to do that.",
    where={"finances": "finance"},
    parameters={"finance": ("manager",), "roles": ("admin", "administrator", "owner")},
    check=_check,
    scale=Scale.PERSON_ANYWHERE,
    is_timeless=True,
)
