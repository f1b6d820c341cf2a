"""State in a folder of files: a snapshot, a journal and a lock file for each organization."""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from reconciler.core.errors import StateConflict, StateLocked, StoreError
from reconciler.ports import Snapshot

_SNAPSHOT = ".state.json"
_JOURNAL = ".journal.jsonl"
_LOCK = ".lock"
_PRIVATE = 0o600


class LocalFileStore:
    """Keeps state in `root`; files are readable by their owner only, because they hold e-mail addresses.

    The lock is the operating system's advisory lock on a file that stays, so a holder that dies leaves nothing
    behind. It protects processes of one machine; a folder shared over a network needs another store.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def organizations(self) -> list[str]:
        """Keys of all organizations that have a snapshot or a journal."""
        names = set()
        for suffix in (_SNAPSHOT, _JOURNAL):
            names |= {unquote(path.name.removesuffix(suffix)) for path in self._root.glob(f"*{suffix}")}
        return sorted(names)

    def read(self, organization: str) -> Snapshot | None:
        """The last snapshot, or None."""
        try:
            data = self._path(organization, _SNAPSHOT).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(error) from error
        return Snapshot(data, _version(data))

    def write(self, organization: str, data: bytes, *, replacing: str | None) -> str:
        """Replace the snapshot atomically, then drop the journal it contains."""
        current = self.read(organization)
        if (current.version if current else None) != replacing:
            message = f"the state of {organization} was written by somebody else meanwhile"
            raise StateConflict(message, advice="plan again")
        try:
            self._replace(self._path(organization, _SNAPSHOT), data)
            self._path(organization, _JOURNAL).unlink(missing_ok=True)
            self._sync_folder()
        except OSError as error:
            raise _unusable(error) from error
        return _version(data)

    def read_journal(self, organization: str) -> list[bytes]:
        """Complete records; a last one that was cut off by a crash never took effect and is left out."""
        try:
            data = self._path(organization, _JOURNAL).read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unusable(error) from error
        return data.split(b"\n")[:-1]

    def append(self, organization: str, record: bytes) -> None:
        """Add one record and wait until it is on the disk."""
        path = self._path(organization, _JOURNAL)
        try:
            self._make_folder()
            is_new = not path.exists()
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _PRIVATE)
            try:
                _drop_torn_record(descriptor)
                _write_all(descriptor, record + b"\n")
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
            if is_new:
                self._sync_folder()
        except OSError as error:
            raise _unusable(error) from error

    @contextmanager
    def lock(self, organization: str, *, purpose: str) -> Iterator[None]:
        """Hold the organization; raises StateLocked at once when another process does."""
        path = self._path(organization, _LOCK)
        try:
            self._make_folder()
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, _PRIVATE)
        except OSError as error:
            raise _unusable(error) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _locked(organization, path) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(_holder(purpose)).encode(), 0)
            yield
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def _path(self, organization: str, suffix: str) -> Path:
        return self._root / f"{quote(organization, safe='@+')}{suffix}"

    def _make_folder(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _replace(self, path: Path, data: bytes) -> None:
        self._make_folder()
        descriptor, name = tempfile.mkstemp(dir=self._root, prefix=".writing-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        self._sync_folder()

    def _sync_folder(self) -> None:
        """Make a new or removed name as durable as the bytes behind it."""
        descriptor = os.open(self._root, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _drop_torn_record(descriptor: int) -> None:
    """Cut off what a crash left behind the last complete record, so that the next one starts on its own line."""
    size = os.fstat(descriptor).st_size
    if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    data = os.pread(descriptor, size, 0)
    os.ftruncate(descriptor, data.rfind(b"\n") + 1)


def _holder(purpose: str) -> dict[str, str | int]:
    return {
        "who": getpass.getuser(),
        "host": socket.gethostname(),
        "process": os.getpid(),
        "purpose": purpose,
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "job": os.environ.get("CI_JOB_URL", "") or os.environ.get("GITHUB_RUN_ID", ""),
    }


def _locked(organization: str, path: Path) -> StateLocked:
    try:
        holder = json.loads(path.read_bytes())
        who = "{who} on {host} (process {process}, {purpose}) since {since}".format(**holder)
    except (OSError, ValueError, KeyError):
        who = "another process"
    return StateLocked(
        f"the state of {organization} is locked by {who}", advice="wait for it to finish, then try again"
    )


def _unusable(error: OSError) -> StoreError:
    return StoreError(f"the state cannot be used: {error}")
