"""A state under the names that the manifests use today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from reconciler.engine.identities import Identities, Names
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.kinds import KINDS
from reconciler.model.live import Live
from reconciler.model.resource import Attributes, Resource, fingerprint_of
from reconciler.model.roster import Roster
from reconciler.model.state import Record, State
from reconciler.model.work_order import WorkOrder

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """A state under the names of today, and what was found on the way there."""

    state: State
    """Empty where all of it is about another organization."""
    names: Names = field(default_factory=Names)
    another: str = ""
    """What the organization that the state is about is known by, where the manifests name another one."""


def under_todays_names(state: State, identities: Identities) -> Renamed:
    """Everything that is remembered of an organization, each of it with what the manifests call it now.

    Rosters are told apart by themselves: each was handed in under the names of its own day.
    """
    if another := identities.find_another(state.organization, state.records):
        return Renamed(state=emptied(state), another=another)
    numbers = {at: record.platform_id for at, record in state.records.items() if record.platform_id}
    names = identities.names(state.organization, _remembered(state), numbers=numbers, recorded=state.records)
    shown = {one.address: one.identity for roster in state.rosters.values() for one in roster.resources}
    rosters = rename_rosters(state.rosters, identities.names(state.organization, shown)) if shown else state.rosters
    return Renamed(state=replace(rename_state(state, names), rosters=rosters), names=names)


def as_remembered(
    address: Address, known: Iterable[Address], state: State, identities: Identities
) -> tuple[Address, ...]:
    """Those of the `known` addresses of a state that are called `address` today, that name itself first."""
    names = under_todays_names(state, identities).names
    found = sorted(one for one in known if address in (one, names.today(one)))
    return tuple(sorted(found, key=lambda one: one != address)) or (address,)


def _remembered(state: State) -> dict[Address, str | None]:
    """Every member and asset that is named anywhere, with its identity where that is known.

    What a record says of it counts most. Edges are by far the most, so they are only looked at for names that are new.
    """
    found: dict[Address, str | None] = {}
    for order in state.orders.values():
        found[order.address] = order.identity or None
        if order.actor:
            found.setdefault(Address(state.organization, "member", order.actor))
    for address, change in state.in_doubt.items():
        found[address] = change.identity or None
    found |= {at: one.identity or None for at, one in state.deferred.items() if not KINDS[at.kind].parents}
    found |= {at: record.identity for at, record in state.records.items() if not KINDS[at.kind].parents}
    seen = {(address.kind, address.key) for address in found}
    approvals = (used.address for used in state.used_approvals)
    for address in (*state.deferred, *state.drift, *state.waits, *approvals, *state.records, *tuple(found)):
        for name in zip(KINDS[address.kind].parents or (address.kind,), address.parts, strict=True):
            if name not in seen:
                seen.add(name)
                found.setdefault(Address(address.organization, *name))
    return {address: identity for address, identity in found.items() if not KINDS[address.kind].parents}


def emptied(state: State) -> State:
    """A state that knows nothing of any system; what people were asked to do is still known."""
    return replace(state, records={}, deferred={}, in_doubt={}, rosters={}, drift={}, looked={}, waits={})


def rename_state(state: State, names: Names) -> State:
    """The state with every address and every person in it under another name; rosters stay as they are."""
    if not names.keys:
        return state
    return replace(
        state,
        records=_rename_records(state.records, names),
        deferred=_rename_keys(state.deferred, names),
        in_doubt={at: _rename_change(change, names) for at, change in _rename_keys(state.in_doubt, names).items()},
        orders={key: _rename_order(order, names) for key, order in state.orders.items()},
        drift={at: replace(known, address=at) for at, known in _rename_keys(state.drift, names).items()},
        waits=_rename_keys(state.waits, names),
        used_approvals=tuple(replace(used, address=names.today(used.address)) for used in state.used_approvals),
    )


def with_fingerprints(state: State, names: Names, live: Live) -> State:
    """A renamed state that knows what is live by fingerprints of its new name, where it knew it by those of the old.

    A fingerprint has the address in it; without this, drift that somebody has accepted would be told as new, and a work
    order would seem to be written for something else.
    """
    former = Names(keys={(kind, now): key for (kind, key), now in names.keys.items()})
    renewed = {
        fingerprint_of(rename_resource(found, former)): fingerprint_of(found)
        for found in (live.resources.values() if names.keys else ())
        if rename_resource(found, former) != found
    }
    if not renewed:
        return state
    return replace(
        state,
        orders={
            key: replace(order, fingerprint=renewed.get(order.fingerprint, order.fingerprint))
            for key, order in state.orders.items()
        },
        drift={at: replace(known, live=renewed.get(known.live, known.live)) for at, known in state.drift.items()},
    )


def rename_rosters(rosters: Mapping[str, Roster], names: Names) -> Mapping[str, Roster]:
    """Rosters with their rows under other names."""
    if not names.keys:
        return rosters
    return {
        kind: replace(roster, resources=tuple(rename_resource(one, names) for one in roster.resources))
        for kind, roster in rosters.items()
    }


def rename_resource(resource: Resource, names: Names) -> Resource:
    """A resource under another name, and with another name for the person who owns it."""
    return replace(
        resource,
        address=names.today(resource.address),
        attributes=_rename_owner(resource.attributes, names),
        pending=_rename_owner(resource.pending, names),
    )


def _rename_records(records: Mapping[Address, Record], names: Names) -> dict[Address, Record]:
    """Where two records turn out to be of one thing, the one that had the name already knows more of late."""
    found: dict[Address, Record] = {}
    for address, record in records.items():
        today = names.today(address)
        renamed = replace(
            record,
            address=today,
            attributes=_rename_owner(record.attributes, names),
            granted=None if record.granted is None else _rename_owner(record.granted, names),
            formerly=_former_keys(record, today, names),
        )
        other = found.get(today)
        if other is None:
            found[today] = renamed
        else:
            later = renamed if today == address else other
            former = tuple(dict.fromkeys((*other.formerly, *renamed.formerly)))
            found[today] = replace(later, protect=renamed.protect or other.protect, formerly=former)
    return found


def _former_keys(record: Record, today: Address, names: Names) -> tuple[str, ...]:
    """A key that means something else now leads to that; so do the keys of what hangs on others."""
    before = record.address
    if before == today or KINDS[before.kind].parents or (before.kind, before.key) in names.displaced:
        return record.formerly
    return tuple(key for key in dict.fromkeys((*record.formerly, before.key)) if key != today.key)


def _rename_keys(known: Mapping[Address, T], names: Names) -> dict[Address, T]:
    """What stands under a name of today already is what was written last."""
    renamed = {names.today(address): one for address, one in known.items()}
    return {**renamed, **{address: one for address, one in known.items() if names.today(address) == address}}


def _rename_change(change: Change, names: Names) -> Change:
    before = None if change.before is None else rename_resource(change.before, names)
    is_of_before = change.fingerprint == fingerprint_of(change.before)
    return replace(
        change,
        address=names.today(change.address),
        before=before,
        after=None if change.after is None else rename_resource(change.after, names),
        fingerprint=fingerprint_of(before) if is_of_before else change.fingerprint,
        actor=names.person(change.actor),
        needs=tuple(map(names.today, change.needs)),
    )


def _rename_order(order: WorkOrder, names: Names) -> WorkOrder:
    return replace(
        order,
        address=names.today(order.address),
        wanted=_rename_owner(order.wanted, names),
        actor=names.person(order.actor),
        leaver=names.person(order.leaver),
    )


def _rename_owner(attributes: Attributes, names: Names) -> Attributes:
    owner = attributes.get("owner")
    if not isinstance(owner, str) or not owner.startswith("person:"):
        return attributes
    return {**attributes, "owner": f"person:{names.person(owner.removeprefix('person:'))}"}
