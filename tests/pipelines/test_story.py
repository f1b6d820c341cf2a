"""From a branch to access and back to quiet: a real git repository, and the command line alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.pipelines.repository import Repository

CY_BUYS = ("        access: {eve: operator}\n", "        access: {eve: operator, cy: analyst}\n")
CY_JOINS = ("      bo: admin\n      # Access ends", "      bo: admin\n      cy: standard\n      # Access ends")


def ask_for_access(repository: Repository) -> None:
    repository.edit(*CY_JOINS)
    repository.edit(*CY_BUYS)


def settled(repository: Repository) -> bool:
    return "No changes" in repository.call("plan").stdout


def test_a_change_is_reviewed_merged_applied_and_what_somebody_does_by_hand_is_adopted(
    repository: Repository, tmp_path: Path
) -> None:
    saved = tmp_path / "plan.json"

    with repository.pull_request("cy-buys-media"):
        ask_for_access(repository)
    review = json.loads(repository.call("diff", "HEAD^1", "HEAD", "--format", "json").stdout)
    assert {(one["subject"], one["effect"]) for one in review["access"]} == {("acme-bc/member/cy", "gain")}
    repository.call("plan", "--out", str(saved))
    digest = hashlib.sha256(saved.read_bytes()).hexdigest()
    assert digest in repository.call("show", str(saved), "--format", "markdown").stdout

    repository.merge()
    applied = repository.call("apply", str(saved), "--expect-digest", digest).stdout
    assert "Applied 0 changes; 1 requested." in applied
    assert repository.git("rev-parse", "main") in repository.call("audit", "log", "--format", "json").stdout
    repository.call("sandbox", "people", "answer", "accept", "--all")
    repository.call("apply", "--auto-approve")
    assert settled(repository)

    repository.call("sandbox", "role", "cy", "acme-bc", "admin", "--as", "ana")
    found = repository.call("drift", "--detailed-exitcode", code=2).stdout
    assert "acme-bc/member/cy" in found
    assert "~ critical  cy" in found
    assert not settled(repository)

    with repository.pull_request("adopt"):
        repository.call("adopt", "acme-bc/member/cy", "--in-place")
        assert "+      cy: admin" in repository.git("diff")
        assert repository.git("diff", "--numstat") == "1\t1\ttiktok/access/example.yaml"
    assert settled(repository)
    repository.merge()
    repository.call("apply", "--auto-approve")
    repository.call("drift", "--detailed-exitcode")
    assert settled(repository)
    assert repository.git("status", "--porcelain") == ""


def test_what_was_reviewed_is_not_carried_out_in_another_world(repository: Repository, tmp_path: Path) -> None:
    saved, again = tmp_path / "plan.json", tmp_path / "again.json"
    with repository.pull_request("cy-buys-media"):
        ask_for_access(repository)
    repository.call("plan", "--out", str(saved))
    repository.merge()

    repository.call("sandbox", "role", "eve", "acme-bc", "admin", "--as", "ana")
    repository.call("drift")  # remembers, which moves the state
    assert "has changed since the plan was made" in repository.call("apply", str(saved), code=4).stderr

    repository.call("plan", "--out", str(again))
    differs = repository.call("show", str(again), "--same-as", str(saved), code=4).stderr
    assert "eve" in differs
    digest = hashlib.sha256(again.read_bytes()).hexdigest()
    repository.call("apply", str(saved), "--expect-digest", digest, code=4)
    assert "cy" in repository.call("apply", str(again), "--expect-digest", digest).stdout
    assert "this plan was applied before" in repository.call("apply", str(again), code=4).stderr
