"""State in a database: SQLite on one machine, PostgreSQL for many.

Every change locks the organization's row of leases first, compares the token, and commits together with what it
checked; so a holder that was replaced cannot even be late.

```
reconciler_leases      one row per organization that was ever locked; every change of the organization locks it
reconciler_snapshots   never updated: the highest number is the present one; `at` counts seconds from 1970
reconciler_journal     what follows the present snapshot; emptied with the next
reconciler_audit       numbered without gaps; the primary key lets one of two writers through
reconciler_settled     one row, or none
```
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

from sqlalchemy import URL, Connection, CursorResult, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from reconciler.model import MissingExtra, PastVersion, StoredState, StoreError
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
_PATIENCE = 30
_EPOCH = {
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())::double precision",
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
}
"""Seconds from 1970 by the database's clock: leases of machines whose clocks differ are compared by this one."""

_LEASE = "SELECT record FROM reconciler_leases WHERE organization = :organization"
_LOCK_ROW = {"postgresql": " FOR UPDATE", "sqlite": ""}
"""SQLite has one writer at a time anyway."""


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
            both = "SELECT organization FROM reconciler_snapshots UNION SELECT organization FROM reconciler_journal"
            return sorted(_run(connection, both).scalars())

    def read(self, organization: str) -> StoredState:
        """The snapshot with the highest number, and the rows behind it; a transaction leaves none torn."""
        with self._reading() as connection:
            # One statement for number and journal, because PostgreSQL lets a writer come in between two. The snapshot
            # of a number never changes.
            statement = """SELECT present.number, record FROM
                (SELECT max(number) AS number FROM reconciler_snapshots WHERE organization = :organization) AS present
                LEFT JOIN reconciler_journal AS journal ON organization = :organization ORDER BY journal.number"""
            rows = _run(connection, statement, organization=organization).all()
            number, records = rows[0].number, tuple(row.record for row in rows if row.record is not None)
            if number is None:
                return StoredState(journal=records)
            snapshot = _find_snapshot(connection, organization, number)
            return StoredState(snapshot=snapshot, version=str(number), journal=records)

    def write(self, organization: str, data: bytes, *, replacing: str | None, token: int) -> str:
        """Add a snapshot and empty the journal, in one transaction."""
        with self._changing(organization) as (connection, lease):
            lease.require(token)
            highest = "SELECT max(number) FROM reconciler_snapshots WHERE organization = :organization"
            present: int | None = _run(connection, highest, organization=organization).scalar()
            if replacing != (None if present is None else str(present)):
                raise moved(organization)
            row = {
                "organization": organization,
                "number": (present or 0) + 1,
                "at": (self._dating() if self._dating else database_now(connection)).timestamp(),
                "data": data,
            }
            _run(connection, "INSERT INTO reconciler_snapshots VALUES (:organization, :number, :at, :data)", **row)
            _run(connection, "DELETE FROM reconciler_journal WHERE organization = :organization", **row)
            return str(row["number"])

    def append(self, organization: str, record: bytes, *, token: int) -> None:
        """Add one row."""
        with self._changing(organization) as (connection, lease):
            lease.require(token)
            statement = """INSERT INTO reconciler_journal SELECT :organization, coalesce(max(number), 0) + 1, :record
                FROM reconciler_journal WHERE organization = :organization"""
            _run(connection, statement, organization=organization, record=record)

    def stamps(self, organization: str | None = None) -> dict[str, str]:
        """Number, time and size of the newest snapshot, and the highest number in the journal.

        The number alone would be that of another state once a table was restored from a copy or edited by hand. Of
        journals it is enough: behind one nothing is settled.
        """
        found: dict[str, str] = {}
        which = "" if organization is None else "WHERE organization = :organization"
        grouped = f"{which} GROUP BY organization"
        newest = f"SELECT organization, max(number) AS number FROM {{}} {grouped}"  # noqa: S608  # ours
        with self._reading() as connection:
            # The journal first: a writer that comes in between leaves a snapshot whose number nobody has seen.
            rows = _run(connection, newest.format("reconciler_journal"), organization=organization)
            behind: dict[str, object] = {row.organization: row.number for row in rows}
            last = newest.format("reconciler_snapshots")
            statement = f"""SELECT organization, number, at, length(data) AS size FROM reconciler_snapshots
                JOIN ({last}) AS last USING (organization, number)"""  # noqa: S608  # ours
            for row in _run(connection, statement, organization=organization):
                journal = behind.pop(row.organization, "")
                found[row.organization] = f"{row.number}/{row.at}/{row.size}:{journal}"
        return found | {key: f":{number}" for key, number in behind.items()}

    def read_settled(self) -> bytes | None:
        """The one row of its table."""
        with self._reading() as connection:
            data: bytes | None = _run(connection, "SELECT data FROM reconciler_settled").scalar()
            return data

    def write_settled(self, data: bytes) -> None:
        """Replace that row."""
        with transaction(self._engine) as connection:
            _run(connection, "DELETE FROM reconciler_settled")
            _run(connection, "INSERT INTO reconciler_settled VALUES (1, :data)", data=data)

    def history(self, organization: str) -> list[PastVersion]:
        """All snapshots, oldest first."""
        statement = "SELECT number, at FROM reconciler_snapshots WHERE organization = :organization ORDER BY number"
        with self._reading() as connection:
            rows = _run(connection, statement, organization=organization)
            return [PastVersion(str(row.number), datetime.fromtimestamp(row.at, UTC)) for row in rows]

    def read_past(self, organization: str, version: str) -> bytes:
        """One snapshot of the history."""
        with self._reading() as connection:
            data = _find_snapshot(connection, organization, int(version) if version.isdecimal() else 0)
            if data is None:
                raise no_such_version(organization, version)
            return data

    def count_audit(self) -> int:
        """The highest number; there are no gaps."""
        with self._reading() as connection:
            return _count_audit(connection)

    def append_audit(self, record: bytes, *, after: int) -> None:
        """Add one row under the next number."""
        with transaction(self._engine) as connection:
            if _count_audit(connection) != after:
                raise audit_moved()
            row = {"number": after + 1, "record": record}
            try:
                _run(connection, "INSERT INTO reconciler_audit VALUES (:number, :record)", **row)
            except IntegrityError:
                raise audit_moved() from None

    def read_audit(self, *, after: int = 0) -> Iterator[bytes]:
        """The records behind number `after`, a page at a time, so that nobody is kept waiting by a slow reader."""
        statement = "SELECT number, record FROM reconciler_audit WHERE number > :after ORDER BY number LIMIT :page"
        while True:
            with self._reading() as connection:
                rows = _run(connection, statement, after=after, page=_PAGE).all()
            yield from (row.record for row in rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1].number

    def _read_lease(self, organization: str) -> LeaseRecord:
        with self._reading() as connection:
            record = _run(connection, _LEASE, organization=organization).scalar()
            return LeaseRecord(organization=organization) if record is None else LeaseRecord.parse(record)

    def _read_leases(self) -> list[LeaseRecord]:
        with self._reading() as connection:
            return list(map(LeaseRecord.parse, _run(connection, "SELECT record FROM reconciler_leases").scalars()))

    def _reading(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine, writes=False)

    @contextmanager
    def _changing(self, organization: str) -> Iterator[tuple[Connection, LeaseRecord]]:
        """A transaction that nobody else can be in for this organization, and its lease record."""
        with transaction(self._engine) as connection:
            locked = _LEASE + _LOCK_ROW[connection.dialect.name]
            record = _run(connection, locked, organization=organization).scalar()
            if record is None:
                insert = "INSERT INTO reconciler_leases VALUES (:organization, :record) ON CONFLICT DO NOTHING"
                fresh = LeaseRecord(organization=organization).to_json()
                _run(connection, insert, organization=organization, record=fresh)
                record = _run(connection, locked, organization=organization).scalar_one()
            yield connection, LeaseRecord.parse(record)

    def _change_lease(self, organization: str, change: LeaseChange) -> LeaseRecord:
        with self._changing(organization) as (connection, lease):
            changed = change(lease, partial(database_now, connection))
            statement = "UPDATE reconciler_leases SET record = :record WHERE organization = :organization"
            _run(connection, statement, organization=organization, record=changed.to_json())
            return changed


def _run(connection: Connection, statement: str, **values: object) -> CursorResult[Any]:
    return connection.execute(text(statement), values)


def _find_snapshot(connection: Connection, organization: str, number: int) -> bytes | None:
    statement = "SELECT data FROM reconciler_snapshots WHERE organization = :organization AND number = :number"
    data: bytes | None = _run(connection, statement, organization=organization, number=number).scalar()
    return data


def _count_audit(connection: Connection) -> int:
    count: int = _run(connection, "SELECT coalesce(max(number), 0) FROM reconciler_audit").scalar_one()
    return count


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
    seconds: float = _run(connection, _EPOCH[connection.dialect.name]).scalar_one()
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
    version = _version(connection) if inspect(connection).has_table("reconciler_schema") else 0
    if version > len(_MIGRATIONS):
        message = f"the database has schema version {version}; this version of reconciler knows {len(_MIGRATIONS)}"
        raise StoreError(message, advice="use the version of reconciler that wrote it, or a newer one")
    return version == len(_MIGRATIONS)


def migrate(connection: Connection) -> None:
    """Bring the tables up to this version inside the transaction; two processes do it one after the other."""
    if connection.dialect.name == "postgresql":  # SQLite's transaction is exclusive anyway
        _run(connection, f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")
    _run(connection, "CREATE TABLE IF NOT EXISTS reconciler_schema (version INTEGER NOT NULL PRIMARY KEY)")
    version = _version(connection)
    for number, statements in enumerate(_MIGRATIONS[version:], start=version + 1):
        for statement in statements:
            _run(connection, statement.format(bytes=_BYTES[connection.dialect.name]))
        _run(connection, "INSERT INTO reconciler_schema VALUES (:version)", version=number)


def _version(connection: Connection) -> int:
    versions = _run(connection, "SELECT version FROM reconciler_schema").scalars().all()
    if not all(isinstance(version, int) for version in versions):
        raise StoreError("the database with the state is damaged: its schema has no version")
    return max(versions, default=0)
