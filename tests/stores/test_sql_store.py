"""What is special about states in databases: their schema, their address, and what their errors say."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.model import StoreError
from reconciler.stores.sql import open_sql_store, transaction

pytest_plugins = ["tests.stores.places"]

HOUR = timedelta(hours=1)
ADDRESS = "sqlite:///state/states.db"


def run_sql(root: Path, statement: str) -> None:
    connection = sqlite3.connect(root / "state" / "states.db")
    with connection:
        connection.execute(statement)
    connection.close()


def open_together(address: str, root: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_sql_store(address, root=root), range(4)))
    token = stores[0].acquire("acme", purpose="apply", ttl=HOUR).token
    stores[1].append("acme", b"record", token=token)
    assert [store.read("acme").journal for store in stores] == [(b"record",)] * 4


def test_a_new_file_gets_its_tables_once_whoever_comes_first(tmp_path: Path) -> None:
    open_together(ADDRESS, tmp_path)


def test_a_new_database_gets_its_tables_once_whoever_comes_first(postgresql_address: str, tmp_path: Path) -> None:
    open_together(postgresql_address, tmp_path)


def test_the_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    store = open_sql_store(ADDRESS, root=tmp_path)
    store.acquire("acme", purpose="apply", ttl=HOUR)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").iterdir()} == {0o600}


def test_the_path_may_be_absolute(tmp_path: Path) -> None:
    open_sql_store(f"sqlite:///{tmp_path}/elsewhere.db", root=tmp_path / "workspace")
    assert (tmp_path / "elsewhere.db").exists()


def test_a_schema_from_the_future_is_refused_and_left_alone(tmp_path: Path) -> None:
    open_sql_store(ADDRESS, root=tmp_path)
    run_sql(tmp_path, "INSERT INTO reconciler_schema VALUES (99)")
    with pytest.raises(StoreError, match="schema version 99") as caught:
        open_sql_store(ADDRESS, root=tmp_path)
    assert "newer" in caught.value.advice


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    store = open_sql_store(ADDRESS, root=tmp_path)
    token = store.acquire("acme", purpose="apply", ttl=HOUR).token
    store.write("acme", b"{}", replacing=None, token=token)
    again = open_sql_store(ADDRESS, root=tmp_path)
    assert again.read("acme").snapshot == b"{}"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ana:s3cr3t@localhost/states",
        "postgresql://ana:s3@cr3t@localhost/states",
        "postgresql://ana:s3cr3t@localhost:port/states",
        "postgresql:s3cr3t",
        "sqlite://",
        "mysql://s3cr3t/states",
    ],
)
def test_an_address_that_cannot_be_used_is_not_repeated(tmp_path: Path, address: str) -> None:
    with pytest.raises(StoreError, match="the address of the database") as caught:
        open_sql_store(address, root=tmp_path)
    assert "cr3t" not in caught.value.message + caught.value.advice


def test_a_database_that_is_not_there_is_an_error_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        open_sql_store("postgresql://nobody@127.0.0.1:1/states", root=tmp_path)


def test_what_a_database_complains_about_is_told_without_the_values(tmp_path: Path) -> None:
    store = open_sql_store(ADDRESS, root=tmp_path)
    token = store.acquire("acme", purpose="apply", ttl=HOUR).token
    run_sql(tmp_path, "DROP TABLE reconciler_journal")
    with pytest.raises(StoreError, match="reconciler_journal") as caught:
        store.append("acme", b"ana@acme.example", token=token)
    assert "ana@" not in str(caught.value)


def test_a_file_that_is_no_database_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "states.db").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(StoreError, match="not a database"):
        open_sql_store(ADDRESS, root=tmp_path)


def test_what_a_driver_says_in_several_lines_is_told_in_one() -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError

    said = Exception('connection to "127.0.0.1" failed\n\tIs the server running?\n')
    with (
        pytest.raises(StoreError, match=r'used: connection to "127\.0\.0\.1" failed Is the server running\?$'),
        transaction(create_engine("sqlite://")),
    ):
        raise DBAPIError("select 1", None, said)


def test_a_damaged_file_is_told_of_whatever_the_database_quotes_of_it(tmp_path: Path) -> None:
    """Bytes of any sort in any place: a StoreError or an answer, and nothing else."""
    store = open_sql_store(ADDRESS, root=tmp_path)
    lock = store.acquire("acme", purpose="apply", ttl=HOUR)
    store.write("acme", b"data", replacing=None, token=lock.token)
    store.append_audit(b"record", after=0)
    file = tmp_path / "state" / "states.db"
    whole = file.read_bytes()
    damaged = 0
    for at in range(0, len(whole) - 60, 241):
        file.write_bytes(whole[:at] + b"\x92\xff\x00" * 20 + whole[at + 60 :])
        try:
            again = open_sql_store(ADDRESS, root=tmp_path)
            again.read("acme")
            list(again.read_audit())
            again.history("acme")
        except StoreError:
            damaged += 1
    assert damaged > 0


def test_another_state_under_the_same_number_has_another_stamp(tmp_path: Path) -> None:
    """A table that was restored, or edited by hand, is written on from the same numbers."""
    store = open_sql_store(ADDRESS, root=tmp_path)
    token = store.acquire("acme", purpose="apply", ttl=HOUR).token
    store.write("acme", b"{}", replacing=None, token=token)
    before = store.stamps()
    assert store.stamps("acme") == before
    for edit in ("data = x'7b207d'", "at = at + 1"):
        run_sql(tmp_path, f"UPDATE reconciler_snapshots SET {edit}")  # noqa: S608  # ours
        assert store.stamps() == store.stamps("acme") != before
        before = store.stamps()
