"""The tables of the SQL store, and how they came to be."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    inspect,
    select,
    text,
)

from reconciler.model.errors import StoreError

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
