"""Names in the workspace file that have to be names of something in the manifests."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.manifests.config import Config
from reconciler.manifests.doubts import Doubts
from reconciler.manifests.notes import Notes
from reconciler.model.declared import Desired
from reconciler.model.finding import Finding, Place
from reconciler.model.kinds import KINDS
from reconciler.model.suggestions import suggest_word
from reconciler.systems import SYSTEMS

_WILD = frozenset("*?[")


def check_references(config: Config, desired: Desired, doubts: Doubts) -> tuple[Finding, ...]:
    """Everything that the workspace file names and the manifests do not have, unless it may only not be readable."""
    check = _Check(desired, doubts, Notes())
    check.providers(config)
    check.people(config)
    check.exceptions(config)
    return check.notes.in_order()


@dataclass(frozen=True, slots=True)
class _Check:
    desired: Desired
    doubts: Doubts
    notes: Notes

    def providers(self, config: Config) -> None:
        """A misspelt key would leave its organization to the provider for all others."""
        known = ["default", *SYSTEMS, *self.desired.organizations]
        for name, settings in config.providers.items():
            if name not in known and not self.doubts.may_have_lost(name):
                message = f"`{name}` under `providers` is neither an organization, nor a system, nor `default`"
                self.notes.error("unknown-provider-key", message, settings.place, advice=suggest_word(name, known))

    def people(self, config: Config) -> None:
        """A misspelt name would leave a guard without anybody to look after."""
        for name, place in config.required_admin_places.items():
            if not self._is_somebody(name):
                message = f"`required_admins` names `{name}`, who is neither in `people` nor a member of anything"
                advice = suggest_word(name, self.desired.people)
                self.notes.error("unknown-required-admin", message, place, advice=advice)
        for settings in config.providers.values():
            acting = settings.options.get("act_as")
            if isinstance(acting, str) and not self._is_somebody(acting):
                message = f"`act_as` names `{acting}`, who is neither in `people` nor a member of anything"
                advice = suggest_word(acting, self.desired.people)
                self.notes.warning("unknown-acting", message, settings.option_places["act_as"], advice=advice)

    def _is_somebody(self, name: str) -> bool:
        if name in self.desired.people or self.doubts.may_have_lost(name):
            return True
        folded = name.casefold()
        people = self.desired.people.values()
        if any(folded == known.casefold() for person in people for known in person.identities.values()):
            return True
        addresses = (address for declared in self.desired.resources.values() for address in declared)
        return any(address.kind == "member" and address.key.casefold() == folded for address in addresses)

    def exceptions(self, config: Config) -> None:
        """A misspelt address excepts nothing, or something else."""
        for one in config.policies.exceptions:
            if not self._names_what_can_be(one.address, one.place):
                continue
            addresses = (str(address) for declared in self.desired.resources.values() for address in declared)
            if not self.doubts.incomplete and not any(fnmatchcase(address, one.address) for address in addresses):
                message = f"nothing that is declared matches `{one.address}`"
                advice = "correct the address, or delete the exception"
                self.notes.warning("unused-exception", message, one.place, advice=advice)

    def _names_what_can_be(self, pattern: str, place: Place) -> bool:
        organization, _, rest = pattern.partition("/")
        kind, keys = rest.partition("/")[0], self.desired.organizations
        if not any(fnmatchcase(key, organization) for key in keys) and not self.doubts.may_have_lost(organization):
            message = f"there is no organization `{organization}`"
            self.notes.error("unknown-exception", message, place, advice=suggest_word(organization, keys))
            return False
        if kind and not _WILD & set(kind) and kind not in KINDS:
            message = f"`{kind}` in `{pattern}` is no kind of resource"
            self.notes.error("unknown-exception", message, place, advice=suggest_word(kind, KINDS))
            return False
        return True
