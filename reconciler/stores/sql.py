"""State in a database: SQLite on one machine, PostgreSQL for many.

Every change locks the organization's row of leases first, compares the token, and commits together with what it
checked; so a holder that was replaced cannot even be late.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, delete, func, insert, select, text, union, update
from sqlalchemy.exc import IntegrityError

from reconciler.model.ports import Journal, Lock, PastVersion, Snapshot, TornAudit
from reconciler.stores.rules import Dating, Holder, LeaseRecord, audit_moved, moved, no_such_version, this_process
from reconciler.stores.sql_engine import (
    AUDIT,
    JOURNAL,
    LEASES,
    SETTLED,
    SNAPSHOTS,
    database_now,
    is_current,
    make_engine,
    migrate,
    transaction,
)

_PAGE = 1000
_INSERT_LEASE = text("INSERT INTO reconciler_leases VALUES (:organization, :record) ON CONFLICT DO NOTHING")


def open_sql_store(address: str, *, root: Path, holder: Holder | None = None, dating: Dating = None) -> SqlStore:
    """The store at `sqlite:///PATH` or `postgresql://...`, its tables made or brought up to date."""
    engine = make_engine(address, root=root)
    with transaction(engine, writes=False) as connection:
        ready = is_current(connection)
    if not ready:
        with transaction(engine) as connection:
            migrate(connection)
    return SqlStore(engine, holder=holder or this_process(), dating=dating)


class SqlStore:
    """Keeps state in the tables of `sql_engine`; the same statements for every database."""

    def __init__(self, engine: Engine, *, holder: Holder, dating: Dating = None) -> None:
        self._engine = engine
        self._holder = holder
        self._dating = dating
        weakref.finalize(self, engine.dispose)

    def organizations(self) -> list[str]:
        """Keys of all organizations that have a snapshot or a journal."""
        with self._reading() as connection:
            both = union(select(SNAPSHOTS.c.organization), select(JOURNAL.c.organization))
            return sorted(connection.scalars(both))

    def read(self, organization: str) -> Snapshot | None:
        """The snapshot with the highest number, or None."""
        with self._reading() as connection:
            newest = _present(organization).with_only_columns(SNAPSHOTS.c.data, SNAPSHOTS.c.number)
            row = connection.execute(newest).first()
            return Snapshot(row.data, str(row.number)) if row else None

    def write(self, organization: str, data: bytes, *, replacing: str | None, token: int) -> str:
        """Add a snapshot and empty the journal, in one transaction."""
        with self._changing(organization) as (connection, lease):
            lease.require(token)
            present = connection.scalar(_present(organization))
            if replacing != (None if present is None else str(present)):
                raise moved(organization)
            number = (present or 0) + 1
            at = (self._dating() if self._dating else database_now(connection)).timestamp()
            connection.execute(insert(SNAPSHOTS).values(organization=organization, number=number, at=at, data=data))
            connection.execute(delete(JOURNAL).where(JOURNAL.c.organization == organization))
            return str(number)

    def read_journal(self, organization: str) -> Journal:
        """The rows behind the present snapshot; a transaction leaves none torn."""
        with self._reading() as connection:
            # One statement, because PostgreSQL lets a writer come in between two.
            present = select(_present(organization).scalar_subquery().label("number")).subquery()
            both = present.outerjoin(JOURNAL, JOURNAL.c.organization == organization)
            rows = connection.execute(
                select(present.c.number, JOURNAL.c.record).select_from(both).order_by(JOURNAL.c.number)
            ).all()
            records = tuple(row.record for row in rows if row.record is not None)
            return Journal(records, behind=None if rows[0].number is None else str(rows[0].number))

    def append(self, organization: str, record: bytes, *, token: int) -> None:
        """Add one row."""
        with self._changing(organization) as (connection, lease):
            lease.require(token)
            numbers = select(func.coalesce(func.max(JOURNAL.c.number), 0) + 1)
            number = connection.scalar(numbers.where(JOURNAL.c.organization == organization))
            connection.execute(insert(JOURNAL).values(organization=organization, number=number, record=record))

    def stamps(self, *organizations: str) -> dict[str, str]:
        """Number, time and size of the newest snapshot, and the highest number in the journal.

        The number alone would be that of another state once a table was restored from a copy or edited by hand. Of
        journals it is enough: behind one nothing is settled.
        """
        found: dict[str, str] = {}

        def newest(table: Table) -> Select[Any]:
            highest = select(table.c.organization, func.max(table.c.number).label("number"))
            chosen = highest.where(table.c.organization.in_(organizations)) if organizations else highest
            return chosen.group_by(table.c.organization)

        with self._reading() as connection:
            # The journal first: a writer that comes in between leaves a snapshot whose number nobody has seen.
            behind = {row.organization: row.number for row in connection.execute(newest(JOURNAL))}
            last = newest(SNAPSHOTS).subquery()
            is_last = (SNAPSHOTS.c.organization == last.c.organization) & (SNAPSHOTS.c.number == last.c.number)
            sizes = select(SNAPSHOTS.c.organization, SNAPSHOTS.c.number, SNAPSHOTS.c.at, func.length(SNAPSHOTS.c.data))
            for organization, *marks in connection.execute(sizes.join(last, is_last)):
                found[organization] = f"{'/'.join(map(str, marks))}:{behind.pop(organization, '')}"
        return found | {organization: f":{number}" for organization, number in behind.items()}

    def read_settled(self) -> bytes | None:
        """The one row of its table."""
        with self._reading() as connection:
            return connection.scalar(select(SETTLED.c.data))

    def write_settled(self, data: bytes) -> None:
        """Replace that row."""
        with transaction(self._engine) as connection:
            connection.execute(delete(SETTLED))
            connection.execute(insert(SETTLED).values(number=1, data=data))

    def history(self, organization: str) -> list[PastVersion]:
        """All snapshots, oldest first."""
        with self._reading() as connection:
            of_organization = SNAPSHOTS.c.organization == organization
            rows = select(SNAPSHOTS.c.number, SNAPSHOTS.c.at).where(of_organization).order_by(SNAPSHOTS.c.number)
            return [
                PastVersion(str(row.number), datetime.fromtimestamp(row.at, UTC)) for row in connection.execute(rows)
            ]

    def read_past(self, organization: str, version: str) -> Snapshot:
        """One snapshot of the history."""
        with self._reading() as connection:
            past = select(SNAPSHOTS.c.data).where(SNAPSHOTS.c.organization == organization)
            number = int(version) if version.isdecimal() else 0
            data = connection.scalar(past.where(SNAPSHOTS.c.number == number))
            if data is None:
                raise no_such_version(organization, version)
            return Snapshot(data, version)

    def find_lock(self, organization: str) -> Lock | None:
        """The present lock, expired or not."""
        with self._reading() as connection:
            record = connection.scalar(_lease(organization))
            return None if record is None else LeaseRecord.parse(record).lock

    def locks(self) -> list[Lock]:
        """All present locks."""
        with self._reading() as connection:
            records = connection.scalars(select(LEASES.c.record))
            locks = [LeaseRecord.parse(record).lock for record in records]
            return sorted((lock for lock in locks if lock), key=lambda lock: lock.organization)

    def acquire(self, organization: str, *, purpose: str, ttl: timedelta) -> Lock:
        """Take the lock, for a time counted by the database."""
        return self._replace_lease(
            organization, lambda lease, now: lease.taken(self._holder, purpose=purpose, now=now, ttl=ttl)
        ).held

    def renew(self, lock: Lock, *, ttl: timedelta) -> Lock:
        """Keep the lock for longer."""
        return self._replace_lease(lock.organization, lambda lease, now: lease.renewed(lock, now=now, ttl=ttl)).held

    def release(self, lock: Lock) -> None:
        """Give the lock up."""
        self._replace_lease(lock.organization, lambda lease, _: lease.released(lock))

    def break_lock(self, organization: str, lock_id: str) -> None:
        """Take the lock away from its holder."""
        self._replace_lease(organization, lambda lease, _: lease.broken(lock_id))

    def count_audit(self) -> int:
        """The highest number; there are no gaps."""
        with self._reading() as connection:
            return connection.scalar(select(func.coalesce(func.max(AUDIT.c.number), 0))) or 0

    def append_audit(self, record: bytes, *, after: int) -> None:
        """Add one row under the next number."""
        with transaction(self._engine) as connection:
            if connection.scalar(select(func.coalesce(func.max(AUDIT.c.number), 0))) != after:
                raise audit_moved()
            try:
                connection.execute(insert(AUDIT).values(number=after + 1, record=record))
            except IntegrityError:
                raise audit_moved() from None

    def read_audit(self, *, after: int = 0) -> Iterator[bytes]:
        """The records behind number `after`, a page at a time, so that nobody is kept waiting by a slow reader."""
        while True:
            with self._reading() as connection:
                page = select(AUDIT).where(AUDIT.c.number > after).order_by(AUDIT.c.number).limit(_PAGE)
                rows = connection.execute(page).all()
            yield from (row.record for row in rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1].number

    def torn_audit(self) -> TornAudit:
        """Nothing: a record is there whole or not at all."""
        return TornAudit()

    def _reading(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine, writes=False)

    @contextmanager
    def _changing(self, organization: str) -> Iterator[tuple[Connection, LeaseRecord]]:
        """A transaction that nobody else can be in for this organization, and its lease record."""
        with transaction(self._engine) as connection:
            row = connection.execute(_lease(organization).with_for_update()).first()
            if row is None:
                fresh = LeaseRecord(organization=organization).to_json()
                connection.execute(_INSERT_LEASE, {"organization": organization, "record": fresh})
                row = connection.execute(_lease(organization).with_for_update()).one()
            yield connection, LeaseRecord.parse(row.record)

    def _replace_lease(self, organization: str, change: Callable[[LeaseRecord, datetime], LeaseRecord]) -> LeaseRecord:
        with self._changing(organization) as (connection, lease):
            changed = change(lease, database_now(connection))
            of_organization = LEASES.c.organization == organization
            connection.execute(update(LEASES).where(of_organization).values(record=changed.to_json()))
            return changed


def _lease(organization: str) -> Select[bytes]:
    return select(LEASES.c.record).where(LEASES.c.organization == organization)


def _present(organization: str) -> Select[int]:
    newest = select(SNAPSHOTS.c.number).where(SNAPSHOTS.c.organization == organization)
    return newest.order_by(SNAPSHOTS.c.number.desc()).limit(1)
