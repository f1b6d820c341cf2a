"""Somebody whose end is written down and who is still in hinders no import: the first plan takes that away."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from reconciler.cli.main import cli

FILES = {
    "reconciler.yaml": "version: 1\nmanifests: [access]\nproviders: {default: {kind: sandbox}}\n",
    "sandbox.yaml": """version: 1
people: {ana: ana@acme.example, bo: bo@acme.example, cy: cy@acme.example}
organizations:
  acme-studio: {system: business_account, handle: "@acme", members: {ana: administrator, bo: administrator, cy: editor}}
  acme-brand: {system: organization_account, handle: "@brand", members: {ana: admin, cy: operator}}
""",
    "access/people.yaml": """version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example, ends: 2020-11-01}
  cy: {email: cy@acme.example}
""",
}


def run(folder: Path, *words: str) -> str:
    result = CliRunner().invoke(cli, ["-C", str(folder), *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_leaver_who_is_still_in_is_left_out_with_the_reason_and_then_removed(tmp_path: Path) -> None:
    (tmp_path / "access").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    told = run(tmp_path, "import", "--all")
    assert "`reconciler plan`: it takes away what people have who have left, and has nothing else to change" in told
    written = "\n".join(path.read_text(encoding="utf-8") for path in (tmp_path / "access").glob("acme-*.yaml"))
    assert "acme-brand:" in written
    assert "# - member bo (administrator): a plan would remove it" in written
    assert "\n      bo:" not in written
    assert "remove: bo left on 2020-11-01" in run(tmp_path, "plan")
