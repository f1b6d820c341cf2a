"""Which declarations count on a day, and what everybody can do with each thing over all ways that lead there.

What somebody has is the join of all entitlements that hold on the day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from heapq import heappop, heappush
from itertools import accumulate, pairwise
from typing import NamedTuple

from reconciler.engine.context import Ended
from reconciler.model import (
    KINDS,
    Access,
    AccessPath,
    AccessSpan,
    Address,
    Attributes,
    Declared,
    Entitlement,
    Resource,
    Role,
    System,
    dataclass,
    is_administrator,
    person_in,
    strongest,
)


def _precedence(one: Entitlement, joined: Mapping[str, object]) -> tuple[object, ...]:
    """Lines that give the joined role and finance role first; of equals those that stay longest, and direct ones."""
    weaker = sum(one.attributes.get(name) != value for name, value in joined.items())
    role = one.attributes.get("role") != joined.get("role")
    lasts = (-(one.expires or date.max).toordinal(), one.starts or date.min)
    return (role, weaker, bool(one.through), *lasts, one.through, one.reason, one.identity, sorted(one.details.items()))


def declare(address: Address, entitlements: Sequence[Entitlement], *, system: System, today: date) -> Declared:
    """A resource that some lines give somebody, as it is on a day: today or, where nothing holds, the nearest day."""
    first = entitlements[0]
    declared = Declared(  # by name, because there are many; a test holds that no field is left out
        address=address,
        joined=tuple(entitlements) if len(entitlements) > 1 else (),
        attributes=first.attributes,
        identity=first.identity,
        place=first.place,
        reason=first.reason,
        through=first.through,
        starts=first.starts,
        expires=first.expires,
        protect=first.protect,
        break_glass=first.break_glass,
        reviewed_by=first.reviewed_by,
        details=first.details,
    )
    if not declared.joined:
        return declared
    day = today if any(one.holds_on(today) for one in entitlements) else _nearest_day(entitlements, today)
    return _Sweep(declared, system).on(day) or declared


def _nearest_day(entitlements: Iterable[Entitlement], today: date) -> date:
    """The next day on which anything holds, else the last one on which anything did."""
    lasting = _lasting(entitlements)
    coming = [one.starts for one in lasting if one.starts is not None and one.starts > today]
    gone = [one.expires for one in lasting if one.expires is not None and one.expires <= today]
    if coming:
        return min(coming)
    return date.fromordinal(max(gone).toordinal() - 1) if gone else today


def _lasting(entitlements: Iterable[Entitlement]) -> list[Entitlement]:
    """Without lines that hold on no day at all."""
    return [one for one in entitlements if (one.starts or date.min) < (one.expires or date.max)]


def find_conflicts(lines: Sequence[Entitlement], today: date) -> dict[int, int]:
    """Numbers of lines that give something else than an earlier one on the same day, that day or later -> the earlier.

    Day by day, among those that give each sort of access: comparing all lines with each other would take the square of
    their number. Of several earlier lines it is the first of those that hold on the first such day.
    """
    kinds: dict[tuple[object, ...], _Holding] = {}
    sorts = [kinds.setdefault(tuple(sorted(one.attributes.items())), _Holding([], [])) for one in lines]
    spans = [(max(one.starts or date.min, today), one.expires or date.max) for one in lines]
    found: dict[int, int] = {}
    for begin, index in sorted((begin, index) for index, (begin, end) in enumerate(spans) if begin < end):
        for other in kinds.values():
            if other is sorts[index]:
                continue
            while other.earliest and spans[other.earliest[0]][1] <= begin:
                heappop(other.earliest)
            if other.earliest and other.earliest[0] < index:
                found[index] = min(other.earliest[0], found.get(index, index))
            # Whoever was written later and holds already is in conflict with this one.
            while other.latest and -other.latest[0] > index:
                late = -heappop(other.latest)
                if spans[late][1] > begin:
                    found.setdefault(late, index)
        heappush(sorts[index].earliest, index)
        if index not in found:
            heappush(sorts[index].latest, -index)
    return found


class _Holding(NamedTuple):
    """Numbers of lines that give the same and have begun, as two heaps."""

    earliest: list[int]
    """May hold some that are over below its top."""
    latest: list[int]
    """Negative, and only of those that are in no conflict yet; may hold some that are over."""


def later(one: date | None, other: date | None) -> date | None:
    """The later day; None stands for a beginning long ago."""
    return max(one, other) if one and other else one or other


def earlier(one: date | None, other: date | None) -> date | None:
    """The earlier day; None stands for no end."""
    return min(one, other) if one and other else one or other


def change_days(declared: Iterable[Declared], today: date) -> list[date]:
    """The days after that one on which an entitlement begins or ends, sorted."""
    days = {day for item in declared for one in item.lines for day in (one.starts, one.expires) if day}
    return sorted(day for day in days if day > today)


def last_day_as_admin(declared: Declared, today: date, system: System) -> date | None:
    """The first day from that one on on which a member is no admin; None when they always will be one."""
    days = days_of(declared, today, system)
    # An admin no more also where a weaker role is what remains.
    return next((day for day, one in days if not (one and is_administrator(system, "member", one.attributes))), None)


def count_by_day(
    declared: Iterable[Declared], days: Collection[date], system: System, holds: Callable[[Declared], bool]
) -> dict[date, int]:
    """On how many of them something holds on each of these days, in their order.

    Comings and goings are added up day by day: looking at everybody on each day would take the square of their number.
    """
    steps, first = Counter(dict.fromkeys(days, 0)), min(days)
    for one in declared:
        was_so = False
        for day, item in days_of(one, first, system):
            is_so = item is not None and holds(item)
            steps[day] += is_so - was_so
            was_so = is_so
    ordered = sorted(steps)
    counts = dict(zip(ordered, accumulate(steps[day] for day in ordered), strict=True))
    return {day: counts[day] for day in sorted(days)}


def days_of(declared: Declared, first: date, system: System) -> Iterator[tuple[date, Declared | None]]:
    """What it is from that day on, and from each day on which a line begins or ends after it; None while none holds.

    All days are told in one sweep: joining all lines anew on each of them (`on_day`) takes the square of their number.
    """
    days = (first, *change_days((declared,), first))
    if declared.joined:
        sweep = _Sweep(declared, system)
        yield from ((day, sweep.on(day)) for day in days)
    else:
        yield from ((day, declared if declared.holds_on(day) else None) for day in days)


class _Sweep:
    """Joins several lines on one day after the other: what all that hold give together, in whatever order they stand.

    `starts` and `expires` are the days between which there is access without a gap. Reason, place and group are those
    of the line that gives most, a direct one before a group's. It is protected where a line that holds says so; what an
    ended line protected is protected no more.
    """

    def __init__(self, declared: Declared, system: System) -> None:
        self._declared, self._system = declared, system
        numbered = list(enumerate(declared.joined))
        self._coming = sorted(numbered, key=lambda one: one[1].starts or date.min, reverse=True)
        self._holding: dict[tuple[object, ...], list[tuple[tuple[object, ...], int, Entitlement]]] = {}
        """Lines that have begun, by what they give: heaps whose top goes before the others, over as it may be below."""
        spans = ((one.starts or date.min, one.expires or date.max) for one in _lasting(declared.joined))
        self._stays = _without_gaps(spans)[::-1]
        self._protected, self._is_said = date.min, False
        """Until when lines that have begun protect it, and whether one of them says anything of that."""

    def on(self, day: date) -> Declared | None:
        """What it is on a day, which is none before the one that was asked for last."""
        while self._coming and (self._coming[-1][1].starts or date.min) <= day:
            number, line = self._coming.pop()
            same = self._holding.setdefault(tuple(sorted(line.attributes.items())), [])
            heappush(same, (_precedence(line, line.attributes), number, line))
            self._is_said |= line.protect is not None
            if line.protect:
                self._protected = max(self._protected, line.expires or date.max)
        for same in self._holding.values():
            while same and not same[0][2].holds_on(day):
                heappop(same)
        firsts = [(number, line) for same in self._holding.values() for _, number, line in same[:1]]
        if not firsts:
            return None
        joined = strongest([line.attributes for _, line in firsts], self._declared.address.kind, self._system) or {}
        first = min(firsts, key=lambda one: (_precedence(one[1], joined), one[0]))[1]
        while self._stays[-1][1] <= day:
            self._stays.pop()
        starts, expires = self._stays[-1]
        return replace(
            self._declared,
            **{
                **{one.name: getattr(first, one.name) for one in fields(Entitlement)},
                "attributes": joined,
                "starts": _limit(starts),
                "expires": _limit(expires),
                "protect": self._protected > day or (False if self._is_said else None),
            },
        )


def _without_gaps(spans: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """The spans of days that several make together, where one goes on from another, one after the other."""
    joined: list[tuple[date, date]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined


def _limit(day: date) -> date | None:
    """None for the first and the last of all days, which stand for a beginning long ago and for no end."""
    return None if day in (date.min, date.max) else day


def on_day(declared: Declared, day: date, system: System) -> Declared:
    """The same resource as it is on another day."""
    if all(one.starts is None and one.expires is None for one in declared.joined):
        return declared  # one line says the same on every day; whether it holds is another question
    return declare(declared.address, declared.joined, system=system, today=day)


def split_by_date(
    declared: Mapping[Address, Declared], today: date, system: System
) -> tuple[Mapping[Address, Declared], dict[Address, Ended]]:
    """Tell what shall be there today from what shall not, because it has ended or not begun.

    A grant goes with its membership: where a person's membership is out of its dates, so are all their grants.
    """
    wanted = dict(declared)
    ended: dict[Address, Ended] = {}
    for address, one in declared.items():
        if one.starts is one.expires is None and not one.joined:
            continue  # as nearly always
        wanted[address] = item = on_day(one, today, system)
        if not any(one.holds_on(today) for one in item.lines):
            ended[address] = Ended(declared=item, why=_describe_absence(item, today))
    if not ended:
        return wanted, {}
    for address, item in wanted.items():
        membership = membership_of(address)
        if membership in ended and address not in ended:
            ended[address] = Ended(declared=item, why=ended[membership].why)
    return {address: item for address, item in wanted.items() if address not in ended}, ended


def _describe_absence(item: Declared, today: date) -> str:
    gone = [one.expires for one in item.lines if one.expires and one.expires <= today]
    coming = [one.starts for one in _lasting(item.lines) if one.starts and one.starts > today]
    gone = gone or ([] if coming else [one.expires for one in item.lines if one.expires])
    said = [f"ends {max(gone)}" if gone else "", f"starts {'again ' if gone else ''}{min(coming)}" if coming else ""]
    return ", ".join(filter(None, said))


def membership_of(address: Address) -> Address | None:
    """The membership a grant hangs on; None for anything that is not a person's grant."""
    part = KINDS[address.kind].person_part
    if part is None or address.kind == "member":
        return None
    return Address(address.organization, "member", address.parts[part])


Cell = tuple[Address, Address]
"""A member or a partner, and what it can do something with: an asset, or the organization itself."""


def reach(
    organization: str, resources: Mapping[Address, Declared], *, system: System, today: date
) -> dict[Cell, Access]:
    """Everything declared that holds on that day or later; what is over by then is not there."""
    whole = Address.whole(organization)
    groups = ad_accounts_by_group(resources)
    ways: dict[Cell, list[AccessPath]] = {}
    for address, found in _ways(resources, today).items():
        for on in leads_to(address, whole, groups):
            ways.setdefault((subject_of(address), on), []).extend(found)
    return {cell: _access(cell, found, resources, system) for cell, found in ways.items()}


def _ways(resources: Mapping[Address, Declared], today: date) -> dict[Address, list[AccessPath]]:
    """All lines that give somebody access from that day on, within the days of the membership they need."""

    def not_over(ways: Iterable[AccessPath]) -> list[AccessPath]:
        return [way for way in ways if way.ends is None or way.ends > (way.starts or today)]

    found = {
        address: not_over(_way(address, line, today) for line in declared.lines)
        for address, declared in resources.items()
        if KINDS[address.kind].person_part is not None or KINDS[address.kind].is_share
    }
    stays = {
        address: _without_gaps((way.starts or date.min, way.ends or date.max) for way in ways)
        for address, ways in found.items()
        if address.kind == "member"
    }
    for address, ways in found.items():
        person = person_in(address)
        if address.kind != "member" and person:
            membership = stays.get(Address(address.organization, "member", person), [])
            found[address] = not_over(
                replace(way, starts=later(way.starts, _limit(begin)), ends=earlier(way.ends, _limit(end)))
                for way in ways
                for begin, end in membership
            )
    return {address: ways for address, ways in found.items() if ways}


def _way(address: Address, line: Entitlement, today: date) -> AccessPath:
    has_begun = line.starts is None or line.starts <= today
    return AccessPath(
        address=address,
        attributes=line.attributes,
        through=line.through,
        starts=None if has_begun else line.starts,
        ends=line.expires,
        protect=line.protect,
        reason=line.reason,
        place=line.place,
    )


def subject_of(address: Address) -> Address:
    """The member or the partner to whom a membership, a grant or a share gives something."""
    person = person_in(address)
    return Address(address.organization, *(("member", person) if person else ("partner", address.parts[0])))


def ad_accounts_by_group(addresses: Iterable[Address]) -> dict[str, list[str]]:
    """Asset group -> ad accounts in it."""
    found: dict[str, list[str]] = {}
    for address in addresses:
        if address.kind == "asset_group_asset":
            group, ad_account = address.parts
            found.setdefault(group, []).append(ad_account)
    return found


def leads_to(address: Address, whole: Address, groups: Mapping[str, Sequence[str]]) -> Iterator[Address]:
    """What one declaration leads to; access to an asset group leads to all ad accounts in it too."""
    organization, kind, _ = address
    if kind == "member":
        yield whole
    else:
        part = KINDS[kind].target_part
        yield Address(organization, KINDS[kind].parents[part], address.parts[part])
    if kind == "asset_group_access":
        for ad_account in groups.get(address.parts[0], ()):
            yield Address(organization, "ad_account", ad_account)


def _access(cell: Cell, ways: list[AccessPath], resources: Mapping[Address, Declared], system: System) -> Access:
    subject, on = cell
    ways.sort(key=lambda way: (way.address, way.starts or date.min, way.ends or date.max, way.through, way.place))
    kind = ways[0].address.kind
    spans: list[AccessSpan] = []
    for begin, end in pairwise(sorted({day for way in ways for day in (way.starts or date.min, way.ends or date.max)})):
        held = [way.attributes for way in ways if (way.starts or date.min) <= begin < (way.ends or date.max)]
        attributes = strongest(held, kind, system)
        if attributes is None:
            continue
        if spans and spans[-1].ends == begin and spans[-1].attributes == attributes:
            spans[-1] = replace(spans[-1], ends=_limit(end))
        else:
            spans.append(AccessSpan(attributes=attributes, starts=_limit(begin), ends=_limit(end)))
    return Access(
        attributes=strongest([way.attributes for way in ways], kind, system) or {},
        ways=tuple(ways),
        spans=tuple(spans),
        identity=resources[subject].identity if on.kind == "organization" else "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedAccess:
    """One thing that can be done, from a UTC day until another."""

    dimension: str
    """What it is compared with: `there`, `role`, `finance`, `account EMAIL`, `permission NAME`."""
    rank: int = 0
    starts: date = date.min
    ends: date = date.max
    """The UTC day on which it is gone."""
    administers: bool = False
    handles_money: bool = False
    reads_messages: bool = False


def dated_accesses_of(access: Access | None, system: System) -> tuple[DatedAccess, ...]:
    """Everything that an access holds, over all its ways."""
    return tuple(
        one
        for way in (access.ways if access else ())
        for one in dated_accesses(
            way.address.kind,
            way.attributes,
            system,
            identity=access.identity if access else "",
            starts=way.starts or date.min,
            ends=way.ends or date.max,
        )
    )


def dated_accesses(
    kind: str,
    attributes: Attributes,
    system: System,
    *,
    identity: str = "",
    starts: date = date.min,
    ends: date = date.max,
) -> Iterator[DatedAccess]:
    """Everything that one line, or one resource of a kind, gives."""
    yield DatedAccess(dimension="there", starts=starts, ends=ends)
    if identity:
        yield DatedAccess(dimension=f"account {identity}", starts=starts, ends=ends)
    for name, value in attributes.items():
        role_kind = kind if name in {"role", "permissions"} else f"{kind}.{name}"
        for word in (value,) if isinstance(value, str) else value:
            role = system.find_role(role_kind, word) or Role(name=word, label=word, rank=0, may="")
            yield DatedAccess(
                dimension=name if isinstance(value, str) else f"permission {word}",
                rank=role.rank if isinstance(value, str) else 0,
                starts=starts,
                ends=ends,
                administers=role.administers,
                handles_money=role.handles_money,
                reads_messages=role.reads_messages,
            )


def uncovered(held: Iterable[DatedAccess], by: Sequence[DatedAccess]) -> tuple[DatedAccess, ...]:
    """What of the first the others do not hold on all of its days."""

    def is_covered(one: DatedAccess) -> bool:
        day = one.starts
        alike = (other for other in by if other.dimension == one.dimension and other.rank >= one.rank)
        for other in sorted(alike, key=lambda other: other.starts):
            if other.starts <= day:
                day = max(day, other.ends)
        return day >= one.ends

    return tuple(one for one in held if not is_covered(one))


def gained(system: System, before: Resource | None, after: Resource | None) -> tuple[DatedAccess, ...]:
    """What can be done with the second and not with the first."""
    had, has = (
        () if one is None else tuple(dated_accesses(one.address.kind, one.attributes, system))
        for one in (before, after)
    )
    return uncovered(has, had)
