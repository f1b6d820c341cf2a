"""What each line says rightly and all files together do not: people who are one, look-alikes, names of nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reconciler.manifests.config import Config
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.partial_read import PartialRead
from reconciler.manifests.people import FORGE_NAME, PREFIX, Contacts, note_empty_owner
from reconciler.manifests.words import has_mixed_scripts
from reconciler.model.address import KINDS, AddressPatterns, is_pattern
from reconciler.model.declared import Desired, Person
from reconciler.model.finding import Finding, Notes, suggest_word
from reconciler.model.values import dataclass
from reconciler.systems import SYSTEMS

if TYPE_CHECKING:
    from reconciler.manifests.documents import ManifestDocument


def note_same_identities(people: Mapping[str, Person], notes: Notes) -> None:
    """Two people who are one to some system: whoever is invited there, somebody else may come in."""
    told: set[tuple[str, str]] = set()
    used = {name for person in people.values() for name in person.identities}
    for name in ("email", "phone", "tiktok", "business_center_id", *SYSTEMS):
        if name not in used:  # e-mail addresses stand for it, and are compared already
            continue
        seen: dict[str, Person] = {}
        for person in people.values():
            identity = person.identities.get(name) or (person.identities.get("email", "") if name in SYSTEMS else "")
            first = seen.setdefault(identity, person)
            if not identity or first is person or (first.key, person.key) in told:
                continue
            told.add((first.key, person.key))
            message = f"`{person.key}` and `{first.key}` are both {identity} ({name})"
            advice = "give each their own, or make them one person"
            notes.error("same-identity", message, person.place, advice=advice, related=(first.place,))


def note_ended(
    ended: Iterable[Person], files: Iterable[tuple[ManifestDocument, Cursor]], named: Mapping[str, int], notes: Notes
) -> None:
    """Who has left, and in how many organizations lines still name them."""
    tops = {top.file: top for _, top in files}
    for person in ended:
        key, count = person.key, named.get(person.key, 0)
        still = f"; {count} {'organization still names' if count == 1 else 'organizations still name'} them"
        message = f"`{key}` should have no access since {person.ends}{still if count else ''}"
        place = tops[person.place.file].into("people").into(key).value("ends")
        notes.note("ended-person", message, place, advice="delete the person once a plan is empty")


# Pairs of a letter and the Latin one it is drawn like, from the confusables data of Unicode (UTS #39), written as
# code points because the letters themselves cannot be told apart here.
_TWIN_LETTERS = """
a=430 e=435 o=43e p=440 c=441 x=445 y=443 i=456 j=458 s=455 h=4bb d=501 q=51b w=51d k=43a m=43c t=442 b=432 h=43d r=433
e=454 b=44c l=4cf a=3b1 b=3b2 e=3b5 i=3b9 k=3ba v=3bd o=3bf p=3c1 t=3c4 u=3c5 x=3c7 w=3c9 y=3b3 n=3b7 o=585 h=570 n=578
u=57d g=581 q=566 i=131 a=251 g=261 o=30 l=31
"""
_TWINS = {int(code, 16): latin for latin, _, code in (pair.partition("=") for pair in _TWIN_LETTERS.split())}
_MIN_LENGTH = 6
"""Domains shorter than this are one letter away from too many others."""


def note_lookalikes(contacts: Contacts, allowed_domains: Iterable[str], notes: Notes) -> None:
    """Findings for addresses whose domain looks like a known one.

    Known are the allowed domains and those that at least two addresses use; the latter are compared with the former.
    """
    allowed = {encoded_domain(domain) for domain in allowed_domains}
    popular = {domain for domain, only in contacts.domains.items() if not only} - allowed
    firmly, loosely = _KnownDomains(allowed), _KnownDomains(allowed | popular)
    told: set[str] = set()
    for email, place in contacts.telling.items():
        local, _, domain = email.rpartition("@")
        shown = _readable_domain(domain)
        if any(has_mixed_scripts(word) for word in (local, *shown.split("."))):
            message = f"`{local}@{shown}` ({ascii(local)[1:-1]}@{domain}) mixes letters of several alphabets"
            notes.error("look-alike", message, place, advice="type it anew")
            continue
        if domain in allowed or domain in told:
            continue
        told.add(domain)
        known = firmly if domain in popular else loosely
        if twin := known.find_twin(domain):
            encoded = f" ({domain})" if shown != domain else ""
            message = f"the domain `{shown}`{encoded} looks like `{twin}` but is another"
            notes.error("look-alike", message, place, advice=f"write `{twin}`, or add `{domain}` to allowed_domains")
        elif near := known.find_near(domain):
            message = f"the domain `{domain}` differs from `{near}` by one letter"
            notes.warning("near-domain", message, place, advice=f"write `{near}`, or add `{domain}` to allowed_domains")


class _KnownDomains:
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
    plain = unicodedata.normalize("NFKD", _readable_domain(domain).lower())
    look = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_TWINS)
    return look.replace("rn", "m").replace("vv", "w")


def _readable_domain(domain: str) -> str:
    """A domain as it is shown, its encoded labels decoded."""
    if "xn--" not in domain:
        return domain
    return ".".join(map(_decoded, domain.split(".")))


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def encoded_domain(domain: str) -> str:
    """A domain as it is compared: in ASCII."""
    labels = unicodedata.normalize("NFC", domain.lower().strip("@.")).split(".")
    return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)


def check_references(config: Config, desired: Desired, partial: PartialRead) -> tuple[Finding, ...]:
    """Everything that the workspace file names and the manifests do not have, unless it may only not be readable."""
    check = _ReferenceCheck(desired, partial)
    check.check_providers(config)
    check.check_people(config)
    check.check_exceptions(config)
    check.check_owners(config)
    return check.notes.in_order()


@dataclass(slots=True)
class _ReferenceCheck:
    desired: Desired
    partial: PartialRead
    notes: Notes = field(default_factory=Notes)
    names_of_people: set[str] | None = None
    """Case-folded identities of people and keys of members, gathered once and only when they are needed."""

    def check_providers(self, config: Config) -> None:
        """A misspelt key would leave its organization to the provider for all others."""
        known = dict.fromkeys(["default", *SYSTEMS, *self.desired.organizations])
        for name, settings in config.providers.items():
            if name not in known and not self.partial.may_have_lost(name):
                message = f"`{name}` under `providers` is neither an organization, nor a system, nor `default`"
                self.notes.error("unknown-provider-key", message, settings.place, advice=suggest_word(name, known))

    def check_people(self, config: Config) -> None:
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
        if name in self.desired.people or self.partial.may_have_lost(name):
            return True
        if self.names_of_people is None:
            people, resources = self.desired.people.values(), self.desired.resources.values()
            self.names_of_people = {known.casefold() for person in people for known in person.identities.values()}
            self.names_of_people |= {one.key.casefold() for found in resources for one in found if one.kind == "member"}
        return name.casefold() in self.names_of_people

    def check_owners(self, config: Config) -> None:
        """A misspelt name would leave nobody who answers."""
        asked = [(who, "owners", place) for who, place in config.owner_places.items()]
        asked += [(one.owner, "owner", one.place) for one in config.policies.exceptions]
        known = [*self.desired.people, *(f"{PREFIX}{name}" for name in self.desired.groups)]
        for who, name, place in asked:
            group = who.removeprefix(PREFIX)
            is_group = group != who and (group in self.desired.groups or self.partial.may_have_lost(group))
            if not (is_group or FORGE_NAME.fullmatch(who) or "@" in who or self._is_somebody(who)):
                message = f"`{name}` names `{who}`, who is neither a person, nor a group, nor an address"
                advice = suggest_word(who, known) or "write `@name` for an account of the forge"
                self.notes.error("unknown-owner", message, place, advice=advice)
            elif group != who and self.desired.groups.get(group) == () and not self.partial.incomplete:
                note_empty_owner(who, place, self.notes)

    def check_exceptions(self, config: Config) -> None:
        """A misspelt address excepts nothing, or something else."""
        exceptions = config.policies.exceptions
        found = self._find_declared({one.address for one in exceptions})
        chosen = {
            pattern: any(fnmatchcase(key, pattern) for key in self.desired.organizations)
            for pattern in {one.address.partition("/")[0] for one in exceptions}
            if is_pattern(pattern)
        }
        for one in exceptions:
            organization, _, rest = one.address.partition("/")
            kind = rest.partition("/")[0]
            is_known = chosen.get(organization, organization in self.desired.organizations)
            if not is_known and not self.partial.may_have_lost(organization):
                message = f"there is no organization `{organization}`"
                advice = suggest_word(organization, self.desired.organizations)
                self.notes.error("unknown-exception", message, one.place, advice=advice)
            elif kind and not is_pattern(kind) and kind not in KINDS:
                message = f"`{kind}` in `{one.address}` is no kind of resource"
                self.notes.error("unknown-exception", message, one.place, advice=suggest_word(kind, KINDS))
            elif not self.partial.incomplete and one.address not in found:
                message = f"nothing that is declared matches `{one.address}`"
                advice = "correct the address, or delete the exception"
                self.notes.warning("unused-exception", message, one.place, advice=advice)

    def _find_declared(self, patterns: Collection[str]) -> set[str]:
        """Those of the patterns that match anything; one that names its organization is compared with that one only."""
        names = {pattern.partition("/")[0] for pattern in patterns}
        is_anywhere = any(map(is_pattern, names))
        chosen, missing, found = AddressPatterns(listed := sorted(patterns)), len(patterns), set[str]()
        for key, declared in self.desired.resources.items():
            if missing and (is_anywhere or key in names):
                for address in declared:
                    found.update(listed[number] for number in chosen.find(str(address)))
                missing = len(patterns) - len(found)
        return found
