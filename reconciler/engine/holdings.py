"""Putting side by side what one organization's manifests and records say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.engine.access_paths import ad_accounts_by_group
from reconciler.engine.context import Ended
from reconciler.engine.entitlements import change_days, on_day, split_by_date
from reconciler.engine.identities import Identities, rename_to_today
from reconciler.model.access import is_administrator
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Desired, Organization
from reconciler.model.holding import Holding
from reconciler.model.resource import Attributes, Status, fingerprint_of, role_in
from reconciler.model.state import Record, State
from reconciler.model.system import System
from reconciler.systems import SYSTEMS


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessIndex:
    """One organization: every address with what is declared and recorded of it."""

    organization: str
    system: System | None
    """None when nothing tells which system it is on."""
    holdings: Mapping[Address, Holding]
    last_read: date | None = None
    """As in `AccessMatrix`."""
    former: Mapping[Address, Address] = field(default_factory=dict)
    """What members and assets were called before -> what they are called today."""

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
    renamed = rename_to_today(state, Identities(desired if as_of is None else Desired()))
    state, records = renamed.state, _as_last_seen(renamed.state)
    addresses = sorted({*records, *declared, *state.deferred, *state.in_doubt})
    recorded = {address for address, record in records.items() if record.status is Status.ACTIVE}
    groups = ad_accounts_by_group(sorted({*recorded, *declared}))
    open_orders = {order.address: order.id for order in state.orders.values() if order.is_pending}
    former = {
        Address(organization, address.kind, key): address
        for address, record in records.items()
        for key in record.formerly
    }
    coming = {address: _next_change(one, known, today) for address, one in declared.items()} if known else {}
    changes = {address: change for address, change in coming.items() if change is not None}
    return AccessIndex(
        organization=organization,
        former={before: now for before, now in former.items() if before not in addresses},
        system=known.system if known else _guess_system(records),
        last_read=min((state.looked[one.kind] for one in addresses if one.kind in state.looked), default=None),
        holdings={
            address: Holding(
                address=address,
                declared=declared.get(address),
                recorded=records.get(address),
                excuse=ended[address].why if address in ended else "",
                changes_on=changes[address][0] if address in changes else None,
                becomes=changes[address][1] if address in changes else {},
                reaches=tuple(groups.get(address.parts[0], ())) if address.kind == "asset_group_access" else (),
                is_past=as_of is not None,
                trouble=_trouble(state, address, open_orders),
            )
            for address in addresses
        },
    )


def _next_change(declared: Declared, organization: Organization, today: date) -> tuple[date, Attributes] | None:
    """The next day on which the lines give something else, and what; None where what comes next is the end."""
    if len(declared.lines) == 1:
        return None
    for day in change_days((declared,), today):
        later = on_day(declared, day, organization.system)
        if not later.holds_on(day):
            return None
        if later.attributes != declared.attributes:
            return day, later.attributes
    return None


def _as_last_seen(state: State) -> dict[Address, Record]:
    """The records, corrected by what the last audit found, which also knows of people and access nobody declared."""
    records = dict(state.records)
    for address, known in state.drift.items():
        if known.live != fingerprint_of(known.last):
            continue  # an apply has changed it since
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
