# Long because access and the assets that it hangs on are read by one set of rules.
"""Who gets what in one organization, and its assets.

Groups are expanded, and every line is kept with its own days and flags.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from reconciler.engine.entitlements import count_by_day, declare, earlier, find_conflicts, later, on_day
from reconciler.manifests.documents import (
    AccountTerms,
    AnyOrganization,
    AppDocument,
    AssetDocument,
    AssetGroupDocument,
    BusinessCenterTerms,
    DevelopersDocument,
    MemberTerms,
    OrganizationAccountTerms,
    PartnerDocument,
    RoleTerms,
    Terms,
    TikTokAccountDocument,
)
from reconciler.manifests.nodes import (
    LINE,
    Cursor,
    MapNode,
    note_listed_twice,
    note_unknown_role,
    read_day,
    read_keys,
    read_span,
)
from reconciler.manifests.people import PREFIX, GroupDirectory
from reconciler.model import (
    KINDS,
    Address,
    Attributes,
    Declared,
    Entitlement,
    Kind,
    Notes,
    Owner,
    Place,
    System,
    dataclass,
    is_administrator,
    person_in,
    suggest_word,
)

MIN_ADMINS = 2
"""What the vendors advise for every system."""
_MAX_NAMED = 5
"""People who are named in one finding."""
_NO_TERMS = Terms()
_NO_DETAILS: Mapping[str, str] = {}
_SECTIONS = {kind.section: kind for kind in KINDS.values() if kind.section}
_EDGES = {kind: [edge for edge in KINDS.values() if edge.parents[:1] == (kind,)] for kind in KINDS}
"""Kind of asset -> what hangs on such assets."""
_Days = tuple[date | None, date | None]
"""From which on, and until which, something is given."""
_ALWAYS: _Days = (None, None)
"""The days of a line that names none."""


class Line(NamedTuple):
    """One line that gives something to a person or a group."""

    who: str
    attributes: Attributes
    around: Cursor
    """What it stands in, and under which key or as which item; the long form, if there is one, is under it."""
    key: str | int
    terms: Terms = _NO_TERMS
    via: str | None = None
    """How it says that a member is invited; None for everything but memberships."""

    @property
    def at(self) -> Cursor:
        """The key, with the long form under it."""
        return self.around.into(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReader:
    """Reads the lines of one organization, and its assets."""

    organization: str
    """Its key."""
    document: AnyOrganization
    system: System
    directory: GroupDirectory
    notes: Notes
    today: date | None
    days: dict[tuple[str, str], _Days]
    """Beginnings and ends that are as they should be, as they are written -> as days."""
    ids: dict[tuple[str, str, str], Place]
    """(scope, kind, id) -> where an asset with this id was declared."""
    roles: dict[tuple[str, str], Attributes] = field(default_factory=dict)
    """(kind, role) -> the attributes that say so, of roles that the system has."""
    unnamed: set[str] = field(default_factory=set)
    """Members whom the system cannot know."""

    def read(self, spot: Cursor) -> Iterator[Declared]:
        """Everything that is declared in the organization, with what is odd about all its members together."""
        written: Mapping[str, str | MemberTerms] = self.document.members
        members = self._settle(self.read_members(written, spot.into("members")))
        self._note_few_admins(members, spot.key("members"))
        self._note_overcrowding(members)
        yield from members
        yield from self._read_assets(spot, {member.address.key for member in members})

    def line_with_role(self, kind: str, who: str, value: str | RoleTerms, at: Cursor) -> Line:
        """A line in its short or long form; a role that only another variant of the system has is a finding."""
        via = "" if kind == "member" else None
        role = value if isinstance(value, str) else value.role
        attributes = self.roles.get((kind, role))
        if attributes is None:
            attributes = {"role": role}
            if self.system.find_role(kind, role) is None:
                place = at.value(who) if isinstance(value, str) else at.into(who).value("role")
                note_unknown_role(self.notes, role, self.system, kind, place)
            else:
                self.roles[kind, role] = attributes
        if isinstance(value, str):
            return Line(who, attributes, at, who, _NO_TERMS, via)
        if isinstance(value, BusinessCenterTerms) and value.finance:
            attributes = {**attributes, "finance": value.finance}
        if isinstance(value, OrganizationAccountTerms):
            via = value.via
        return Line(who, attributes, at, who, value, via)

    def read_members(self, written: Mapping[str, str | MemberTerms], at: Cursor) -> Iterator[Declared]:
        """What the lines of the members give.

        Nearly all give a role and nothing else to one person without days. `read_line` would make the same of them, by
        way of values that only other lines need; a test lets it read all.
        """
        people, contacts, named = self.directory.people, self.directory.contacts, self.directory.person_by_identity
        file, marks = at.file, at.node.marks if isinstance(at.node, MapNode) else {}
        for who, value in written.items():
            attributes = self.roles.get(("member", value)) if isinstance(value, str) else None
            person, key, identity = people.get(who), "", ""
            if attributes is not None and person is None:
                key = identity = contacts.read_usual(who)
            elif attributes is not None and person is not None and not (person.starts or person.ends):
                key, identity = who, self.directory.find_identity(who, self.system)
            if attributes is None or not identity or (person is None and key in named):
                yield from self.read_line("member", self.line_with_role("member", who, value, at))
                continue
            mark = marks[who]
            yield Declared(
                address=Address(self.organization, "member", key),
                attributes=attributes,
                identity=identity,
                place=Place(file, mark // LINE + 1, mark % LINE + 1),
                details=_NO_DETAILS,
            )

    def read_line(self, kind: str, line: Line, asset: str = "") -> Iterator[Declared]:
        """What a line gives to everybody whom it names, groups expanded.

        `asset` is the key of what they have access to, where that is not the organization.
        """
        place, before = line.around.spot(line.key), f"{asset}/" if asset else ""
        written = _ALWAYS if line.terms is _NO_TERMS else self._read_days(line)
        for who in self.directory.expand(line.who, place):
            days, identity = written, ""
            person = self.directory.people.get(who)
            if person is not None and (person.starts or person.ends):
                days = later(days[0], person.starts), earlier(days[1], person.ends)
            if line.via is not None:
                identity = self.directory.find_identity(who, self.system, line.via)
                if not identity:
                    self._note_missing_identity(who, place, line.via)
            yield _declare(Address(self.organization, kind, before + who), line, place, days, identity)

    def _settle(self, given: Iterable[Declared]) -> list[Declared]:
        """What all lines together give; different roles of somebody on one day are a finding."""
        settled: dict[Address, Declared] = {}
        several: dict[Address, list[Entitlement]] = {}
        """Of those whom more than one line names."""
        for one in given:
            first = settled.setdefault(one.address, one)
            if first is not one:
                several.setdefault(one.address, [first.as_line()]).append(one.as_line())
        for address, entitlements in several.items():
            if self.document.on_conflict != "highest":
                self._note_conflicts(person_in(address), entitlements)
            settled[address] = declare(address, entitlements, system=self.system, today=self.today or date.min)
        return list(settled.values())

    def _read_days(self, line: Line) -> _Days:
        """The days from which and until which a line counts."""
        terms = line.terms
        if terms.break_glass or terms.reviewed_by:
            self._check_break_glass(terms, line.at)
        if not (terms.starts or terms.expires):
            return _ALWAYS
        written = terms.starts, terms.expires
        days = self.days.get(written)
        if days is None:
            noted = len(self.notes.findings)
            days = read_span(*written, "expires", line.at, self.notes)
            if len(self.notes.findings) == noted:
                self.days[written] = days
        expires = days[1]
        is_reviewed = bool(terms.reviewed_by) or not terms.break_glass  # a policy asks for the review before it goes
        if expires and self.today and expires <= self.today and is_reviewed:
            message = f"the access of `{line.who}` expired on {expires}"
            self.notes.warning("expired-access", message, line.at.value("expires"), advice="delete it or extend it")
        return days

    def _check_break_glass(self, terms: Terms, at: Cursor) -> None:
        """Access of an emergency says when, how long and why; and who reviews it is somebody in the directory."""
        missing = [name for name in ("starts", "expires", "reason") if not getattr(terms, name)]
        if terms.break_glass and missing:
            advice = "write `starts`, `expires` and `reason`; `reconciler grant --break-glass` writes such a line"
            self.notes.error(
                "missing-key", f"`break_glass` needs `{missing[0]}`", at.value("break_glass"), advice=advice
            )
        if terms.reviewed_by and not terms.break_glass:
            message = "`reviewed_by` belongs to `break_glass: true`"
            self.notes.error("unknown-key", message, at.key("reviewed_by"), advice="leave it out")
        elif terms.reviewed_by:
            self.directory.find_person(terms.reviewed_by, at.value("reviewed_by"))

    def _note_missing_identity(self, who: str, place: Place, via: str) -> None:
        """A finding for the first line of somebody whom the system cannot know."""
        if who in self.directory.partial.people or who in self.unnamed:
            return
        self.unnamed.add(who)
        person = self.directory.people.get(who)
        message = f"`{who}` cannot be invited: there is no {'phone number' if via == 'phone' else 'e-mail address'}"
        if person is None:
            advice = "declare the person under `people`, or leave `via` out"
        elif via == "phone":
            advice = f"give `{who}` `identities: {{phone: ...}}`, or leave `via` out"
        elif "phone" in self.system.identifiers and person.identities.get("phone"):
            advice = "write `via: phone`"
        else:
            advice = f"give `{who}` an `email` or `identities: {{{self.system.name}: ...}}`"
        related = (person.place,) if person else ()
        self.notes.error("missing-identity", message, place, advice=advice, related=related)

    def _note_conflicts(self, who: str, lines: Sequence[Entitlement]) -> None:
        """A finding for each line that gives something else than an earlier one on the same day, today or later."""
        if all(one.attributes == lines[0].attributes for one in lines):
            return
        for index, other in find_conflicts(lines, self.today or date.min).items():
            message = f"`{who}` gets {_describe(lines[other])} and {_describe(lines[index])}"
            advice = "take one out, or write `on_conflict: highest` in the organization"
            related = (lines[other].place,)
            self.notes.error("two-roles", message, lines[index].place, advice=advice, related=related)

    def _note_few_admins(self, members: Sequence[Declared], place: Place) -> None:
        """Findings where nobody is ever to administer an organization, or only one person does today.

        Nobody is an error only where manifests say everything: additive ones may describe a part, and leave the admins
        to somebody else.
        """
        key, notes, system, manages = self.organization, self.notes, self.system, self.document.manages
        says_everything = self.document.mode == "authoritative" and (manages is None or "member" in manages)
        given = (line.attributes for one in members for line in one.lines)
        if (
            says_everything
            and system.needs_admin
            and not any(is_administrator(system, "member", attributes) for attributes in given)
        ):
            advice = "decide first who administers it, two people at best, and declare them"
            notes.error("no-admin", f"`{key}` has no admin", place, advice=advice)
            return
        if not members:
            advice = "declare who is in it, its admins first"
            notes.warning("empty-members", f"`{key}` has no members", place, advice=advice)
            return
        administering = {role.name for role in system.roles["member"] if role.administers}
        holding = (one for one in members if self.today is None or one.holds_on(self.today))
        # No more are looked at than are needed: they mostly stand at the top.
        admins = len(list(islice((one for one in holding if one.attributes.get("role") in administering), MIN_ADMINS)))
        if admins < MIN_ADMINS:
            count, advice = "one admin" if admins else "no admin", "let two people administer it, so that one can leave"
            notes.warning("few-admins", f"`{key}` has {count}", place, advice=advice)

    def _note_overcrowding(self, members: Sequence[Declared]) -> None:
        """Findings for those whom a limit of the system leaves without a seat, on the first day on which it does.

        Seats go to those who are named first, as in a plan; who has one on the platform already keeps it, which nobody
        knows here.
        """
        system, today = self.system, self.today or date.min
        limits = [(role.cap, role.name, f"people with role {role.name}") for role in system.roles["member"] if role.cap]
        if system.member_cap is not None:
            limits.insert(0, (system.member_cap, "", "members"))
        for limit, role, what in limits:
            if len(members) <= limit:
                continue
            has_role = partial(_has_role, role)
            possible = [one for one in members if any(map(has_role, one.lines))]
            if len(possible) <= limit:
                continue
            begins = {line.starts for one in members for line in one.lines if line.starts and line.starts > today}
            counts = count_by_day(possible, {today, *begins}, system, has_role)
            day = next((day for day, count in counts.items() if count > limit), None)
            if day is None:
                continue
            held = (on_day(member, day, system) for member in possible)
            holders = [one for one in held if one.holds_on(day) and has_role(one)]
            holders.sort(key=lambda one: (one.place, not self._is_employee(one.address.key)))
            without = holders[limit:]
            names = ", ".join(f"`{one.address.key}`" for one in without[:_MAX_NAMED])
            when, more = f" from {day} on" if day != today else "", ", ..." if len(without) > _MAX_NAMED else ""
            message = (
                f"`{self.organization}` has {len(holders)} {what}{when}, the limit is {limit}"
                f" ({system.origin_of_limit(role)}): no seat for {names}{more}"
            )
            advice = "take somebody out; seats go to those who are named first"
            self.notes.warning("too-many-members", message, without[0].place, advice=advice)

    def _is_employee(self, key: str) -> bool:
        person = self.directory.people.get(key)
        return person is not None and person.employment == "employee"

    def _read_assets(self, spot: Cursor, members: Container[str]) -> Iterator[Declared]:
        """The assets, and the access to them; nobody but the members can be given any."""
        for name, kind in _SECTIONS.items():
            section: Mapping[str, AssetDocument] = getattr(self.document, name, {})
            if not section:
                continue
            for key, asset, at in read_keys(section, spot.into(name), self.notes):
                yield self._asset(kind.name, key, asset, at)
                for edge in _EDGES[kind.name]:
                    yield from self._edges(edge, key, getattr(asset, edge.entry), at.into(edge.entry), members)
        if isinstance(self.document, DevelopersDocument) and self.document.research_projects:
            if self.document.kind == "research":
                return
            message = "a research project cannot be in an organization that TikTok did not make for it"
            advice = "write `kind: research` if TikTok made it, or take the projects out"
            self.notes.error("research-project", message, spot.key("research_projects"), advice=advice)

    def _asset(self, kind: str, key: str, asset: AssetDocument, at: Cursor) -> Declared:
        """The asset itself, with what only its kind has."""
        attributes: dict[str, str | tuple[str, ...]] = {}
        details = {"name": asset.name} if asset.name else {}
        identity, platform_id = getattr(asset, "id", ""), ""
        match asset:
            case AppDocument():
                identity = asset.client_key
                attributes |= Owner(organization=self.organization).attributes
                details |= self._read_rightful_owner(key, asset, at)
            case TikTokAccountDocument():
                if not asset.handle and not asset.id:
                    message, advice = f"`{key}` has neither `handle` nor `id`", 'add one: handle: "@acme"'
                    self.notes.error("missing-key", message, at.place, advice=advice)
                identity = asset.handle.lower() or asset.id
                platform_id = asset.id if asset.handle else ""
                attributes["permissions"] = self._read_link(asset, at.into("permissions"))
                details["ownership"] = asset.ownership
            case AssetGroupDocument() if asset.name:
                attributes["called"] = asset.name
            case PartnerDocument() if asset.id == getattr(self.document, "id", ""):
                message = f"`{key}` is this Business Center itself"
                self.notes.error("duplicate-id", message, at.value("id"))
        self._note_same_id(kind, key, (identity, platform_id), at.place)
        return Declared(
            address=Address(self.organization, kind, key),
            attributes=attributes,
            identity=identity,
            platform_id=platform_id,
            place=at.place,
            reason=asset.reason,
            protect=asset.protect,
            owners=self.directory.read_owners(asset.owners, at.into("owners")),
            details=details,
        )

    def _note_same_id(self, kind: str, key: str, ids: tuple[str, ...], place: Place) -> None:
        """Most things can be shared between organizations, so an id is unique in one; apps have one owner."""
        scope = "" if kind == "app" else self.organization
        for name in filter(None, ids):
            first = self.ids.setdefault((scope, kind, name), place)
            if first != place:
                message = f"`{key}` has the id of another: {name}"
                self.notes.error("duplicate-id", message, place, related=(first,))

    def _read_rightful_owner(self, key: str, app: AppDocument, at: Cursor) -> dict[str, str]:
        """Who vouches for the ownership of an app, and since when: both or neither."""
        day = read_day(app.since, "since", at, self.notes)
        if bool(app.rightful_owner) != bool(app.since):
            missing = "since" if app.rightful_owner else "rightful_owner"
            advice = "write both: who vouches for it, and the day on which they said so"
            self.notes.error("missing-key", f"`{key}` lacks `{missing}`", at.place, advice=advice)
        return {"rightful_owner": f"{app.rightful_owner}, since {day}"} if app.rightful_owner and day else {}

    def _read_link(self, account: TikTokAccountDocument, at: Cursor) -> tuple[str, ...]:
        """The permissions that an owner is asked for; as little as possible when nothing is said."""
        note_listed_twice(account.permissions, at, self.notes)
        known = self.system.permissions["tiktok_account"]
        asked = set(account.permissions or [min(known, key=lambda permission: permission.rank).name])
        if asked >= {"publish_to_profile", "publish_ads_only"}:
            # The owner's page offers one or the other, and so the platform never shows both.
            asked.remove("publish_ads_only")
            place = at.key(account.permissions.index("publish_ads_only"))
            self.notes.warning("listed-twice", "`publish_ads_only` is part of `publish_to_profile`", place)
        return tuple(sorted(asked))

    def _edges(self, kind: Kind, key: str, written: Any, at: Cursor, members: Container[str]) -> Iterator[Declared]:
        """The access, uses or shares of one kind that are written under an asset."""
        lines = self._lines(kind, key, written, at)
        if kind.person_part is not None:
            given = (one for _, line in lines for one in self.read_line(kind.name, line, key))
            for declared in self._settle(given):
                who = person_in(declared.address)
                if who in members:
                    yield declared
                else:
                    self._note_not_a_member(who, key, declared.lines[0])
            return
        other = KINDS[kind.parents[1]]
        known = getattr(self.document, other.section)
        for name, line in dict(reversed(lines)).items():  # where it is named first
            address, place = Address(self.organization, kind.name, f"{key}/{name}"), line.at.place
            if name not in known:
                message = f"`{self.organization}` has no {other.title} `{name}`"
                advice = suggest_word(name, known) or f"declare it under `{other.section}`"
                self.notes.error("unknown-asset", message, place, advice=advice)
            elif kind.is_share:
                yield _declare(address, line, place, self._read_days(line), "")
            else:  # it is there or not, with no role and no days: it is no entitlement of anybody
                yield Declared(address=address, place=place)

    def _lines(self, kind: Kind, key: str, written: Any, at: Cursor) -> list[tuple[str, Line]]:
        """Who or what is named, with its line: an item of a list, or with a role or permissions."""
        if isinstance(written, list):
            note_listed_twice(written, at, self.notes)
            return [(name, Line(key if kind.is_share else name, {}, at, index)) for index, name in enumerate(written)]
        lines: list[tuple[str, Line]] = []
        for name, value in written.items():
            if isinstance(value, str | RoleTerms):
                line = self.line_with_role(kind.name, name, value, at)
                lines.append((name, line._replace(who=key) if kind.is_share else line))
                continue
            permissions, terms = value, _NO_TERMS
            if isinstance(value, AccountTerms):
                permissions, terms = value.permissions, value
            spot = at.into(name) if terms is _NO_TERMS else at.into(name, "permissions")
            note_listed_twice(permissions, spot, self.notes)
            attributes = {"permissions": tuple(sorted(set(permissions)))}
            lines.append((name, Line(name, attributes, at, name, terms)))
        return lines

    def _note_not_a_member(self, who: str, key: str, entitlement: Entitlement) -> None:
        roles = self.system.roles["member"]
        through = f" through {entitlement.through}" if entitlement.through else ""
        message = f"`{who}` has access to `{key}`{through} but is not a member of `{self.organization}`"
        advice = f"add `{who}: {min(roles, key=lambda role: role.rank).name}` to its members"
        self.notes.error("not-a-member", message, entitlement.place, advice=advice)


def _declare(address: Address, line: Line, place: Place, days: _Days, identity: str) -> Declared:
    """What a line gives, within the days of the person and under the name that the system knows."""
    terms = line.terms
    if terms is _NO_TERMS:  # nearly all lines; they leave everything else as it usually is
        through = line.who if line.who.startswith(PREFIX) else ""
        return Declared(
            address=address,
            attributes=line.attributes,
            identity=identity,
            place=place,
            through=through,
            starts=days[0],
            expires=days[1],
            details=_NO_DETAILS,
        )
    return Declared(
        address=address,
        attributes=line.attributes,
        identity=identity,
        place=place,
        reason=terms.reason,
        through=line.who if line.who.startswith(PREFIX) else "",
        starts=days[0],
        expires=days[1],
        protect=terms.protect,
        break_glass=terms.break_glass,
        reviewed_by=terms.reviewed_by,
        details=terms.details if isinstance(terms, MemberTerms) else _NO_DETAILS,
    )


def _describe(one: Entitlement) -> str:
    values = [value if isinstance(value, str) else " + ".join(value) for value in one.attributes.values()]
    return f"{' with '.join(values)} {f'through {one.through}' if one.through else 'directly'}"


def _has_role(role: str, one: Entitlement) -> bool:
    return role in ("", one.attributes.get("role"))
