"""Apps belong to organizations."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Owner, Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale


def _check(world: PolicyInput, _: Parameters) -> Iterator[PolicyObjection]:
    for organization, declared in world.everything(["app"]):
        state, address = world.recorded.get(organization.key), declared.address
        if state is None:
            continue
        drift, record = state.drift.get(address), state.records.get(address)
        seen = drift.last if drift is not None else record  # what was seen last, where both are known
        owner = Owner.of(seen.attributes) if seen is not None else Owner()
        if owner.person:
            yield PolicyObjection.to(
                declared,
                f"app `{address.key}` belongs to `{owner.person}` and not yet to `{organization.key}`",
                advice=f"`reconciler plan` says what its transfer waits for; {owner.person} must not leave before",
            )


RULE = Rule(
    id="person-owned-apps",
    severity=None,
    sets={"baseline": Severity.WARNING, "strict": Severity.WARNING, "agency": Severity.WARNING},
    asks="No app that an organization shall own was last seen in the hands of a person.",
    because="An app goes with the account that owns it: when that person leaves, nobody can change, transfer or even "
    "see it.",
    where={"kinds": ("app",)},
    needs_state=True,
    check=_check,
    scale=Scale.PERSON,
)
