"""No secret ever reaches the terminal or a file, wherever it comes from and whatever goes wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CANARY = "CANARY-5f2a9c"
SECRETS = {
    name: f"{CANARY}-{name}"
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "GITHUB_TOKEN",
        "CI_JOB_TOKEN",
        "PGPASSWORD",
        "TIKTOK_ACCESS_TOKEN",
        "TIKTOK_APP_SECRET",
    )
}
NOWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    shutil.copytree(ROOT / "examples" / "quickstart", folder)
    config = folder / "reconciler.yaml"
    config.write_text(
        config.read_text(encoding="utf-8").replace(
            "providers:\n",
            "providers:\n"
            "  developers: {kind: business_api, app_id: '1', app_secret: env:TIKTOK_APP_SECRET,"
            " access_token: env:TIKTOK_ACCESS_TOKEN}\n",
        ),
        encoding="utf-8",
    )
    return folder


def run(workspace: Path, *command: str) -> str:
    """Everything that a command prints."""
    finished = subprocess.run(
        [sys.executable, "-m", "reconciler", *command],
        cwd=workspace,
        env={**os.environ, **SECRETS, **NOWHERE, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return f"{finished.returncode}\n{finished.stdout}\n{finished.stderr}"


def set_state(workspace: Path, address: str) -> None:
    config = workspace / "reconciler.yaml"
    lines = config.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("state:")]
    config.write_text("\n".join([*kept, f"state: {address}", ""]), encoding="utf-8")


def leaks(workspace: Path) -> list[str]:
    """Files that hold a canary; only what the user wrote may."""
    files = [path for path in workspace.rglob("*") if path.is_file() and path.name != "reconciler.yaml"]
    return [str(path) for path in files if CANARY.encode() in path.read_bytes()]


def test_a_token_in_the_configuration_is_refused_without_being_shown(workspace: Path) -> None:
    config = workspace / "reconciler.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("env:TIKTOK_ACCESS_TOKEN", CANARY), encoding="utf-8")
    for log_format in ("text", "json"):
        said = run(workspace, "plan", "-v", "--log-format", log_format)
        assert said.startswith("1")
        assert "literal-secret" in said
        assert CANARY not in said


def test_a_whole_story_says_and_writes_no_secret(workspace: Path) -> None:
    said = [
        run(workspace, *command)
        for command in (
            ("plan", "-o", "plan.json", "--format", "json"),
            ("apply", "plan.json", "--format", "json", "-v"),
            ("state", "show", "acme-bc", "--format", "json"),
            ("state", "pull", "acme-bc"),
            ("audit", "log", "--format", "json"),
            ("state", "migrate", "sqlite:///new.db", "--yes"),
        )
    ]
    assert [text.partition("\n")[0] for text in said] == ["0"] * len(said), said
    assert not [text for text in said if CANARY in text]
    assert leaks(workspace) == []


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://reconciler:{CANARY}@127.0.0.1:9/states",
        f"postgresql://reconciler:{CANARY}@[broken/states",
        f"mysql://reconciler:{CANARY}@127.0.0.1/states",
        f"{CANARY}",
    ],
    ids=["nobody answers", "no address", "no such store", "no scheme"],
)
def test_a_store_that_cannot_be_reached_is_not_named_with_its_password(
    workspace: Path, address: str, log_format: str
) -> None:
    """Both as the configured store and on the command line, with the details of a bug if it is one."""
    for said in (
        run(workspace, "state", "migrate", address, "--yes", "-v", "--log-format", log_format),
        _configured(workspace, address, log_format),
    ):
        assert not said.startswith("0")
        assert CANARY not in said, said
    assert leaks(workspace) == []


def _configured(workspace: Path, address: str, log_format: str) -> str:
    set_state(workspace, f'"{address}"')
    return run(workspace, "plan", "-v", "--log-format", log_format)


def test_a_bucket_that_cannot_be_reached_is_not_named_with_its_keys(workspace: Path) -> None:
    set_state(workspace, "s3://bucket/states")
    said = run(workspace, "state", "list", "-v")
    assert not said.startswith("0")
    assert CANARY not in said
    assert leaks(workspace) == []


def test_state_and_audit_log_are_readable_by_their_owner_only(workspace: Path) -> None:
    run(workspace, "apply", "--auto-approve")
    files = [path for path in (workspace / ".reconciler" / "state").rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
