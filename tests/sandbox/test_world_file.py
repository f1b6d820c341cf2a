"""The world as a file: it lasts, keeps its own time, and bears several processes at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.model import ProviderError
from reconciler.sandbox import SEED_FILE, WORLD_FILE
from reconciler.sandbox.people import accept, invite_by_hand, leave
from reconciler.sandbox.registry import add_person, get_organization
from reconciler.sandbox.seed import open_world
from reconciler.sandbox.world import Refusal, World
from tests.sandbox.stage import SEED, START, Stage, refused

ROOT = Path(__file__).parents[2]

INVITE_MANY = """
import sys
from pathlib import Path
from reconciler.sandbox.people import accept, invite_by_hand
from reconciler.sandbox.seed import open_world

root, name = Path(sys.argv[1]), sys.argv[2]
with open_world(root) as world:
    for number in range(20):
        address = f"{name}{number}@acme.example"
        invite_by_hand(world, "ana", address, "bc", "standard")
        accept(world, address, "bc")
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / SEED_FILE).write_text(SEED, encoding="utf-8")
    return tmp_path


def test_what_happened_is_there_when_the_file_is_opened_again(root: Path) -> None:
    with open_world(root, clock=lambda: START) as world:
        leave(world, "bo", "brand")
        world.advance(timedelta(days=2))
    with open_world(root, clock=lambda: START) as world:
        assert Stage(world).members("brand") == {"ana": "admin"}
        assert world.now() == START + timedelta(days=2)
        assert [(event.actor, event.verb) for event in world.events()] == [("bo", "leave")]


def test_a_world_of_an_older_version_gets_the_views_that_it_lacks(root: Path) -> None:
    open_world(root).close()
    with closing(sqlite3.connect(root / WORLD_FILE)) as connection:
        for view in ("shared", "held"):
            connection.execute(f"DROP VIEW {view}")
    with open_world(root) as world:
        assert len(world.rows("SELECT * FROM held JOIN shared ON shared.holding = held.id", {})) == 0
        assert len(world.rows("SELECT * FROM held", {})) == 8


def test_the_seed_counts_only_for_a_world_that_has_not_begun(root: Path) -> None:
    open_world(root).close()
    (root / SEED_FILE).write_text("version: 1\norganizations: {other: {system: developers, name: Other}}\n")
    with open_world(root) as world, pytest.raises(Refusal):
        get_organization(world, "other")


def test_without_a_seed_the_world_is_empty(tmp_path: Path) -> None:
    with open_world(tmp_path) as world:
        assert world.rows("SELECT * FROM organization", {}) == []


def test_a_seed_with_a_mistake_leaves_no_half_world(root: Path) -> None:
    (root / SEED_FILE).write_text(SEED + "nonsense: 1\n")
    with pytest.raises(ProviderError, match="nonsense"):
        open_world(root)
    (root / SEED_FILE).write_text(SEED)
    with open_world(root) as world:
        assert Stage(world).members("dev") == {"ana": "admin", "bo": "member"}


def test_a_file_that_is_no_world_or_of_another_format_is_refused_with_advice(root: Path) -> None:
    path = root / WORLD_FILE
    path.parent.mkdir()
    path.write_text("this is not a database, but it is long enough to be taken for one" * 100)
    with pytest.raises(ProviderError) as caught:
        open_world(root)
    assert "reset" in caught.value.advice
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ProviderError, match="format 99"):
        open_world(root)


def test_time_only_goes_forward() -> None:
    with World.in_memory(clock=lambda: START) as world:
        world.advance(timedelta(hours=6))
        assert world.now() == START + timedelta(hours=6)
        with pytest.raises(ValueError, match="backwards"):
            world.advance(timedelta(seconds=-1))


def test_what_is_refused_half_way_leaves_no_trace(root: Path) -> None:
    with open_world(root) as world:
        with refused("last-admin"), world.transaction():
            invite_by_hand(world, "ana", "cy", "brand", "operator")
            leave(world, "ana", "brand")
        assert Stage(world).members("brand") == {"ana": "admin", "bo": "operator"}
        assert world.events() == []


def test_threads_share_a_world(root: Path) -> None:
    with open_world(root) as world:

        def join(name: str) -> None:
            for number in range(10):
                add_person(world, identities=[f"{name}{number}@acme.example"])
                invite_by_hand(world, "ana", f"{name}{number}@acme.example", "bc", "standard")

        threads = [threading.Thread(target=join, args=(name,)) for name in ("p", "q", "r")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(Stage(world).members("bc")) == 32


def test_processes_that_write_at_once_lose_nothing_and_corrupt_nothing(root: Path) -> None:
    # None of them finds a world: they also race to create and seed it.
    running = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", INVITE_MANY, str(root), name], cwd=ROOT)
        for name in ("p", "q", "r")
    ]
    assert [process.wait(timeout=600) for process in running] == [0, 0, 0]
    with open_world(root) as world:
        members = Stage(world).members("bc")
        assert len(members) == 62
        assert set(members.values()) == {"admin", "standard"}
        assert world.rows("PRAGMA integrity_check", {})[0][0] == "ok"
        accept_twice = [event for event in world.events() if event.verb == "accept"]
        assert len(accept_twice) == 60


def test_a_world_that_is_forgotten_closes_its_file(root: Path) -> None:
    world = open_world(root)
    invite_by_hand(world, "ana", "cy", "brand", "operator")
    accept(world, "cy", "brand")
    del world  # with warnings as errors, a connection left open would be one
    with open_world(root) as again:
        assert Stage(again).members("brand")["cy"] == "operator"
