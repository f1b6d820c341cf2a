"""`reconciler import`, from the command line against the embedded platform."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.features.importing.conftest import Run

CONFIG = """\
version: 1
manifests: [access]
state: file:.reconciler/state
providers:
  default: {kind: sandbox}
"""
WORLD = """\
version: 1
people:
  ana: {name: Ana Lopez, email: ana@acme.example}
  ana2: {name: Ana Other, email: ana@agency.example}
  bo: {email: bo@acme.example, identities: {phone: "+34600111222"}}
  cleo: cleo+ads@acme.example
  dan: {name: "Dan \\u202e*evil*", email: dan@acme.example}
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    name: Acme Europe
    members: {ana: {role: admin, finance: manager}, ana2: standard, bo: standard, cleo: standard, dan: admin}
    ad_accounts:
      "7100000000000000001":
        name: US brand
        access: {ana2: operator, bo: operator, cleo: operator, dan: analyst}
      "7100000000000000002":
        name: US shop
        access: {ana2: operator, bo: operator, cleo: operator}
    pixels:
      "7300000000000000001": {name: Web, access: {bo: ""}}
  acme-brand:
    system: organization_account
    handle: "@acme"
    members: {ana: admin, bo: {role: operator, as: "+34600111222"}}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "reconciler.yaml").write_text(CONFIG)
    (tmp_path / "sandbox.yaml").write_text(WORLD)
    return tmp_path


def written(root: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((root / "access").glob("*"))}


def test_an_import_reads_as_if_a_person_had_written_it(workspace: Path, run: Run) -> None:
    told = run("import", "--all").stdout
    assert told == (
        "access/people.yaml\n  6 people\n\n"
        "access/acme-bc.yaml\n  5 members, 2 ad accounts, 1 pixel, 8 grants, 1 proposed group\n\n"
        "access/acme-brand.yaml\n  2 members\n"
    )
    assert written(workspace) == yaml.safe_load(
        (Path(__file__).parents[2] / "cases" / "importing" / "a-business-center-and-a-brand.yaml").read_text()
    )


def test_the_first_plan_is_empty_and_fmt_has_nothing_to_do(workspace: Path, run: Run) -> None:
    run("import", "--all")
    run("fmt", "--check")
    assert "No changes." in run("plan", "--detailed-exitcode").stdout
    assert "No drift." in run("drift", "--detailed-exitcode").stdout


def test_what_was_imported_is_recorded_and_in_the_audit_log(workspace: Path, run: Run) -> None:
    run("import", "acme-brand")
    assert "3 records" in run("state", "show", "acme-brand").stdout
    assert "import" in run("audit", "log").stdout


def test_nothing_is_written_without_being_asked_for(workspace: Path, run: Run) -> None:
    patch = run("import", "acme-brand", "--dry-run").stdout
    assert not (workspace / "access").exists()
    subprocess.run(["git", "apply", "-"], input=patch.encode(), cwd=workspace, check=True)
    assert list(written(workspace)) == ["acme-brand.yaml", "people.yaml"]


def test_a_second_import_adds_people_to_the_first_file_and_keeps_its_comments(workspace: Path, run: Run) -> None:
    run("import", "acme-brand")
    people = workspace / "access" / "people.yaml"
    people.write_text(people.read_text().replace("  ana:", "  # the owner\n  ana:"))
    before = people.read_text()
    run("import", "acme-bc")
    assert people.read_text().startswith(before)
    assert "No changes." in run("plan").stdout


def test_what_is_declared_is_not_imported_and_no_file_is_overwritten(workspace: Path, run: Run) -> None:
    run("import", "acme-brand")
    assert "is declared already, in access/acme-brand.yaml:3:3" in run("import", "acme-brand", code=1).stderr
    (workspace / "access" / "acme-bc.yaml").write_text("version: 1\n")
    assert "is not overwritten" in run("import", "acme-bc", code=1).stderr
    assert (workspace / "access" / "acme-bc.yaml").read_text() == "version: 1\n"


def test_when_nothing_is_left_to_import_it_says_how_to_name_what_no_provider_shows(workspace: Path, run: Run) -> None:
    run("import", "--all")
    for words in (["--all"], ["--all", "--dry-run"]):
        again = run("import", *words)
        assert "nothing to import: the manifests declare every organization that the providers show" in again.stderr
        assert "`reconciler import ORG --system SYSTEM --id ID`" in again.stderr
        assert again.stdout == ""
    assert "nothing to adopt" in run("adopt").stderr  # and that is done, too


def test_where_no_provider_can_be_asked_nobody_knows_that_nothing_is_left(workspace: Path, run: Run) -> None:
    (workspace / "reconciler.yaml").write_text("version: 1\nproviders: {default: {kind: work_orders}}\n")
    assert "no configured provider can be asked what there is" in run("import", "--all", code=1).stderr


def test_an_organization_that_nobody_lists_is_named_with_its_system_and_id(workspace: Path, run: Run) -> None:
    run("import", "brand", "--system", "organization_account", "--id", "@acme")
    assert "brand.yaml" in written(workspace)
    wrong = run("import", "x", "--system", "organization_account", "--id", "@nobody", code=1)
    assert "there is no" in wrong.stderr
    assert "there are: acme-bc" in run("import", "acme", code=1).stderr


@pytest.mark.parametrize(
    "words",
    [
        ["import"],
        ["import", "--all", "acme-bc"],
        ["import", "a", "b", "--system", "developers", "--id", "A"],
        ["import", "a", "--system", "developers"],
        ["import", "a/b", "--system", "developers", "--id", "A"],
        ["import", "a", "--system", "business_account", "--variant", "owner", "--id", "@a"],
        ["import", "acme-bc", "--to", "/nowhere"],
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(workspace: Path, run: Run, words: list[str]) -> None:
    run(*words, code=64)


def test_who_was_protected_stays_so_when_the_organization_is_imported_again(workspace: Path, run: Run) -> None:
    run("import", "acme-brand")
    file = workspace / "access" / "acme-brand.yaml"
    file.write_text(file.read_text().replace("operator", "operator, protect: true").replace("bo: {", "bo: {"))
    run("validate")
    run("apply", "--auto-approve")
    file.unlink()
    run("import", "acme-brand")
    assert "protect" not in file.read_text()
    assert "No changes" in run("plan").stdout
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if "operator" not in line))
    assert "protected" in run("plan", code=3).stdout


def test_an_organization_that_is_remembered_keeps_its_key(workspace: Path, run: Run) -> None:
    run("import", "acme-brand")
    (workspace / "access" / "acme-brand.yaml").unlink()
    told = run("import", "brand", "--system", "organization_account", "--id", "@ACME", code=1).stderr
    assert "is recorded under the key acme-brand" in told
    assert not (workspace / "access" / "brand.yaml").exists()
    (workspace / "sandbox.yaml").write_text(WORLD.replace("acme-brand:", "renamed:"))
    run("sandbox", "reset")
    assert "recorded under the key acme-brand" in run("import", "--all", code=1).stderr
    run("import", "acme-brand", "--system", "organization_account", "--id", "@acme")
    assert "No changes" in run("plan").stdout


def test_the_same_handle_in_another_system_is_another_organization(workspace: Path, run: Run) -> None:
    studio = (
        '  studio: {system: business_account, handle: "@acme", members: {ana: administrator, dan: administrator}}\n'
    )
    (workspace / "sandbox.yaml").write_text(WORLD + studio)
    run("import", "acme-brand")
    (workspace / "access" / "acme-brand.yaml").unlink()
    run("import", "studio")
    run("state", "rm", "studio", "--yes")
    assert "other_identity" not in run("plan").stdout
