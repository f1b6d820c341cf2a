"""A run that dies at any write: the next one asks nobody twice, loses no order, and tells the audit log everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from reconciler.audit.log import AuditLog
from reconciler.model import OrderStatus, Status
from reconciler.stores.local_file import LocalFileStore
from tests.features.work_orders.office import Office

T = TypeVar("T")


class Death(BaseException):
    """The end of the process, as far as that can be played inside one."""


class MortalStore(LocalFileStore):
    """Dies right before or right after one of its writes, and does nothing more from then on."""

    def __init__(self, root: Path, die_at: int) -> None:
        super().__init__(root)
        self._left = die_at
        self._is_dead = False

    def write(self, organization: str, data: bytes, *, replacing: str | None, token: int) -> str:
        return self._around(lambda: LocalFileStore.write(self, organization, data, replacing=replacing, token=token))

    def append(self, organization: str, record: bytes, *, token: int) -> None:
        self._around(lambda: LocalFileStore.append(self, organization, record, token=token))

    def append_audit(self, record: bytes, *, after: int) -> None:
        self._around(lambda: LocalFileStore.append_audit(self, record, after=after))

    def _around(self, act: Callable[[], T]) -> T:
        self._moment()
        result = act()
        self._moment()
        return result

    def _moment(self) -> None:
        self._left -= 1
        if self._is_dead or self._left == 0:
            self._is_dead = True
            raise Death


def _scene(folder: Path) -> Office:
    """One order is open and not needed any more, and somebody else is to be invited."""
    office = Office(
        store=LocalFileStore(folder),
        members={"ana": "admin", "bo": "admin", "cy": "operator"},
        truth={"ana": ("admin", Status.ACTIVE), "bo": ("admin", Status.ACTIVE)},
    )
    office.observe()
    office.wait(hours=1)
    office.apply()
    office.members = {"ana": "admin", "bo": "admin", "dee": "operator"}
    office.wait(hours=1)
    return office


def _describe_outcome(office: Office) -> tuple[Counter[tuple[str, int, OrderStatus]], Counter[tuple[str, str]]]:
    orders = Counter((order.address.key, order.party, order.status) for order in office.orders)
    records = AuditLog(office.store).records()
    told = Counter((str(entry.address), entry.outcome) for record in records for entry in record.entries)
    # An intent without an outcome is told as failed, because nobody had heard of it.
    return orders, Counter({key: count for key, count in told.items() if key[1] != "failed"})


MOMENTS = range(1, 13)
"""Before and after each write: who runs with an order that ends, another one, an intent, its outcome, the audit log,
the snapshot."""


@pytest.mark.parametrize("die_at", MOMENTS)
def test_after_a_death_at_any_write_one_more_run_makes_it_good(tmp_path: Path, die_at: int) -> None:
    undisturbed, office = _scene(tmp_path / "undisturbed"), _scene(tmp_path / "disturbed")
    undisturbed.apply()
    office.store = MortalStore(tmp_path / "disturbed", die_at)
    with pytest.raises(Death):
        office.apply()
    office.store = LocalFileStore(tmp_path / "disturbed")
    office.wait(minutes=30)
    office.apply()
    assert _describe_outcome(office) == _describe_outcome(undisturbed)
    office.apply()
    assert _describe_outcome(office) == _describe_outcome(undisturbed)


def test_every_write_of_the_run_was_a_moment_to_die_at(tmp_path: Path) -> None:
    office = _scene(tmp_path)
    office.store = MortalStore(tmp_path, MOMENTS.stop)
    office.apply()
    assert {order.address.key for order in office.orders} == {"cy", "dee"}


@pytest.mark.parametrize("die_at", [1, 2, 3, 4])
def test_a_report_is_taken_down_whole_or_can_be_repeated(tmp_path: Path, die_at: int) -> None:
    office = _scene(tmp_path)
    invite = office.orders[0]
    office.store = MortalStore(tmp_path, die_at)
    with pytest.raises(Death):
        office.done(invite)
    office.store = LocalFileStore(tmp_path)
    if office.orders[0].status is OrderStatus.OPEN:
        office.done(invite)
    assert office.orders[0].status is OrderStatus.DONE
