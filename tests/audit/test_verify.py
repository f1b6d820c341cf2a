"""`audit verify` on every store, with the states as witnesses."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.audit.log import digest_of
from reconciler.cli.main import cli

STORES = ("file:.reconciler/state", "sqlite:///states.db")


def run(folder: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["-C", str(folder), *words])
    return result.exit_code, result.output


@pytest.fixture(params=STORES)
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    assert run(tmp_path, "init")[0] == 0
    config = tmp_path / "reconciler.yaml"
    lines = [line for line in config.read_text(encoding="utf-8").splitlines() if not line.startswith("state:")]
    config.write_text("\n".join([*lines, f"state: {request.param}", ""]), encoding="utf-8")
    assert run(tmp_path, "apply", "--auto-approve")[0] == 0
    return tmp_path


def edit_last(folder: Path, old: bytes, new: bytes | None) -> None:
    """Change the last record, or take it away, behind the back of the tool."""
    from sqlalchemy import create_engine, text

    log = folder / ".reconciler" / "state" / "audit.jsonl"
    if log.exists():
        lines = log.read_bytes().splitlines()
        kept = [] if new is None else [lines[-1].replace(old, new)]
        log.write_bytes(b"".join(line + b"\n" for line in [*lines[:-1], *kept]))
        return
    engine = create_engine(f"sqlite:///{folder / 'states.db'}")
    with engine.begin() as connection:
        query = "SELECT number, record FROM reconciler_audit ORDER BY number DESC LIMIT 1"
        number, record = connection.execute(text(query)).one()
        where = {"number": number}
        if new is None:
            connection.execute(text("DELETE FROM reconciler_audit WHERE number = :number"), where)
        else:
            change = {**where, "record": record.replace(old, new)}
            connection.execute(text("UPDATE reconciler_audit SET record = :record WHERE number = :number"), change)
    engine.dispose()


def test_the_log_can_be_read_where_no_manifest_is(workspace: Path) -> None:
    before = run(workspace, "audit", "log")
    shutil.rmtree(workspace / "access")
    assert run(workspace, "audit", "log") == before
    assert before[0] == 0


def test_an_untouched_log_fits_and_its_head_goes_to_later_steps(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = workspace / "outputs"
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    code, said = run(workspace, "audit", "verify")
    assert code == 0, said
    head = said.split()[-1]
    assert f"\n{head}\n" in outputs.read_text(encoding="utf-8")
    outputs.unlink()
    run(workspace, "apply", "--auto-approve")
    assert f"\n{head}\n" in outputs.read_text(encoding="utf-8")
    assert run(workspace, "audit", "verify", "--head", head)[0] == 0
    assert run(workspace, "audit", "verify", "--head", digest_of(b"other"))[0] == 1


@pytest.mark.parametrize("new", [b'"outcome":"failed"', None], ids=["changed", "cut off"])
def test_the_last_record_is_as_safe_as_any_other(workspace: Path, new: bytes | None) -> None:
    edit_last(workspace, b'"outcome":"requested"', new)
    code, said = run(workspace, "audit", "verify")
    assert code == 1
    assert "remembers" in said


@pytest.mark.parametrize("new", [b'"outcome":"failed"', None], ids=["changed", "cut off"])
def test_what_is_written_behind_a_damaged_end_does_not_hide_the_damage(workspace: Path, new: bytes | None) -> None:
    edit_last(workspace, b'"outcome":"requested"', new)
    run(workspace, "sandbox", "people", "answer", "decline", "--all")
    code, said = run(workspace, "apply", "--auto-approve")
    assert code in (0, 3)
    assert "the audit log is not as the state of acme-dev remembers it" in said
    assert " declined " in run(workspace, "audit", "log")[1]
    run(workspace, "state", "rm", "acme-bc/member/eve", "--yes")
    code, said = run(workspace, "audit", "verify")
    assert code == 1
    assert "remembers" in said


@pytest.mark.parametrize("head", ["", "abc", "x" * 64, "A" * 64])
def test_a_head_that_is_no_digest_is_wrong_usage(tmp_path: Path, head: str) -> None:
    run(tmp_path, "init")
    assert run(tmp_path, "audit", "verify", "--head", head)[0] == 64


def test_every_way_to_edit_the_state_leaves_the_log_whole(workspace: Path) -> None:
    (workspace / "copy.json").write_text(run(workspace, "state", "pull", "acme-bc")[1], encoding="utf-8")
    for words in (
        ("state", "rm", "acme-bc/member/eve", "--yes"),
        ("drift",),
        ("apply", "--auto-approve"),
    ):
        run(workspace, *words)
        assert run(workspace, "audit", "verify")[0] == 0, words


def test_a_log_that_is_lost_begins_anew_once_somebody_vouches_for_the_states(workspace: Path) -> None:
    copies = [words[0] for line in run(workspace, "state", "list")[1].splitlines()[1:] if (words := line.split())]
    log = workspace / ".reconciler" / "state" / "audit.jsonl"
    if log.exists():
        log.unlink()
    else:
        with closing(sqlite3.connect(workspace / "states.db", isolation_level=None)) as connection:
            connection.execute("DELETE FROM reconciler_audit")
    assert run(workspace, "audit", "verify")[0] == 1
    for number, organization in enumerate(copies):
        copy = workspace / f"copy-{number}.json"
        copy.write_text(run(workspace, "state", "pull", organization)[1], encoding="utf-8")
        code, said = run(workspace, "state", "push", organization, str(copy), "--yes")
        assert code == 0, said
    code, said = run(workspace, "audit", "verify")
    assert code == 0, said


def test_a_log_whose_states_are_lost_is_vouched_for_by_nobody(workspace: Path) -> None:
    files = workspace / ".reconciler" / "state" / "organizations"
    if files.exists():
        shutil.rmtree(files)
    else:
        with closing(sqlite3.connect(workspace / "states.db", isolation_level=None)) as connection:
            connection.execute("DELETE FROM reconciler_snapshots")
    code, said = run(workspace, "audit", "verify")
    assert code == 1
    assert "whose state does not know it" in said
