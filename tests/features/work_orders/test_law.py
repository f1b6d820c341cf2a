"""Whatever people, manifests and the calendar do: nothing is asked twice, no order is lost, nobody is locked out."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reconciler.audit.log import AuditLog
from reconciler.model import FailureReason, GuardSettings, OrderStatus, Status, Waits, WorkOrder
from reconciler.stores.local_file import LocalFileStore
from tests.features.work_orders.office import PEOPLE, Office
from tests.tiers import scaled

REASONS = sorted(set(FailureReason) - {FailureReason.NOT_SEEN})
ANY = st.integers(0, 11)
MEMORY = Path("/dev/shm")  # noqa: S108  # the folders in it have random names


class Orders(RuleBasedStateMachine):
    """People follow orders or do not, report truthfully or not, in any order; somebody hands in rosters."""

    @initialize(system=st.sampled_from(["developers", "organization_account", "business_account"]))
    def begin(self, system: str) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.admin, self.member = {
            "developers": ("admin", "member"),
            "organization_account": ("admin", "operator"),
            "business_account": ("administrator", "editor"),
        }[system]
        self.office = Office(
            store=LocalFileStore(self.folder),
            system=system,
            members=dict.fromkeys(("ana", "bo", "cy"), self.admin),
            truth=dict.fromkeys(("ana", "bo", "cy"), (self.admin, Status.ACTIVE)),
            settings=GuardSettings(max_removal_ratio=1, min_admins=1),
        )
        self.office.observe()
        self.office.apply()
        self.office.members = {"ana": self.admin, "cy": self.member, "dee": self.member, "eve": self.admin}
        self.ever: dict[str, WorkOrder] = {}

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    @rule(person=st.sampled_from(PEOPLE[1:]), role=st.sampled_from(["admin", "member", ""]))
    def declare(self, person: str, role: str) -> None:
        roles = {"admin": self.admin, "member": self.member}
        self.office.members.pop(person, None)
        if role:
            self.office.members[person] = roles[role]
        self.apply(retry=False)

    @rule(retry=st.booleans())
    def apply(self, retry: bool) -> None:
        self.office.wait(minutes=1)
        self.office.apply(retry=retry)
        changed = self.office.apply().results
        assert not any(isinstance(outcome, Waits) and outcome.orders for _, outcome in changed), changed

    @rule(hours=st.sampled_from([1, 12, 24, 24 * 8]))
    def wait(self, hours: int) -> None:
        self.office.wait(hours=hours)

    def _pending(self) -> list[WorkOrder]:
        return [order for order in self.office.orders if order.status.is_pending]

    @precondition(lambda self: self._pending())
    @rule(number=ANY, is_true=st.booleans())
    def report_done(self, number: int, is_true: bool) -> None:
        orders = [order for order in self._pending() if order.status is OrderStatus.OPEN and self._may_begin(order)]
        if orders:
            order = orders[number % len(orders)]
            self.office.wait(minutes=1)
            if is_true:
                self.office.act(order)
            self.office.done(order)

    @precondition(lambda self: self._pending())
    @rule(number=ANY)
    def act_and_say_nothing(self, number: int) -> None:
        order = self._pick(number)
        if self._may_begin(order):
            self.office.act(order)

    def _pick(self, number: int) -> WorkOrder:
        """Ids differ from run to run, so they cannot be drawn from."""
        orders = self._pending()
        return orders[number % len(orders)]

    def _may_begin(self, order: WorkOrder) -> bool:
        return not any(
            other.party < order.party and other.status is OrderStatus.OPEN
            for other in self.office.orders
            if (other.request, other.issued) == (order.request, order.issued)
        )

    @precondition(lambda self: self._pending())
    @rule(number=ANY, reason=st.sampled_from(REASONS))
    def report_failed(self, number: int, reason: FailureReason) -> None:
        self.office.wait(minutes=1)
        self.office.desk().failed(self._pick(number).id, reason, note="", by="somebody")

    @rule()
    def observe(self) -> None:
        self.office.wait(minutes=1)
        self.office.observe()
        self.office.apply()
        for order in self.office.orders:
            is_gone = order.address.key not in self.office.truth
            assert not (order.status.is_pending and order.takes_away and is_gone), "seen, and not verified"
            parts = [one for one in self.office.orders if (one.request, one.issued) == (order.request, order.issued)]
            is_open = any(part.status is OrderStatus.OPEN for part in parts)
            assert is_open or order.status is not OrderStatus.DONE, "looked at, and not judged"

    @invariant()
    def nothing_is_asked_twice(self) -> None:
        if not hasattr(self, "office"):
            return
        asked = defaultdict(set)
        for order in self._pending():
            asked[order.address].add(order.issued)
        assert all(len(times) == 1 for times in asked.values()), asked

    @invariant()
    def no_order_is_lost_or_changes_what_it_asks(self) -> None:
        if not hasattr(self, "office"):
            return
        now = {order.id: order for order in self.office.orders}
        assert self.ever.keys() <= now.keys()
        assert all(now[key].request == order.request for key, order in self.ever.items())
        ended = {key for key, order in self.ever.items() if not order.status.is_pending}
        assert all(now[key] == self.ever[key] for key in ended), "an order that has ended lives again"
        self.ever = now

    @invariant()
    def the_audit_log_knows_how_every_order_stands(self) -> None:
        if not hasattr(self, "office"):
            return
        told: dict[str, str] = {}
        for record in AuditLog(self.office.store).records():
            for entry in record.entries:
                for name in filter(None, entry.order.split(", ")):
                    told[name] = "open" if entry.outcome == "waits" else entry.outcome
        assert told == {order.id: order.status.value for order in self.office.orders}

    @invariant()
    def there_is_always_an_admin_left_whoever_follows_which_orders(self) -> None:
        if not hasattr(self, "office"):
            return
        admins = {key for key, held in self.office.truth.items() if held == (self.admin, Status.ACTIVE)}
        may_go = {order.address.key for order in self._pending() if order.wanted.get("role") != self.admin}
        assert admins - may_go


Orders.TestCase.settings = settings(max_examples=scaled(25), stateful_step_count=20)
TestOrders = Orders.TestCase
