"""Files that are either there, whole and on the disk, or not there at all."""

from __future__ import annotations

import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.model.finding import StoreError

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
