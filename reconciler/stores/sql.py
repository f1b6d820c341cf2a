"""State in a database: SQLite on one machine, PostgreSQL for many.

Every change locks the organization's row of leases first, compares the token, and commits together with what it
checked; so a holder that was replaced cannot even be late.
"""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Select,
    TableClause,
    column,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    make_url,
    select,
    table,
    text,
    union,
    update,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from reconciler.model.finding import MissingExtra, StoreError
from reconciler.model.ports import PastVersion, StoredState
from reconciler.stores.rules import (
    Dating,
    Holder,
    LeaseChange,
    LeasedStore,
    LeaseRecord,
    audit_moved,
    moved,
    no_such_version,
)

if TYPE_CHECKING:
    from sqlalchemy.pool import ConnectionPoolEntry

_PAGE = 1000
_INSERT_LEASE = text("INSERT INTO reconciler_leases VALUES (:organization, :record) ON CONFLICT DO NOTHING")
_PATIENCE = 30
_EPOCH = {
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())::double precision",
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
}
"""Seconds from 1970 by the database's clock: leases of machines whose clocks differ are compared by this one."""

LEASES = table("reconciler_leases", column("organization"), column("record"))
"""One row per organization that was ever locked; every change of the organization locks it. Types: `_MIGRATIONS`."""

SNAPSHOTS = table("reconciler_snapshots", *map(column, ("organization", "number", "at", "data")))
"""Never updated: the highest number is the present one. `at` counts seconds from 1970."""

JOURNAL = table("reconciler_journal", *map(column, ("organization", "number", "record")))
"""What follows the present snapshot; emptied with the next."""

AUDIT = table("reconciler_audit", column("number"), column("record"))
"""Numbered without gaps; the primary key lets one of two writers through."""

SETTLED = table("reconciler_settled", column("number"), column("data"))
"""One row, or none."""

_SCHEMA = table("reconciler_schema", column("version"))


def open_sql_store(address: str, *, root: Path, holder: Holder | None = None, dating: Dating = None) -> SqlStore:
    """The store at `sqlite:///PATH` or `postgresql://...`, its tables made or brought up to date."""
    engine = make_engine(address, root=root)
    with transaction(engine, writes=False) as connection:
        ready = is_current(connection)
    if not ready:
        with transaction(engine) as connection:
            migrate(connection)
    return SqlStore(engine, holder=holder, dating=dating)


class SqlStore(LeasedStore):
    """The same statements for every database."""

    def __init__(self, engine: Engine, *, holder: Holder | None, dating: Dating) -> None:
        super().__init__(holder=holder, dating=dating)
        self._engine = engine
        weakref.finalize(self, engine.dispose)

    def organizations(self) -> list[str]:
        """Keys of all organizations that have a snapshot or a journal."""
        with self._reading() as connection:
            both = union(select(SNAPSHOTS.c.organization), select(JOURNAL.c.organization))
            return sorted(connection.scalars(both))

    def read(self, organization: str) -> StoredState:
        """The snapshot with the highest number, and the rows behind it; a transaction leaves none torn."""
        with self._reading() as connection:
            # One statement for number and journal, because PostgreSQL lets a writer come in between two. The snapshot
            # of a number never changes.
            present = select(_present(organization).scalar_subquery().label("number")).subquery()
            both = present.outerjoin(JOURNAL, JOURNAL.c.organization == organization)
            rows = connection.execute(
                select(present.c.number, JOURNAL.c.record).select_from(both).order_by(JOURNAL.c.number)
            ).all()
            number, records = rows[0].number, tuple(row.record for row in rows if row.record is not None)
            if number is None:
                return StoredState(journal=records)
            snapshot = connection.scalar(_snapshot(organization, number))
            return StoredState(snapshot=snapshot, version=str(number), journal=records)

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

        def newest(table: TableClause) -> Select[Any]:
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

    def read_past(self, organization: str, version: str) -> bytes:
        """One snapshot of the history."""
        with self._reading() as connection:
            data = connection.scalar(_snapshot(organization, int(version) if version.isdecimal() else 0))
            if data is None:
                raise no_such_version(organization, version)
            return data

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

    def _read_lease(self, organization: str) -> LeaseRecord:
        with self._reading() as connection:
            record = connection.scalar(_lease(organization))
            return LeaseRecord(organization=organization) if record is None else LeaseRecord.parse(record)

    def _read_leases(self) -> list[LeaseRecord]:
        with self._reading() as connection:
            return list(map(LeaseRecord.parse, connection.scalars(select(LEASES.c.record))))

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

    def _change_lease(self, organization: str, change: LeaseChange) -> LeaseRecord:
        with self._changing(organization) as (connection, lease):
            changed = change(lease, partial(database_now, connection))
            of_organization = LEASES.c.organization == organization
            connection.execute(update(LEASES).where(of_organization).values(record=changed.to_json()))
            return changed


def _lease(organization: str) -> Select[bytes]:
    return select(LEASES.c.record).where(LEASES.c.organization == organization)


def _snapshot(organization: str, number: int) -> Select[bytes]:
    past = select(SNAPSHOTS.c.data).where(SNAPSHOTS.c.organization == organization)
    return past.where(SNAPSHOTS.c.number == number)


def _present(organization: str) -> Select[int]:
    newest = select(SNAPSHOTS.c.number).where(SNAPSHOTS.c.organization == organization)
    return newest.order_by(SNAPSHOTS.c.number.desc()).limit(1)


# Reaching a database: where it is, how a transaction begins, what its time is, and how its tables came to be.


def make_engine(address: str, *, root: Path) -> Engine:
    """An engine for `sqlite:///PATH` (relative to `root`) or `postgresql://...`; nothing is reached yet."""
    url = _parse(address)
    if url.get_backend_name() == "sqlite":
        return _make_sqlite(root / (url.database or ""))
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"connect_timeout": _PATIENCE},
            hide_parameters=True,
            pool_pre_ping=True,
        )
    except ModuleNotFoundError as error:
        raise MissingExtra("state in PostgreSQL", "postgres") from error
    event.listen(engine, "begin", _limit_postgresql)
    return engine


@contextmanager
def transaction(engine: Engine, *, writes: bool = True) -> Iterator[Connection]:
    """All or nothing, on the disk when it ends; problems of the database in the words of the store.

    What a driver says goes through without the statement and its values, which belong in no log, and in one line:
    PostgreSQL sets its hints in lines with tabs.
    """
    try:
        with engine.connect().execution_options(writes=writes) as connection, connection.begin():
            yield connection
    except DBAPIError as error:
        message = f"the database with the state cannot be used: {' '.join(str(error.orig).split())}"
        raise StoreError(message) from None
    except SQLAlchemyError as error:
        message = f"the database with the state cannot be used: {type(error).__name__}"
        raise StoreError(message) from error
    except UnicodeDecodeError as error:  # SQLite quotes what is damaged, and that need not be text
        message = "the database with the state cannot be used: it is damaged"
        raise StoreError(message, advice="restore the file from a copy, then run `reconciler state verify`") from error
    except UnicodeEncodeError as error:  # from a command line, which may hold any bytes
        message = f"{error.object!a} cannot be the key of an organization"
        raise StoreError(message) from error


def database_now(connection: Connection) -> datetime:
    """The present time, by the database."""
    seconds: float = connection.execute(text(_EPOCH[connection.dialect.name])).scalar_one()
    return datetime.fromtimestamp(seconds, UTC)


def _parse(address: str) -> URL:
    """Nothing of an address that cannot be used is repeated: it may hold a password."""
    advice = "write sqlite:///PATH or postgresql://USER@HOST:PORT/DATABASE"
    try:
        url = make_url(address)
    except (ArgumentError, NoSuchModuleError, ValueError):
        message = "the address of the database with the state cannot be read"
        raise StoreError(message, advice=advice) from None
    if url.password is not None or urlsplit(address).netloc.count("@") > 1:
        message = "the address of the database with the state holds a password"
        raise StoreError(message, advice="leave it out, and set PGPASSWORD or use ~/.pgpass")
    if url.get_backend_name() not in _EPOCH or (url.get_backend_name() == "sqlite" and not url.database):
        message = "the address of the database with the state names no database that can be used"
        raise StoreError(message, advice=advice)
    return url


def _limit_postgresql(connection: Connection) -> None:
    """Neither wait for ever nor let others wait: a process that is stopped in a transaction loses its connection."""
    limits = ("lock_timeout", "idle_in_transaction_session_timeout")
    connection.exec_driver_sql("SELECT " + ", ".join(f"set_config('{name}', '{_PATIENCE}s', true)" for name in limits))


def _make_sqlite(path: Path) -> Engine:
    """SQLite with its own transactions: the driver would begin them late, and never as a writer."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives the files beside it the same mode
    except OSError as error:
        message = f"the state cannot be used: {error}"
        raise StoreError(message) from error
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _PATIENCE, "isolation_level": None},
        hide_parameters=True,
        poolclass=NullPool,
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # SQLite itself does not wait where two connections bring a new file into this mode at the same time.
    deadline = time.monotonic() + _PATIENCE
    while not _is_in_wal(connection, is_last=time.monotonic() > deadline):
        time.sleep(0.02)
    connection.execute("PRAGMA synchronous=FULL")  # a commit is on the disk, which WAL alone does not promise


def _is_in_wal(connection: Any, *, is_last: bool) -> bool:
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        # The lowest byte is the error; what is above it says more about it.
        if is_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE reconciler_leases (organization TEXT NOT NULL PRIMARY KEY, record {bytes} NOT NULL)",
        """CREATE TABLE reconciler_snapshots (organization TEXT NOT NULL, number INTEGER NOT NULL,
           at DOUBLE PRECISION NOT NULL, data {bytes} NOT NULL, PRIMARY KEY (organization, number))""",
        """CREATE TABLE reconciler_journal (organization TEXT NOT NULL, number INTEGER NOT NULL,
           record {bytes} NOT NULL, PRIMARY KEY (organization, number))""",
        "CREATE TABLE reconciler_audit (number BIGINT NOT NULL PRIMARY KEY, record {bytes} NOT NULL)",
    ),
    ("CREATE TABLE reconciler_settled (number INTEGER NOT NULL PRIMARY KEY, data {bytes} NOT NULL)",),
)
"""What leads from each version to the next. Written down once, never edited: databases out there have run them."""

_BYTES = {"postgresql": "BYTEA", "sqlite": "BLOB"}
_ONE_AT_A_TIME = 7_289_463_512_086_541
"""Any number that no other program uses for its advisory locks."""


def is_current(connection: Connection) -> bool:
    """Whether nothing has to be migrated, found out without writing; raises StoreError when it is too new for us."""
    version = _version(connection) if inspect(connection).has_table(_SCHEMA.name) else 0
    if version > len(_MIGRATIONS):
        message = f"the database has schema version {version}; this version of reconciler knows {len(_MIGRATIONS)}"
        raise StoreError(message, advice="use the version of reconciler that wrote it, or a newer one")
    return version == len(_MIGRATIONS)


def migrate(connection: Connection) -> None:
    """Bring the tables up to this version inside the transaction; two processes do it one after the other."""
    if connection.dialect.name == "postgresql":  # SQLite's transaction is exclusive anyway
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})"))
    connection.execute(text("CREATE TABLE IF NOT EXISTS reconciler_schema (version INTEGER NOT NULL PRIMARY KEY)"))
    version = _version(connection)
    for number, statements in enumerate(_MIGRATIONS[version:], start=version + 1):
        for statement in statements:
            connection.execute(text(statement.format(bytes=_BYTES[connection.dialect.name])))
        connection.execute(_SCHEMA.insert().values(version=number))


def _version(connection: Connection) -> int:
    versions = connection.scalars(select(_SCHEMA.c.version)).all()
    if not all(isinstance(version, int) for version in versions):
        raise StoreError("the database with the state is damaged: its schema has no version")
    return max(versions, default=0)
