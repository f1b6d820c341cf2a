"""Whatever lies in a file that the tool reads, it is told what is wrong with it: none of it is "a bug"."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.apply.journal import replay
from reconciler.audit.log import decode
from reconciler.cli.main import cli
from reconciler.model.errors import ReconcilerError
from reconciler.model.json import plan_from_json, state_from_json
from reconciler.model.ports import Journal
from reconciler.model.state import State
from reconciler.sandbox.seed import load_seed, read_seed
from reconciler.sandbox.world import World
from reconciler.stores.rules import LeaseRecord
from reconciler.stores.sealed import parse_key

FORMS = ("text", "json", "markdown", "github", "sarif", "junit", "html")
HALF = "\ud800"
NESTED = "[" * 100_000


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which something was applied and audited, and the plan that was."""
    folder = tmp_path_factory.mktemp("settled")
    for words in (
        ("init",),
        ("plan", "-o", str(folder / "plan.json")),
        ("apply", "--auto-approve"),
        ("drift",),
    ):
        say(folder, *words)
    return folder


@pytest.fixture
def workspace(settled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(settled, tmp_path / "w"))


def say(folder: Path, *words: str) -> str:
    """What a command says; that it never has a bug is the point of every test here."""
    result = CliRunner().invoke(cli, ["-C", str(folder), *words])
    assert "this is a bug" not in result.output, (words, result.output)
    assert "Traceback" not in result.output, (words, result.output)
    return result.output


def snapshot_of(folder: Path) -> Path:
    (newest,) = sorted((folder / ".reconciler/state/organizations/acme-bc").glob("*.json"))[-1:]
    return newest


def write_record(folder: Path, record: object) -> None:
    """A journal record with the right checksum."""
    body = record.encode() if isinstance(record, str) else json.dumps(record).encode()
    snapshot_of(folder).with_suffix(".journal").write_bytes(b"%08x %s\n" % (zlib.crc32(body), body))


@pytest.mark.parametrize("form", FORMS)
def test_half_a_character_in_a_saved_plan_is_refused_in_every_form(workspace: Path, form: str) -> None:
    plan = workspace / "plan.json"
    plan.write_text(plan.read_text(encoding="utf-8").replace('"why": "', r'"why": "\uD800', 1), encoding="utf-8")
    assert "half a character" in say(workspace, "show", str(plan), "--format", form)
    assert "half a character" in say(workspace, "apply", str(plan))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_name_that_is_no_text_is_shown_in_every_form(workspace: Path, form: str) -> None:
    try:
        (workspace / "access" / os.fsdecode(b"\xff.yaml")).write_text("version: 1\nbad: [\n", encoding="utf-8")
    except OSError:  # a file system that takes text alone has no such names
        return
    said = say(workspace, "validate", "--format", form)
    assert "%FF.yaml" in said if form == "sarif" else "xff" in said or "dcff" in said
    say(workspace, "plan", "--format", form)


@pytest.mark.parametrize(
    ("seed", "named"),
    [
        ("version: 1\npeople: {ana: {name: 2027-02-30, email: a@b.example}}\n", "day is out of range"),
        (f"version: 1\nx: {'[' * 3000}\n", "nested too deeply"),
        (f"version: 1\nx: {'{a: ' * 3000}\n", "nested too deeply"),
        ("x" * (17 << 20), "longer than 16 MiB"),
        ("- a\n", "not a mapping"),
        ("version: 1\npeople: {ana: {name: .inf}}\n", "write a text"),
        ("version: 1\npeople: {1: {}}\n", "write it in quotes"),
        ("version: 1\npeople: 2027-01-01\n", "not a mapping"),
        ("\x00", "cannot be read"),
    ],
    ids=["date", "lists", "mappings", "size", "list", "number", "key", "people", "zero"],
)
def test_a_seed_that_makes_no_sense_is_named(tmp_path: Path, seed: str, named: str) -> None:
    say(tmp_path, "init")
    (tmp_path / "sandbox.yaml").write_text(seed, encoding="utf-8")
    said = say(tmp_path, "sandbox", "show")
    assert "sandbox.yaml" in said
    assert named in said


def test_a_world_that_cannot_be_opened_is_named(workspace: Path) -> None:
    world = workspace / ".reconciler" / "sandbox.db"
    whole = world.read_bytes()
    world.unlink()
    world.mkdir()
    assert "sandbox.db cannot be used" in say(workspace, "plan")
    world.rmdir()
    world.write_bytes(whole[:4096] + bytes(len(whole) - 4096))
    assert "error: " in say(workspace, "plan")
    for at in range(0, len(whole), 997):  # in whatever page, and also in what the database quotes of it
        world.write_bytes(whole[:at] + b"\x92" * 40 + whole[at + 40 :])
        if at % 7 == 0:
            say(workspace, "sandbox", "show")
    shutil.rmtree(workspace / ".reconciler")
    (workspace / ".reconciler").write_text("a file where the folder should be", encoding="utf-8")
    assert "error: " in say(workspace, "plan")


@pytest.mark.parametrize(
    "record",
    [
        {"record": "intent", "change": {"address": "acme-bc/member/x"}},
        {"record": "outcome", "address": "nonsense", "time": "x", "outcome": {}, "kind": "Applied", "state": {}},
        {"record": "outcome", "address": "acme-bc/member/x", "time": "x", "outcome": {}, "kind": "X", "state": []},
        {"record": "order", "address": "acme-bc/member/x", "time": "2026-01-01", "order": "wo-1", "state": {}},
        {"record": "run", "format_version": "1.0", "lineage": 7, "origin": []},
        {"record": []},
        {},
    ],
)
@pytest.mark.parametrize("command", ["state show acme-bc", "state verify", "plan", "who eve", "audit verify"])
def test_a_record_of_a_wrong_shape_is_named(workspace: Path, record: dict[str, Any], command: str) -> None:
    serial = json.loads(snapshot_of(workspace).read_bytes())["serial"]
    write_record(workspace, {"serial": serial + 1, **record})
    said = say(workspace, *command.split())
    if not command.startswith("audit"):
        assert "record 1 in the journal of acme-bc cannot be used" in said


@pytest.mark.parametrize("record", ['"text"', "[]", "null", "nonsense", NESTED, r'{"serial": 1, "why": "\ud800"}'])
def test_a_record_that_is_none_is_named(workspace: Path, record: str) -> None:
    write_record(workspace, record)
    assert "record 1 in the journal of acme-bc cannot be used" in say(workspace, "state", "show", "acme-bc")


def test_a_keyring_that_is_not_there_is_named(tmp_path: Path) -> None:
    say(tmp_path, "init")
    config = tmp_path / "reconciler.yaml"
    plain = config.read_text(encoding="utf-8")
    token = (
        "providers:\n  business_center: {kind: business_api, app_id: '1', access_token: 'keyring:reconciler/acme'}\n"
    )
    config.write_text(plain.replace("providers:\n", token), encoding="utf-8")
    # In a process of its own: a keyring and the secrets that were read stay in one until it ends.
    run = subprocess.run(
        [sys.executable, "-m", "reconciler", "-C", str(tmp_path), "plan"],
        env={**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "the secret in keyring:reconciler/acme cannot be read" in run.stderr


Reader = Callable[[Any, State], object]


def _journal(content: Any, snapshot: State) -> object:
    body = json.dumps(content).encode()
    return replay(snapshot, Journal(records=(b"%08x %s" % (zlib.crc32(body), body),), behind=None))


def _seed(content: Any, _: State) -> object:
    with World.in_memory() as world:
        load_seed(world, content)
        return world.now()


READERS: dict[str, Reader] = {
    "plan": lambda content, _: plan_from_json(json.dumps(content)),
    "state": lambda content, _: state_from_json(json.dumps(content).encode()),
    "journal": _journal,
    "audit": lambda content, _: decode(json.dumps(content).encode(), number=1),
    "lease": lambda content, _: LeaseRecord.parse(json.dumps(content).encode()),
    "seed": _seed,
    "key": lambda content, _: parse_key(str(content)),
}
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(
        [10**40, "", "a/b/c", "acme-bc/member/x", "acme-bc/organization/acme-bc", "2027-02-30", HALF, "\x00"]
    ),
    st.sampled_from([[], {}, [[]], {"": ""}, ["x"], {"x": {}}, "9999-12-31", "0001-01-01T00:00:00+24:00"]),
    st.text(max_size=5),
)


def _paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(found for key, value in below for found in _paths(value, (*path, key)))]


@pytest.mark.parametrize("reader", READERS)
def test_any_value_anywhere_in_a_file_is_read_or_refused(reader: str, settled: Path) -> None:
    """One or two values of a real file become something else, go, or come twice."""
    whole = _real(reader, settled)
    snapshot = state_from_json(snapshot_of(settled).read_bytes())
    paths = _paths(whole)

    @settings(max_examples=30 if reader == "seed" else 100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(edits=st.lists(st.tuples(st.sampled_from(paths), JUNK, st.sampled_from(["set", "drop", "add"])), max_size=2))
    def check(edits: list[tuple[tuple[Any, ...], Any, str]]) -> None:
        content = copy.deepcopy(whole)
        for path, junk, way in edits:
            content = _edit(content, path, copy.deepcopy(junk), way)  # an edit may reach into what one before put there
        with suppress(ReconcilerError):
            READERS[reader](content, snapshot)

    check()


def _edit(content: Any, path: tuple[Any, ...], junk: Any, way: str) -> Any:
    if not path:
        return junk
    node = content
    try:
        for step in path[:-1]:
            node = node[step]
        if way == "set":
            node[path[-1]] = junk
        elif way == "drop":
            del node[path[-1]]
        elif isinstance(node, dict):
            node[str(junk)] = node[path[-1]]
        else:
            node.append(node[path[-1]])
    except (AttributeError, KeyError, IndexError, TypeError):  # an edit before this one took its place away
        pass
    return content


def _real(reader: str, folder: Path) -> Any:
    state = json.loads(snapshot_of(folder).read_bytes())
    part = {key: value for key, value in state.items() if key != "format_version"}
    serial = state["serial"] + 1
    match reader:
        case "plan":
            return json.loads((folder / "plan.json").read_bytes())
        case "state":
            return state
        case "journal":
            return {
                "record": "outcome",
                "serial": serial,
                "address": "acme-bc/member/eve",
                "time": "2026-01-01T00:00:00+00:00",
                "outcome": {},
                "kind": "Applied",
                "state": {**part, "serial": serial},
            }
        case "audit":
            return json.loads((folder / ".reconciler/state/audit.jsonl").read_bytes().splitlines()[0])
        case "lease":
            return json.loads((folder / ".reconciler/state/organizations/acme-bc/lease").read_bytes())
        case "seed":
            return read_seed(folder)
        case _:
            return "c2VhbA=="
