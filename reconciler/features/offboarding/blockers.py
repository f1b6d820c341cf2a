"""What has to be settled before somebody can go, told with what there is to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.engine.planner import Worlds
from reconciler.features.offboarding.model import Blocker
from reconciler.model.address import Address
from reconciler.model.change import Blocked, Guard
from reconciler.model.holding import PersonReport
from reconciler.model.plan import Plan
from reconciler.model.resource import Resource
from reconciler.model.settings import GuardSettings

_TOLD_OTHERWISE = frozenset({Guard.REQUIRED_ADMIN, Guard.SELF})
"""Guards whose objection is told with what there is to do about it."""


@dataclass(frozen=True, slots=True)
class Hurdles:
    """Looks for them in what is there of a person, and in the plan that takes it away."""

    _report: PersonReport
    _there: Mapping[Address, Resource]
    _worlds: Worlds
    _plan: Plan

    def find(self, settings: GuardSettings) -> Iterator[Blocker]:
        """What has to come first, the most far-reaching first."""
        if self._report.key in settings.required_admins:
            yield Blocker(
                what="they are listed in guards.required_admins, so no plan takes their admin roles",
                first="take them out of guards.required_admins in reconciler.yaml",
            )
        yield from self._roles()
        for address in sorted(self._there):
            if address.kind == "app":
                yield Blocker(
                    what=f"the app {address.key} is theirs in person, and only its owner can transfer it",
                    first="have them transfer it to an organization before they go",
                    address=address,
                )
        for blocked in self._plan.blocked:
            if blocked.guard not in _TOLD_OTHERWISE:
                yield Blocker(
                    what=blocked.message,
                    first=_advise(blocked),
                    address=blocked.change.address,
                )
        yield from self._accounts()

    def _roles(self) -> Iterator[Blocker]:
        for address, resource in sorted(self._there.items()):
            if address.kind != "member":
                continue
            system = self._worlds.desired.organizations[address.organization].system
            role = str(resource.attributes.get("role", ""))
            if self._worlds.live[address.organization].acting == address.key:
                yield Blocker(
                    what=f"this tool reaches {address.organization} with their token, which ends with their membership",
                    first="get a token of another admin: `reconciler auth` tells how",
                    address=address,
                )
            if system.is_handed_over(role):
                yield Blocker(
                    what=f"they are {role} of {address.organization}, and only they can hand that over",
                    first=f"declare another {role}, and have them hand it over before they go",
                    address=address,
                )

    def _accounts(self) -> Iterator[Blocker]:
        """TikTok accounts that are their own: the link stays with them, whoever they work for."""
        person = self._report.person
        handle = person.identities.get("tiktok", "").casefold() if person else ""
        for declared in self._worlds.desired.resources.values():
            for address, one in declared.items():
                if handle and address.kind == "tiktok_account" and one.identity.casefold() == handle:
                    yield Blocker(
                        what=f"the TikTok account {address.key} is their own, and they can end its use at any time",
                        first="agree with them in writing what happens to it, or take it out of the manifest",
                        address=address,
                    )


def _advise(blocked: Blocked) -> str:
    """What lifts an objection."""
    organization = blocked.change.address.organization
    if blocked.guard is Guard.MIN_ADMINS:
        return f"declare another admin of {organization}, and wait until they have accepted"
    if blocked.approval:
        return f"if it shall be all the same, approve it: {blocked.approval}"
    return f"settle that in {organization}, and plan again"
