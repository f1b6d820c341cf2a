"""What every store does alike: who holds a lock, its rules, what a refusal says; and files written whole or not."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from reconciler.model import (
    LeaseLost,
    Lock,
    StateConflict,
    StateLocked,
    StoreError,
    TornAudit,
    as_count,
    as_text,
    checked,
    dataclass,
    load_json,
    load_time,
)

PRIVATE = 0o600
"""State holds e-mail addresses and phone numbers: only its owner may read it."""

_GUARD_PATIENCE = 30.0
_GUARD_PAUSE = 0.005


def make_folder(folder: Path) -> None:
    """Make it and the folders above, durably, readable by nobody else."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)
    sync_folder(folder.parent)


def replace_durably(path: Path, data: bytes) -> None:
    """Put the bytes under the name, both on the disk when it returns."""
    import tempfile  # it brings archives along, and most runs write nothing

    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            _sync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def append_bytes(path: Path, data: bytes, *, whole_lines: bool = False) -> None:
    """Add bytes and wait until they are on the disk; with `whole_lines` a part of a line before them is cut off."""
    is_new = not path.exists()
    with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, PRIVATE), "ab") as file:
        if whole_lines:
            _drop_torn_line(file.fileno())
        file.write(data)
        file.flush()
        _sync(file.fileno())
    if is_new:
        sync_folder(path.parent)


def cut_off(path: Path, *, at: int) -> None:
    """Make a file end there, durably."""
    with path.open("r+b") as file:
        file.truncate(at)
        _sync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make new, renamed and removed names as durable as the bytes behind them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def guard(path: Path) -> Iterator[None]:
    """Keep other processes and threads out for a moment; the operating system ends it when the process dies.

    Of a process that is stopped in between nobody can take over: it may go on with its write at any moment. All that
    can be done is to say which one it is, so its number lies in the file.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE), "r+b", buffering=0) as file:
        deadline = time.monotonic() + _GUARD_PATIENCE
        while not try_lock(file.fileno()):
            if time.monotonic() > deadline:
                raise _kept_out(path, file.read(1000))
            time.sleep(_GUARD_PAUSE)
        file.write(b"%-20d%s\n" % (os.getpid(), platform.node().encode()))
        yield


def try_lock(descriptor: int) -> bool:
    """Take the operating system's lock on an open file, unless another open file of the same name has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kept_out(path: Path, holder: bytes) -> StoreError:
    message = f"{path} has been locked for {_GUARD_PATIENCE:.0f} seconds"
    number, _, host = holder.partition(b"\n")[0].decode(errors="replace").partition(" ")
    if not number.isdecimal():
        return StoreError(message, advice="a process that was stopped in the middle of a write holds it")
    how = ", which is stopped," if _is_stopped(number) else ""
    advice = f"on {host.strip()}, let it go on with `kill -CONT {number}` or end it with `kill -KILL {number}`"
    return StoreError(f"{message} by process {number}{how} in the middle of a write", advice=advice)


def _is_stopped(number: str) -> bool:
    """As far as this system tells."""
    try:
        status = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[:1] in (["T"], ["t"])


def _sync(descriptor: int) -> None:
    """Wait for the disk. On macOS fsync stops at the drive's cache; F_FULLFSYNC goes through it."""
    full: int | None = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, full)


def _drop_torn_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    data = os.pread(descriptor, size, 0)
    os.ftruncate(descriptor, data.rfind(b"\n") + 1)


_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILDKITE_BUILD_CREATOR")
_JOBS = ("CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL")
_PLAIN = re.compile(r"[a-z0-9@+_.-]")
_ESCAPED = re.compile(r"(?:=[0-9a-f]{2})+")
_MAX_LENGTH = 180
_MARK = "~"
_EMPTY = "="


Now = Callable[[], datetime]
"""The present time, by the clock of a store."""

Dating = Now | None
"""The clock that dates the history of a workspace whose time is played; None for the store's own, as for leases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What a lock tells others about whoever holds it."""

    who: str
    host: str
    process: int
    job: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRecord:
    """What a store remembers of an organization's lock, also while nobody holds it."""

    organization: str
    token: int = 0
    """The newest one; 0 before the first acquisition."""
    lock: Lock | None = None

    def taken(
        self,
        holder: Holder,
        *,
        purpose: str,
        now: datetime,
        ttl: timedelta,
        is_dead: Callable[[Lock], bool] = lambda _lock: False,
    ) -> LeaseRecord:
        """Acquired; raises StateLocked while somebody holds it who is not known to be dead."""
        if self.lock is not None and self.lock.expires > now and not is_dead(self.lock):
            message = f"the state of {self.organization} is locked by {describe(self.lock)}"
            advice = f"wait with --lock-timeout, or if it is dead: reconciler state unlock {self.lock.id}"
            raise StateLocked(message, advice=advice)
        token = self.token + 1
        lock = Lock(
            id=os.urandom(8).hex(),
            organization=self.organization,
            token=token,
            purpose=purpose,
            since=now,
            expires=now + ttl,
            **asdict(holder),
        )
        return replace(self, token=token, lock=lock)

    def renewed(self, lock: Lock, *, now: datetime, ttl: timedelta) -> LeaseRecord:
        """Kept for longer. A lease that ran out but that nobody took is as good as ever: its token is the newest."""
        if self.lock is None or self.lock.id != lock.id:
            raise lost(self.organization)
        return replace(self, lock=replace(self.lock, expires=now + ttl))

    def released(self, lock: Lock) -> LeaseRecord:
        """Given up, or unchanged when it belongs to somebody else by now."""
        held = self.lock is not None and self.lock.id == lock.id
        return replace(self, lock=None) if held else self

    def broken(self, lock_id: str) -> LeaseRecord:
        """Taken away from its holder."""
        if self.lock is None:
            message = f"the state of {self.organization} is not locked"
            raise StateConflict(message)
        if self.lock.id != lock_id:
            message = f"the state of {self.organization} is locked by another: {describe(self.lock)}"
            raise StateConflict(message, advice=f"its id is {self.lock.id}")
        return replace(self, token=self.token + 1, lock=None)

    @property
    def held(self) -> Lock:
        """The lock; raises LeaseLost when there is none."""
        if self.lock is None:
            raise lost(self.organization)
        return self.lock

    def require(self, token: int) -> None:
        """Raises LeaseLost unless the token is the newest."""
        if token != self.token or token < 1:
            raise lost(self.organization)

    def to_json(self) -> bytes:
        """For stores that keep it as text."""
        return json.dumps(asdict(self), default=datetime.isoformat, sort_keys=True, ensure_ascii=False).encode()

    @classmethod
    @lru_cache(maxsize=16)  # every write asks for it, and it rarely is another one
    def parse(cls, data: bytes) -> LeaseRecord:
        """Read it back; raises StoreError when it is not one."""
        try:
            body = load_json(data)
            lock = None if body["lock"] is None else _parse_lock(body["lock"])
            return cls(organization=as_text(body["organization"]), token=as_count(body["token"]), lock=lock)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            message = f"the lock of an organization cannot be read: {error}"
            raise StoreError(message, advice="restore it from a copy of the state") from error


LeaseChange = Callable[[LeaseRecord, Now], LeaseRecord]
"""What becomes of a record. The time is asked for only where the answer depends on it."""


def _parse_lock(body: dict[str, Any]) -> Lock:
    """Raises one of several errors for what is no lock."""
    lock = checked(Lock(**{**body, **{name: load_time(body[name]) for name in ("since", "expires")}}))
    if min(lock.token, lock.process) < 0:
        raise ValueError("it says something else than this tool writes")
    return lock


class LeasedStore(ABC):
    """Locks, over three steps that each store has of its own; and that nothing is ever torn, where that is so."""

    def __init__(self, *, holder: Holder | None, dating: Dating) -> None:
        self._holder = holder or this_process()
        self._dating = dating

    @abstractmethod
    def _read_lease(self, organization: str) -> LeaseRecord:
        """What is remembered of the lock."""

    @abstractmethod
    def _read_leases(self) -> list[LeaseRecord]:
        """Of all organizations that were ever locked."""

    @abstractmethod
    def _change_lease(self, organization: str, change: LeaseChange) -> LeaseRecord:
        """Replace the record in one piece by what `change` makes of it; older tokens are refused from then on."""

    def _is_holder_dead(self, lock: Lock) -> bool:  # most stores cannot know
        """Whether the holder is known to be dead."""
        return False

    def find_lock(self, organization: str) -> Lock | None:
        """The present lock, expired or not."""
        return self._read_lease(organization).lock

    def locks(self) -> list[Lock]:
        """All present locks."""
        locks = [lease.lock for lease in self._read_leases() if lease.lock]
        return sorted(locks, key=lambda lock: lock.organization)

    def acquire(self, organization: str, *, purpose: str, ttl: timedelta) -> Lock:
        """Take the lock."""

        def take(lease: LeaseRecord, now: Now) -> LeaseRecord:
            return lease.taken(self._holder, purpose=purpose, now=now(), ttl=ttl, is_dead=self._is_holder_dead)

        return self._change_lease(organization, take).held

    def renew(self, lock: Lock, *, ttl: timedelta) -> Lock:
        """Keep the lock for longer."""
        changed = self._change_lease(lock.organization, lambda lease, now: lease.renewed(lock, now=now(), ttl=ttl))
        return changed.held

    def release(self, lock: Lock) -> None:
        """Give the lock up, if it is still ours."""
        self._change_lease(lock.organization, lambda lease, _: lease.released(lock))

    def break_lock(self, organization: str, lock_id: str) -> None:
        """Take the lock away from its holder."""
        self._change_lease(organization, lambda lease, _: lease.broken(lock_id))

    def torn_audit(self) -> TornAudit:  # one store answers otherwise
        """Nothing: a record is there whole or not at all."""
        return TornAudit()


def describe(lock: Lock) -> str:
    """Who, where, what and since when, as part of a sentence."""
    job = f", {lock.job}" if lock.job else ""
    since = f"{lock.since:%Y-%m-%d %H:%M:%S} UTC"
    return f"{lock.who} on {lock.host} (process {lock.process}, {lock.purpose}{job}) since {since}"


def lost(organization: str) -> LeaseLost:
    """The refusal of a holder whose time is over."""
    return LeaseLost(
        f"the lock on {organization} was taken over or broken", advice="run the command again; it goes on from there"
    )


def moved(organization: str) -> StateConflict:
    """The refusal of a write that would replace something its writer has not seen."""
    return StateConflict(f"the state of {organization} was written by somebody else meanwhile", advice="plan again")


def audit_moved() -> StateConflict:
    """The refusal of an audit record whose writer has not seen the one before it."""
    return StateConflict("somebody else wrote to the audit log meanwhile", advice="run the command again")


def no_such_version(organization: str, version: str) -> StoreError:
    """The answer to a version that the history does not have."""
    return StoreError(
        f"{organization} has no state of version {version}", advice="`reconciler state history` lists all"
    )


@lru_cache(maxsize=1 << 12)
def name_of(organization: str) -> str:
    """A name no other key has, also where case does not count and `%` means something; long ones are cut and marked.

    Raises StoreError for what is no text, which only comes from a command line.
    """
    if not organization:
        return _EMPTY
    name = "".join(character if _PLAIN.match(character) else _escape(character) for character in organization)
    if name.startswith("."):
        name = _escape(".") + name[1:]
    if len(name) <= _MAX_LENGTH:
        return name
    digest = hashlib.sha256(organization.encode()).hexdigest()[:32]
    return f"{name[: _MAX_LENGTH - 60]}{_MARK}{digest}"


def find_key(name: str) -> str | None:
    """The key behind a name; None when the name was cut, so that only the lease record beside it knows."""
    if _MARK in name:
        return None
    if name == _EMPTY:
        return ""
    return _ESCAPED.sub(lambda run: bytes.fromhex(run[0].replace("=", "")).decode(), name)


def _escape(character: str) -> str:
    try:
        return "".join(f"={byte:02x}" for byte in character.encode())
    except UnicodeEncodeError as error:
        message = f"{character!a} cannot be part of the key of an organization"
        raise StoreError(message) from error


def this_process() -> Holder:
    """The person or robot behind this process, where it runs, and the CI job it belongs to."""
    return Holder(who=_who(), host=platform.node(), process=os.getpid(), job=_job())


def is_left_by_this_job(lock: Lock) -> bool:
    """Whether a process took the lock on this machine, for the CI job that this process belongs to, and is gone.

    Runners of one job may share the name of their machine. At worst a lock is then taken from one that is at work: its
    writes are refused, and nothing is lost.
    """
    this = this_process()
    return (lock.host, lock.job) == (this.host, this.job) and not _is_running(lock.process)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)  # signal 0 only asks
    except (ProcessLookupError, OverflowError):  # there is none of such a number
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def _who() -> str:
    actor = next((os.environ[name] for name in _ACTORS if os.environ.get(name)), "")
    if actor:
        return actor
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that no user has
        return f"user {os.getuid()}"


def _job() -> str:
    run = os.environ.get("GITHUB_RUN_ID")
    if run:
        server, repository = (os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY"))
        return f"{server}/{repository}/actions/runs/{run}"
    return next((os.environ[name] for name in _JOBS if os.environ.get(name)), "")


class SystemTimer:
    """The machine's own count of seconds. Where there is one, the clock that counts a suspended machine's sleep too."""

    def elapsed(self) -> float:
        """Seconds since some fixed moment."""
        boot_time: int | None = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)
