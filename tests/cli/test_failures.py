"""Whatever stops a run ends as a message on stderr and a documented exit code."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import click
import pytest

from reconciler.cli.app import App
from reconciler.cli.main import run_guarded
from reconciler.model import (
    ExitCode,
    Finding,
    ManifestError,
    Place,
    ProviderError,
    ReconcilerError,
    StalePlan,
    StateConflict,
    StateLocked,
    StoreError,
    UsageError,
)


def stop(error: BaseException, session: App) -> int:
    def command() -> None:
        raise error

    return run_guarded(command, session)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ReconcilerError("m"), ExitCode.FAILED),
        (UsageError("m"), ExitCode.USAGE),
        (ManifestError([]), ExitCode.FAILED),
        (ProviderError("m"), ExitCode.FAILED),
        (StoreError("m"), ExitCode.FAILED),
        (StateConflict("m"), ExitCode.CONFLICT),
        (StateLocked("m"), ExitCode.CONFLICT),
        (StalePlan("m"), ExitCode.CONFLICT),
        (click.UsageError("m"), ExitCode.USAGE),
        (click.BadParameter("m"), ExitCode.USAGE),
        (click.FileError("m"), ExitCode.FAILED),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (click.Abort(), ExitCode.INTERRUPTED),
        (ZeroDivisionError("m"), ExitCode.FAILED),
    ],
)
def test_every_failure_has_its_exit_code_and_says_something(
    error: BaseException, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stop(error, App(root=tmp_path)) == code
    out, err = capsys.readouterr()
    assert (out, bool(err.strip())) == ("", True)


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (2, 2), (ExitCode.BLOCKED, 3), ("text", 0)])
def test_a_command_decides_its_own_exit_code(returned: object, code: int) -> None:
    assert run_guarded(lambda: returned, App()) == code


def test_an_error_is_told_with_its_advice(capsys: pytest.CaptureFixture[str]) -> None:
    stop(ReconcilerError("acme-bc has no provider", advice="add one"), App())
    assert capsys.readouterr().err == "error: acme-bc has no provider\n  advice: add one\n"


def test_an_error_cannot_forge_escape_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    stop(ReconcilerError("no \x1b[2Kperson"), App())
    assert capsys.readouterr().err == "error: no \\x1b[2Kperson\n"


def test_errors_can_be_had_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    stop(ReconcilerError("no\nuse", advice="stop"), App(log_format="json"))
    told = json.loads(capsys.readouterr().err)
    assert told == {"level": "error", "message": "no\nuse", "advice": "stop"}


def test_usage_errors_can_be_had_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    stop(click.UsageError("what?"), App(log_format="json"))
    assert json.loads(capsys.readouterr().err)["message"] == "what?"


def test_findings_are_shown_with_the_line_they_are_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text("members: {eve: boss}\n", encoding="utf-8")
    finding = Finding(id="unknown-role", message="no role `boss`", place=Place("a.yaml", 1, 16))
    stop(ManifestError([finding]), App(root=tmp_path))
    assert capsys.readouterr().err == (
        "a.yaml:1:16: error[unknown-role]: no role `boss`\n  members: {eve: boss}\n                 ^\n1 error.\n"
    )


def test_a_bug_leaves_its_traceback_in_the_workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reconciler.yaml").touch()
    stop(KeyError("eve"), App(root=tmp_path))
    (log,) = (tmp_path / ".reconciler").glob("crash-*.log")
    assert "raise error" in log.read_text(encoding="utf-8")
    err = capsys.readouterr().err
    assert "this is a bug in reconciler: KeyError: 'eve'" in err
    assert str(log) in err
    assert "Traceback" not in err


def test_what_the_machine_refuses_is_no_bug(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reconciler.yaml").touch()
    code = stop(PermissionError(errno.EACCES, "Permission denied", ".reconciler"), App(root=tmp_path))
    assert (code, capsys.readouterr().err) == (ExitCode.FAILED, "error: .reconciler: Permission denied\n")
    assert not (tmp_path / ".reconciler").exists()


def test_a_full_disk_behind_stdout_is_told_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert stop(OSError(errno.ENOSPC, "No space left on device"), App()) == ExitCode.FAILED
    assert capfd.readouterr().err == "error: No space left on device\n"


def test_a_bug_outside_of_a_workspace_leaves_no_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stop(KeyError("eve"), App(root=tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" in capsys.readouterr().err


def test_a_bug_is_shown_in_full_when_asked_to_say_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reconciler.yaml").touch()
    stop(KeyError("eve"), App(root=tmp_path, verbose=True))
    assert not (tmp_path / ".reconciler").exists()
    assert "Traceback" in capsys.readouterr().err
