"""`reconciler onboard`: what validation and policies would say of the result is said before it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.main import cli

CONFIG = """\
version: 1
manifests: [access]
providers: {default: {kind: sandbox}}
allowed_domains: [acme.example]
policies: {rules: {temporary-outsiders: error}}
"""
PEOPLE = "".join(f"  p{number}: {{email: p{number}@acme.example}}\n" for number in range(10))
MEMBERS = ", ".join(["p0: admin", "p1: admin", *(f"p{number}: member" for number in range(2, 10))])
MANIFEST = f"""\
version: 1
people:
{PEOPLE}organizations:
  acme-dev: {{system: developers, name: Acme, members: {{{MEMBERS}}}}}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "acme.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "reconciler.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_what_is_wrong_with_the_result_is_told_with_it(workspace: Path) -> None:
    words = ["onboard", "zed", "--like", "p2", "--email", "zed@acme.exmaple", "--employment", "contractor"]
    result = CliRunner().invoke(cli, ["-C", str(workspace), *words])
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "warning: the domain `acme.exmaple` differs from `acme.example` by one letter" in said
    assert "`zed@acme.exmaple` is in none of the allowed domains: acme.example" in said
    assert "`acme-dev` has 11 members, the limit is 10 (the usual one: " in said
    assert "no seat for `zed`" in said
    assert "Policies object" in said
    assert "error: " in said
    assert "no file is edited yet: --write edits the manifests" in result.stderr


def test_an_address_that_is_none_is_wrong_usage(workspace: Path) -> None:
    words = ["-C", str(workspace), "onboard", "newcomer", "--like", "p1", "--email", "nonsense"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 64
    assert "'nonsense' is not an e-mail address" in result.output


def test_what_was_wrong_before_is_not_told_again(workspace: Path) -> None:
    words = ["onboard", "p3", "--like", "p2"]
    result = CliRunner().invoke(cli, ["-C", str(workspace), *words])
    assert result.exit_code == 0, result.output
    assert "Validation says" not in result.stdout
    assert "Policies object" not in result.stdout


def test_nobody_comes_who_has_left_already(workspace: Path) -> None:
    words = ["-C", str(workspace), "onboard", "zed", "--like", "p2", "--email", "zed@acme.example"]
    result = CliRunner().invoke(cli, [*words, "--ends", "2020-01-01"])
    assert result.exit_code == 64
    assert "--ends 2020-01-01 is not in the future" in result.stderr


def test_a_domain_is_allowed_in_every_spelling_that_validation_takes(workspace: Path) -> None:
    config = workspace / "reconciler.yaml"
    config.write_text(CONFIG.replace("[acme.example]", '["@acme.example"]'), encoding="utf-8")
    words = ["-C", str(workspace), "onboard", "zed", "--like", "p2", "--email", "zed@ACME.example"]
    assert "in none of the allowed domains" not in " ".join(CliRunner().invoke(cli, words).stdout.split())
