"""Getting in where addresses are masked, and where only people can read a system."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.features.importing.conftest import Run

MASKED = """\
version: 1
manifests: [access]
providers:
  default: {kind: sandbox}
  business_center: {kind: business_api, via: sandbox, act_as: ana}
"""
WORLD = """\
version: 1
people:
  ana: {name: Ana Lopez, email: ana@acme.example}
  bo: {name: Bo Berg, email: bo.berg@acme.example}
  cleo: {name: "Cleo\\n# Cat", email: cleo@acme.example}
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    name: Acme
    members: {ana: admin, bo: admin, cleo: standard}
    ad_accounts: {"7100000000000000001": {name: US, access: {cleo: operator}}}
"""
DIRECTORY = """\
version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo.berg@acme.example}   # deputy
  cleo: {email: cleo@acme.example}
"""
REMARKS = """\
    # There, and not declared. Where it is about people: add them to `people` with their whole addresses;
    # `reconciler adopt acme --in-place` then declares them with everything they have.
"""


@pytest.fixture
def access(tmp_path: Path) -> Path:
    (tmp_path / "reconciler.yaml").write_text(MASKED)
    (tmp_path / "sandbox.yaml").write_text(WORLD)
    (tmp_path / "access").mkdir()
    return tmp_path / "access"


def test_masked_addresses_are_told_in_comments_and_never_guessed(access: Path, run: Run) -> None:
    told = run("import", "--all").stdout
    assert "3 not declared, and 1 with them; comments in the file tell all:" in told
    text = (access / "acme.yaml").read_text()
    assert REMARKS in text
    assert "@acme.example" not in "".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    assert not (access / "people.yaml").exists()
    assert "#     with access to ad account us (operator)" in text
    assert "No changes." in run("plan").stdout
    run("fmt", "--check")


def test_who_is_in_the_directory_is_told_from_their_mask(access: Path, run: Run) -> None:
    (access / "people.yaml").write_text(DIRECTORY)
    run("import", "--all")
    text = (access / "acme.yaml").read_text()
    assert "    members:\n      ana: admin\n      bo: admin\n      cleo: standard\n" in text
    assert (access / "people.yaml").read_text() == DIRECTORY
    assert "No changes." in run("plan", "--detailed-exitcode").stdout


def test_whoever_comes_into_the_directory_later_is_adopted_with_all_they_have(access: Path, run: Run) -> None:
    run("import", "--all")
    (access / "people.yaml").write_text(DIRECTORY)
    run("adopt", "acme", "--in-place")
    text = (access / "acme.yaml").read_text()
    assert "cleo: standard" in text
    assert "cleo: operator" in text
    assert "No changes." in run("plan", "--detailed-exitcode").stdout


def test_a_system_that_only_people_can_read_is_filled_from_their_list(tmp_path: Path, run: Run) -> None:
    (tmp_path / "reconciler.yaml").write_text("version: 1\nproviders: {default: {kind: work_orders}}\n")
    (tmp_path / "access").mkdir()
    brand = 'version: 1\norganizations:\n  brand:\n    system: organization_account\n    handle: "@acme"  # ours\n'
    (tmp_path / "access" / "brand.yaml").write_text(brand)
    (tmp_path / "members.csv").write_text(
        "Email,Role,Status\nana@acme.example,Admin,Active\nbo@acme.example,Operator,Active\n"
    )
    run("observe", "brand", "--from", str(tmp_path / "members.csv"))
    run("adopt", "brand", "--in-place")
    assert (tmp_path / "access" / "brand.yaml").read_text() == (
        brand + "    members: {ana: admin, bo: operator}\n"
        "people:\n  ana: {email: ana@acme.example}\n  bo: {email: bo@acme.example}\n"
    )
    assert "No changes." in run("plan").stdout
