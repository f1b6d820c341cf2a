"""What is special about states whose personal data is sealed: nothing of it is stored, and no key but the right one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from reconciler.apply.journal import hold, replay, run_record
from reconciler.apply.states import load_state, save_state, verify_state
from reconciler.audit.log import AuditLog
from reconciler.features.records import migrate
from reconciler.model import AuditRecord, ReconcilerError, State, StateConflict, StateLocked, StateStore, StoreError
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import this_process
from reconciler.stores.sealed import Seal, SealedStore, sealed_holder
from tests.apply.given import EVE, INVITE, NOW, ORIGIN, editor, state, terms

MINUTE = timedelta(minutes=1)
PERSONAL = ("@", "+34600111222", "acme.example")


def sealed(root: Path, key: int = 0, *, who: str = "ana") -> SealedStore:
    seal = Seal(bytes([key, *range(63)]))
    holder = sealed_holder(replace(this_process(), who=who), seal)
    return SealedStore(LocalFileStore(root, holder=holder), seal)


def clear(root: Path) -> StateStore:
    return LocalFileStore(root)


def stored(root: Path) -> str:
    """All names and bytes."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return "\n".join(str(path.relative_to(root)) + path.read_bytes().decode() for path in files)


def fill(store: StateStore) -> State:
    """A snapshot, a journal and an audit record that name people."""
    with hold(store, "bc", purpose="test", terms=terms()) as lease:
        saved = save_state(store, load_state(store, "bc"), state(EVE), token=lease.token).state
    editor(store).forget([EVE])
    with hold(store, "bc", purpose="test", terms=terms()) as lease:
        store.append("bc", begin(saved.serial + 2), token=lease.token)
    return saved


def begin(serial: int) -> bytes:
    return run_record(replace(ORIGIN, operator="ana@acme.example"), lineage="l1", serial=serial, at=NOW)


@pytest.mark.parametrize("organization", ["ana@acme.example", "x+34600111222", "a" * 170 + "@acme.example"])
def test_nothing_that_is_stored_says_who(tmp_path: Path, organization: str) -> None:
    store = sealed(tmp_path, who="bo@acme.example")
    lock = store.acquire(organization, purpose="test", ttl=MINUTE)
    version = store.write(organization, b'["eve@acme.example","+34600111222"]', replacing=None, token=lock.token)
    store.append(organization, b"eve@acme.example", token=lock.token)
    store.append_audit(b"eve@acme.example", after=0)
    assert not [word for word in PERSONAL if word in stored(tmp_path)]
    other = sealed(tmp_path)
    assert (other.organizations(), other.find_lock(organization), other.locks()) == ([organization], lock, [lock])
    with pytest.raises(StateLocked) as caught:
        other.acquire(organization, purpose="test", ttl=MINUTE)
    assert f"{organization} is locked by bo@acme.example" in str(caught.value)
    assert other.read_past(organization, version) == b'["eve@acme.example","+34600111222"]'
    other.break_lock(organization, lock.id)
    with pytest.raises(StateConflict, match="is not locked"):
        store.break_lock(organization, lock.id)


def test_one_state_is_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("one", "two"):
        fill(sealed(tmp_path / name))
    one, two = (sorted((tmp_path / name).rglob("0*.json")) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def read_state(store: StateStore) -> None:
    load_state(store, "bc")


def write_down(store: StateStore) -> None:
    AuditLog(store).append(AuditRecord(organization="bc", lineage="l1"))


def edit(store: StateStore) -> None:
    editor(store).forget([EVE])


@pytest.mark.parametrize("deed", [read_state, write_down, edit])
@pytest.mark.parametrize(
    ("first", "then", "why"),
    [
        (sealed, lambda root: sealed(root, 1), "sealed under another key"),
        (sealed, clear, "is sealed"),
        (clear, sealed, "is not sealed"),
    ],
)
def test_a_wrong_key_is_refused_and_changes_nothing(
    tmp_path: Path,
    first: Callable[[Path], StateStore],
    then: Callable[[Path], StateStore],
    why: str,
    deed: Callable[[StateStore], None],
) -> None:
    fill(first(tmp_path))
    before = {path: path.read_bytes() for path in tmp_path.rglob("0*")}
    audit = (tmp_path / "audit.jsonl").read_bytes()
    with pytest.raises(StoreError, match=why):
        deed(then(tmp_path))
    assert {path: path.read_bytes() for path in tmp_path.rglob("0*")} == before
    assert (tmp_path / "audit.jsonl").read_bytes() == audit


@pytest.mark.parametrize("has_audit", [True, False])
@pytest.mark.parametrize("data", [b"{}", b"ana@acme.example"])
def test_under_another_key_not_even_a_new_organization_is_begun(tmp_path: Path, data: bytes, has_audit: bool) -> None:
    store = sealed(tmp_path)
    store.write("bc", data, replacing=None, token=store.acquire("bc", purpose="test", ttl=MINUTE).token)
    if has_audit:
        store.append_audit(data, after=0)
    other = sealed(tmp_path, 1)
    with pytest.raises(StoreError, match="another key"):
        other.acquire("new", purpose="test", ttl=MINUTE)
    with pytest.raises(StoreError, match="another key"):
        other.append_audit(b"", after=store.count_audit())
    assert sealed(tmp_path).organizations() == ["bc"]


@pytest.mark.parametrize("key", ["ana@acme.example", "bc"])
def test_a_journal_without_a_snapshot_shows_its_key_too(tmp_path: Path, key: str) -> None:
    store = sealed(tmp_path)
    store.append(key, begin(1), token=store.acquire(key, purpose="test", ttl=MINUTE).token)
    for other, why in ((sealed(tmp_path, 1), "another key"), (clear(tmp_path), "is sealed")):
        with pytest.raises(StoreError, match=why):
            [replay(State(organization=name), other.read(name)) for name in other.organizations()]


def test_a_journal_cut_off_at_any_byte_loses_its_last_record_at_most(tmp_path: Path) -> None:
    store = sealed(tmp_path)
    token = store.acquire("bc", purpose="test", ttl=MINUTE).token
    records = [begin(1), b"eve@acme.example +34600111222"]
    for record in records:
        store.append("bc", record, token=token)
    (path,) = tmp_path.rglob("*.journal")
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for size in range(first, len(whole)):
        path.write_bytes(whole[:size])
        stored = sealed(tmp_path).read("bc")
        assert (stored.journal, bool(stored.torn)) == ((records[0],), size > first)
    for place in range(first + 60, len(whole) - 2):
        path.write_bytes(whole[:place] + b"\0" * (len(whole) - place - 1) + b"\n")
        stored = sealed(tmp_path).read("bc")
        assert stored.journal[:1] == (records[0],)
        assert stored.torn or stored.journal[1] != records[1]


def test_a_damaged_token_is_told_as_damage(tmp_path: Path) -> None:
    store = sealed(tmp_path)
    fill(store)
    newest = max(tmp_path.rglob("0*.json"))
    oldest = min(tmp_path.rglob("0*.json"))
    data = oldest.read_bytes()
    place = data.rindex(b"sealed.") + 12
    oldest.write_bytes(data[:place] + (b"A" if data[place : place + 1] != b"A" else b"B") + data[place + 1 :])
    (problem,) = verify_state(sealed(tmp_path), "bc")
    assert problem.startswith(f"version {oldest.stem}: the state of bc is damaged")
    newest.write_bytes(oldest.read_bytes())
    with pytest.raises(StoreError, match="the state of bc is damaged"):
        load_state(sealed(tmp_path), "bc")


def test_states_move_between_clear_and_sealed_and_between_keys(tmp_path: Path) -> None:
    places = [clear(tmp_path / "0"), sealed(tmp_path / "1"), sealed(tmp_path / "2", 1), clear(tmp_path / "3")]
    with hold(places[0], "bc", purpose="test", terms=terms()) as lease:
        save_state(places[0], load_state(places[0], "bc"), state(EVE), token=lease.token)
    editor(places[0]).move(EVE, EVE._replace(key="eve@acme.example"))
    for source, target in pairwise(places):
        migrate(source, target, terms=terms(), on_moved=lambda _key, _records: None)
    assert "eve@acme.example" in stored(tmp_path / "0")
    assert not [word for word in PERSONAL if word in stored(tmp_path / "1") + stored(tmp_path / "2")]
    first, *others = [(load_state(store, "bc").state, list(store.read_audit())) for store in places]
    assert others == [first] * 3
    assert {AuditLog(store).verify().broken for store in places} == {""}


def test_a_change_in_doubt_comes_back_with_everything_that_settles_it(tmp_path: Path) -> None:
    doubtful = State(organization="bc", lineage="l1", in_doubt={EVE: INVITE})
    with hold(sealed(tmp_path), "bc", purpose="test", terms=terms()) as lease:
        save_state(sealed(tmp_path), load_state(sealed(tmp_path), "bc"), doubtful, token=lease.token)
    assert load_state(sealed(tmp_path), "bc").state.in_doubt == {EVE: INVITE}
    assert INVITE.fingerprint == "absent" or INVITE.fingerprint not in stored(tmp_path)


def test_without_the_extra_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(ReconcilerError, match="needs the extra `sealed`"):
        Seal(bytes(64))
