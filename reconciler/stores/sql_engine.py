"""Reaching a database: where it is, how a transaction begins, what its time is, its tables and how they came to be."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Double,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from reconciler.model.errors import MissingExtra, StoreError

if TYPE_CHECKING:
    from sqlalchemy.pool import ConnectionPoolEntry

_PATIENCE = 30
_EPOCH = {
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())::double precision",
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
}
"""Seconds from 1970 by the database's clock: leases of machines whose clocks differ are compared by this one."""


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


_metadata = MetaData()

LEASES = Table(
    "reconciler_leases",
    _metadata,
    Column("organization", Text, primary_key=True),
    Column("record", LargeBinary, nullable=False),
)
"""One row per organization that was ever locked; every change of the organization locks it."""

SNAPSHOTS = Table(
    "reconciler_snapshots",
    _metadata,
    Column("organization", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""Never updated: the highest number is the present one. `at` counts seconds from 1970."""

JOURNAL = Table(
    "reconciler_journal",
    _metadata,
    Column("organization", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("record", LargeBinary, nullable=False),
)
"""What follows the present snapshot; emptied with the next."""

AUDIT = Table(
    "reconciler_audit",
    _metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("record", LargeBinary, nullable=False),
)
"""Numbered without gaps; the primary key lets one of two writers through."""

SETTLED = Table(
    "reconciler_settled",
    _metadata,
    Column("number", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
"""One row, or none."""

_SCHEMA = Table("reconciler_schema", _metadata, Column("version", Integer, primary_key=True, autoincrement=False))

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
