"""`reconciler sandbox`, as somebody types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from reconciler.sandbox import SEED_FILE, WORLD_FILE
from tests.sandbox.stage import SEED

MANIFEST = """
version: 1
people:
  newcomer: {email: newcomer@acme.example}
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    members: {"ana@acme.example": admin, newcomer: standard}
    tiktok_accounts:
      creator: {handle: "@dee", ownership: client}
"""


class Shell:
    """Types commands in one workspace."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, ["-C", str(self.root), "sandbox", *words])

    def done(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.output

    def refused(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 1, result.output
        return result.stderr


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / SEED_FILE).write_text(SEED, encoding="utf-8")
    return Shell(tmp_path)


def test_people_answer_and_leave(shell: Shell) -> None:
    shell.done("invite", "cy", "brand", "operator")
    assert "cy@acme.example" in shell.done("inbox", "cy")
    shell.done("accept", "cy", "brand")
    shell.done("promote", "cy", "brand", "--as", "ana")
    shell.done("give-up-admin", "ana", "brand")
    shell.done("role", "ana", "brand", "admin")
    shell.done("leave", "cy", "@acme")
    shell.done("remove", "bo", "brand")
    shell.done("invite", "gus@north.example", "brand", "operator")
    shell.done("decline", "gus", "brand")
    lines = shell.done("show", "brand").splitlines()
    told = [line.split()[2:6] for line in lines if " member " in line]
    assert told == [["ana", "active", "role", "admin"], ["gus", "declined", "role", "operator"]]
    verbs = [line.split()[2] for line in shell.done("events", "brand").splitlines()[1:]]
    assert verbs == [
        *("invite", "accept", "change_role", "give_up_admin"),
        *("change_role", "leave", "remove", "invite", "decline"),
    ]


def test_what_the_platform_refuses_is_a_failure_with_its_reason(shell: Shell) -> None:
    assert "last admin of @acme" in shell.refused("leave", "ana", "brand")
    told = shell.refused("accept", "anna", "brand")
    assert "nobody goes by anna" in told
    assert "advice: `reconciler sandbox show` tells who and what is there" in told
    assert "no organization is called acme" in shell.refused("accept", "ana", "acme")
    assert "there is no app" in shell.refused("transfer", "accept", "awx-nothing")
    assert "has no access" in shell.refused("revoke", "@nobody", "bc")


def test_an_answer_before_anybody_was_asked_leads_to_the_inbox_in_the_words_that_were_typed(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert CliRunner().invoke(cli, ["-C", str(tmp_path), "init"]).exit_code == 0
    told = shell.refused("accept", "eve", "acme-bc")
    assert "there is no invitation to acme-bc [unknown]" in told
    assert "`reconciler sandbox inbox` what to answer" in " ".join(told.split())
    assert "acme-bc does not wait for us-brand" in shell.refused("approve", "us-brand", "acme-bc")


def test_owners_answer_and_take_back(shell: Shell) -> None:
    shell.done("revoke", "@acme", "bc")
    assert "revoked_by_owner" in shell.done("show", "bc")
    assert "does not wait for @acme" in shell.refused("approve", "@acme", "bc")
    assert "does not wait for @acme" in shell.refused("refuse", "@acme", "bc")


def test_many_people_answer_at_once(shell: Shell) -> None:
    for person in ("cy", "dee"):
        shell.done("invite", person, "bc", "standard")
    answered = shell.done("people", "answer", "decline", "dee")
    assert len(answered.splitlines()) == 3
    assert "1 message declined" in answered
    assert "cy@acme.example" in shell.done("people", "answer", "--all", "accept")
    for wrong in (["answer", "accept"], ["answer", "accept", "cy", "--all"]):
        assert shell.run("people", *wrong).exit_code != 0
    told = shell.done("show", "bc")
    assert "cy" in told
    assert "declined" in told


def test_time_passes_for_the_platform(shell: Shell) -> None:
    shell.done("invite", "cy", "brand", "operator")
    before = shell.done("clock")
    assert shell.done("clock", "+1d") > before
    shell.done("clock", "+30m")
    assert "expired" in shell.refused("accept", "cy", "brand")
    assert shell.run("clock", "tomorrow").exit_code != 0


def test_reset_begins_anew(shell: Shell) -> None:
    shell.done("leave", "bo", "brand")
    shell.done("reset")
    assert not (shell.root / WORLD_FILE).exists()
    assert " bo " in shell.done("show", "brand")


def test_a_world_is_kept_that_could_not_begin_anew(shell: Shell) -> None:
    shell.done("leave", "bo", "brand")
    seed = shell.root / "sandbox.yaml"
    seed.write_text(seed.read_text("utf-8").replace("people:", "poeple:", 1), encoding="utf-8")
    assert "sandbox.yaml" in shell.refused("reset")
    assert (shell.root / WORLD_FILE).exists()


def test_keys_of_the_manifests_name_people_organizations_and_assets(shell: Shell) -> None:
    (shell.root / "reconciler.yaml").write_text("version: 1\nmanifests: [acme.yaml]\n", encoding="utf-8")
    (shell.root / "acme.yaml").write_text(MANIFEST, encoding="utf-8")
    shell.done("invite", "newcomer@acme.example", "acme-bc", "standard")
    shell.done("accept", "newcomer", "acme-bc")
    assert "newcomer@acme.example" in shell.done("show", "acme-bc")
    assert "does not wait for @dee" in shell.refused("approve", "creator", "acme-bc")


def test_a_folder_without_a_sandbox_stays_without_one(tmp_path: Path) -> None:
    assert "there is no sandbox" in Shell(tmp_path).refused("show")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_sandbox_says_how_it_begins(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("version: 1\n", encoding="utf-8")
    assert "the sandbox is empty, because there is no sandbox.yaml" in Shell(tmp_path).refused("accept", "ana", "bc")
