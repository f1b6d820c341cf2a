"""Ways back from a state that is damaged or lost, on stores that need no server: each advice that is given works."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.main import cli

STORES = ("file:.reconciler/state", "sqlite:///states.db")


def run(folder: Path, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["-C", str(folder), *words])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(params=STORES)
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Several states of one organization are kept."""
    run(tmp_path, "init")
    config = tmp_path / "reconciler.yaml"
    lines = [line for line in config.read_text(encoding="utf-8").splitlines() if not line.startswith("state:")]
    config.write_text("\n".join([*lines, f"state: {request.param}", ""]), encoding="utf-8")
    run(tmp_path, "apply", "--auto-approve")
    run(tmp_path, "sandbox", "people", "answer", "accept", "--all")
    run(tmp_path, "apply", "--auto-approve")
    return tmp_path


def serials(folder: Path) -> list[int]:
    listed = json.loads(run(folder, "state", "history", "acme-bc", "--format", "json"))
    return [past["serial"] for past in listed["history"]]


def damage_head(folder: Path) -> None:
    """Half of the newest snapshot is gone."""
    files = sorted((folder / ".reconciler/state/organizations/acme-bc").glob("*.json"))
    if files:
        files[-1].write_bytes(files[-1].read_bytes()[:90])
        return
    with closing(sqlite3.connect(folder / "states.db", isolation_level=None)) as connection:
        connection.execute(
            "UPDATE reconciler_snapshots SET data = substr(data, 1, 90) WHERE organization = 'acme-bc' AND number ="
            " (SELECT max(number) FROM reconciler_snapshots WHERE organization = 'acme-bc')"
        )


def test_a_damaged_head_hides_none_of_the_older_states_and_the_advice_leads_back(workspace: Path) -> None:
    before = serials(workspace)
    good = run(workspace, "state", "pull", "acme-bc", "--as-of", str(before[-2]))
    damage_head(workspace)
    said = run(workspace, "plan", code=1)
    advised = re.search(r"`(reconciler state history acme-bc)`.*`reconciler state restore acme-bc SERIAL`", said)
    assert advised, said
    assert serials(workspace)[:-1] == before[:-1]
    assert "unreadable" in run(workspace, "state", "history", "acme-bc")
    assert run(workspace, "state", "pull", "acme-bc", "--as-of", str(before[-2])) == good
    run(workspace, "state", "restore", "acme-bc", str(before[-2]), "--yes")
    restored = json.loads(run(workspace, "state", "pull", "acme-bc"))
    kept = json.loads(good)
    assert restored["records"] == kept["records"]
    assert restored["serial"] > max(before)
    assert restored["lineage"] == kept["lineage"]
    run(workspace, "apply", "--auto-approve")
    assert "No changes" in run(workspace, "plan")
    assert "state restore" in run(workspace, "audit", "log").replace("_", " ")
    run(workspace, "audit", "verify")


def test_a_serial_that_is_not_kept_is_not_replaced_by_another(workspace: Path) -> None:
    before = serials(workspace)
    said = run(workspace, "state", "restore", "acme-bc", str(before[-1] + 7), "--yes", code=1)
    assert f"no state of acme-bc with serial {before[-1] + 7} is kept" in said
    damage_head(workspace)
    run(workspace, "state", "pull", "acme-bc", "--as-of", "2999-01-01", code=1)


def test_a_file_goes_into_a_store_whose_state_is_damaged_and_into_an_empty_one(
    workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = workspace / "copy.json"
    copy.write_text(run(workspace, "state", "pull", "acme-bc"), encoding="utf-8")
    damage_head(workspace)
    run(workspace, "state", "push", "acme-bc", str(copy), "--yes")
    assert json.loads(run(workspace, "state", "pull", "acme-bc"))["records"] == json.loads(copy.read_text())["records"]
    run(workspace, "audit", "verify")

    other = tmp_path_factory.mktemp("other")
    for name in ("reconciler.yaml", "sandbox.yaml"):
        shutil.copy(workspace / name, other)
    shutil.copytree(workspace / "access", other / "access")
    run(other, "state", "push", "acme-bc", str(copy), "--yes")
    assert json.loads(run(other, "state", "pull", "acme-bc"))["records"] == json.loads(copy.read_text())["records"]
    run(other, "audit", "verify")


@pytest.mark.parametrize("content", ["", "{", "null", '{"format_version": "1.4", "organization": "acme-dev"}'])
def test_a_file_that_is_no_state_is_blamed_by_its_own_name(workspace: Path, content: str) -> None:
    file = workspace / "other.json"
    file.write_text(content, encoding="utf-8")
    said = run(workspace, "state", "push", "acme-bc", str(file), "--yes", code=1)
    assert f"error: {file}" in said
    assert "`reconciler state pull acme-bc --as-of SERIAL`" in said
