"""Who gets what in one place: groups expanded, repeated mentions of a person made into one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.core.finding import Place
from reconciler.core.resource import Attributes
from reconciler.core.system import System
from reconciler.manifests.days import earlier, later, read_span
from reconciler.manifests.groups import PREFIX, Directory
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.notes import Notes
from reconciler.manifests.terms import Terms

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
class Grant:
    """What one person gets in the end."""

    attributes: Attributes
    terms: Terms
    place: Place
    through: str
    """The group it came from, as `group:NAME`; empty when the person was named."""
    starts: date | None
    expires: date | None
    via: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Where the mentions stand."""

    system: System
    kind: str
    takes_highest: bool
    """The organization says `on_conflict: highest`."""
    directory: Directory
    notes: Notes
    today: date | None


def settle(mentions: Iterable[Mention], where: Settling) -> dict[str, Grant]:
    """One grant per person; somebody named directly counts before a group that says the same."""
    grants: dict[str, Grant] = {}
    for mention in mentions:
        through = mention.who if mention.who.startswith(PREFIX) else ""
        template = grant_of(mention, where, through)
        for who in where.directory.expand(mention.who, template.place):
            grant = _with_dates_of(who, template, where)
            if who in grants:
                grant = _merge(who, grants[who], grant, where)
            grants[who] = grant
    return grants


def grant_of(mention: Mention, where: Settling, through: str = "") -> Grant:
    """What a line says, before anything is known of the people behind it."""
    terms = mention.terms
    starts, expires = None, None
    if terms.starts or terms.expires:
        starts, expires = read_span(terms.starts, terms.expires, "expires", mention.at, where.notes)
    if expires and where.today and expires <= where.today:
        message = f"the access of `{mention.who}` expired on {expires}"
        where.notes.warning("expired-access", message, mention.at.value("expires"), advice="delete it or extend it")
    return Grant(
        attributes=mention.attributes,
        terms=terms,
        place=mention.at.place,
        through=through,
        starts=starts,
        expires=expires,
        via=mention.via,
    )


def _with_dates_of(who: str, grant: Grant, where: Settling) -> Grant:
    person = where.directory.people.get(who)
    if person is None or not (person.starts or person.ends):
        return grant
    return replace(grant, starts=later(grant.starts, person.starts), expires=earlier(grant.expires, person.ends))


def _merge(who: str, one: Grant, other: Grant, where: Settling) -> Grant:
    if one.attributes == other.attributes:
        return other if one.through and not other.through else one
    if where.takes_highest:
        return _highest(one, other, where)
    message = f"`{who}` gets {_told(one)} and {_told(other)}"
    advice = "take one out, or write `on_conflict: highest` in the organization"
    where.notes.error("two-roles", message, other.place, advice=advice, related=(one.place,))
    return one


def _told(grant: Grant) -> str:
    values = [value if isinstance(value, str) else " + ".join(value) for value in grant.attributes.values()]
    return f"{' with '.join(values)} {f'through {grant.through}' if grant.through else 'directly'}"


def _highest(one: Grant, other: Grant, where: Settling) -> Grant:
    """The stronger role and the stronger finance role, and all permissions of both."""
    ranks = [_rank(where, where.kind, grant.attributes.get("role", "")) for grant in (one, other)]
    stronger, weaker = (other, one) if ranks[1] > ranks[0] else (one, other)
    merged = dict(stronger.attributes)
    finance = [grant.attributes["finance"] for grant in (stronger, weaker) if "finance" in grant.attributes]
    if finance:
        merged["finance"] = max(finance, key=lambda role: _rank(where, f"{where.kind}.finance", role))
    if "permissions" in merged:
        merged["permissions"] = tuple(sorted({*stronger.attributes["permissions"], *weaker.attributes["permissions"]}))
    return replace(stronger, attributes=merged)


def _rank(where: Settling, kind: str, role: str | tuple[str, ...]) -> int:
    known = where.system.find_role(kind, role) if isinstance(role, str) else None
    return known.rank if known else 0
