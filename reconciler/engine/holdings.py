"""Who has what: what is declared beside what is recorded of one organization, and who reaches what by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar

from reconciler.engine.context import Ended
from reconciler.engine.entitlements import (
    ad_accounts_by_group,
    change_days,
    leads_to,
    on_day,
    split_by_date,
    subject_of,
)
from reconciler.engine.identities import Identities, rename_to_today
from reconciler.model import (
    KINDS,
    AccessHistory,
    Address,
    Attributes,
    Declared,
    Desired,
    KnownDrift,
    Organization,
    Owner,
    Person,
    Record,
    Shape,
    State,
    Status,
    System,
    dataclass,
    fingerprint_of,
    is_administrator,
    person_in,
    role_in,
    strongest,
)
from reconciler.systems.catalogue import SYSTEMS

SOON = timedelta(days=30)
"""How far ahead an end is worth pointing out."""


class AccessStatus(StrEnum):
    """How what is declared and what is recorded fit together."""

    HELD = "held"
    """Recorded as it is declared."""
    PENDING = "pending"
    """Asked for; somebody else has to act."""
    DIFFERENT = "different"
    """Recorded with other values than declared."""
    MISSING = "missing"
    """Declared, and not there: never given yet, or lost."""
    UNDECLARED = "undeclared"
    """There, and no manifest says so."""
    OVER = "over"
    """There, although what declared it has ended or not begun."""
    IMPLIED = "implied"
    """Listed, not given and not declared: the record says which role gives it."""
    ABSENT = "absent"
    """Not there, and it shall not be: it ended, has not begun, or only the memory of it is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One membership, grant, share or ownership as the manifests and the state see it."""

    JSON_PROPERTIES: ClassVar = ("status",)
    JSON_HIDDEN: ClassVar = ("is_past",)

    address: Address
    declared: Declared | None = None
    recorded: Record | None = None
    changes_on: date | None = None
    """The next UTC day on which other values are declared, without anybody doing anything."""
    becomes: Attributes = field(default_factory=dict)
    """What is declared from that day on."""
    excuse: str = ""
    """Why the declaration does not count today: `ends 2027-01-31`, `starts 2027-02-01`."""
    reaches: tuple[str, ...] = ()
    """Keys of the ad accounts behind an asset group."""
    is_past: bool = False
    """Of a past day, of which only the records are known."""
    trouble: str = ""
    """Why the record may be behind: an open work order, an answer that never came, or a failure that put it aside."""
    drift: KnownDrift | None = None
    """A difference that somebody made outside of this tool and that is known; `recorded` says what was last live."""
    remembered: Record | None = None
    """The record without that difference: what the last apply left there. None where that is nothing."""

    @property
    def people(self) -> tuple[str, ...]:
        """Whose membership or access it is, by the key in its address; of an app, who owns it themselves."""
        if person := person_in(self.address):
            return (person,)
        owners = (Owner.of(side.attributes).person for side in (self.recorded, self.declared) if side is not None)
        return tuple(filter(None, owners))

    @property
    def is_active(self) -> bool:
        """Whether it gives access, as far as is recorded."""
        return self.recorded is not None and self.recorded.status is Status.ACTIVE

    @property
    def is_wanted(self) -> bool:
        """Whether it shall be there today."""
        return self.declared is not None and not self.excuse

    @property
    def status(self) -> AccessStatus | None:
        """What a reader should make of it; None for a past day, because nothing is declared beside the record."""
        if self.is_past:
            return None
        recorded = self.recorded
        if recorded is None or recorded.status.is_gone:
            if self.is_wanted:
                return AccessStatus.MISSING
            return AccessStatus.IMPLIED if recorded is not None and recorded.implied_by else AccessStatus.ABSENT
        if not self.is_wanted:
            return AccessStatus.UNDECLARED if self.declared is None else AccessStatus.OVER
        if self.declared is not None and recorded.attributes != self.declared.attributes:
            return AccessStatus.DIFFERENT
        return AccessStatus.PENDING if recorded.status.is_pending else AccessStatus.HELD

    @property
    def ends(self) -> date | None:
        """The UTC day on which it is gone."""
        return self.declared.expires if self.declared else None

    def ends_soon(self, today: date) -> bool:
        """Whether its end is near."""
        return self.ends is not None and today < self.ends <= today + SOON


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationHoldings:
    """Everything one person has in one organization."""

    organization: str
    system: str = ""
    """Empty when no manifest declares the organization any more."""
    title: str = ""
    """What a person calls the system."""
    administers: bool = False
    """Holds a role that manages other people's access, and so can give themselves any access here."""
    holdings: tuple[Holding, ...] = ()
    last_read: date | None = None
    """The UTC day of the last look that is recorded; None where none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReport:
    """Everything one person has, across all organizations."""

    JSON_PROPERTIES: ClassVar = ("ends_soon",)

    key: str
    person: Person | None = None
    """None for somebody who is not in the directory, or not any more."""
    today: date
    as_of: date | None = None
    """The records are those of the end of this UTC day, and nothing is declared beside them."""
    groups: tuple[str, ...] = ()
    """Groups of people they are in, also through other groups."""
    organizations: tuple[OrganizationHoldings, ...] = ()
    from_log: tuple[str, ...] = ()
    """Organizations of which no state is kept from that day, so that this is what the audit log had by then."""
    not_kept: tuple[str, ...] = ()
    """Organizations that have a state today, and of which nothing at all is known of that day."""
    no_state: tuple[str, ...] = ()
    """Organizations of which nothing is recorded: what is declared there may be there or not."""
    past: tuple[AccessHistory, ...] = ()
    """What they had, by the audit log, where nothing is recorded of them any more, or what had ended by a past day."""

    @property
    def ends_soon(self) -> tuple[Holding, ...]:
        """What ends soon, the nearest first."""
        found = [one for part in self.organizations for one in part.holdings if one.ends_soon(self.today)]
        return tuple(sorted(found, key=lambda one: (one.ends or date.max, one.address)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One cell of the access matrix: what somebody can do with one thing, and how they come to it."""

    on: Address
    """An asset, or the organization itself."""
    subject: Address
    """A member or a partner."""
    ways: tuple[Holding, ...] = ()
    """Memberships, grants and shares that lead there; empty for an admin who could only take access."""
    effective: Attributes | None = None
    """The strongest of what is active; None while nothing is."""
    intended: Attributes | None = None
    """The strongest of what is declared for today; None when nothing is."""
    can_take: bool = False
    """An active admin of the organization, who can give themselves access, or more than they have, at any time."""

    @property
    def since(self) -> date | None:
        """The first day of what is there of it, as far as is recorded."""
        days = (way.recorded.since for way in self.ways if way.recorded and way.is_active)
        return min(filter(None, days), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessMatrix:
    """Who can reach an organization, or one thing in it."""

    address: Address
    system: str = ""
    title: str = ""
    today: date
    as_of: date | None = None
    """The records are those of the end of this UTC day, and nothing is declared beside them."""
    reaches: tuple[Reach, ...] = ()
    """By thing, then people before partners."""
    owned_elsewhere: tuple[Holding, ...] = ()
    """Apps that a person or another organization owns, also while their transfer waits: no member has them."""
    has_no_state: bool = False
    """Whether nothing is recorded of the organization: what is declared there may be there or not."""
    is_from_log: bool = False
    """Whether no state is kept from a past day, so that this is what the audit log had by then."""
    last_read: date | None = None
    """The UTC day of the last look that is recorded, of the kind where it is longest ago; None where none is."""
    connections: tuple[Holding, ...] = ()
    """Edges between things: what is in which asset group, and what may be used in which ad account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReason:
    """One membership, grant, share or edge that access rests on, with its history."""

    holding: Holding
    history: AccessHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyReport:
    """Why somebody can reach an organization or one thing in it, or why not."""

    key: str
    person: Person | None = None
    """None for somebody who is not in the directory, or not any more."""
    today: date
    as_of: date | None = None
    """The records are those of the end of this UTC day, and nothing is declared beside them."""
    reach: Reach
    paths: tuple[AccessReason, ...] = ()
    """The ways of `reach`, each with its lines and its history."""
    requires: tuple[AccessReason, ...] = ()
    """What they rest on: the membership, and what puts an ad account into an asset group."""
    past: tuple[AccessHistory, ...] = ()
    """What once led there and is neither declared nor recorded."""
    owner: Holding | None = None
    """An app that somebody else owns, so that no member has it."""
    has_no_state: bool = False
    """Whether nothing is recorded of the organization, or nothing is known of a past day."""
    is_from_log: bool = False
    """Whether no state is kept from a past day, so that this is what the audit log had by then."""
    last_read: date | None = None
    """The UTC day of the last look that is recorded; None where none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessIndex:
    """One organization: every address with what is declared and recorded of it."""

    organization: str
    system: System | None
    """None when nothing tells which system it is on."""
    holdings: Mapping[Address, Holding]
    last_read: date | None = None
    """The UTC day of the last look that is recorded; None where none is."""
    has_no_state: bool = False
    """Whether nothing is recorded of it: what is declared may be there or not."""
    is_from_log: bool = False
    """Whether no state is kept from a past day, so that this is what the audit log had by then."""
    former: Mapping[Address, Address] = field(default_factory=dict)
    """What members and assets were called before -> what they are called today."""

    def identities_of(self, member: str) -> tuple[str, ...]:
        """By what a member is known to the system, as recorded and as declared."""
        holding = self.holdings.get(Address(self.organization, "member", member))
        return tuple(side.identity for side in (holding.recorded, holding.declared) if side) if holding else ()

    def administers(self, member: str) -> bool:
        """Whether a member can manage other people's access now."""
        holding = self.holdings.get(Address(self.organization, "member", member))
        if self.system is None or holding is None or not holding.is_active or holding.recorded is None:
            return False
        return is_administrator(self.system, "member", holding.recorded.attributes)


def index_access(organization: str, *, desired: Desired, state: State, today: date, as_of: date | None) -> AccessIndex:
    """Everything that is known of one organization; of a past day only the records."""
    known = desired.organizations.get(organization)
    declared: Mapping[Address, Declared] = {}
    ended: Mapping[Address, Ended] = {}
    if known is not None and as_of is None:
        wanted, ended = split_by_date(desired.resources[organization], today, known.system)
        declared = {**wanted, **{address: one.declared for address, one in ended.items()}}
    has_no_state = state.tells_nothing
    state = rename_to_today(state, Identities(desired if as_of is None else Desired())).state
    # Of everything else an apply has changed what the audit had seen.
    drift = {at: known for at, known in state.drift.items() if known.live == fingerprint_of(known.last)}
    records = _as_last_seen(state.records, drift)
    addresses = sorted({*records, *declared, *state.deferred, *state.in_doubt})
    recorded = {address for address, record in records.items() if record.status is Status.ACTIVE}
    groups = ad_accounts_by_group(sorted({*recorded, *declared}))
    open_orders = {order.address: order.id for order in state.orders.values() if order.is_pending}
    former = {
        before: address
        for address, record in records.items()
        for key in record.formerly
        if (before := Address(organization, address.kind, key)) not in addresses
    }
    changes = {at: _next_change(one, known, today) for at, one in declared.items()} if known else {}
    return AccessIndex(
        organization=organization,
        former=former,
        system=known.system if known else _guess_system(records),
        has_no_state=has_no_state,
        last_read=min((state.looked[one.kind] for one in addresses if one.kind in state.looked), default=None),
        holdings={
            address: Holding(
                address=address,
                declared=declared.get(address),
                recorded=records.get(address),
                excuse=ended[address].why if address in ended else "",
                changes_on=changes.get(address, (None, {}))[0],
                becomes=changes.get(address, (None, {}))[1],
                reaches=tuple(groups.get(address.parts[0], ())) if address.kind == "asset_group_access" else (),
                is_past=as_of is not None,
                trouble=_trouble(state, address, open_orders),
                drift=drift.get(address),
                remembered=state.records.get(address) if address in drift else None,
            )
            for address in addresses
        },
    )


def _next_change(declared: Declared, organization: Organization, today: date) -> tuple[date | None, Attributes]:
    """The next day on which the lines give something else, and what; nothing where what comes next is the end."""
    for day in change_days((declared,), today) if len(declared.lines) > 1 else ():
        later = on_day(declared, day, organization.system)
        if not later.holds_on(day):
            break
        if later.attributes != declared.attributes:
            return day, later.attributes
    return None, {}


def _as_last_seen(recorded: Mapping[Address, Record], drift: Mapping[Address, KnownDrift]) -> dict[Address, Record]:
    """The records, corrected by what the last audit found, which also knows of people and access nobody declared."""
    records = dict(recorded)
    for address, known in drift.items():
        record = records.get(address) or Record(address=address, since=known.first_seen)
        seen = known.last
        if seen is not None:
            identity = seen.identity or record.identity
            records[address] = replace(record, attributes=seen.attributes, status=seen.status, identity=identity)
        elif not record.status.is_gone:
            status = Status.LEFT if address.kind == "member" else Status.REMOVED
            records[address] = replace(record, status=status)
    return records


def _trouble(state: State, address: Address, open_orders: Mapping[Address, str]) -> str:
    doubt, deferral = state.in_doubt.get(address), state.deferred.get(address)
    if address in open_orders:
        return f"work order {open_orders[address]} is open"
    if doubt is not None:
        return f"the answer to {doubt.action.replace('_', ' ')} never came"
    return f"deferred since {deferral.since}: {deferral.reason}" if deferral else ""


def _guess_system(records: Mapping[Address, Record]) -> System | None:
    """The system on which all recorded kinds and roles exist; None when none or several would do."""
    kinds = {address.kind for address in records} - {"organization"}
    roles = {(at.kind, role) for at, record in records.items() if (role := role_in(record.attributes))}
    fitting = [
        system
        for variants in SYSTEMS.values()
        for system in variants.values()
        if kinds <= set(system.kinds) and all(system.find_role(kind, role) for kind, role in roles)
    ]
    return fitting[0] if len({system.name for system in fitting}) == 1 else None


def find_reaches(index: AccessIndex) -> Iterator[Reach]:
    """All cells: the organization's own members first, then thing by thing."""
    members = [one for one in index.holdings.values() if one.address.kind == "member"]
    admins = [one.address for one in members if index.administers(one.address.key)]
    whole = Address.whole(index.organization)
    for member in members:
        yield _reach(whole, member.address, [member], index)
    ways = _ways_by_asset(index)
    for asset, holding in index.holdings.items():
        is_reached = KINDS[asset.kind].shape is Shape.ASSET and asset.kind != "partner"
        if is_reached and not is_owned_elsewhere(holding):
            # Where nobody is given access to such a thing, all members of the organization have it.
            found = ways.get(asset, ()) if _is_granted(asset.kind, index.system) else members
            yield from _reaches_of(asset, found, admins, index)


def is_owned_elsewhere(asset: Holding) -> bool:
    """Whether it is an app of somebody else, which nobody has by being a member, whatever is declared."""
    recorded = asset.recorded
    if asset.address.kind != "app" or recorded is None or recorded.status.is_gone:
        return False
    return Owner.of(recorded.attributes).is_elsewhere(asset.address.organization)


def _reaches_of(
    asset: Address, found: Iterable[Holding], admins: Iterable[Address], index: AccessIndex
) -> Iterator[Reach]:
    """Everybody who reaches one asset and the admins who could, then partners."""
    ways: dict[Address, list[Holding]] = {admin: [] for admin in admins}
    for holding in found:
        ways.setdefault(subject_of(holding.address), []).append(holding)
    for subject in sorted(ways, key=lambda one: (one.kind != "member", one)):
        yield _reach(asset, subject, ways[subject], index)


def _ways_by_asset(index: AccessIndex) -> dict[Address, list[Holding]]:
    """Grants on an asset, grants on the asset groups it is in, shares with partners."""
    whole = Address.whole(index.organization)
    found: dict[Address, list[Holding]] = {}
    for holding in index.holdings.values():
        address, kind = holding.address, KINDS[holding.address.kind]
        if kind.is_share or (kind.person_part is not None and address.kind != "member"):
            for asset in leads_to(address, whole, {address.parts[0]: holding.reaches}):
                found.setdefault(asset, []).append(holding)
    return found


def _is_granted(kind: str, system: System | None) -> bool:
    """Whether people are given access to things of a kind one by one, rather than by being members."""
    return system is None or f"{kind}_access" in system.kinds


def _reach(on: Address, subject: Address, ways: Sequence[Holding], index: AccessIndex) -> Reach:
    membership, thing = index.holdings.get(subject), index.holdings.get(on)
    # What nobody is given access to is everybody's once it is there; an app may be declared and still be elsewhere.
    is_whole = on.kind == "organization"
    is_there = is_whole or _is_granted(on.kind, index.system) or (thing is not None and thing.is_active)
    is_in = subject.kind == "partner" or (membership is not None and membership.is_active)
    links = [link_of(one, on, index) for one in ways]
    active = [
        one.recorded.attributes
        for one, link in zip(ways, links, strict=True)
        if is_in and is_there and one.recorded is not None and one.is_active and (link is None or link.is_active)
    ]
    active += [one.recorded.implied for one in ways if is_in and one.recorded is not None and one.recorded.implied_by]
    wanted = [
        one.declared.attributes
        for one, link in zip(ways, links, strict=True)
        if one.declared is not None and one.is_wanted and (link is None or link.is_wanted)
    ]
    kind = ways[0].address.kind if ways else on.kind
    effective = strongest(active, kind, index.system)
    return Reach(
        on=on,
        subject=subject,
        ways=tuple(ways),
        effective=effective,
        intended=strongest(wanted, kind, index.system),
        can_take=not is_whole
        and is_there
        and subject.kind == "member"
        and index.administers(subject.key)
        and not _is_all(effective, kind, index.system),
    )


def _is_all(held: Attributes | None, kind: str, system: System | None) -> bool:
    """Whether nobody can have more of a thing: the strongest role and every permission that there is."""
    if held is None or system is None:
        return False
    strongest_role = next((role.name for role in system.roles.get(kind, ())), None)
    permissions = {permission.name for permission in system.permissions.get(kind, ())}
    return held.get("role") == strongest_role and permissions.issubset(held.get("permissions", ()))


def link_of(way: Holding, on: Address, index: AccessIndex) -> Holding | None:
    """What puts an ad account into the asset group through which a way leads; None for ways that need none."""
    if way.address.kind != "asset_group_access" or on.kind != "ad_account":
        return None
    address = Address(on.organization, "asset_group_asset", f"{way.address.parts[0]}/{on.key}")
    return index.holdings.get(address, Holding(address=address, is_past=way.is_past))
