"""A workspace whose state is sealed, from its first file to settled access: what it leaves on the disk."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.main import cli
from reconciler.stores.sealed import new_key

PERSONAL = re.compile(rb"@[\w-]+\.example|\+\d{7,15}")
ABOUT_PEOPLE = {"access/example.yaml", "sandbox.yaml", ".reconciler/sandbox.db"}
"""What the user writes, and the embedded platform, which stands for systems that know their members."""


def run(root: Path, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["-C", str(root), *words])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new workspace whose state is to be sealed, run by somebody whose login is an address."""
    monkeypatch.setenv("STATE_KEY", new_key())
    monkeypatch.setenv("OTHER_KEY", new_key())
    monkeypatch.setenv("GITHUB_ACTOR", "ana@acme.example")
    run(tmp_path, "init")
    config = tmp_path / "reconciler.yaml"
    text = re.sub(
        r"(?m)^state: (\S+).*$", r"state: {address: \1, personal_data: sealed, key: env:STATE_KEY}", config.read_text()
    )
    config.write_text(text)
    assert "sealed" in text
    return tmp_path


def settle(root: Path) -> None:
    run(root, "apply", "--auto-approve")
    run(root, "sandbox", "people", "answer", "accept", "--all")
    run(root, "apply", "--auto-approve")


def test_no_file_but_the_users_own_and_the_platform_names_anybody(root: Path) -> None:
    settle(root)
    run(root, "state", "rm", "acme-bc/member/eve", "--yes")
    naming = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and PERSONAL.search(path.read_bytes())
    }
    assert naming - {"schemas/manifest.schema.json"} == ABOUT_PEOPLE  # that has a phone number as an example
    assert len(list((root / ".reconciler" / "state").rglob("0*.json"))) >= 4
    assert (root / ".reconciler" / "state" / "audit.jsonl").stat().st_size


def test_the_commands_see_no_difference(root: Path) -> None:
    settle(root)
    assert run(root, "plan", "--detailed-exitcode") == "No changes. Access matches the manifests.\n"
    assert "eve@agency.example" in run(root, "state", "show", "acme-bc")
    assert "eve@agency.example" in run(root, "state", "pull", "acme-bc")
    assert "everything can be read" in run(root, "state", "verify")
    assert "sealed" not in run(root, "audit", "log") + run(root, "audit", "verify")
    assert PERSONAL.search(run(root, "audit", "log", "--format", "json").encode()), "the operator"


def test_a_wrong_key_stops_every_command_before_anything_is_planned(root: Path) -> None:
    settle(root)
    config = root / "reconciler.yaml"
    sealed = config.read_text()
    for wrong, why in (
        (sealed.replace("STATE_KEY", "OTHER_KEY"), "sealed under another key"),
        (sealed.replace("env:STATE_KEY", "env:NO_KEY"), "there is no secret in env:NO_KEY"),
        (re.sub(r"(?m)^state: .*$", "", sealed), "is sealed"),
    ):
        config.write_text(wrong)
        for command in (["plan"], ["apply", "--auto-approve"], ["state", "list"], ["state", "verify"]):
            said = run(root, *command, code=1)
            assert why in said, command
            assert "Plan" not in said


def test_a_state_moves_to_another_key_and_back_into_the_clear(root: Path) -> None:
    settle(root)
    pulled = run(root, "state", "pull", "acme-bc")
    config = root / "reconciler.yaml"
    run(root, "state", "migrate", "sqlite:///moved.db", "--key", "env:OTHER_KEY", "--yes")
    config.write_text(
        re.sub(
            r"(?m)^state: .*$",
            "state: {address: 'sqlite:///moved.db', personal_data: sealed, key: env:OTHER_KEY}",
            config.read_text(),
        )
    )
    assert run(root, "state", "pull", "acme-bc") == pulled
    run(root, "state", "migrate", "file:clear", "--yes")
    config.write_text(re.sub(r"(?m)^state: .*$", "state: file:clear", config.read_text()))
    assert run(root, "state", "pull", "acme-bc") == pulled
    assert run(root, "plan", "--detailed-exitcode") == "No changes. Access matches the manifests.\n"
    assert not PERSONAL.search((root / "moved.db").read_bytes())
    assert PERSONAL.search(b"".join(path.read_bytes() for path in (root / "clear").rglob("*.json")))


def test_a_key_is_in_no_file_and_in_no_message(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = os.environ["STATE_KEY"]
    settle(root)
    monkeypatch.setenv("STATE_KEY", key[:-4])
    for command in (
        ["-v", "plan"],
        ["--log-format", "json", "state", "list"],
        ["state", "migrate", "file:new", "--yes"],
    ):
        said = run(root, *command, code=1)
        assert "not 64 bytes in base64" in said
        assert key[:20] not in said
    assert not [path for path in root.rglob("*") if path.is_file() and key[:20].encode() in path.read_bytes()]


def test_new_keys_are_printed_and_read_from_a_file(root: Path) -> None:
    (root / "key").write_text(run(root, "state", "new-key"))
    config = root / "reconciler.yaml"
    config.write_text(config.read_text().replace("env:STATE_KEY", "file:key"))
    settle(root)
    assert "eve@agency.example" in run(root, "state", "show", "acme-bc")
