"""Fixtures: a fresh place for states in every kind of store. A plug-in for the modules that need it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.stores.sealed import new_key
from tests.stores.place import Place
from tests.stores.servers import Server, ServerMissingError, azure, postgresql, s3

_MUST_RUN = os.environ.get("CI") == "true"
"""Read before the tests tidy the environment: in a build nothing but Azurite may be missing."""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    yield from _start(postgresql(), required=_MUST_RUN)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    yield from _start(s3(), required=_MUST_RUN)


@pytest.fixture(scope="session")
def azure_server() -> Iterator[Server]:
    yield from _start(azure(), required=False)


@pytest.fixture
def postgresql_address(postgresql_server: Server) -> str:
    """A schema that nobody else uses."""
    import psycopg

    name = f"s{secrets.token_hex(6)}"
    with psycopg.connect(postgresql_server.address, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{postgresql_server.address}&options=-csearch_path%3D{name}"


@pytest.fixture(params=["local file", "sealed local file", "sqlite", "postgresql", "s3", "azure"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """One test, every store."""
    kind: str = request.param
    ttl = timedelta(seconds=1)
    if kind == "local file":
        return Place(kind=kind, address="file:state", root=tmp_path, ttl=ttl)
    if kind == "sealed local file":
        (tmp_path / "key").write_text(new_key(), encoding="ascii")
        return Place(kind=kind, address="file:state", root=tmp_path, ttl=ttl, key="file:key")
    if kind == "sqlite":
        return Place(kind=kind, address="sqlite:///state/states.db", root=tmp_path, ttl=ttl)
    if kind == "postgresql":
        address: str = request.getfixturevalue("postgresql_address")
        return Place(kind=kind, address=address, root=tmp_path, ttl=ttl)
    server: Server = request.getfixturevalue(f"{kind}_server")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return Place(kind=kind, address=f"{server.address}/{secrets.token_hex(6)}", root=tmp_path, ttl=ttl)


def _start(server: AbstractContextManager[Server], *, required: bool) -> Iterator[Server]:
    try:
        with server as started:
            yield started
    except ServerMissingError as missing:
        if required:
            raise
        pytest.skip(str(missing))
