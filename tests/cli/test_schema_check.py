"""`reconciler schema NAME --check FILE`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from click.testing import CliRunner

from reconciler.cli.main import cli
from reconciler.model import Plan, plan_to_json


def check(folder: Path, name: str, text: str) -> tuple[int, str]:
    file = folder / "file.yaml"
    file.write_text(text)
    done = CliRunner().invoke(cli, ["schema", name, "--check", str(file)])
    return done.exit_code, done.output.replace(f"{folder}/", "")


def test_a_file_that_fits_says_nothing(tmp_path: Path) -> None:
    assert check(tmp_path, "manifest", "version: 1\npeople: {ana: {email: ana@acme.example}}\n") == (0, "")


def test_everything_that_does_not_fit_is_told_with_its_place(tmp_path: Path) -> None:
    text = "version: 1\npeople:\n  ana: {colour: red}\n  bo: {employment: owner}\n"
    code, output = check(tmp_path, "manifest", text)
    assert code == 1
    assert "file.yaml:3:3: error[schema]: people.ana: `colour` is not known here" in output
    assert "file.yaml:4:8: error[schema]: people.bo.employment: `owner` is not one of `" in output


def test_a_file_of_another_kind_is_told_in_one_sentence_about_all_its_keys(tmp_path: Path) -> None:
    text = "version: 1\nmanifests: [access]\nstate: file:state\n"
    code, output = check(tmp_path, "manifest", text)
    assert code == 1
    assert "error[schema]: the document: `manifests`, `state` are not known here" in output


def test_a_file_that_is_no_yaml_is_told_as_everywhere(tmp_path: Path) -> None:
    code, output = check(tmp_path, "plan", "{")
    assert code == 1
    assert "error[yaml-syntax]" in output


def test_the_name_of_the_schema_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_text("version: 1\n")
    done = CliRunner().invoke(cli, ["schema", "--check", str(file)])
    assert done.exit_code == 64


def test_a_plan_of_ours_fits_the_schema_of_plans(tmp_path: Path) -> None:
    digest = "3b7e1c9a52d84f60" * 4
    text = plan_to_json(Plan(today=date(2026, 11, 22), manifests=digest))
    assert check(tmp_path, "plan", text) == (0, "")
