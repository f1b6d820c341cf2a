"""Who gets what in one organization: groups expanded, and every line kept with its own days and flags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.engine.entitlements import declare, earlier, later, on_day
from reconciler.manifests.documents import (
    AnyOrganization,
    BusinessCenterTerms,
    MemberTerms,
    OrganizationAccountTerms,
    RoleTerms,
    Terms,
)
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.people import PREFIX, GroupDirectory
from reconciler.manifests.words import note_unknown_role, read_span
from reconciler.model.access import is_administrator
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Entitlement
from reconciler.model.finding import Notes, Place
from reconciler.model.resource import Attributes
from reconciler.model.system import System

NO_TERMS = Terms()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One line that gives something to a person or a group."""

    who: str
    attributes: Attributes = field(default_factory=dict)
    terms: Terms = NO_TERMS
    at: Cursor
    """The key, with the long form under it if there is one."""
    via: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Where the mentions stand."""

    system: System
    kind: str
    takes_highest: bool
    """The organization says `on_conflict: highest`."""
    directory: GroupDirectory
    notes: Notes
    today: date | None

    def declare(self, address: Address, entitlements: Sequence[Entitlement]) -> Declared:
        """What lines give somebody, as it is today; without a day, as it begins."""
        return declare(address, entitlements, system=self.system, today=self.today or date.min)


@dataclass(slots=True)
class Grant:
    """What one person gets in one place, over all lines."""

    entitlements: list[Entitlement] = field(default_factory=list)
    vias: list[str] = field(default_factory=list)
    """How each of them says that the person is invited."""


def settle(mentions: Iterable[Mention], where: Settling) -> dict[str, Grant]:
    """Everything that lines give each person, groups expanded; different roles on one day are a finding."""
    grants: dict[str, Grant] = {}
    for mention in mentions:
        template = entitlement_of(mention, where)
        for who in where.directory.expand(mention.who, template.place):
            grant = grants.setdefault(who, Grant())
            entitlement = _with_dates_of(who, template, where)
            if grant.entitlements and not where.takes_highest:
                _note_conflict(who, grant.entitlements, entitlement, where)
            grant.entitlements.append(entitlement)
            grant.vias.append(mention.via)
    return grants


def entitlement_of(mention: Mention, where: Settling) -> Entitlement:
    """What a line says, before anything is known of the people behind it."""
    terms = mention.terms
    starts, expires = None, None
    if terms.starts or terms.expires:
        starts, expires = read_span(terms.starts, terms.expires, "expires", mention.at, where.notes)
    if expires and where.today and expires <= where.today:
        message = f"the access of `{mention.who}` expired on {expires}"
        where.notes.warning("expired-access", message, mention.at.value("expires"), advice="delete it or extend it")
    return Entitlement(
        attributes=mention.attributes,
        place=mention.at.place,
        reason=terms.reason,
        through=mention.who if mention.who.startswith(PREFIX) else "",
        starts=starts,
        expires=expires,
        protect=terms.protect,
        details=terms.details if isinstance(terms, MemberTerms) else {},
    )


def _with_dates_of(who: str, one: Entitlement, where: Settling) -> Entitlement:
    person = where.directory.people.get(who)
    if person is None or not (person.starts or person.ends):
        return one
    return replace(one, starts=later(one.starts, person.starts), expires=earlier(one.expires, person.ends))


def _note_conflict(who: str, earlier_lines: Iterable[Entitlement], one: Entitlement, where: Settling) -> None:
    """A finding for a line that gives something else than another one on the same day, today or later."""
    for other in earlier_lines:
        if other.attributes == one.attributes or not _meet(other, one, where.today):
            continue
        message = f"`{who}` gets {_told(other)} and {_told(one)}"
        advice = "take one out, or write `on_conflict: highest` in the organization"
        where.notes.error("two-roles", message, one.place, advice=advice, related=(other.place,))
        return


def _meet(one: Entitlement, other: Entitlement, today: date | None) -> bool:
    """Whether there is a day, today or later, on which both hold."""
    begin = max(one.starts or date.min, other.starts or date.min, today or date.min)
    return begin < min(one.expires or date.max, other.expires or date.max)


def _told(one: Entitlement) -> str:
    values = [value if isinstance(value, str) else " + ".join(value) for value in one.attributes.values()]
    return f"{' with '.join(values)} {f'through {one.through}' if one.through else 'directly'}"


MIN_ADMINS = 2
"""What the vendors advise for every system."""
_NAMED = 5
"""People who are named in one finding."""


def read_members(key: str, document: AnyOrganization, spot: Cursor, where: Settling) -> list[Declared]:
    """The memberships of the organization `key`."""
    written: Mapping[str, str | MemberTerms] = document.members
    grants = settle(_mentions(written, spot.into("members"), where), where)
    members = [_membership(key, who, grant, where) for who, grant in grants.items()]
    if not _note_no_admin(key, document, members, spot, where):
        _note_admins(key, members, spot, where)
    _note_overcrowding(key, members, where)
    return members


def _mentions(written: Mapping[str, str | MemberTerms], at: Cursor, where: Settling) -> Iterator[Mention]:
    for who, value in written.items():
        spot = at.into(who)
        attributes = {"role": value if isinstance(value, str) else value.role}
        note_wrong_variant(attributes["role"], value, at, who, where)
        if isinstance(value, str):
            yield Mention(who=who, attributes=attributes, at=spot)
            continue
        via = value.via if isinstance(value, OrganizationAccountTerms) else ""
        if isinstance(value, BusinessCenterTerms) and value.finance:
            attributes["finance"] = value.finance
        yield Mention(who=who, attributes=attributes, terms=value, at=spot, via=via)


def note_wrong_variant(role: str, value: str | RoleTerms, at: Cursor, who: str, where: Settling) -> None:
    """A finding for a role that another variant of the system has, but not this one."""
    if where.system.find_role(where.kind, role) is None:
        place = at.value(who) if isinstance(value, str) else at.into(who).value("role")
        note_unknown_role(where.notes, role, where.system, where.kind, place)


def _membership(organization: str, who: str, grant: Grant, where: Settling) -> Declared:
    identities = [where.directory.find_identity(who, where.system, via) for via in grant.vias]
    if "" in identities and who not in where.directory.doubts.people:
        missing = identities.index("")
        _note_missing_identity(who, grant.entitlements[missing].place, grant.vias[missing], where)
    entitlements = [
        replace(one, identity=identity) for one, identity in zip(grant.entitlements, identities, strict=True)
    ]
    return where.declare(Address(organization, "member", who), entitlements)


def _note_missing_identity(who: str, place: Place, via: str, where: Settling) -> None:
    person = where.directory.people.get(who)
    system = where.system
    wanted = "phone" if via == "phone" else system.name
    message = f"`{who}` cannot be invited: there is no {'phone number' if via == 'phone' else 'e-mail address'}"
    advice = f"give `{who}` an `email` or `identities: {{{wanted}: ...}}`"
    if via == "phone":
        advice = f"give `{who}` `identities: {{phone: ...}}`, or leave `via` out"
    elif person and "phone" in system.identifiers and person.identities.get("phone"):
        advice = "write `via: phone`"
    if person is None:
        advice = "declare the person under `people`, or leave `via` out"
    related = (person.place,) if person else ()
    where.notes.error("missing-identity", message, place, advice=advice, related=related)


def _note_no_admin(
    key: str, document: AnyOrganization, members: Sequence[Declared], spot: Cursor, where: Settling
) -> bool:
    """A finding where manifests that say everything name nobody who is ever to administer such an organization.

    Additive manifests may describe a part, and leave the admins to somebody else.
    """
    lines = (line for one in members for line in one.lines)
    is_everything = document.mode == "authoritative" and (document.manages is None or "member" in document.manages)
    if not where.system.needs_admin or not is_everything or document.deleted:
        return False
    if any(is_administrator(where.system, where.kind, line.attributes) for line in lines):
        return False
    advice = "decide first who administers it, two people at best, and declare them"
    where.notes.error("no-admin", f"`{key}` has no admin", spot.key("members"), advice=advice)
    return True


def _note_admins(key: str, members: Sequence[Declared], spot: Cursor, where: Settling) -> None:
    place = spot.key("members")
    if not members:
        message = f"`{key}` has no members"
        where.notes.warning("empty-members", message, place, advice="declare who is in it, its admins first")
        return
    today = where.today
    holding = members if today is None else [one for one in members if one.holds_on(today)]
    admins = [one for one in holding if is_administrator(where.system, where.kind, one.attributes)]
    if len(admins) < MIN_ADMINS:
        count = "no admin" if not admins else "one admin"
        advice = "let two people administer it, so that one can leave"
        where.notes.warning("few-admins", f"`{key}` has {count}", place, advice=advice)


def _note_overcrowding(organization: str, members: Sequence[Declared], where: Settling) -> None:
    """Findings for those whom a limit of the system leaves without a seat, on the first day on which it does.

    Seats go to those who are named first, as in a plan; who has one on the platform already keeps it, which nobody
    knows here.
    """
    limits: list[tuple[int, str, str]] = [
        (role.cap, role.name, f"people with role {role.name}") for role in where.system.roles["member"] if role.cap
    ]
    if where.system.member_cap is not None:
        limits.insert(0, (where.system.member_cap, "", "members"))
    if all(len(members) <= limit for limit, _, _ in limits):
        return
    today = where.today or date.min
    starts = {line.starts for member in members for line in member.lines if line.starts and line.starts > today}
    told: set[str] = set()
    for day in (today, *sorted(starts)):
        there = [one for one in (on_day(member, day, where.system) for member in members) if one.holds_on(day)]
        there.sort(key=lambda one: (one.place, not _is_employee(one, where)))
        for limit, role, what in limits:
            holders = [one for one in there if role in ("", one.attributes.get("role"))]
            if len(holders) > limit and what not in told:
                told.add(what)
                when = f" from {day} on" if day != today else ""
                origin = where.system.origin_of_limit(role)
                message = f"`{organization}` has {len(holders)} {what}{when}, the limit is {limit} ({origin})"
                _note_without_seat(message, holders[limit:], where)


def _note_without_seat(message: str, without: Sequence[Declared], where: Settling) -> None:
    names = ", ".join(f"`{one.address.key}`" for one in without[:_NAMED]) + (", ..." if len(without) > _NAMED else "")
    advice = "take somebody out; seats go to those who are named first"
    where.notes.warning("too-many-members", f"{message}: no seat for {names}", without[0].place, advice=advice)


def _is_employee(member: Declared, where: Settling) -> bool:
    person = where.directory.people.get(member.address.key)
    return person is not None and person.employment == "employee"
