"""What everybody can do with each thing, over all ways that lead there, from what is declared alone.

Where members reach something merely by being members, such as the apps of an organization without app managers, the
membership says it already and is not repeated for each thing.

To compare two accesses, each is taken apart into one piece for each role, finance role, permission and account, with
the days on which it holds. A piece is covered when on every one of its days the other side has the same or a higher
one. So a role given directly and the same role given through a group cover each other, and a longer end date is a gain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from reconciler.engine.entitlements import earlier, later
from reconciler.model.address import KINDS, Address, person_in
from reconciler.model.change import Access, AccessPath, AccessSpan, strongest
from reconciler.model.declared import Declared, Entitlement
from reconciler.model.resource import Attributes
from reconciler.model.system import Role, System
from reconciler.model.values import dataclass

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
            ways.setdefault((_subject(address), on), []).extend(found)
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
    stays = {address: _without_gaps(ways) for address, ways in found.items() if address.kind == "member"}
    for address, ways in found.items():
        person = person_in(address)
        if address.kind != "member" and person:
            membership = stays.get(Address(address.organization, "member", person), [])
            found[address] = not_over(
                replace(way, starts=later(way.starts, stay[0]), ends=earlier(way.ends, stay[1]))
                for way in ways
                for stay in membership
            )
    return {address: ways for address, ways in found.items() if ways}


Stay = tuple[date | None, date | None]
"""The days between which somebody is a member; None for a beginning that is past, and for no end."""


def _without_gaps(ways: Iterable[AccessPath]) -> list[Stay]:
    """The stays that several lines make together, where one goes on from another."""
    stays: list[tuple[date, date]] = []
    for begin, end in sorted((way.starts or date.min, way.ends or date.max) for way in ways):
        if stays and begin <= stays[-1][1]:
            stays[-1] = (stays[-1][0], max(end, stays[-1][1]))
        else:
            stays.append((begin, end))
    return [(None if begin == date.min else begin, None if end == date.max else end) for begin, end in stays]


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


def _subject(address: Address) -> Address:
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
            spans[-1] = replace(spans[-1], ends=None if end == date.max else end)
        else:
            spans.append(
                AccessSpan(
                    attributes=attributes,
                    starts=None if begin == date.min else begin,
                    ends=None if end == date.max else end,
                )
            )
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
