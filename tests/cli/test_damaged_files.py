"""Whatever lies in a file that the tool reads, it is told what is wrong with it: none of it is "a bug".

How the readers of these files take values of any other shape is tried in `tests/fuzz`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reconciler.cli.main import cli

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


def test_a_state_that_stops_a_plan_is_no_fine_store(workspace: Path) -> None:
    snapshot_of(workspace).write_bytes(b"")
    told = say(workspace, "doctor")
    assert "the state of acme-bc cannot be read" in told
    assert "Everything is fine" not in told
