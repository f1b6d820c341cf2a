"""What each file says rightly and all together do not: addresses that look alike, and names of nothing."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.manifests.config import Config
from reconciler.manifests.partial_read import PartialRead
from reconciler.manifests.words import has_mixed_scripts
from reconciler.model.declared import Desired
from reconciler.model.finding import Finding, Notes, Place
from reconciler.model.kinds import KINDS
from reconciler.model.suggestions import suggest_word
from reconciler.systems import SYSTEMS

# Pairs of a letter and the Latin one it is drawn like, from the confusables data of Unicode (UTS #39), written as
# code points because the letters themselves cannot be told apart here.
_TWIN_LETTERS = """
a=430 e=435 o=43e p=440 c=441 x=445 y=443 i=456 j=458 s=455 h=4bb d=501 q=51b w=51d k=43a m=43c t=442 b=432 h=43d r=433
e=454 b=44c l=4cf a=3b1 b=3b2 e=3b5 i=3b9 k=3ba v=3bd o=3bf p=3c1 t=3c4 u=3c5 x=3c7 w=3c9 y=3b3 n=3b7 o=585 h=570 n=578
u=57d g=581 q=566 i=131 a=251 g=261 o=30 l=31
"""
_TWINS = {int(code, 16): latin for latin, _, code in (pair.partition("=") for pair in _TWIN_LETTERS.split())}
_PAIRS = (("rn", "m"), ("vv", "w"))
_MIN_LENGTH = 6
"""Domains shorter than this are one letter away from too many others."""


def note_lookalikes(emails: Mapping[str, Place], allowed_domains: Iterable[str], notes: Notes) -> None:
    """Findings for addresses whose domain looks like a known one.

    Known are the allowed domains and those that at least two addresses use; the latter are compared with the former.
    """
    allowed = {encoded_domain(domain) for domain in allowed_domains}
    domains = {email: email.rpartition("@")[2] for email in emails}
    counts = Counter(domains.values())
    popular = {domain for domain, count in counts.items() if count > 1} - allowed
    firmly, loosely = _Known(allowed), _Known(allowed | popular)
    told: set[str] = set()
    for email, place in emails.items():
        domain = domains[email]
        if _note_mixed(email, place, notes) or domain in allowed or domain in told:
            continue
        told.add(domain)
        _note_near(domain, firmly if domain in popular else loosely, place, notes)


def _note_mixed(email: str, place: Place, notes: Notes) -> bool:
    local, _, domain = email.rpartition("@")
    shown = readable_domain(domain)
    if not any(has_mixed_scripts(word) for word in (local, *shown.split("."))):
        return False
    message = f"`{local}@{shown}` ({ascii(local)[1:-1]}@{domain}) mixes letters of several alphabets"
    notes.error("look-alike", message, place, advice="type it anew")
    return True


def _note_near(domain: str, known: _Known, place: Place, notes: Notes) -> None:
    twin = known.find_twin(domain)
    if twin:
        shown = readable_domain(domain)
        encoded = f" ({domain})" if shown != domain else ""
        message = f"the domain `{shown}`{encoded} looks like `{twin}` but is another"
        notes.error("look-alike", message, place, advice=f"write `{twin}`, or add `{domain}` to allowed_domains")
        return
    near = known.find_near(domain)
    if near:
        message = f"the domain `{domain}` differs from `{near}` by one letter"
        notes.warning("near-domain", message, place, advice=f"write `{near}`, or add `{domain}` to allowed_domains")


class _Known:
    """Known domains, indexed by how they look and by what is left when one letter is dropped."""

    def __init__(self, domains: Iterable[str]) -> None:
        self._by_look = {_look_of(domain): domain for domain in sorted(domains)}
        self._by_variant = {variant: domain for domain in sorted(domains) for variant in _variants(domain)}

    def find_twin(self, domain: str) -> str:
        twin = self._by_look.get(_look_of(domain), "")
        return "" if twin == domain else twin

    def find_near(self, domain: str) -> str:
        if len(domain) < _MIN_LENGTH:
            return ""
        found = (self._by_variant.get(variant, "") for variant in _variants(domain))
        return next((near for near in found if near and near != domain), "")


def _variants(domain: str) -> Iterator[str]:
    """The domain itself and all ways to drop one letter: two domains one edit apart have one of these in common."""
    yield domain
    for index in range(len(domain)):
        yield domain[:index] + domain[index + 1 :]


def _look_of(domain: str) -> str:
    """What the domain looks like at a glance, in Latin letters."""
    plain = unicodedata.normalize("NFKD", readable_domain(domain).lower())
    look = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_TWINS)
    for pair, letter in _PAIRS:
        look = look.replace(pair, letter)
    return look


def readable_domain(domain: str) -> str:
    """A domain as it is shown, its encoded labels decoded."""
    return ".".join(_decoded(label) for label in domain.split("."))


def encoded_domain(domain: str) -> str:
    """A domain as it is compared: in ASCII."""
    labels = unicodedata.normalize("NFC", domain.lower().strip("@.")).split(".")
    return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


_WILD = frozenset("*?[")


def check_references(config: Config, desired: Desired, doubts: PartialRead) -> tuple[Finding, ...]:
    """Everything that the workspace file names and the manifests do not have, unless it may only not be readable."""
    check = _Check(desired, doubts, Notes())
    check.providers(config)
    check.people(config)
    check.exceptions(config)
    return check.notes.in_order()


@dataclass(frozen=True, slots=True)
class _Check:
    desired: Desired
    doubts: PartialRead
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
