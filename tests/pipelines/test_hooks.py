"""The hooks, run by a program that runs hooks, over a repository in which somebody commits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.pipelines.repository import WHO, Repository
from tests.pipelines.workflow import ROOT


@pytest.fixture
def commit(repository: Repository, tmp_path: Path) -> Repository:
    """The repository with the hooks installed; `system` in place of `python` takes the tool that is here."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    local = [{**hook, "language": "system", "args": ["-C", "tiktok"]} for hook in hooks]
    (repository.root / ".pre-commit-config.yaml").write_text(
        yaml.safe_dump({"repos": [{"repo": "local", "hooks": local}]}), encoding="utf-8"
    )
    repository.git("add", "--all")
    run = _in(repository, tmp_path, "prek", "install")
    assert run.returncode == 0, run.stderr
    return repository


def _in(repository: Repository, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "PREK_HOME": str(home / "prek"),
    }
    return subprocess.run(words, cwd=repository.root, env=environment, capture_output=True, text=True, check=False)


def try_to_commit(repository: Repository, home: Path) -> subprocess.CompletedProcess[str]:
    return _in(repository, home, "git", *WHO, "commit", "--quiet", "--all", "-m", "Change")


def test_good_manifests_are_committed(commit: Repository, tmp_path: Path) -> None:
    commit.edit("name: Cy Young", "name: Cyrus Young")
    run = try_to_commit(commit, tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert commit.git("log", "-1", "--format=%s") == "Change"


def test_a_finding_stops_the_commit(commit: Repository, tmp_path: Path) -> None:
    commit.edit("role: standard", "role: stadnard")
    run = try_to_commit(commit, tmp_path)
    assert run.returncode != 0
    assert "did you mean `standard`?" in run.stdout + run.stderr
    assert commit.git("log", "-1", "--format=%s") == "Begin"


def test_manifests_are_brought_into_form_and_the_commit_is_made_again(commit: Repository, tmp_path: Path) -> None:
    commit.edit("engineering: {members: [cy]}\n", "engineering: {members: [cy]}   \n")
    assert try_to_commit(commit, tmp_path).returncode != 0
    assert "engineering: {members: [cy]}\n" in commit.manifest.read_text(encoding="utf-8")
    assert commit.git("log", "-1", "--format=%s") == "Begin"
