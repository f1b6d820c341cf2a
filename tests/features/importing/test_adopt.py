"""`reconciler adopt`: what people change by hand becomes the smallest edit of manifests that somebody wrote."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.features.importing.conftest import Run

PEOPLE = """\
version: 1
# Everybody who works here.
people:
  ana: {email: ana@acme.example}     # the owner
  bo: {email: bo@acme.example}
  cleo: {email: cleo@acme.example}

  dan: {email: dan@acme.example}
  eve: {email: eve@acme.example}
groups:
  buyers: {members: [cleo, dan]}
"""
CENTER = """\
version: 1
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    members:
      # who may do everything
      ana: admin
      bo: {role: admin, reason: "SEC-1: deputy"}
      group:buyers: standard         # they buy
      eve: standard
    ad_accounts:
      us:
        id: "7100000000000000001"
        access:
          group:buyers: operator
          eve: {role: analyst, reason: "SEC-2"}   # reads only
    pixels:
      web: {id: "7300000000000000001", ad_accounts: [us], access: [eve, bo]}
"""
FILLED = """\
    members: {ana: admin, bo: admin, cleo: standard, dan: standard, eve: standard}
    ad_accounts:
      "7100000000000000001":
        id: "7100000000000000001"
        access: {cleo: operator, dan: operator, eve: analyst}
      summer-sale: {id: "7100000000000000002", name: Summer sale}
    pixels:
      "7300000000000000001":
        id: "7300000000000000001"
        access: [bo, eve]
        ad_accounts: ["7100000000000000001"]
"""
WORLD = """\
version: 1
people:
  ana: ana@acme.example
  bo: bo@acme.example
  cleo: cleo@acme.example
  dan: dan@acme.example
  eve: eve@acme.example
  fay: {name: Fay Moss, email: fay@agency.example}
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: admin, cleo: standard, dan: standard, eve: standard}
    ad_accounts:
      "7100000000000000001": {access: {cleo: operator, dan: operator, eve: analyst}}
      "7100000000000000002": {name: Summer sale}
    pixels: {"7300000000000000001": {access: {eve: "", bo: ""}}}
"""


@pytest.fixture
def access(tmp_path: Path, run: Run) -> Path:
    """The manifests, settled and committed."""
    (tmp_path / "reconciler.yaml").write_text("version: 1\nproviders: {default: {kind: sandbox}}\n")
    (tmp_path / "sandbox.yaml").write_text(WORLD)
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "people.yaml").write_text(PEOPLE)
    (tmp_path / "access" / "bc.yaml").write_text(CENTER)
    for _ in range(2):
        run("apply", "--auto-approve")
    for words in (["init", "-q"], ["add", "access"], ["commit", "-q", "-m", "as it was"]):
        git(tmp_path, *words)
    return tmp_path / "access"


def git(root: Path, *words: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True, text=True).stdout


def changed_lines(access: Path) -> list[str]:
    """What git would show a reviewer."""
    diff = git(access.parent, "diff", "-U0", "--", "access").splitlines()
    return [line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def assert_settled(run: Run) -> None:
    run("validate")
    run("fmt", "--check")
    assert "No changes." in run("plan").stdout


@pytest.mark.parametrize(
    ("by_hand", "lines"),
    [
        (["remove", "eve"], ["-      eve: standard", '-          eve: {role: analyst, reason: "SEC-2"}   # reads only',
                             '-      web: {id: "7300000000000000001", ad_accounts: [us], access: [eve, bo]}',
                             '+      web: {id: "7300000000000000001", ad_accounts: [us], access: [bo]}']),
        (["role", "eve", "admin"], ["-      eve: standard", "+      eve: admin"]),
        (["role", "bo", "standard"], ['-      bo: {role: admin, reason: "SEC-1: deputy"}',
                                      '+      bo: {role: standard, reason: "SEC-1: deputy"}']),
        (["remove", "dan"], ["-  buyers: {members: [cleo, dan]}", "+  buyers: {members: [cleo]}"]),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_change_by_hand_becomes_the_lines_that_a_person_would_have_changed(
    by_hand: list[str], lines: list[str], access: Path, run: Run
) -> None:
    action, person, *rest = by_hand
    run("sandbox", action, person, "acme-bc", *rest)
    run("adopt", "acme-bc/member/*", "acme-bc/*_access/*", "--in-place")
    assert changed_lines(access) == lines
    assert_settled(run)


def test_somebody_who_is_in_no_directory_comes_into_it_with_their_address(access: Path, run: Run) -> None:
    run("sandbox", "invite", "fay@agency.example", "acme-bc", "standard")
    run("sandbox", "people", "answer", "accept", "--all")
    run("adopt", "acme-bc/member/fay@agency.example", "--in-place")
    assert changed_lines(access) == [
        "+      fay: standard",
        "+  fay: {name: Fay Moss, email: fay@agency.example}",
    ]
    assert_settled(run)


def test_an_asset_that_nobody_declared_gets_a_key_from_its_name(access: Path, run: Run) -> None:
    run("adopt", "acme-bc/ad_account/*", "--in-place")
    assert changed_lines(access) == [
        '+      summer-sale: {id: "7100000000000000002", name: Summer sale}',
    ]
    assert_settled(run)


def test_without_in_place_a_patch_is_printed_and_no_file_changes(access: Path, run: Run) -> None:
    run("sandbox", "role", "eve", "acme-bc", "admin")
    patch = run("adopt", "acme-bc/member/eve").stdout
    assert changed_lines(access) == []
    subprocess.run(["git", "apply", "-"], input=patch.encode(), cwd=access.parent, check=True)
    assert_settled(run)


def test_what_a_group_gives_is_not_changed_for_everybody_and_the_rest_is_adopted(access: Path, run: Run) -> None:
    run("sandbox", "role", "cleo", "acme-bc", "admin")
    run("sandbox", "role", "eve", "acme-bc", "admin")
    told = run("adopt", "acme-bc/member/*", "--in-place", code=1).stderr
    assert "acme-bc/member/cleo is not adopted: it comes through group:buyers" in told
    assert changed_lines(access) == ["-      eve: standard", "+      eve: admin"]


def test_a_group_may_be_overruled_where_the_organization_takes_the_highest(access: Path, run: Run) -> None:
    text = (access / "bc.yaml").read_text()
    (access / "bc.yaml").write_text(text.replace("    members:\n", "    on_conflict: highest\n    members:\n", 1))
    git(access.parent, "commit", "-qam", "highest")
    run("sandbox", "role", "cleo", "acme-bc", "admin")
    run("adopt", "acme-bc/member/cleo", "--in-place")
    assert changed_lines(access) == ["+      cleo: admin"]
    assert_settled(run)


def test_whose_time_is_over_is_never_adopted(access: Path, run: Run) -> None:
    text = (access / "bc.yaml").read_text()
    (access / "bc.yaml").write_text(text.replace("eve: standard", "eve: {role: standard, expires: 2026-01-01}"))
    told = run("adopt", "acme-bc/member/eve", code=1).stderr
    assert "its time is over" in told


def test_what_could_not_be_looked_at_is_never_adopted(access: Path, run: Run) -> None:
    run("sandbox", "role", "eve", "acme-bc", "admin")
    run("drift")
    config = access.parent / "reconciler.yaml"
    config.write_text(config.read_text().replace("kind: sandbox", "kind: work_orders"))
    told = run("adopt", "acme-bc/member/eve", code=1).stderr
    assert "it could not be looked at" in told
    assert changed_lines(access) == []


def test_what_has_not_drifted_cannot_be_adopted(access: Path, run: Run) -> None:
    assert access.is_dir()
    assert "nothing has drifted in acme-bc/member/ana" in run("adopt", "acme-bc/member/ana", code=1).stderr
    misspelt = run("adopt", "acme-bc/member/anna", code=1).stderr
    assert "nothing is called acme-bc/member/anna" in misspelt
    assert "did you mean `acme-bc/member/ana`" in misspelt


def test_an_organization_without_members_is_filled(access: Path, run: Run) -> None:
    text = CENTER.partition("    members:")[0]
    (access / "bc.yaml").write_text(text)
    shutil.rmtree(access.parent / ".reconciler" / "state")
    run("adopt", "acme-bc", "--in-place")
    assert_settled(run)
    assert (access / "bc.yaml").read_text() == text + FILLED
