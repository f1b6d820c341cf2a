"""The pipeline of GitLab, its scripts played in a real shell against a real repository and a forge on this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.features.publishing.double import TOKEN, Forge, running
from tests.pipelines.repository import Repository, make_unreadable
from tests.pipelines.workflow import ROOT

HEADER, TEXT = (ROOT / "templates/access.yml").read_text(encoding="utf-8").split("\n---\n")
INPUTS: dict[str, dict[str, str]] = yaml.safe_load(HEADER)["spec"]["inputs"]
_INPUT = re.compile(r"\$\[\[ inputs\.(\w+) \]\]")
WHOLE = _INPUT.sub(lambda found: INPUTS[found[1]]["default"] or '""', TEXT)
"""The component as GitLab reads it where nothing is given."""
PIPELINE: dict[str, Any] = yaml.safe_load(WHOLE)
CY_JOINS = ("      bo: admin\n      # Access ends", "      bo: admin\n      cy: standard\n      # Access ends")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A runner with one checkout; `pages` goes from job to job, as artifacts do."""

    repository: Repository
    variables: dict[str, str] = field(default_factory=dict)

    def play(self, job: str, *, code: int = 0, part: str = "script") -> str:
        """The script of a job, as one shell reads it; variables of a dotenv report are there for the next job."""
        (self.repository.root / "pages").mkdir(exist_ok=True)
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.repository.root.parent),
            **PIPELINE[".access"]["variables"],
            "WORKSPACE": "tiktok",
            "CI_PROJECT_DIR": str(self.repository.root),
            "CI_JOB_URL": "https://forge.example/jobs/9",
            **self.variables,
        }
        before = [line for line in PIPELINE[".access"]["before_script"] if not line.startswith(("apt-get", "pip"))]
        script = [*before, *PIPELINE[job][part]] if part == "script" else PIPELINE[job][part]
        run = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", "\n".join(script)],
            cwd=self.repository.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert run.returncode == code, run.stdout
        report = PIPELINE[job].get("artifacts", {}).get("reports", {}).get("dotenv")
        if report:
            lines = (self.repository.root / report).read_text(encoding="utf-8").splitlines()
            self.variables.update(line.split("=", 1) for line in lines)
        return run.stdout

    def clean(self) -> None:
        shutil.rmtree(self.repository.root / "pages", ignore_errors=True)
        self.repository.git("restore", ".")
        self.repository.git("clean", "--quiet", "--force")


@pytest.fixture
def forge() -> Iterator[Forge]:
    with running(Forge()) as forge:
        yield forge


@pytest.fixture
def machine(repository: Repository, forge: Forge) -> Machine:
    variables = {
        "GITLAB_CI": "true",
        "GITLAB_TOKEN": TOKEN,
        "CI_API_V4_URL": f"{forge.url}/api/v4",
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "5",
        "CI_MERGE_REQUEST_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    }
    repository.git("remote", "add", "origin", str(repository.root))  # main of the server is main of the clone
    return Machine(repository=repository, variables=variables)


def test_a_merge_request_is_commented_on_and_its_plan_is_made_again_and_carried_out(
    machine: Machine, repository: Repository, forge: Forge
) -> None:
    with repository.pull_request("cy-joins"):
        repository.edit(*CY_JOINS)
    assert "### Access review" in machine.play("access check")
    machine.play("access plan")
    (note,) = forge.comments
    assert "### Access review" in note["body"]
    assert "plan sha256" in note["body"]
    widget = json.loads((repository.root / "pages" / "widget.json").read_text(encoding="utf-8"))
    assert widget == {"create": 1, "update": 0, "delete": 0}

    machine.clean()
    repository.merge()
    forge.merged = repository.git("rev-parse", "HEAD")
    machine.variables.update({"CI_COMMIT_SHA": forge.merged, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": ""})
    machine.play("access plan again")
    assert machine.variables["DIGEST"] in machine.play("access plan again")
    with (repository.workspace / "reconciler.yaml").open("a", encoding="utf-8") as config:
        config.write("# of nobody\n")
    assert "in no commit, and --require-clean was given" in machine.play("access apply", code=1)
    repository.git("restore", ".")
    assert "Nothing of this was applied" in note["body"]
    (repository.root / "pages" / "report.md").unlink()
    assert "1 requested" in machine.play("access apply")
    assert note["body"].index("1 requested") < note["body"].index("### Access review")
    assert "[The job of apply](https://forge.example/jobs/9)" in note["body"]
    assert "changed since" in machine.play("access apply", code=4)
    machine.variables["CI_JOB_STATUS"] = "canceled"
    machine.play("access apply", part="after_script")


def test_a_change_cannot_loosen_the_rules_that_it_is_judged_by(machine: Machine, repository: Repository) -> None:
    config = repository.workspace / "reconciler.yaml"
    before = config.read_text(encoding="utf-8")
    with repository.pull_request("loosen"):
        config.write_text(before.replace("kind: sandbox", "kind: business_api"), encoding="utf-8")
    machine.play("access check")
    machine.play("access plan")
    assert config.read_text(encoding="utf-8") == before


@pytest.mark.full
def test_a_change_that_began_before_a_rule_is_judged_by_the_rule_all_the_same(
    machine: Machine, repository: Repository, forge: Forge
) -> None:
    old = repository.git("rev-parse", "main")
    repository.git("switch", "--quiet", "main")
    config = repository.workspace / "reconciler.yaml"
    text = config.read_text(encoding="utf-8")
    rule = "policies: {set: baseline, rules: {role-by-employment: error}}"
    config.write_text(text.replace("policies: baseline", rule), encoding="utf-8")
    repository.commit("Let no outsider be admin from now on")
    repository.git("switch", "--quiet", "--create", "outsider", old)
    repository.edit("      bo: admin\n      # Access ends", "      bo: admin\n      zoe: admin\n      # Access ends")
    repository.edit("people:\n", "people:\n  zoe: {email: zoe@agency.example, employment: agency}\n")
    repository.commit("Make an outsider admin")
    assert "role-by-employment" in machine.play("access check", code=3)
    machine.play("access plan", code=3)
    assert "role-by-employment" in forge.comments[0]["body"]


def test_a_change_that_conflicts_with_its_target_branch_is_not_judged(machine: Machine, repository: Repository) -> None:
    old = repository.git("rev-parse", "main")
    repository.git("switch", "--quiet", "main")
    repository.edit("      bo: admin\n      # Access ends", "      bo: admin\n      # Here access ends")
    repository.commit("Say it otherwise")
    repository.git("switch", "--quiet", "--create", "conflict", old)
    repository.edit("      bo: admin\n      # Access ends", "      # Access ends")
    repository.commit("Take bo out")
    assert "conflicts with its target branch" in machine.play("access check", code=1)


def test_what_is_blocked_is_commented_on_and_fails_the_job(
    machine: Machine, repository: Repository, forge: Forge
) -> None:
    with repository.pull_request("lock-out"):
        repository.edit("      ana: admin\n      bo: admin\n      # Access ends", "      # Access ends")
    machine.play("access check")
    machine.play("access plan", code=3)
    (note,) = forge.comments
    assert "blocked" in note["body"]


@pytest.mark.full
def test_drift_is_one_issue_until_it_is_gone(machine: Machine, repository: Repository, forge: Forge) -> None:
    repository.call("sandbox", "role", "eve", "acme-bc", "admin", "--as", "ana")
    machine.play("access drift")
    (issue,) = forge.issues
    assert (issue["title"], issue["state"], "eve" in issue["description"]) == ("Access drift", "open", True)
    repository.call("drift", "accept", "acme-bc/member/eve", "--until", "2099-01-01", "--reason", "SEC-1")
    machine.play("access drift")
    assert issue["state"] == "closed"


def test_the_issue_stays_open_while_something_cannot_be_read(
    machine: Machine, repository: Repository, forge: Forge
) -> None:
    repository.call("sandbox", "role", "eve", "acme-bc", "admin", "--as", "ana")
    machine.play("access drift")
    (issue,) = forge.issues
    make_unreadable(repository)
    machine.play("access drift", code=1)
    assert (issue["state"], "eve" in issue["description"]) == ("open", True)
    assert "**Unread: everything of acme-bc." in issue["description"]


def test_the_component_is_what_the_schema_of_gitlab_allows_and_says_what_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "gitlab-ci.yml"
    path.write_text(WHOLE, encoding="utf-8")
    words = ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", str(path)]
    run = subprocess.run(
        [Path(sys.executable).parent / words[0], *words[1:]], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout
    assert all(one["description"].endswith(".") and "default" in one for one in INPUTS.values())
    assert set(_INPUT.findall(TEXT)) == INPUTS.keys()
    assert {line.partition(":")[0].strip() for line in TEXT.splitlines() if "$[[" in line} == {
        *PIPELINE[".access"]["variables"].keys() - {"PAGES", "GIT_DEPTH", "PIP_CACHE_DIR"},
        "image",
    }


def test_the_component_takes_over_no_other_job_of_a_pipeline() -> None:
    """A key that is no job would hold for all jobs of whoever includes it."""
    assert all(name.startswith(("access ", ".access")) for name in PIPELINE)
    example = yaml.safe_load((ROOT / "examples/pipelines/gitlab-ci.yml").read_text(encoding="utf-8"))
    assert example["include"][0]["inputs"].keys() <= INPUTS.keys()
