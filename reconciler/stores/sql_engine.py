"""Reaching a database: where it is, how a transaction begins, what its time is."""

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

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from reconciler.model.errors import StoreError

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
        message = "state in PostgreSQL needs the extra `postgres`"
        raise StoreError(message, advice="pip install 'access-reconciler[postgres]'") from error
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
