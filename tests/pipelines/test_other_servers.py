"""The examples for Azure DevOps, Bitbucket and Jenkins: their scripts, played in a real shell from review to apply."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.features.publishing.double import TOKEN, Forge, running
from tests.pipelines.repository import Repository
from tests.pipelines.test_invocations import EXAMPLES, scripts_of

CY_JOINS = ("      bo: admin\n      # Access ends", "      bo: admin\n      cy: standard\n      # Access ends")
NAMES = ["azure-pipelines.yml", "bitbucket-pipelines.yml", "Jenkinsfile"]


def scripts(name: str) -> dict[str, str]:
    """Review, plan, apply and drift, each as one shell reads it."""
    found = list(scripts_of(EXAMPLES / name))
    if name == "bitbucket-pipelines.yml":
        content: dict[str, Any] = yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))["pipelines"]
        steps = [*content["pull-requests"]["**"], *content["branches"]["main"], *content["custom"]["drift"]]
        found = ["\n".join(step["step"]["script"]) for step in steps]
    return dict(zip(("review", "plan", "apply", "drift"), found[-4:], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_script_is_one_that_a_shell_can_read(name: str) -> None:
    for script in scripts(name).values():
        run = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert run.stderr == ""


def test_the_jenkinsfile_is_closed_as_often_as_it_is_opened() -> None:
    text = (EXAMPLES / "Jenkinsfile").read_text(encoding="utf-8")
    for script in scripts_of(EXAMPLES / "Jenkinsfile"):
        text = text.replace(script, "")
    bare = "".join(line.partition(" // ")[0] for line in text.splitlines() if not line.lstrip().startswith("//"))
    assert [bare.count(sign) for sign in "{(["] == [bare.count(sign) for sign in "})]"]
    assert [bare.index(f"stage('{stage}')") for stage in ("Install", "Review", "Plan", "Apply", "Drift")] == sorted(
        bare.index(f"stage('{stage}')") for stage in ("Install", "Review", "Plan", "Apply", "Drift")
    )


@pytest.fixture
def forge() -> Iterator[Forge]:
    with running(Forge()) as forge:
        yield forge


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_a_change_is_reviewed_by_the_rules_of_its_target_and_applied(
    name: str, repository: Repository, forge: Forge, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    for word in ("pip",):
        (tmp_path / "bin" / word).symlink_to("/bin/true")
    (tmp_path / "venv").symlink_to(Path(sys.executable).parents[1])
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "WORKSPACE": "tiktok",
        "FOLDER": "tiktok",
        "TRUSTED": "reconciler.yaml policies",
        "RECONCILER": "access-reconciler",
        "BITBUCKET_PR_DESTINATION_BRANCH": "main",
        "CHANGE_TARGET": "main",
        "CHANGE_ID": "5",
        "GITHUB_API_URL": forge.url,
        "GITHUB_TOKEN": TOKEN,
        "PIPELINE_WORKSPACE": str(repository.root),
    }

    def play(part: str) -> str:
        script = scripts(name)[part].replace("export WORKSPACE=.", "export WORKSPACE=tiktok")
        (repository.root / "pages").mkdir(exist_ok=True)
        run = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=repository.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout + run.stderr

    repository.git("remote", "add", "origin", str(repository.root))
    config = repository.workspace / "reconciler.yaml"
    before = config.read_text(encoding="utf-8")
    with repository.pull_request("cy-joins"):
        repository.edit(*CY_JOINS)
        config.write_text(before.replace("kind: sandbox", "kind: business_api"), encoding="utf-8")
    play("review")
    assert config.read_text(encoding="utf-8") == before
    assert "Access review" in (repository.root / "pages" / "diff.md").read_text(encoding="utf-8")
    assert "cy" in (repository.root / "pages" / "plan.md").read_text(encoding="utf-8")
    assert len(forge.comments) == (name == "Jenkinsfile")

    repository.git("restore", "--source=main", "--staged", "--worktree", "tiktok/reconciler.yaml")
    repository.commit("Keep the provider")
    repository.merge()
    (repository.root / "pages" / "plan.json").unlink()
    told = play("plan")
    if "setvariable variable=DIGEST" in told:
        environment["DIGEST"] = told.partition("isOutput=true]")[2].split()[0]
    assert "1 requested" in play("apply")
    play("drift")
