"""Who gets what in one place: groups expanded, and every line kept with its own days and flags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.engine.entitlements import declare, earlier, later
from reconciler.manifests.days import read_span
from reconciler.manifests.groups import PREFIX, GroupDirectory
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.notes import Notes
from reconciler.manifests.terms import MemberTerms, Terms
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Entitlement
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
