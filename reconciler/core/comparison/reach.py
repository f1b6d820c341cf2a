"""What everybody can do with each thing, over all ways that lead there, from what is declared alone.

Where members reach something merely by being members, such as the apps of an organization without app managers, the
membership says it already and is not repeated for each thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from reconciler.core.address import Address
from reconciler.core.declared import Declared
from reconciler.core.kinds import KINDS
from reconciler.core.planning.access import strongest
from reconciler.core.review import Access, Way
from reconciler.core.system import System

Cell = tuple[Address, Address]
"""A member or a partner, and what it can do something with: an asset, or the organization itself."""


def reach(
    organization: str, resources: Mapping[Address, Declared], *, system: System, today: date
) -> dict[Cell, Access]:
    """Everything declared that holds on that day or later; what is over by then is not there."""
    whole = Address(organization, "organization", organization)
    groups = _ad_accounts_by_group(resources)
    ways: dict[Cell, list[Way]] = {}
    for address, way in _ways(resources, today).items():
        for on in _reached(address, whole, groups):
            ways.setdefault((_subject(address), on), []).append(way)
    return {cell: _access(cell, found, resources, system) for cell, found in ways.items()}


def _ways(resources: Mapping[Address, Declared], today: date) -> dict[Address, Way]:
    """All declarations that give somebody access from that day on, within the dates of the membership they need."""
    found = {address: _way(declared, today) for address, declared in resources.items() if _gives_access(address)}
    lasting = {address: way for address, way in found.items() if not _is_over(way, today)}
    for address, way in list(lasting.items()):
        person = KINDS[address.kind].person_part
        if address.kind == "member" or person is None:
            continue
        membership = lasting.get(Address(address.organization, "member", address.parts[person]))
        narrowed = None if membership is None else _narrowed(way, membership)
        if narrowed is None or _is_over(narrowed, today):
            del lasting[address]
        else:
            lasting[address] = narrowed
    return lasting


def _gives_access(address: Address) -> bool:
    return KINDS[address.kind].person_part is not None or address.kind == "partner_share"


def _way(declared: Declared, today: date) -> Way:
    has_begun = declared.starts is None or declared.starts <= today
    return Way(
        address=declared.address,
        attributes=declared.attributes,
        through=declared.through,
        starts=None if has_begun else declared.starts,
        ends=declared.expires,
        protect=declared.protect,
        reason=declared.reason,
        place=declared.place,
    )


def _narrowed(way: Way, membership: Way) -> Way:
    starts = [day for day in (way.starts, membership.starts) if day]
    ends = [day for day in (way.ends, membership.ends) if day]
    return replace(way, starts=max(starts, default=None), ends=min(ends, default=None))


def _is_over(way: Way, today: date) -> bool:
    return way.ends is not None and way.ends <= (way.starts or today)


def _subject(address: Address) -> Address:
    person = KINDS[address.kind].person_part
    if person is None:
        return Address(address.organization, "partner", address.parts[0])
    return Address(address.organization, "member", address.parts[person])


def _ad_accounts_by_group(resources: Mapping[Address, Declared]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for address in resources:
        if address.kind == "asset_group_asset":
            group, ad_account = address.parts
            found.setdefault(group, []).append(ad_account)
    return found


def _reached(address: Address, whole: Address, groups: Mapping[str, list[str]]) -> Iterator[Address]:
    """What one declaration leads to; access to an asset group leads to all ad accounts in it too."""
    organization, kind, _ = address
    if kind == "member":
        yield whole
    elif kind == "partner_share":
        yield Address(organization, "ad_account", address.parts[1])
    else:
        yield Address(organization, KINDS[kind].parents[0], address.parts[0])
    if kind == "asset_group_access":
        for ad_account in groups.get(address.parts[0], ()):
            yield Address(organization, "ad_account", ad_account)


def _access(cell: Cell, ways: list[Way], resources: Mapping[Address, Declared], system: System) -> Access:
    subject, on = cell
    ways.sort(key=lambda way: way.address)
    is_membership = on.kind == "organization"
    found = strongest([way.attributes for way in ways], ways[0].address.kind, system)
    return Access(
        attributes=found or {}, ways=tuple(ways), identity=resources[subject].identity if is_membership else ""
    )
