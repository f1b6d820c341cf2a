"""Small values that the tests of the apply begin with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reconciler.apply.journal import LeaseTerms
from reconciler.apply.state_editor import StateEditor
from reconciler.model import (
    Action,
    Address,
    Attributes,
    Change,
    Origin,
    Record,
    Resource,
    State,
    StateStore,
    Status,
    fingerprint_of,
)
from reconciler.stores.rules import SystemTimer

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TODAY = NOW.date()
ORIGIN = Origin(commit="c0ffee", operator="ana", plan="ab12")
EVE = Address("bc", "member", "eve")


@dataclass(frozen=True, slots=True)
class Still:
    """A clock that does not move."""

    def now(self) -> datetime:
        return NOW


def terms(ttl: timedelta = timedelta(minutes=1)) -> LeaseTerms:
    return LeaseTerms(timer=SystemTimer(), ttl=ttl)


def editor(store: StateStore) -> StateEditor:
    return StateEditor(store=store, terms=terms(), clock=Still(), origin=ORIGIN)


def resource(address: Address = EVE, status: Status = Status.ACTIVE, **attributes: str) -> Resource:
    values: Attributes = attributes or {"role": "standard"}
    return Resource(address=address, attributes=values, status=status, identity=f"{address.key}@acme.example")


def change(action: Action, before: Resource | None, after: Resource | None) -> Change:
    either = after or before
    assert either is not None
    return Change(
        address=either.address,
        action=action,
        before=before,
        after=after,
        fingerprint=fingerprint_of(before),
        why="declared",
        actor="ana",
    )


INVITE = change(Action.INVITE, None, resource(status=Status.INVITED))
REMOVE = change(Action.REMOVE, resource(), None)


def state(*addresses: Address, serial: int = 7) -> State:
    records = {
        address: Record(address=address, attributes={"role": "standard"}, identity=f"{address.key}@acme.example")
        for address in addresses
    }
    return State(organization="bc", lineage="l1", serial=serial, records=records)
