"""What names addresses without declaring them, and what all files say wrongly together though each line is right."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from datetime import date, timedelta
from fnmatch import fnmatchcase

from reconciler.manifests.config import Config
from reconciler.manifests.documents import ManifestDocument
from reconciler.manifests.nodes import Cursor, has_mixed_scripts, note_twice, read_day
from reconciler.manifests.people import FORGE_NAME, PREFIX, Contacts, Files, find_circles, note_empty_owner
from reconciler.manifests.source import PartialRead
from reconciler.model import (
    KINDS,
    Action,
    Address,
    AddressPatterns,
    Approval,
    Declared,
    Desired,
    Finding,
    Move,
    Notes,
    Organization,
    Person,
    Place,
    Shape,
    count,
    dataclass,
    is_pattern,
    suggest_word,
)
from reconciler.systems.catalogue import SYSTEMS

_TAKES_AWAY = frozenset({Action.CANCEL_INVITATION, *(kind.delete for kind in KINDS.values())})


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressBook:
    """What an address can name."""

    organizations: Mapping[str, Organization]
    people: Mapping[str, Person]
    resources: Mapping[str, Mapping[Address, Declared]]
    """Organization -> what is declared of it, today or on another day."""
    notes: Notes
    today: date | None

    def read(self, text: str, place: Place, *, organization_may_be_gone: bool = False) -> Address | None:
        """The address that `text` is; None after a finding."""
        try:
            address = Address.parse(text)
        except ValueError as error:
            self.notes.error("bad-address", str(error), place)
            return None
        organization, kind, _ = address
        if kind not in KINDS:
            message, advice = f"`{kind}` in `{address}` is no kind of resource", suggest_word(kind, KINDS)
        elif len(address.parts) != max(len(parents := KINDS[kind].parents), 1) or not all(address.parts):
            message = f"`{address}` does not name one {KINDS[kind].title}"
            advice = f"write {organization}/{kind}/{'/'.join(part.upper() for part in (parents or ('key',)))}"
        elif organization not in self.organizations:
            if organization_may_be_gone:
                return address
            message = f"there is no organization `{organization}`"
            advice = suggest_word(organization, self.organizations)
            self.notes.error("unknown-organization", message, place, advice=advice)
            return None
        elif kind not in (kinds := self.organizations[organization].system.kinds):
            message, advice = f"`{organization}` can have no {KINDS[kind].title}", suggest_word(kind, kinds)
        else:
            return address
        self.notes.error("bad-address", message, place, advice=advice)
        return None


@dataclass(frozen=True, slots=True)
class ApprovalReader:
    """Reads what is approved, and says where an approval cannot count."""

    book: AddressBook
    max_days: int | None
    """How far ahead an approval may end; None where that is not to be judged."""
    names: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """(organization, kind) -> addresses that are declared, listed once however many approvals name something else."""

    def read(self, files: Files) -> Iterator[Approval]:
        """The approvals; two that count for one change are told, as taking one of them out would change nothing."""
        notes, today = self.book.notes, self.book.today
        first: dict[tuple[Address, Action], Place] = {}
        for document, top in files:
            for index, written in enumerate(document.approvals):
                at = top.into("approvals").into(index)
                address, action = self.book.read(written.address, at.value("address")), Action(written.approve)
                expires = read_day(written.expires, "expires", at, notes)
                if not expires:
                    continue
                self._judge_day(expires, at)
                if not address or not self._is_about_something(address, action, at):
                    continue
                if not (today and expires < today) and first.setdefault((address, action), at.place) != at.place:
                    message = f"an approval to {action} {address} is given twice"
                    related = (first[address, action],)
                    notes.warning("listed-twice", message, at.place, advice="take one of them out", related=related)
                yield Approval(approve=action, address=address, reason=written.reason, expires=expires, place=at.place)

    def _judge_day(self, expires: date, at: Cursor) -> None:
        notes, today, place = self.book.notes, self.book.today, at.value("expires")
        if today and expires < today:
            notes.warning("ended-approval", f"this approval ended on {expires}", place, advice="delete it")
        if today and self.max_days is not None and (expires - today).days > self.max_days:
            last = today + timedelta(days=self.max_days)
            message = f"this approval lasts until {expires}, more than {count(self.max_days, 'day', 'days')}"
            advice = f"give a day up to {last}; guards.max_approval_days sets the limit"
            notes.error("approval-too-long", message, place, advice=advice)

    def _is_about_something(self, address: Address, action: Action, at: Cursor) -> bool:
        """Whether there is what it names. What is to go may be declared nowhere, but some person or other has it."""
        organization, kind = address.organization, KINDS[address.kind]
        declared, notes, place = self.book.resources.get(organization, {}), self.book.notes, at.value("address")
        if kind.shape is Shape.ORGANIZATION or address in declared:
            # A transfer cannot be taken back, so somebody says first that the app rightfully belongs where it goes.
            app = declared.get(address) if action is Action.TRANSFER_APP else None
            if app is not None and "rightful_owner" not in app.details:
                message = f"nobody vouches that `{organization}` rightfully owns `{address.key}`"
                advice = "give the app `rightful_owner: WHO` and `since: DAY`"
                notes.warning("unvouched-app", message, place, advice=advice)
            return True
        if action not in _TAKES_AWAY:
            if (names := self.names.get((organization, kind.name))) is None:
                names = [str(one) for one in declared if one.kind == kind.name]
                self.names[organization, kind.name] = names
            message = f"`{address}` is declared nowhere, so nothing can be approved there but to take it away"
            notes.error("unknown-address", message, place, advice=suggest_word(str(address), names))
            return False
        person = address.parts[kind.person_part] if kind.person_part is not None else ""
        if person and "@" not in person and person not in self.book.people:
            advice = suggest_word(person, self.book.people)
            advice = advice or "delete it, unless this is somebody who was deleted from `people`"
            notes.warning("approval-for-nobody", f"there is no person `{person}`", place, advice=advice)
        return True


def read_moves(files: Files, book: AddressBook) -> Iterator[Move]:
    """The moves that can be true; what is only wrong because of what is recorded is told by a plan."""
    moves = list(_moves_in(files, book))
    circles = _circles_in(moves)
    for move in moves:
        source, target = move.source, move.target
        declared = book.resources.get(source.organization, {}).get(source)
        one, other = book.people.get(source.key), book.people.get(target.key)
        message, advice = "", ""
        related: tuple[Place, ...] = ()
        if declared is not None:
            message = f"`{source}` is still declared, so it has not become `{target}`"
            advice, related = "take the move out, or what it begins with", (declared.place,)
        elif source.kind == "member" and one is not None and other is not None:
            message = f"`{source.key}` and `{target.key}` are two people, so one has not become the other"
            advice, related = "take the move out; it is for one person under another key", (one.place, other.place)
        elif circle := circles.get(move.source):
            message = f"moves go in a circle: {' -> '.join(f'`{step.source}`' for step in (*circle, move))}"
            related = tuple(step.place for step in circle[1:])
        if message:
            book.notes.error("move-refused", message, move.place, advice=advice, related=related)
        else:
            yield move


def _moves_in(files: Files, book: AddressBook) -> Iterator[Move]:
    """The moves whose addresses fit each other, of which no two begin or end at the same address."""
    sources: dict[Address, Place] = {}
    targets: dict[Address, Place] = {}
    moved = [(top.into("moved", index), one) for document, top in files for index, one in enumerate(document.moved)]
    for at, written in moved:
        source = book.read(written.source, at.value("from"), organization_may_be_gone=True)
        target, place = book.read(written.target, at.value("to")), at.place
        if not (source and target):
            continue
        if source.kind != target.kind or source == target or source.organization != target.organization:
            message, advice = f"`{source}` cannot become `{target}`", "a move keeps the kind and changes the rest"
            if source.kind == target.kind and source != target:
                message += ": what is remembered stays with its organization"
                advice = "leave the move out; an organization keeps its key, under which its state is kept"
            book.notes.error("bad-address", message, place, advice=advice)
            continue
        first, second = sources.setdefault(source, place), targets.setdefault(target, place)
        if first != place:
            note_twice(f"a move of `{source}`", place, first, book.notes)
        elif second != place:
            note_twice(f"a move to `{target}`", place, second, book.notes)
        else:
            yield Move(source=source, target=target, place=place)


def _circles_in(moves: Sequence[Move]) -> dict[Address, list[Move]]:
    """Source of the move of each circle that stands first in the files -> the moves of the circle from there on."""
    by_source = {str(move.source): move for move in moves}
    circles: dict[Address, list[Move]] = {}
    for circle in find_circles({str(move.source): [str(move.target)] for move in moves}):
        steps = [by_source[source] for source in circle]
        first = steps.index(min(steps, key=lambda step: step.place))
        circles[steps[first].source] = [*steps[first:], *steps[:first]]
    return circles


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
    labels = domain.split(".")
    for index, label in enumerate(labels):
        if label.startswith("xn--"):
            with suppress(UnicodeError):
                labels[index] = label[4:].encode("ascii").decode("punycode")
    return ".".join(labels)


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
