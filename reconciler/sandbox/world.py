"""The embedded platform's memory: one SQLite file with its own clock, knobs and event log; and how it refuses.

The rules live in the modules beside this one, as functions that take a world. Every such function is one transaction;
inside another one it joins it, so that a composite such as "cancel and invite again" happens whole or not at all.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pkgutil import get_data
from typing import Any, Final, Self

from reconciler.model import ProviderError

FORMAT: Final = 3
"""Kept in the file's user_version; a file of another format is refused rather than guessed at."""

_BUSY_SECONDS: Final = 30.0

_SWEEP: Final = (
    "UPDATE membership SET status = 'expired', since = expires, expires = NULL WHERE expires <= :now",
    "UPDATE holding SET status = 'lapsed', since = expires WHERE status = 'requested' AND expires <= :now",
    "UPDATE holding SET pending = NULL, expires = NULL WHERE expires <= :now",
)
"""What the passing of time does, carried out before anything else looks: nobody has to be awake for it to happen."""

_BUSINESS_CENTER_CODES: Final = {"not-an-admin": 40001, "unknown": 40007, "not-supported": 40008}
_BUSINESS_CENTER_OTHERWISE: Final = 40002
"""No code is published for most refusals of Business Center; 40002 with a text is what its gateway is seen to use."""

Row = sqlite3.Row


class Refusal(Exception):
    """The platform did not do what it was asked to; nothing changed.

    `word` is stable (`not-an-admin`, `cap`, `last-admin`, ...), `text` is what the person sees.
    """

    def __init__(self, word: str, text: str) -> None:
        super().__init__(text)
        self.word = word
        self.text = text

    def code(self, system: str) -> str:
        """The system's own code: a number in Business Center, which has an API, and the word everywhere else."""
        if system != "business_center":
            return self.word
        return str(_BUSINESS_CENTER_CODES.get(self.word, _BUSINESS_CENTER_OTHERWISE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in the world; `actor` is how the person is known at the command line."""

    at: datetime
    organization: int | None
    actor: str
    verb: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """Whatever the real platforms leave open or may change.

    Defaults follow what TikTok documents; where it is silent, the stricter guess.
    """

    developers_must_be_registered: bool = True
    business_center_must_be_registered: bool = False
    """Off, because the invitation mail lets a newcomer register while accepting."""
    developers_invitation_hours: int = 30 * 24
    organization_account_invitation_hours: int = 24
    business_account_invitation_hours: int = 30 * 24
    business_center_invitation_hours: int = 30 * 24
    developers_members: int = 10
    """Active and pending together; "by default", so it can be raised. The owner role system has no such limit."""
    business_center_members: int = 4000
    last_admin_may_go: bool = False
    """Whether the only active admin can leave, be removed or step down. Not documented anywhere."""
    admins_remove_admins: bool = True
    link_hours: int = 24
    """How long a TikTok account's owner can scan the code. Really a matter of minutes; a loop that runs once a day
    could never finish a link then, so the sandbox stands in for the coordinator who repeats it."""
    partner_must_approve: bool = False
    inviting_a_member_is_ignored: bool = True
    """Business Center: whether inviting somebody who already is a member is quietly ignored or refused."""

    def invitation_hours(self, system: str) -> int:
        """How long an invitation can be answered."""
        return int(getattr(self, f"{system}_invitation_hours"))

    def must_be_registered(self, system: str) -> bool:
        """Whether only people who already have an account in the system can be invited."""
        return bool(getattr(self, f"{system}_must_be_registered", False))

    def member_cap(self, system: str, variant: str) -> int | None:
        """Most members, pending ones included."""
        if system == "developers" and variant != "owner":
            return self.developers_members
        return self.business_center_members if system == "business_center" else None

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Knobs:
        """Named knobs turned, the others at their default; raises ValueError for a wrong name or type."""
        kinds = {field.name: type(field.default) for field in fields(cls)}
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"there is no knob {name!r}; there are {', '.join(sorted(kinds))}")
            if type(value) is not kinds[name]:
                raise ValueError(f"knob {name} takes {kinds[name].__name__}, not {value!r}")
        return cls(**values)  # type: ignore[arg-type]  # names and types were compared just above


def real_now() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


class World:
    """A whole platform in one file; safe for several threads and processes at once."""

    def __init__(self, connection: sqlite3.Connection, *, clock: Callable[[], datetime] = real_now) -> None:
        self._connection = connection
        self._clock = clock
        self._lock = threading.RLock()
        self._depth = 0
        # Python warns about connections that are forgotten; a world closes its own when it is.
        self._finalizer = weakref.finalize(self, connection.close)

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], datetime] = real_now) -> Self:
        """The world in a file, which is created empty when there is none; raises ProviderError if it is not one."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            world = cls(_connect(str(path)), clock=clock)
        except (OSError, sqlite3.Error) as error:
            message = f"the sandbox world {path} cannot be used: {error}"
            raise ProviderError(message, advice="look at what is there, and who may write there") from error
        try:
            world._prepare()
        except sqlite3.OperationalError as error:
            world.close()
            message = f"the sandbox world {path} cannot be used: {error}"
            raise ProviderError(message, advice="look at who may write there, and whether the disk is full") from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            # The database quotes what is damaged, and that need not be text.
            world.close()
            message = f"{path} is not a sandbox world: {error}"
            raise ProviderError(message, advice="`reconciler sandbox reset` starts afresh") from error
        except ProviderError:
            world.close()
            raise
        return world

    @classmethod
    def in_memory(cls, *, clock: Callable[[], datetime] = real_now) -> Self:
        """A world that is gone when it is closed, for tests."""
        world = cls(_connect(":memory:"), clock=clock)
        world._prepare()
        return world

    def close(self) -> None:
        """Let go of the file."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing. What time has done meanwhile (expired, lapsed) is carried out first."""
        with self._lock:
            if self._depth:
                yield self._connection
                return
            with _explained():
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                with _explained():
                    for statement in _SWEEP:
                        self._connection.execute(statement, {"now": self.timestamp()})
                    yield self._connection
            except BaseException:
                with suppress(sqlite3.DatabaseError):
                    self._connection.execute("ROLLBACK")
                raise
            else:
                with _explained():
                    self._connection.execute("COMMIT")
            finally:
                self._depth = 0

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Part of a transaction that may fail without taking the rest along; the exception still goes out."""
        with self.transaction() as db:
            db.execute("SAVEPOINT attempt")
            try:
                yield
            except BaseException:
                db.execute("ROLLBACK TO attempt")
                raise
            finally:
                db.execute("RELEASE attempt")

    def now(self) -> datetime:
        """The world's time: the real one plus what was skipped by `advance`."""
        return (self._clock() + timedelta(seconds=float(self.find_setting("offset") or 0))).replace(microsecond=0)

    def seconds(self) -> float:
        """The world's time as a number that has fractions, for what happens within a second."""
        return self._clock().timestamp() + float(self.find_setting("offset") or 0)

    def copy(self) -> World:
        """Another world in memory, as this one is now, under the same clock."""
        connection = _connect(":memory:")
        with self._lock:
            self._connection.backup(connection)
        return World(connection, clock=self._clock)

    def timestamp(self, after: timedelta = timedelta()) -> str:
        """`now`, or a while after it, in the one spelling that all tables use and that sorts by time."""
        return (self.now() + after).astimezone(UTC).isoformat(timespec="seconds")

    def advance(self, duration: timedelta) -> datetime:
        """Let time pass; returns the new time. A negative duration is a ValueError: expiry cannot be undone."""
        if duration < timedelta():
            raise ValueError("time does not go backwards")
        with self.transaction():
            offset = float(self.find_setting("offset") or 0) + duration.total_seconds()
            self.set_setting("offset", str(offset))
        return self.now()

    def find_setting(self, name: str) -> str | None:
        """One of the few things that are remembered under a name."""
        with self._lock, _explained():
            row = self._connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return row["value"] if row else None

    def set_setting(self, name: str, value: str) -> None:
        """Remember something under a name."""
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    @property
    def knobs(self) -> Knobs:
        """How this world is tuned."""
        text = self.find_setting("knobs")
        return Knobs.from_mapping(json.loads(text)) if text else Knobs()

    @knobs.setter
    def knobs(self, knobs: Knobs) -> None:
        with self.transaction():
            self.set_setting("knobs", json.dumps(asdict(knobs), sort_keys=True))

    def events(self, organization: int | None = None) -> list[Event]:
        """The event log, oldest first; of one organization, or of all."""
        rows = self.rows(
            "SELECT at, organization, actor, verb, text FROM event"
            " WHERE :organization IS NULL OR organization = :organization ORDER BY seq",
            {"organization": organization},
        )
        return [Event(**{**dict(row), "at": datetime.fromisoformat(row["at"])}) for row in rows]

    def version(self) -> tuple[int, int]:
        """Another pair after every write, by whatever process; for this object only."""
        with self.transaction() as db:
            return db.execute("PRAGMA data_version").fetchone()[0], db.total_changes

    def rows(self, statement: str, values: Mapping[str, Any]) -> list[Row]:
        """All rows of a query."""
        with self.transaction() as db:
            return db.execute(statement, values).fetchall()

    def find_row(self, statement: str, values: Mapping[str, Any]) -> Row | None:
        """The first row of a query, if there is one."""
        rows = self.rows(statement, values)
        return rows[0] if rows else None

    def count(self, statement: str, values: Mapping[str, Any]) -> int:
        """What a query that counts says."""
        return int(self.rows(statement, values)[0][0])

    # Names of tables and columns in these statements are ours, never input.

    def find(self, table: str, **where: object) -> Row | None:
        """The first row that has these values, if there is one."""
        rows = self.find_all(table, **where)
        return rows[0] if rows else None

    def find_all(self, table: str, **where: object) -> list[Row]:
        """All rows that have these values."""
        return self.rows(f"SELECT * FROM {table} WHERE {_all_equal(where)}", where)  # noqa: S608  # ours

    def insert(self, table: str, **values: object) -> int:
        """Add a row and return its number."""
        return self._insert(table, values, "")

    def insert_or_keep(self, table: str, **values: object) -> None:
        """Add a row, unless there is one with its key."""
        self._insert(table, values, " ON CONFLICT DO NOTHING")

    def insert_or_change(self, table: str, **values: object) -> None:
        """Add a row, or set these values in the one with its key."""
        changed = ", ".join(f"{name} = excluded.{name}" for name in values)
        self._insert(table, values, f" ON CONFLICT DO UPDATE SET {changed}")

    def _insert(self, table: str, values: Mapping[str, object], conflict: str) -> int:
        columns, places = ", ".join(values), ", :".join(values)
        with self.transaction() as db:
            into = f"INSERT INTO {table} ({columns}) VALUES (:{places}){conflict}"  # noqa: S608  # ours
            cursor = db.execute(into, values)
            return int(cursor.lastrowid or 0)

    def update(self, table: str, where: Mapping[str, object], **values: object) -> None:
        """Set these values in all rows that have those of `where`."""
        changed = ", ".join(f"{name} = :{name}" for name in values)
        with self.transaction() as db:
            statement = f"UPDATE {table} SET {changed} WHERE {_all_equal(where)}"  # noqa: S608  # ours
            db.execute(statement, {**where, **values})

    def delete(self, table: str, **where: object) -> int:
        """Delete all rows that have these values; returns how many there were."""
        with self.transaction() as db:
            return db.execute(f"DELETE FROM {table} WHERE {_all_equal(where)}", where).rowcount  # noqa: S608  # ours

    def _prepare(self) -> None:
        """Create the tables in an empty file; two processes that open it at once must not both do it."""
        self._connection.execute("PRAGMA foreign_keys = ON")
        # Refused while another process does the same to a new file; either journal mode is safe.
        with suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("BEGIN IMMEDIATE")
        found = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if found in (0, FORMAT):
            statements = (get_data("reconciler.sandbox", "tables.sql") or b"").decode().split(";\n")
            for statement in statements:
                if found == 0 or "IF NOT EXISTS" in statement:  # a view, which an older file may lack
                    self._connection.execute(statement)
        if found == 0:
            self._connection.execute(f"PRAGMA user_version = {FORMAT}")
        self._connection.execute("COMMIT")
        if found not in (0, FORMAT):
            message = f"the sandbox world has format {found}; this version reads {FORMAT}"
            raise ProviderError(message, advice="`reconciler sandbox reset` starts afresh")


@contextmanager
def _explained() -> Iterator[None]:
    """What a damaged, locked or full file does, as ProviderError; a broken rule of the tables stays what it is."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        message = f"the sandbox world cannot be used: {error}"
        raise ProviderError(message, advice="`reconciler sandbox reset` starts afresh") from error


def _all_equal(where: Mapping[str, object]) -> str:
    return " AND ".join(f"{name} = :{name}" for name in where)


def _connect(target: str) -> sqlite3.Connection:
    """Autocommit, because transactions are begun and ended explicitly; threads share it under the world's lock."""
    connection = sqlite3.connect(target, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.text_factory = lambda data: data.decode(errors="replace")
    return connection
