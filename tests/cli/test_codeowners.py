"""`reconciler codeowners`: whoever owns something is asked about the files that say who may use it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli

FILES = {
    "reconciler.yaml": """\
version: 1
manifests: [access]
providers: {default: {kind: sandbox}}
owners: ["@acme/access"]
""",
    "access/people.yaml": """\
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example}
  cy: {email: cy@acme.example}
groups:
  leads: {members: [bo, cy]}
""",
    "access/north.yaml": """\
organizations:
  north: {system: developers, name: North, owners: [ana, "@north"], members: {ana: admin, bo: admin}}
""",
    "access/two.yaml": """\
groups:
  staff: {members: [cy]}
organizations:
  south: {system: developers, name: South, owners: ["group:leads"], members: {ana: admin, bo: admin}}
  west:
    system: developers
    name: West
    members: {ana: admin, bo: admin, group:outer: member}
    apps: {shop: {client_key: aw1, owners: [x@acme.example]}}
""",
    "access/outer.yaml": "groups: {outer: {members: [group:staff]}}\n",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "team a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / ".git").mkdir()
    return tmp_path / "team a"


def call(workspace: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(workspace), "codeowners", *words])


def test_the_owners_of_what_a_file_says_are_asked_about_it(workspace: Path) -> None:
    result = call(workspace)
    assert (result.exit_code, result.stdout) == (0, ".github/CODEOWNERS\n"), result.output
    lines = (workspace.parent / ".github" / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    assert lines[1:-1] == [
        r"/team\ a/access/ @acme/access",
        r"/team\ a/reconciler.yaml @acme/access",
        r"/team\ a/access/north.yaml ana@acme.example @north",
        r"/team\ a/access/outer.yaml @acme/access",
        r"/team\ a/access/people.yaml @acme/access",
        r"/team\ a/access/two.yaml bo@acme.example cy@acme.example @acme/access x@acme.example",
    ]
    assert "access/two.yaml is about things of several owners" in result.stderr
    assert "(south: group:leads; west: @acme/access; west/app/shop: x@acme.example)" in result.stderr


def test_what_people_wrote_stays_and_a_second_run_changes_nothing(workspace: Path) -> None:
    path = workspace.parent / ".github" / "CODEOWNERS"
    path.parent.mkdir()
    path.write_text("* @everybody\n", encoding="utf-8")
    assert call(workspace, "--check").exit_code == 1
    assert path.read_text(encoding="utf-8") == "* @everybody\n"
    assert call(workspace).exit_code == 0
    path.write_text(path.read_text(encoding="utf-8") + "/docs @writers\n", encoding="utf-8")
    assert "-/docs @writers" in call(workspace, "--check").stdout
    assert call(workspace).exit_code == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith("* @everybody\n")
    assert text.index("/docs @writers") < text.index("# BEGIN")
    assert (call(workspace, "--check").exit_code, call(workspace).stdout) == (0, "")


def test_gitlab_gets_a_section_of_its_own(workspace: Path) -> None:
    (workspace.parent / ".gitlab-ci.yml").write_text("", encoding="utf-8")
    assert call(workspace).stdout == ".gitlab/CODEOWNERS\n"
    assert "\n[Access]\n/team" in (workspace.parent / ".gitlab" / "CODEOWNERS").read_text(encoding="utf-8")


def test_a_group_that_gives_access_elsewhere_is_a_matter_of_the_owners_there(workspace: Path) -> None:
    two = workspace / "access" / "two.yaml"
    two.write_text(
        two.read_text(encoding="utf-8").replace("name: West", "name: West\n    owners: [ana]"), encoding="utf-8"
    )
    call(workspace)
    lines = (workspace.parent / ".github" / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    assert r"/team\ a/access/outer.yaml ana@acme.example" in lines


def test_what_nobody_owns_is_told(workspace: Path) -> None:
    config = workspace / "reconciler.yaml"
    config.write_text(FILES["reconciler.yaml"].replace('owners: ["@acme/access"]\n', ""), encoding="utf-8")
    told = call(workspace).stderr
    assert "nobody owns access/people.yaml: write `owners` in an organization there, or in reconciler.yaml" in told
    assert "nobody owns reconciler.yaml: write `owners` in reconciler.yaml" in told
    for name in ("north", "two", "outer"):
        (workspace / "access" / f"{name}.yaml").unlink()
    assert call(workspace).exit_code == 64
