"""What is special about states in files."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.model import LeaseLost, StateLocked, StoreError
from reconciler.stores import rules as files
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import this_process

HOUR = timedelta(hours=1)
DIE = """
import os, sys
from datetime import timedelta
from pathlib import Path
from reconciler.stores.local_file import LocalFileStore
LocalFileStore(Path(sys.argv[1])).acquire("acme", purpose="dying", ttl=timedelta(hours=1))
os._exit(1)
"""
STOP = """
import os, signal, sys
from pathlib import Path
from reconciler.stores.rules import guard
with guard(Path(sys.argv[1])):
    print("mine", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


def open_files() -> int:
    """How many this process has; 0 where the system does not say."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def journal_of(root: Path) -> Path:
    (path,) = root.rglob("*.journal")
    return path


def test_everything_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    root = tmp_path / "state"
    store = LocalFileStore(root)
    token = store.acquire("acme", purpose="apply", ttl=HOUR).token
    store.write("acme", b"{}", replacing=None, token=token)
    store.append("acme", b"record", token=token)
    store.append_audit(b"record", after=0)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}


@pytest.mark.parametrize("place", ["state", "state/organizations"])
def test_a_file_in_place_of_the_folder_is_no_empty_state(place: str, tmp_path: Path) -> None:
    """Whoever is told that nothing is recorded would invite everybody anew."""
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("mine", encoding="utf-8")
    with pytest.raises(StoreError, match="Not a directory"):
        LocalFileStore(tmp_path / "state").organizations()


def test_a_stray_file_among_the_organizations_is_none(tmp_path: Path) -> None:
    (tmp_path / "state" / "organizations").mkdir(parents=True)
    (tmp_path / "state" / "organizations" / "README").write_text("mine", encoding="utf-8")
    assert LocalFileStore(tmp_path / "state").organizations() == []


@pytest.mark.parametrize("torn", [b"t", b'{"half": ', b"\xff\x00"])
def test_a_torn_record_is_told_and_dropped_by_the_next_append(tmp_path: Path, torn: bytes) -> None:
    store = LocalFileStore(tmp_path)
    token = store.acquire("acme", purpose="apply", ttl=HOUR).token
    store.append("acme", b"whole", token=token)
    with journal_of(tmp_path).open("ab") as file:
        file.write(torn)
    stored = LocalFileStore(tmp_path).read("acme")
    assert (stored.journal, stored.torn) == ((b"whole",), torn)
    store.append("acme", b"next", token=token)
    stored = store.read("acme")
    assert (stored.journal, stored.torn) == ((b"whole", b"next"), b"")


def test_a_journal_of_nothing_but_a_torn_record_has_no_records(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    token = store.acquire("acme", purpose="apply", ttl=HOUR).token
    store.append("acme", b"x", token=token)
    journal_of(tmp_path).write_bytes(b"torn")
    assert store.read("acme").journal == ()
    store.append("acme", b"next", token=token)
    assert store.read("acme").journal == (b"next",)


def test_a_torn_audit_record_was_never_there(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    store.append_audit(b"one", after=0)
    with (tmp_path / "audit.jsonl").open("ab") as file:
        file.write(b"torn")
    other = LocalFileStore(tmp_path)
    assert (other.count_audit(), list(other.read_audit())) == (1, [b"one"])
    store.append_audit(b"two", after=1)
    assert list(other.read_audit()) == [b"one", b"two"]


def test_the_audit_log_is_read_from_any_record_on(tmp_path: Path) -> None:
    store, records = LocalFileStore(tmp_path), [b"%d %s" % (number, b"x" * (number % 9)) for number in range(40)]
    for number, record in enumerate(records):
        store.append_audit(record, after=number)
        assert list(store.read_audit(after=number)) == [record]
    assert all(list(store.read_audit(after=after)) == records[after:] for after in range(42))


def test_one_record_near_the_end_of_a_long_log_is_read_without_the_rest(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_bytes(b"".join(b"%d %s\n" % (number, b"x" * 1000) for number in range(20_000)))
    store = LocalFileStore(tmp_path)
    assert store.count_audit() == 20_000
    began = bytes_read()
    assert next(store.read_audit(after=19_990)).startswith(b"19990 ")
    assert bytes_read() - began < 2 << 20


def bytes_read() -> int:
    """By this process so far; 0 where the system does not say."""
    told = Path("/proc/self/io")
    return int(told.read_text(encoding="ascii").split()[1]) if told.exists() else 0


def test_an_audit_log_that_somebody_cut_is_counted_anew(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    for number in range(3):
        store.append_audit(b"record", after=number)
    (tmp_path / "audit.jsonl").write_bytes(b"record\n")
    assert store.count_audit() == 1


def test_a_snapshot_that_was_not_finished_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalFileStore(tmp_path)
    token = store.acquire("acme", purpose="apply", ttl=HOUR).token
    version = store.write("acme", b"old", replacing=None, token=token)
    store.append("acme", b"record", token=token)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(StoreError, match="No space left"):
            store.write("acme", b"new", replacing=version, token=token)
    stored = store.read("acme")
    assert (stored.snapshot, stored.journal) == (b"old", (b"record",))
    assert not list(tmp_path.rglob(".writing-*"))


def test_the_lock_of_a_dead_process_of_this_machine_is_free_at_once(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", DIE, str(tmp_path)], check=False)
    store = LocalFileStore(tmp_path)
    left = store.find_lock("acme")
    assert left is not None
    lock = store.acquire("acme", purpose="apply", ttl=HOUR)
    assert (left.purpose, lock.token) == ("dying", left.token + 1)
    with pytest.raises(LeaseLost):
        store.append("acme", b"late", token=left.token)


def test_the_lock_of_another_machine_is_free_only_when_it_runs_out(tmp_path: Path) -> None:
    from dataclasses import replace

    elsewhere = LocalFileStore(tmp_path, holder=replace(this_process(), host="elsewhere"))
    lock = elsewhere.acquire("acme", purpose="apply", ttl=HOUR)
    (held,) = tmp_path.rglob("held-*")
    held.unlink()
    with pytest.raises(StateLocked, match="on elsewhere"):
        LocalFileStore(tmp_path).acquire("acme", purpose="apply", ttl=HOUR)
    assert lock.host == "elsewhere"


def test_a_released_lock_leaves_no_file_open_or_behind(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    store.release(store.acquire("acme", purpose="warm up", ttl=HOUR))
    opened = open_files()
    for _ in range(5):
        store.release(store.acquire("acme", purpose="apply", ttl=HOUR))
    assert open_files() == opened
    assert not list(tmp_path.rglob("held-*"))


def test_a_process_that_stands_still_in_a_write_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_GUARD_PATIENCE", 0.05)
    store = LocalFileStore(tmp_path)
    store.acquire("acme", purpose="apply", ttl=HOUR)
    (path,) = tmp_path.rglob("guard")
    with files.guard(path), pytest.raises(StoreError, match=f"locked for 0 seconds by process {os.getpid()} in"):
        store.acquire("acme", purpose="apply", ttl=HOUR)
    with path.open("rb") as held:
        assert files.try_lock(held.fileno())
        path.write_bytes(b"")
        with pytest.raises(StoreError, match=r"has been locked for 0 seconds$"):
            store.acquire("acme", purpose="apply", ttl=HOUR)


def test_a_process_that_was_stopped_in_a_write_is_named_and_can_be_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_GUARD_PATIENCE", 0.2)
    store = LocalFileStore(tmp_path)
    lock = store.acquire("acme", purpose="apply", ttl=HOUR)
    (path,) = tmp_path.rglob("guard")
    with subprocess.Popen([sys.executable, "-c", STOP, str(path)], stdout=subprocess.PIPE) as stopped:
        try:
            assert stopped.stdout is not None
            assert stopped.stdout.readline() == b"mine\n"
            os.waitid(os.P_PID, stopped.pid, os.WSTOPPED | os.WNOWAIT)
            with pytest.raises(StoreError, match=f"by process {stopped.pid}, which is stopped, in the") as caught:
                store.append("acme", b"record", token=lock.token)
            assert f"kill -KILL {stopped.pid}" in caught.value.advice
        finally:
            stopped.kill()
    store.append("acme", b"record", token=lock.token)
    assert store.read("acme").journal == (b"record",)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"organization": "acme", "token": 1}'])
def test_a_lock_file_that_makes_no_sense_is_refused(tmp_path: Path, data: bytes) -> None:
    store = LocalFileStore(tmp_path)
    store.acquire("acme", purpose="apply", ttl=HOUR)
    (path,) = tmp_path.rglob("lease")
    path.write_bytes(data)
    with pytest.raises(StoreError, match="cannot be read"):
        store.find_lock("acme")


def test_a_state_that_is_no_folder_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StoreError, match="cannot be used"):
        LocalFileStore(tmp_path / "state").acquire("acme", purpose="apply", ttl=HOUR)
