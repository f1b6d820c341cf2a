"""What a leaver knows and others go on using: which secrets and passwords have to be changed, and who is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from reconciler.apply.planning import Scopes
from reconciler.apply.state_editor import Edits, StateEditor
from reconciler.apply.states import new_ids, new_lineage, read_state
from reconciler.audit.entries import ORDER_ACTION
from reconciler.engine.holdings import Holding
from reconciler.engine.planner import Worlds
from reconciler.model import (
    Address,
    Attributes,
    OrderStatus,
    Owner,
    RotationTask,
    State,
    Status,
    WorkOrder,
    dataclass,
    in_turn,
    is_administrator,
)
from reconciler.systems.drafting import draft_chore, find_chore

_WHAT = {RotationTask.ROTATION: "client secret of app {}", RotationTask.LOGIN: "password of {}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSecret:
    """One secret or password."""

    task: RotationTask
    address: Address
    """The app, or the organization whose account it is."""
    what: str
    orders: tuple[WorkOrder, ...] = ()
    """Those that were ever issued for this because of this person, oldest first."""

    def answer(self, leaves: date | None) -> WorkOrder | None:
        """The order that takes care of it: an open one, or one that was carried out after they had left.

        What was changed while they were still there may be known to them again.
        """
        for order in reversed(self.orders):
            is_late = order.closed is None or (leaves is not None and order.closed.date() >= leaves)
            if order.status is OrderStatus.OPEN or (order.status is OrderStatus.DONE and is_late):
                return order
        return None


def find_known_secrets(keys: Collection[str], holdings: Iterable[Holding], worlds: Worlds) -> tuple[KnownSecret, ...]:
    """What somebody has or had access to, and what was asked for because of them before."""
    found: dict[tuple[RotationTask, Address], str] = {}
    for address, attributes in sorted(_memberships(keys, holdings, worlds).items()):
        for task, thing, what in _known_to(address, attributes, worlds):
            found.setdefault((task, thing), what)
    asked = defaultdict[tuple[RotationTask, Address], list[WorkOrder]](list)
    for order in (order for state in worlds.recorded.values() for order in state.orders.values()):
        if isinstance(order.action, RotationTask) and order.leaver in keys:
            asked[order.action, order.address].append(order)
            if order.status.is_pending:
                found.setdefault((order.action, order.address), _WHAT[order.action].format(order.address.key))
    secrets = []
    for (task, thing), what in sorted(found.items()):
        orders = sorted(asked[task, thing], key=lambda order: str(order.issued))
        secrets.append(KnownSecret(task=task, address=thing, what=what, orders=tuple(orders)))
    return tuple(secrets)


def _memberships(keys: Collection[str], holdings: Iterable[Holding], worlds: Worlds) -> dict[Address, Attributes]:
    """Memberships and app roles that are or were theirs, with what was last known of each; invitations give nothing."""
    found: dict[Address, tuple[Attributes, bool]] = {}
    for holding in holdings:
        if known := holding.recorded or holding.declared:
            is_pending = holding.recorded is not None and holding.recorded.status.is_pending
            found[holding.address] = known.attributes, is_pending
    for one in (one for live in worlds.live.values() for one in live.resources.values()):
        if one.address.parts[-1] in keys:
            found[one.address] = one.attributes, one.status.is_pending
    kinds = {"member", "app_access"}
    return {at: attributes for at, (attributes, is_pending) in found.items() if at.kind in kinds and not is_pending}


def _known_to(address: Address, attributes: Attributes, worlds: Worlds) -> Iterator[tuple[RotationTask, Address, str]]:
    """What somebody with this membership or app role can read or may have been told."""
    organization = worlds.desired.organizations.get(address.organization)
    if organization is None:
        return
    key, system = organization.key, organization.system
    if find_chore(RotationTask.LOGIN, system.name) and address.kind == "member":
        yield RotationTask.LOGIN, Address.whole(key), _WHAT[RotationTask.LOGIN].format(organization.identity or key)
    apps: Iterable[Address] = ()
    if find_chore(RotationTask.ROTATION, system.name):
        if address.kind == "app_access":
            apps = [Address(key, "app", address.parts[0])]
        elif is_administrator(system, address.kind, attributes) or "app_access" not in system.kinds:
            # Without roles inside apps, every member uses what the organization owns.
            apps = _apps_of(key, worlds, address.parts[-1])
    for app in apps:
        yield RotationTask.ROTATION, app, _WHAT[RotationTask.ROTATION].format(app.key)


def _apps_of(organization: str, worlds: Worlds, member: str) -> Iterator[Address]:
    """Apps whose secret a member can read; that of an app which is still somebody's own, its owner alone."""
    live = worlds.live.get(organization)
    there = live.resources if live else {}
    for address in sorted({*there, *worlds.desired.resources.get(organization, {})}):
        owner = Owner.of(there[address].attributes) if address in there else None
        if address.kind == "app" and (owner is None or owner.person == member or not owner.is_elsewhere(organization)):
            yield address


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationDesk:
    """Asks people for what is left to do when somebody leaves."""

    worlds: Worlds
    editor: StateEditor
    leaver: str
    leaves: date

    def issue(self, secrets: Iterable[KnownSecret]) -> tuple[WorkOrder, ...]:
        """Ask for everything that nobody is asked for yet, organization by organization under its lock; audited."""
        missing = defaultdict[str, list[KnownSecret]](list)
        for secret in secrets:
            if secret.answer(self.leaves) is None:
                missing[secret.address.organization].append(secret)
        issued: list[WorkOrder] = []
        for organization, wanted in sorted(missing.items()):
            before = read_state(self.editor.store, organization).orders
            state = self.editor.edit(organization, purpose="offboard", change=partial(self._ask, secrets=wanted))
            issued += [order for key, order in sorted(state.orders.items()) if key not in before and order.is_chore]
        return tuple(issued)

    def _ask(self, state: State, *, secrets: Sequence[KnownSecret]) -> tuple[State, Edits]:
        """The state with an order for each secret; nothing is asked for twice, even when two run this at once."""
        state = replace(state, lineage=state.lineage or new_lineage())
        names = new_ids(state.lineage, state.serial + 1, state.orders)
        scope = Scopes(self.worlds.desired).scope_of(state.organization, state)
        person = self.worlds.desired.people.get(self.leaver)
        known = {order.id for secret in secrets for order in secret.orders}
        since = [one for one in state.orders.values() if one.leaver == self.leaver and one.id not in known]
        asked_since = {(order.action, order.address) for order in since}
        orders = []
        for secret in secrets:
            if (secret.task, secret.address) not in asked_since:
                order = draft_chore(
                    secret.task,
                    secret.address,
                    scope,
                    leaver=self.leaver,
                    actor=self._choose_actor(secret.address),
                    why=f"{self.leaver} leaves on {self.leaves} and may know it",
                    place=person.place if person else None,
                )
                orders.append(replace(order, id=next(names), issued=self.editor.clock.now()))
        entries = [(str(one.address), ORDER_ACTION, f"{one.id} is open: {one.action}, {one.reason}") for one in orders]
        return replace(state, orders={**state.orders, **{one.id: one for one in orders}}), entries

    def _choose_actor(self, about: Address) -> str:
        """One of the active admins who stay, in turn; nobody in particular where there is none."""
        system, people = self.worlds.desired.organizations[about.organization].system, self.worlds.desired.people
        live = self.worlds.live.get(about.organization)
        active = [one for one in live.resources.values() if one.status is Status.ACTIVE] if live else []
        admins = [one.address for one in active if is_administrator(system, one.address.kind, one.attributes)]
        others = [address.key for address in admins if address.key != self.leaver]
        staying = [key for key in others if key in people and people[key].ends is None]
        return next(iter(in_turn(staying or others, about)), "")
